"""Gold is built from the warehouse's changed days, each the same however often it is built."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from snowflake.snowpark.exceptions import SnowparkSQLException

from pipelines.flow import GOLD_TABLES
from pipelines.movers import warehouse_tables
from pipelines.movers import warehouse_to_gold as mover
from pipelines.movers.silver_to_warehouse import silver_to_warehouse
from tests.services.medallion import build
from tests.services.tiny_events import CITY
from tests.services.warehouse_rows import Row, change, silver_row, warehouse, write_silver

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("fresh_stores")]

OPERATIONS = "operations_by_day"
MONDAY, TUESDAY = date(2026, 3, 9), date(2026, 3, 10)


def gold(table: str = "operations_by_day") -> list[Row]:
    rows = warehouse(f"SELECT * FROM GOLD.{table.upper()}")
    return sorted(rows, key=lambda row: (str(row["business_date"]), str(row)))


def load() -> None:
    """Twenty orders on Monday, as in the field: 16 delivered, four lost in four ways; one on Tuesday."""
    lost = ["customer_before_acceptance", "customer_after_acceptance", "restaurant_rejected", "no_courier"]
    rows = [silver_row(f"m{n}", MONDAY, delivery_seconds=600.0 + 60 * n, rating_overall=1 + n % 5) for n in range(16)]
    rows += [
        silver_row(f"x{n}", MONDAY, outcome=how, delivery_seconds=None, is_late=None) for n, how in enumerate(lost)
    ]
    write_silver(MONDAY, rows)
    write_silver(TUESDAY, [silver_row("t1", TUESDAY)])
    silver_to_warehouse()


def test_each_table_is_the_same_however_often_it_is_built() -> None:
    load()
    first = {table: (build(table).business_dates, gold(table)) for table in GOLD_TABLES}
    assert {table: days for table, (days, _) in first.items()} == {table: [MONDAY, TUESDAY] for table in GOLD_TABLES}
    assert all(rows for _, rows in first.values())
    again = {table: (build(table).business_dates, gold(table)) for table in GOLD_TABLES}
    assert again == {table: ([], rows) for table, (_, rows) in first.items()}
    change("DELETE FROM GOLD.BUILT_DAYS")
    change("DELETE FROM GOLD.OPERATIONS_BY_DAY WHERE BUSINESS_DATE = '2026-03-10'")
    anew = {table: (build(table).business_dates, gold(table)) for table in GOLD_TABLES}
    assert anew == first


def test_figures_of_a_day_are_those_of_its_orders() -> None:
    load()
    assert build(OPERATIONS).rows == 2
    monday = gold()[0]
    assert (monday["city_id"], str(monday["business_date"])[:10]) == (CITY, "2026-03-09")
    assert (monday["orders_placed"], monday["orders_delivered"]) == (20, 16)
    assert monday["fulfilment_rate"] == 0.8
    assert monday["fulfilment_rate_without_early_customer_cancellations"] == pytest.approx(16 / 19)
    assert (monday["deliveries_measured"], monday["delivery_seconds_median"]) == (16, 1050)
    assert (monday["reviews"], monday["rating_mean"]) == (16, pytest.approx(sum(1 + n % 5 for n in range(16)) / 16))


def test_a_sum_of_money_is_exact_beyond_doubles() -> None:
    write_silver(
        MONDAY,
        [silver_row(f"o{n}", MONDAY, basket_value_cents=value) for n, value in enumerate([9007199254740993, None, 2])],
    )
    silver_to_warehouse()
    build("orders_by_hour_and_zone")
    assert warehouse("SELECT TO_VARCHAR(BASKET_VALUE_CENTS) AS C FROM GOLD.ORDERS_BY_HOUR_AND_ZONE") == [
        {"c": "9007199254740995"}
    ]


def test_only_a_changed_day_is_built_and_a_vanished_day_leaves() -> None:
    load()
    build(OPERATIONS)
    write_silver(MONDAY, [])
    silver_to_warehouse()
    built = build(OPERATIONS)
    assert (built.business_dates, built.rows) == ([MONDAY], 0)
    assert [str(row["business_date"])[:10] for row in gold()] == ["2026-03-10"]


def test_a_build_that_fails_before_its_commit_leaves_the_table_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    build(OPERATIONS)
    before = gold()
    write_silver(MONDAY, [silver_row("m1", MONDAY)])
    silver_to_warehouse()

    def die(*_args: Any, **_options: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mover, "register_days", die)
        with pytest.raises(KeyboardInterrupt):
            build(OPERATIONS)
    assert gold() == before
    assert build(OPERATIONS).business_dates == [MONDAY]
    assert gold()[0]["orders_placed"] == 1


def test_a_builder_in_the_middle_of_anothers_transaction_conflicts_and_the_new_days_are_built_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load()
    delete, conflicts = mover.delete_days, []

    def interleaved(*args: Any) -> None:
        """Once: the first builder is past BEGIN and DELETE; a second one wants to build the same days."""
        delete(*args)
        if not conflicts:
            conflicts.append("begun")
            with monkeypatch.context() as patch:
                patch.setattr(warehouse_tables, "MAX_CONFLICTS", 1)
                with pytest.raises(SnowparkSQLException, match="onflict"):
                    build(OPERATIONS)

    monkeypatch.setattr(mover, "delete_days", interleaved)
    assert build(OPERATIONS).rows == 2
    assert build(OPERATIONS).business_dates == []
    assert [str(row["business_date"])[:10] for row in gold()] == ["2026-03-09", "2026-03-10"]


def test_builders_of_different_tables_do_not_wait_for_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    load()
    delete, others = mover.delete_days, []

    def interleaved(*args: Any) -> None:
        delete(*args)
        if not others:
            others.append("begun")
            with monkeypatch.context() as patch:
                patch.setattr(warehouse_tables, "MAX_CONFLICTS", 1)
                others.append(build("orders_by_hour_and_zone").business_dates)

    monkeypatch.setattr(mover, "delete_days", interleaved)
    assert build(OPERATIONS).business_dates == others[1] == [MONDAY, TUESDAY]


def test_a_day_that_is_registered_twice_is_built_again() -> None:
    load()
    build(OPERATIONS)
    for table in ("OPERATIONS_BY_DAY", "BUILT_DAYS"):
        change(f"INSERT INTO GOLD.{table} SELECT * FROM GOLD.{table} WHERE BUSINESS_DATE = '2026-03-09'")
    assert build(OPERATIONS).business_dates == [MONDAY]
    assert len(gold()) == 2
    assert build(OPERATIONS).business_dates == []
