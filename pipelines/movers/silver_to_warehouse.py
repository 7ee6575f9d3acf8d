"""Silver to warehouse: the business days whose files in the lake changed are loaded again by PUT and COPY INTO.

Guarantee: after a call every day of SILVER.ORDERS equals silver/orders. Deleting a day's old rows, copying the new ones
and registering the day's state are one transaction, and loaders take turns: one that was overtaken since it looked at
the register loads nothing and looks again. If the mover dies before the commit, the warehouse is as before and
a file is left on the stage under a prefix of its own, which no later load reads; after the commit the day counts as
loaded.
"""

from __future__ import annotations

import secrets
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from snowflake.snowpark import Session

from pipelines.connectors.delta import ensure_table, partition_fingerprints, read
from pipelines.connectors.snowflake import open_session, transaction
from pipelines.contract_ddl import snowflake_name
from pipelines.contracts import dataset_keys, load_contract
from pipelines.errors import ContractViolation
from pipelines.movers.warehouse_tables import (
    LOADED_DAYS,
    MAX_CONFLICTS,
    Overtaken,
    changed_days,
    days_in,
    delete_days,
    ensure_tables,
    ensure_turn,
    register_days,
    retried_on_conflict,
    take_turn,
)

STAGE = "SILVER.LOADS"
ORDERS = load_contract("warehouse/orders")


@dataclass
class WarehouseResult:
    """Days loaded, the rows in them, and the Delta version of silver/orders they came from."""

    business_dates: list[date] = field(default_factory=list)
    rows: int = 0
    silver_version: int = 0


@retried_on_conflict
def silver_to_warehouse() -> WarehouseResult:
    """Load every business day of silver/orders that changed since it was last loaded."""
    silver = ensure_table("silver/orders", load_contract("silver/orders"))
    now = {d: f for d, f in partition_fingerprints(silver, "business_date").items() if isinstance(d, date)}
    with open_session() as session:
        ensure_tables(session, [load_contract(key) for key in [*dataset_keys("warehouse"), *dataset_keys("gold")]])
        session.sql(f"CREATE STAGE IF NOT EXISTS {STAGE}").collect()
        ensure_turn(session, ORDERS)
        then = days_in(session, LOADED_DAYS, "orders")
        days = changed_days(now, then)
        result = WarehouseResult(days, 0, int(silver.version()))
        if not days:
            return result
        rows = read(silver, where=pc.field("business_date").isin(pa.array(days, pa.date32())))
        prefix = f"orders/v{silver.version()}_{secrets.token_hex(6)}"
        _put(session, rows, prefix)
        with transaction(session):
            take_turn(session, ORDERS)
            if days_in(session, LOADED_DAYS, "orders") != then:
                raise Overtaken(f"{snowflake_name(ORDERS)}: another loader was quicker {MAX_CONFLICTS} times in a row")
            delete_days(session, ORDERS, days)
            result.rows = _copy(session, prefix, rows.num_rows)
            delete_days(session, LOADED_DAYS, days, "orders")
            present = {day: now[day] for day in days if day in now}
            register_days(session, LOADED_DAYS, "orders", snowflake_name(ORDERS), present, result.silver_version)
    return result


def _put(session: Session, rows: pa.Table, prefix: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "orders.parquet"
        pq.write_table(rows.select(ORDERS.columns), path, compression="zstd")
        session.sql(f"PUT 'file://{path}' @{STAGE}/{prefix}/ AUTO_COMPRESS=FALSE OVERWRITE=TRUE").collect()


def _copy(session: Session, prefix: str, expected: int) -> int:
    if expected == 0:
        return 0
    copied = session.sql(
        f"COPY INTO {snowflake_name(ORDERS)} FROM @{STAGE}/{prefix}/ "
        "FILE_FORMAT=(TYPE=PARQUET USE_LOGICAL_TYPE=TRUE) MATCH_BY_COLUMN_NAME=CASE_INSENSITIVE PURGE=TRUE"
    ).collect()
    loaded = sum(int(row["rows_loaded"]) for row in copied)
    if loaded != expected:
        raise ContractViolation(
            f"COPY INTO {snowflake_name(ORDERS)} loaded {loaded} of {expected} rows; nothing was committed"
        )
    return loaded
