"""Every day of SILVER.ORDERS equals silver/orders after a load; only what changed is loaded; nothing twice."""

from __future__ import annotations

import os
import signal
from datetime import date
from typing import Any

import pytest
from snowflake.snowpark.exceptions import SnowparkSQLException

from pipelines.connectors.delta import open_table
from pipelines.movers import silver_to_warehouse as mover
from pipelines.movers import warehouse_tables
from pipelines.movers.silver_to_warehouse import silver_to_warehouse
from tests.services.processes import Workers
from tests.services.warehouse_rows import change, silver_row, warehouse, write_silver

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("fresh_stores")]

MONDAY, TUESDAY = date(2026, 3, 9), date(2026, 3, 10)


def loaded() -> dict[str, str]:
    return {
        row["order_id"]: str(row["business_date"])[:10]
        for row in warehouse("SELECT ORDER_ID, BUSINESS_DATE FROM SILVER.ORDERS")
    }


def two_days() -> None:
    write_silver(MONDAY, [silver_row("m1", MONDAY), silver_row("m2", MONDAY)])
    write_silver(TUESDAY, [silver_row("t1", TUESDAY)])


def test_only_days_that_changed_are_loaded_and_the_same_again_loads_nothing() -> None:
    two_days()
    first = silver_to_warehouse()
    assert (first.business_dates, first.rows, first.silver_version) == (
        [MONDAY, TUESDAY],
        3,
        open_table("silver/orders").version(),
    )
    again = silver_to_warehouse()
    assert (again.business_dates, again.rows) == ([], 0)
    write_silver(TUESDAY, [silver_row("t1", TUESDAY, outcome="open"), silver_row("t2", TUESDAY)])
    change("UPDATE SILVER.ORDERS SET REASON = 'untouched' WHERE ORDER_ID = 'm1'")
    later = silver_to_warehouse()
    assert (later.business_dates, later.rows) == ([TUESDAY], 2)
    assert loaded() == {"m1": "2026-03-09", "m2": "2026-03-09", "t1": "2026-03-10", "t2": "2026-03-10"}
    assert warehouse(
        "SELECT ORDER_ID, OUTCOME, REASON FROM SILVER.ORDERS WHERE ORDER_ID IN ('m1', 't1') ORDER BY 1"
    ) == [
        {"order_id": "m1", "outcome": "delivered", "reason": "untouched"},
        {"order_id": "t1", "outcome": "open", "reason": None},
    ]


def test_a_day_that_vanished_from_silver_leaves_the_warehouse() -> None:
    two_days()
    silver_to_warehouse()
    write_silver(MONDAY, [])
    gone = silver_to_warehouse()
    assert (gone.business_dates, gone.rows) == ([MONDAY], 0)
    assert loaded() == {"t1": "2026-03-10"}
    assert silver_to_warehouse().business_dates == []


def test_cents_beyond_doubles_and_missing_ones_arrive_unchanged() -> None:
    cents = [9007199254740993, None, 1]
    write_silver(
        MONDAY,
        [silver_row(f"o{n}", MONDAY, basket_value_cents=value, distance_m=0.0725) for n, value in enumerate(cents)],
    )
    silver_to_warehouse()
    rows = warehouse("SELECT TO_VARCHAR(BASKET_VALUE_CENTS) AS CENTS, DISTANCE_M FROM SILVER.ORDERS ORDER BY ORDER_ID")
    assert [(row["cents"], row["distance_m"]) for row in rows] == [
        ("9007199254740993", 0.0725),
        (None, 0.0725),
        ("1", 0.0725),
    ]


def die(*_args: Any, **_options: Any) -> int:
    os.kill(os.getpid(), signal.SIGKILL)
    return 0


def load_and_die_before_copy() -> None:
    mover._copy = die
    silver_to_warehouse()


def load_and_die_before_commit() -> None:
    mover.register_days = die
    silver_to_warehouse()


