"""A lake of their own, with synthetic orders, for the tests of the delivery-time notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pandas as pd
import pyarrow as pa
import pytest

from pipelines.connectors import delta
from pipelines.contracts import load_contract
from pipelines.runs import RunResult, run_notebook
from pipelines.settings import PROJECT_DIR, Settings
from tests.services.stores import own_bucket
from tests.services.tiny_events import city_row
from tests.unit.models.synthetic import TIME_ZONE

CITY = "bogota"
NOTEBOOKS = PROJECT_DIR / "notebooks" / "50_models"


@pytest.fixture
def lake(services: Settings, request: pytest.FixtureRequest) -> Iterator[str]:
    """A bucket named after the test, with the city registered and nothing else."""
    bucket = "eta-" + "".join(c if c.isalnum() else "-" for c in request.node.name.lower())[-50:].strip("-")
    with own_bucket(bucket):
        register_city()
        yield bucket


def register_city() -> None:
    """Registrations of the city that one with the right time zone comes after; a later one breaks a rule."""
    registered = [
        _registration(0, datetime(2026, 3, 1, tzinfo=UTC), time_zone=TIME_ZONE),
        _registration(1, datetime(2026, 2, 1, tzinfo=UTC), time_zone="Asia/Shanghai"),
        _registration(2, datetime(2026, 3, 2, tzinfo=UTC), time_zone="Asia/Shanghai", day_cut_hour=13),
    ]
    contract = load_contract("bronze/cities")
    rows = pa.Table.from_pylist(registered, schema=contract.arrow_schema)
    delta.write(delta.ensure_table("bronze/cities", contract), rows, contract, {})


def _registration(offset: int, at: datetime, **columns: object) -> dict[str, object]:
    """A row of bronze/cities."""
    ingested = {"kafka_partition": 0, "kafka_offset": offset, "row_in_message": 0, "contract_version": "1.0.0"}
    times = {"event_time": at, "produced_at": at, "ingested_at": at, "event_date": at.date()}
    return city_row(CITY) | ingested | times | {"event_id": f"{offset:032x}"} | columns


def write_silver(orders: pd.DataFrame, replace: str | None = None) -> None:
    """Write orders to silver/orders as its contract has them; `replace` is a predicate on business_date."""
    contract = load_contract("silver/orders")
    known = orders[[name for name in contract.columns if name in orders.columns]]
    schema = pa.schema([contract.arrow_schema.field(name) for name in known.columns])
    rows = pa.Table.from_pandas(known, schema=schema, preserve_index=False)
    delta.write(delta.ensure_table("silver/orders", contract), rows, contract, {}, replace=replace)


def run(name: str, day: date, **parameters: object) -> RunResult:
    """Run a notebook of 50_models for the city and day; the test fails with its error if it does not succeed."""
    result = run_notebook(NOTEBOOKS / f"{name}.ipynb", {"city_id": CITY, "business_date": day, **parameters})
    assert result.succeeded, str(result.error)
    return result
