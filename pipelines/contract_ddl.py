"""Table definitions for Snowflake and Cassandra, derived from contracts.

Identifiers come from contracts, never from input.
"""

from __future__ import annotations

import pyarrow as pa

from pipelines.contracts import Contract

SNOWFLAKE_TYPES = {
    pa.string(): "VARCHAR",
    pa.int32(): "NUMBER(10,0)",
    pa.int64(): "NUMBER(19,0)",
    pa.float64(): "FLOAT",
    pa.bool_(): "BOOLEAN",
    pa.date32(): "DATE",
    pa.timestamp("us", "UTC"): "TIMESTAMP_NTZ(6)",  # UTC, as everywhere; sessions are in UTC too, so no cast shifts it
}
CQL_TYPES = {
    pa.string(): "text",
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.bool_(): "boolean",
    pa.date32(): "date",
    pa.timestamp("us", "UTC"): "timestamp",
}


def snowflake_name(contract: Contract) -> str:
    """Qualified table name, e.g. SILVER.ORDERS."""
    return f"{contract.custom('schema')}.{contract.name.upper()}"


def snowflake_ddl(contract: Contract) -> str:
    """CREATE TABLE IF NOT EXISTS with the contract's columns; required ones are NOT NULL."""
    required = {p.name for p in contract.properties if p.required}
    columns = [
        f"{field.name.upper()} {SNOWFLAKE_TYPES[field.type]}{' NOT NULL' if field.name in required else ''}"
        for field in contract.arrow_schema
    ]
    return f"CREATE TABLE IF NOT EXISTS {snowflake_name(contract)} ({', '.join(columns)})"


def cql_ddl(contract: Contract, keyspace: str) -> str:
    """CREATE TABLE IF NOT EXISTS; `partitionKey` and `clusteringOrder` are the contract's custom properties."""
    columns = [f"{field.name} {CQL_TYPES[field.type]}" for field in contract.arrow_schema]
    partition = [name.strip() for name in str(contract.custom("partitionKey")).split(",")]
    clustering = [name for name in contract.primary_key if name not in partition]
    key = ", ".join([f"({', '.join(partition)})", *clustering])
    order = contract.custom("clusteringOrder")
    options = f" WITH CLUSTERING ORDER BY ({order})" if order else ""
    return f"CREATE TABLE IF NOT EXISTS {keyspace}.{contract.name} ({', '.join(columns)}, PRIMARY KEY ({key})){options}"
