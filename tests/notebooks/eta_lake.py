"""A lake of their own, with synthetic orders, for the tests of the delivery-time notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pandas as pd
import pyarrow as pa
import pytest

from pipelines.connectors import delta, object_store
from pipelines.contracts import load_contract
from pipelines.runs import RunResult, run_notebook
from pipelines.settings import PROJECT_DIR, Settings, settings
from tests.unit.models.synthetic import TIME_ZONE

CITY = "bogota"
NOTEBOOKS = PROJECT_DIR / "notebooks" / "50_models"


@pytest.fixture
def lake(services: Settings, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[str]:
    """An empty bucket named after the test, with the city registered; undone afterwards."""
    bucket = "eta-" + "".join(c if c.isalnum() else "-" for c in request.node.name.lower())[-50:].strip("-")
    monkeypatch.setenv("DISHPATCH_S3_BUCKET", bucket)
    settings.cache_clear()
    object_store.ensure_bucket()
    register_city()
    yield bucket
    monkeypatch.undo()
    settings.cache_clear()


def register_city() -> None:
    """Two registrations of the city; the later one, with the right time zone, is the one that counts."""
    contract = load_contract("bronze/cities")
    times = [datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)]
    rows = pa.table(
        {
            "city_id": [CITY, CITY],
            "time_zone": [TIME_ZONE, "Asia/Shanghai"],
            "event_time": pa.array(times, pa.timestamp("us", "UTC")),
            **{name: pa.array([t.date() for t in times]) for name in contract.partition_columns},
        }
    )
    delta.write(delta.ensure_table("bronze/cities", contract), rows, contract, {})


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