@pytest.mark.fault
@pytest.mark.parametrize("death", ["load_and_die_before_copy", "load_and_die_before_commit"])
def test_a_loader_killed_between_put_and_commit_changed_nothing_and_the_next_is_right(
    death: str, workers: Workers
) -> None:
    two_days()
    silver_to_warehouse()
    write_silver(MONDAY, [silver_row("m3", MONDAY)])
    loader = workers.start(f"tests.services.test_silver_to_warehouse:{death}")
    loader.join(60)
    assert loader.exitcode == -signal.SIGKILL
    assert set(loaded()) == {"m1", "m2", "t1"}
    assert silver_to_warehouse().business_dates == [MONDAY]
    assert set(loaded()) == {"m3", "t1"}
    assert warehouse("SELECT COUNT(*) AS N FROM SILVER.ORDERS") == [{"n": 2}]


def test_two_loaders_at_once_load_each_row_once(workers: Workers) -> None:
    two_days()
    loaders = [workers.start("pipelines.movers.silver_to_warehouse:silver_to_warehouse") for _ in range(2)]
    for process in loaders:
        process.join(120)
    assert [process.exitcode for process in loaders] == [0, 0]
    assert set(loaded()) == {"m1", "m2", "t1"}
    assert warehouse("SELECT COUNT(*) AS N FROM SILVER.ORDERS") == [{"n": 3}]
    assert silver_to_warehouse().business_dates == []


def test_a_loader_in_the_middle_of_anothers_transaction_conflicts_and_the_new_days_are_loaded_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    two_days()
    delete, conflicts = mover.delete_days, []

    def interleaved(*args: Any) -> None:
        """Once: the first loader is past BEGIN and DELETE; a second one wants to load the same days."""
        delete(*args)
        if not conflicts:
            conflicts.append("begun")
            with monkeypatch.context() as patch:
                patch.setattr(warehouse_tables, "MAX_CONFLICTS", 1)
                with pytest.raises(SnowparkSQLException, match="onflict"):
                    silver_to_warehouse()

    monkeypatch.setattr(mover, "delete_days", interleaved)
    assert silver_to_warehouse().rows == 3
    assert silver_to_warehouse().business_dates == []
    assert warehouse("SELECT COUNT(*) AS N FROM SILVER.ORDERS") == [{"n": 3}]


def test_a_loader_that_was_overtaken_before_its_transaction_looks_again(monkeypatch: pytest.MonkeyPatch) -> None:
    two_days()
    put, overtaking = mover._put, []

    def overtaken(*args: Any) -> None:
        put(*args)
        if not overtaking:
            overtaking.append("begun")
            overtaking.append(silver_to_warehouse())

    monkeypatch.setattr(mover, "_put", overtaken)
    assert silver_to_warehouse().business_dates == []
    assert overtaking[1].rows == 3
    assert warehouse("SELECT COUNT(*) AS N FROM SILVER.ORDERS") == [{"n": 3}]


def test_a_day_that_is_registered_twice_is_loaded_again() -> None:
    two_days()
    silver_to_warehouse()
    for table in ("ORDERS", "LOADED_DAYS"):
        change(f"INSERT INTO SILVER.{table} SELECT * FROM SILVER.{table} WHERE BUSINESS_DATE = '2026-03-09'")
    assert silver_to_warehouse().business_dates == [MONDAY]
    assert warehouse("SELECT COUNT(*) AS N FROM SILVER.ORDERS") == [{"n": 3}]
    assert silver_to_warehouse().business_dates == []


def test_two_that_make_the_same_tables_at_once_both_go_on(workers: Workers) -> None:
    """The warehouse is new each time, so that they meet at different tables."""
    two_days()
    for _ in range(3):
        loaders = [workers.start("pipelines.movers.silver_to_warehouse:silver_to_warehouse") for _ in range(3)]
        for process in loaders:
            process.join(120)
        assert [process.exitcode for process in loaders] == [0, 0, 0]
        assert warehouse("SELECT COUNT(*) AS N FROM SILVER.ORDERS") == [{"n": 3}]
        for schema in ("SILVER", "GOLD"):
            change(f"DROP SCHEMA {schema}")
