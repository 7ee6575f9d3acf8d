"""SQL over Arrow tables in memory, by DuckDB. Instants come back in UTC whatever the machine's zone."""

from __future__ import annotations

import duckdb
import pyarrow as pa


def query(sql: str, **tables: pa.Table) -> pa.Table:
    """Result of `sql` over `tables` by their names; its rows come in any order unless `sql` says ORDER BY."""
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for name, table in tables.items():
            connection.register(name, table)
        return connection.sql(sql).to_arrow_table()
