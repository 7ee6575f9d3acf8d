"""Reconciliation adds up after a run, and where something is missing it says what, where and what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.connectors import cassandra as cql
from pipelines.connectors.delta import open_table
from pipelines.flow import GOLD_TABLES
from pipelines.movers.kafka_to_bronze import kafka_to_bronze
from pipelines.movers.silver_to_warehouse import silver_to_warehouse
from pipelines.reconcile import Reconciliation, reconcile
from pipelines.settings import settings
from tests.services.medallion import build, run_movers
from tests.services.tiny_events import delivered_life, message, placed, publish, publish_city, send, together
from tests.services.warehouse_rows import change

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("moved_day")]


@pytest.fixture(scope="module")
def moved_day(stores: object) -> None:
    """Four orders of one day in every store, and one of the next; a contradictory one and a refused message beside."""
    publish_city()
    lives = [delivered_life(f"o{n}", 10 * n) for n in range(4)]
    impossible = delivered_life("impossible", 50)
    impossible["orders"] = [placed("impossible", 90)]
    publish("day", together(*lives, impossible, delivered_life("next", 24 * 60)))
    send("payments", (b"not parquet", []))
    run_movers()


def problems(done: Reconciliation, dataset: str, day: str) -> list[str]:
    """What does not add up, which must be of that dataset and day alone."""
    assert {(line.dataset, line.day) for line in done.lines if line.problems} == {(dataset, day)}
    return [problem for line in done.lines for problem in line.problems]


def command(*words: str) -> tuple[int, str]:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["reconcile", *words])
    return result.exit_code, result.stdout


def test_a_day_in_every_store_adds_up_and_exits_0() -> None:
    code, said = command("--json")
    assert code == 0
    document: dict[str, Any] = json.loads(said)
    assert document["adds_up"] is True
    orders = {
        line["day"]: line for line in document["lines"] if line["dataset"] == "orders" and line["account"] == "orders"
    }
    assert set(orders) == {"2026-03-06", "2026-03-07"}
    day = orders["2026-03-06"]
    stages = ("placed_in_bronze", "in_cassandra", "in_silver", "quarantined", "in_warehouse", "delivered_in_warehouse")
    assert [day[stage] for stage in stages] == [5, 5, 4, 1, 4, 4]
    assert {day[f"gold_{table}"] for table in GOLD_TABLES} == {4}
    (refused,) = [line for line in document["lines"] if line["dataset"] == "payments" and line["day"] == ""]
    assert (refused["in_kafka"], refused["dead_lettered"], refused["from_others"]) == (1, 1, 1)
    code, said = command()
    assert code == 0
    assert said.rstrip().endswith("lines add up")


def test_events_published_but_not_moved_are_named_with_the_step_to_run() -> None:
    publish("not moved", {"reviews": delivered_life("o0", 3)["reviews"]})
    code, said = command()
    assert code == 1
    sentence = (
        "does not add up: reviews 2026-03-06: in bronze or dead-lettered 5 ≠ in Kafka 6 (difference -1): "
        "run 'dishpatch run --only kafka_to_bronze'"
    )
    assert sentence in said
    kafka_to_bronze("reviews")
    assert reconcile().adds_up


def test_orders_that_are_in_bronze_only_are_named_with_every_step_that_lacks_them() -> None:
    send("orders", message("orders", [placed("bronze only", 24 * 60 + 5)]))
    kafka_to_bronze("orders")
    assert problems(reconcile(), "orders", "2026-03-07") == [
        "in silver or quarantined 1 ≠ placed 2 (difference -1): run 'dishpatch run --from silver_orders'",
        "in Cassandra 1 ≠ placed 2 (difference -1): run 'dishpatch run --only kafka_to_cassandra'",
    ]
    run_movers("orders")
    assert reconcile().adds_up


def test_rows_lost_from_a_gold_table_are_named() -> None:
    change("DELETE FROM GOLD.ORDERS_BY_HOUR_AND_ZONE WHERE BUSINESS_DATE = '2026-03-06'")
    assert problems(reconcile(), "orders", "2026-03-06") == [
        "in gold orders_by_hour_and_zone 0 ≠ warehouse 4 (difference -4): "
        "run 'dishpatch run --from gold_orders_by_hour_and_zone'"
    ]
    change("DELETE FROM GOLD.BUILT_DAYS WHERE DATASET = 'orders_by_hour_and_zone'")
    build("orders_by_hour_and_zone")
    assert reconcile().adds_up


def test_rows_twice_in_the_warehouse_are_named() -> None:
    change("INSERT INTO SILVER.ORDERS SELECT * FROM SILVER.ORDERS WHERE ORDER_ID = 'next'")
    done = reconcile()
    assert (
        "in the warehouse 3 ≠ in silver 2 (difference +1): run 'dishpatch run --from silver_to_warehouse'"
        in problems(done, "orders", "2026-03-07")
    )
    change("DELETE FROM SILVER.ORDERS WHERE BUSINESS_DATE = '2026-03-07'")
    change("DELETE FROM SILVER.LOADED_DAYS WHERE BUSINESS_DATE = '2026-03-07'")
    silver_to_warehouse()
    assert reconcile().adds_up


def test_a_state_lost_from_cassandra_is_named() -> None:
    with cql.open_session() as session:
        session.execute(f"DELETE FROM {settings().cassandra_keyspace}.orders_by_id WHERE order_id = 'o2'")
    assert problems(reconcile(), "orders", "2026-03-06") == [
        "in Cassandra 4 ≠ placed 5 (difference -1): run 'dishpatch run --only kafka_to_cassandra'"
    ]


def test_rows_lost_from_bronze_are_named() -> None:
    """The last test of the module: what bronze lost, the mover does not read again."""
    open_table("bronze/courier_assignments").delete("order_id = 'o1'")
    code, said = command("--by-day")
    assert code == 1
    sentence = "courier_assignments 2026-03-06: in bronze or dead-lettered 4 ≠ in Kafka 5 (difference -1)"
    assert sentence in said
