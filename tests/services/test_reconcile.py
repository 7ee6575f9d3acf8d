"""Reconciliation adds up after a run, and where something is missing it says what, where and what to do."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pytest
from kafka import KafkaAdminClient
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.connectors import cassandra as cql
from pipelines.connectors.delta import open_table, write
from pipelines.connectors.kafka import connection, consumer, partitions_of
from pipelines.contracts import load_contract
from pipelines.flow import GOLD_TABLES
from pipelines.movers.kafka_to_bronze import kafka_to_bronze
from pipelines.movers.silver_to_warehouse import silver_to_warehouse
from pipelines.reconcile import Reconciliation, reconcile
from pipelines.settings import settings
from tests.services.medallion import build, run_movers
from tests.services.stores import other_stores
from tests.services.tiny_events import (
    bronze,
    delivered_life,
    event,
    message,
    placed,
    publish,
    publish_city,
    send,
    together,
)
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


def test_rows_that_break_a_rule_are_in_the_quarantine_or_named() -> None:
    send("reviews", message("reviews", [event("reviews", "submitted", "o0", 61, rating_food=9)]))
    kafka_to_bronze("reviews")
    lost = "good, repeats and quarantined 6 ≠ in bronze 7 (difference -1): run 'dishpatch run --from silver_orders'"
    assert problems(reconcile(), "reviews", "2026-03-06") == [lost]
    run_movers()
    assert reconcile().adds_up
    open_table("silver/quarantine").delete("dataset = 'bronze/reviews'")
    assert problems(reconcile(), "reviews", "2026-03-06") == [lost]


def test_before_silver_ran_at_all_the_account_says_to_run_it() -> None:
    with other_stores():
        for topic in ("cities", "orders", "reviews"):
            kafka_to_bronze(topic)
        said = [problem for problem in reconcile().problems if problem.startswith("reviews 2026-03-06")]
    assert len(said) == 1
    assert said[0].endswith("run 'dishpatch run --from silver_orders'")


def test_what_others_sent_and_kafka_forgot_still_adds_up() -> None:
    send("reviews", message("reviews", [event("reviews", "submitted", "o1", 62)]))
    run_movers()
    admin = KafkaAdminClient(**connection())
    with consumer() as client:
        ends = client.end_offsets(partitions_of(client, "reviews"))
    admin.delete_records(ends)
    admin.close()
    done = reconcile()
    assert done.problems == []
    (note,) = done.notes
    assert note.startswith("reviews: Kafka no longer keeps its oldest messages")
    (day,) = [line for line in done.lines if (line.dataset, line.day) == ("reviews", "2026-03-06")]
    assert (day.counts["in_kafka"], day.counts["produced"] < day.counts["in_bronze"]) == (0, True)


def test_a_state_lost_from_cassandra_is_named() -> None:
    with cql.open_session() as session:
        session.execute(f"DELETE FROM {settings().cassandra_keyspace}.orders_by_id WHERE order_id = 'o2'")
    assert problems(reconcile(), "orders", "2026-03-06") == [
        "in Cassandra 4 ≠ placed 5 (difference -1): run 'dishpatch run --only kafka_to_cassandra'"
    ]


def test_rows_lost_from_bronze_are_named() -> None:
    """The last tests of the module: what bronze lost, the mover does not read again."""
    open_table("bronze/courier_assignments").delete("order_id = 'o1'")
    code, said = command("--by-day")
    assert code == 1
    sentence = "courier_assignments 2026-03-06: in bronze or dead-lettered 4 ≠ in Kafka 5 (difference -1)"
    assert sentence in said


def test_a_row_twice_in_bronze_does_not_make_up_for_one_that_is_lost() -> None:
    table, contract = open_table("bronze/courier_assignments"), load_contract("bronze/courier_assignments")
    twice = [row for row in bronze("courier_assignments") if row["order_id"] == "o2"]
    write(table, pa.Table.from_pylist(twice, schema=contract.arrow_schema), contract, {})
    done = reconcile()
    assert [p for p in done.problems if p.startswith("courier_assignments")] == [
        "courier_assignments 2026-03-06: in bronze 5 ≠ distinct rows of messages 4 (difference +1): "
        "rows were moved twice, see 'repeats'"
    ]
