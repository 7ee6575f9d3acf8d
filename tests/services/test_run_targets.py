"""Which cities and days the per-city steps run for, asked of the real warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest

from pipelines.connectors.snowflake import open_session
from pipelines.errors import UsageError
from pipelines.runs.targets import StepNotRun, run_targets
from pipelines.settings import Settings, settings

pytestmark = pytest.mark.service


@pytest.fixture(scope="module")
def warehouse(services: Settings) -> Iterator[None]:
    """SILVER.ORDERS of a database of its own: city a up to 6 January, city b up to 4 January."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DISHPATCH_SNOWFLAKE_DATABASE", "RUN_TARGETS_TEST")
        settings.cache_clear()
        with open_session() as session:
            session.sql("CREATE SCHEMA IF NOT EXISTS SILVER").collect()
            session.sql("CREATE OR REPLACE TABLE SILVER.ORDERS (city_id VARCHAR, business_date DATE)").collect()
            session.sql(
                "INSERT INTO SILVER.ORDERS VALUES ('b', '2026-01-04'), ('a', '2026-01-05'), ('a', '2026-01-06')"
            ).collect()
        yield
    settings.cache_clear()


@pytest.mark.usefixtures("warehouse")
def test_without_a_date_each_city_runs_for_its_latest_day() -> None:
    assert run_targets(None, None) == [("a", date(2026, 1, 6)), ("b", date(2026, 1, 4))]


@pytest.mark.usefixtures("warehouse")
def test_with_a_date_every_city_runs_for_it_also_one_without_orders_that_day() -> None:
    assert run_targets(date(2026, 1, 5), None) == [("a", date(2026, 1, 5)), ("b", date(2026, 1, 5))]


@pytest.mark.usefixtures("warehouse")
def test_one_city_alone_can_be_asked_for() -> None:
    assert run_targets(None, "b") == [("b", date(2026, 1, 4))]


@pytest.mark.usefixtures("warehouse")
def test_an_unknown_city_is_refused_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="No order of city 'c' is in the warehouse; it has: a, b"):
        run_targets(None, "c")


def test_a_table_that_is_not_there_names_the_step_that_writes_it(
    services: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISHPATCH_SNOWFLAKE_DATABASE", "RUN_TARGETS_EMPTY")
    settings.cache_clear()
    try:
        with pytest.raises(StepNotRun, match="'dishpatch run --only silver_to_warehouse' first") as refused:
            run_targets(None, None)
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert refused.value.step == "silver_to_warehouse"
