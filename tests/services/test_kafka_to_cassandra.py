"""The operational state is that of the events, by their own times, in whatever order and however often they come."""

from __future__ import annotations

import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from cassandra.cluster import Session

from pipelines.connectors import cassandra as cql
from pipelines.contracts import load_contract
from pipelines.errors import ContractViolation
from pipelines.movers import kafka_to_cassandra as mover
from pipelines.movers.kafka_to_cassandra import kafka_to_cassandra
from pipelines.settings import settings
from pipelines.transforms.operational_state import TOPICS
from tests.services.processes import Workers
from tests.services.stores import other_stores
from tests.services.tiny_events import DAY, Row, delivered_life, event, message, placed, publish, send, together

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("stores")]

TABLES = ("orders_by_id", "active_orders_by_zone", "orders_by_courier")


@contextmanager
def session() -> Iterator[Session]:
    with cql.open_session() as opened:
        opened.set_keyspace(settings().cassandra_keyspace)
        yield opened


def state() -> dict[str, list[Row]]:
    """Every row of the three tables."""
    with session() as opened:
        return {table: sorted(opened.execute(f"SELECT * FROM {table}"), key=str) for table in TABLES}


def row_of(table: str, order_id: str) -> Row | None:
    found = [row for row in state()[table] if row["order_id"] == order_id]
    assert len(found) <= 1
    return found[0] if found else None


def apply(*steps: tuple[str, list[Row]], unit: str) -> None:
    """Publish each step (topic, rows) and apply it before the next."""
    for number, (topic, rows) in enumerate(steps):
        publish(f"{unit} {number}", {topic: rows})
        kafka_to_cassandra()


def test_a_delivered_order_has_its_whole_state_and_is_no_longer_active() -> None:
    publish("whole life", delivered_life("whole"))
    kafka_to_cassandra()
    row = row_of("orders_by_id", "whole")
    assert row is not None
    assert (row["status"], row["courier_id"], row["payment_status"], row["rating_overall"]) == (
        "delivered",
        "c1",
        "captured",
        5,
    )
    assert row["placed_at"].replace(tzinfo=UTC) == DAY
    assert row_of("active_orders_by_zone", "whole") is None
    assert kafka_to_cassandra().messages == 0


def test_a_cancelled_order_leaves_the_active_orders() -> None:
    apply(("orders", [placed("given up")]), unit="given up a")
    active = row_of("active_orders_by_zone", "given up")
    assert active is not None
    assert (active["status"], active["restaurant_id"]) == ("placed", "r1")
    apply(("orders", [event("orders", "cancelled", "given up", 3, cancelled_by="customer")]), unit="given up b")
    assert row_of("active_orders_by_zone", "given up") is None
    assert (row_of("orders_by_id", "given up") or {})["status"] == "cancelled"


def test_a_courier_who_is_taken_off_loses_the_order_everywhere() -> None:
    taken = [
        event("courier_assignments", kind, "taken", n, courier_id="c7")
        for n, kind in ((2, "assigned"), (4, "unassigned"))
    ]
    apply(("orders", [placed("taken")]), ("courier_assignments", taken[:1]), unit="taken a")
    assert (row_of("orders_by_courier", "taken") or {})["courier_id"] == "c7"
    assert (row_of("active_orders_by_zone", "taken") or {})["courier_id"] == "c7"
    apply(("courier_assignments", taken[1:]), unit="taken b")
    assert row_of("orders_by_courier", "taken") is None
    assert (row_of("orders_by_id", "taken") or {})["courier_id"] is None
    assert (row_of("active_orders_by_zone", "taken") or {})["courier_id"] is None
    again = event("courier_assignments", "assigned", "taken", 6, courier_id="c8")
    apply(("courier_assignments", [again]), unit="taken c")
    assert (row_of("active_orders_by_zone", "taken") or {})["courier_id"] == "c8"


def test_a_later_promise_shows_in_the_active_orders_also_where_it_is_sooner() -> None:
    sooner = DAY + timedelta(minutes=20)
    promise = event("orders", "promise_changed", "promised", 2, promised_at=sooner)
    apply(("orders", [placed("promised")]), ("orders", [promise]), unit="promised")
    assert (row_of("active_orders_by_zone", "promised") or {})["promised_at"] == sooner.replace(tzinfo=None)


def some_lives() -> dict[str, list[Row]]:
    """Orders in many stages: delivered, cancelled, under way, re-assigned, promised anew, never placed."""
    lives = [delivered_life(f"s{n}", n) for n in range(4)]
    cut = {"delivery_progress": 1, "payments": 0, "reviews": 0}
    under_way = {topic: rows[: cut.get(topic, len(rows))] for topic, rows in delivered_life("s5", 5).items()}
    taken_off = [
        event("courier_assignments", "unassigned", "s5", 12),
        event("courier_assignments", "assigned", "s5", 13, courier_id="c2"),
    ]
    waiting = {
        "orders": [placed("s6"), event("orders", "promise_changed", "s6", 5, promised_at=DAY + timedelta(minutes=25))],
        "courier_assignments": [
            event("courier_assignments", kind, "s6", n) for n, kind in ((3, "assigned"), (8, "unassigned"))
        ],
    }
    cancelled = {"orders": [placed("s7"), event("orders", "cancelled", "s7", 9, cancelled_by="customer")]}
    after = {"courier_assignments": [event("courier_assignments", "assigned", "s7", 11)]}
    orphan = {"restaurant_responses": [event("restaurant_responses", "accepted", "s8", 1)]}
    return together(*lives, under_way, {"courier_assignments": taken_off}, waiting, cancelled, after, orphan)


def test_the_whole_topics_again_and_in_any_order_leave_the_same_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    publish("some lives", some_lives())
    kafka_to_cassandra()
    expected = state()
    assert {row["order_id"] for row in expected["active_orders_by_zone"]} >= {"s5", "s6"}
    assert not {row["order_id"] for row in expected["active_orders_by_zone"]} & {"s0", "s7", "s8"}
    assert kafka_to_cassandra(group_id="replay").events > 40
    assert state() == expected
    for seed in range(3):
        shuffled = random.Random(seed).sample(TOPICS, len(TOPICS))
        with other_stores():
            for topic in shuffled:
                monkeypatch.setattr(mover, "TOPICS", (topic,))
                kafka_to_cassandra(group_id=f"shuffled {seed}")
            monkeypatch.undo()
            assert state() == expected, shuffled


@pytest.mark.parametrize("first", ["restaurant_responses", "orders"])
def test_of_two_events_of_one_microsecond_the_later_stage_wins_in_either_order(first: str) -> None:
    order_id = f"tie {first}"
    tied = {
        "restaurant_responses": [event("restaurant_responses", "accepted", order_id, 5)],
        "orders": [event("orders", "cancelled", order_id, 5, cancelled_by="customer")],
    }
    second = next(topic for topic in tied if topic != first)
    apply(("orders", [placed(order_id)]), (first, tied[first]), (second, tied[second]), unit=order_id)
    ended = row_of("orders_by_id", order_id)
    assert ended is not None
    tied_at = (DAY + timedelta(minutes=5)).replace(tzinfo=None)
    assert (ended["status"], ended["restaurant_accepted_at"], ended["cancelled_at"]) == ("cancelled", tied_at, tied_at)
    assert row_of("active_orders_by_zone", order_id) is None
    kafka_to_cassandra(group_id=f"replay {first}")
    assert row_of("orders_by_id", order_id) == ended
    assert row_of("active_orders_by_zone", order_id) is None


def test_an_event_later_than_a_repair_by_hand_shows() -> None:
    """One rule makes the write times of movers and repairs: the event's own, in microseconds."""
    now = datetime.now(UTC)
    apply(("orders", [placed("repaired", event_time=now - timedelta(hours=1))]), unit="repaired a")
    orders = load_contract("operations/orders_by_id")
    with session() as opened:
        repair = cql.prepare_upsert(opened, orders, ["order_id", "status"])
        cql.execute_all(opened, [repair.bind(["repaired", "looked_into", cql.write_time_us(now)])])
    assert (row_of("orders_by_id", "repaired") or {})["status"] == "looked_into"
    late = event("restaurant_responses", "accepted", "repaired", event_time=now - timedelta(minutes=30))
    apply(("restaurant_responses", [late]), unit="repaired b")
    assert (row_of("orders_by_id", "repaired") or {})["status"] == "looked_into"
    done = event("delivery_progress", "delivered", "repaired", event_time=now + timedelta(seconds=1))
    apply(("delivery_progress", [done]), unit="repaired c")
    assert (row_of("orders_by_id", "repaired") or {})["status"] == "delivered"


def test_a_time_read_in_the_wrong_unit_cannot_be_a_write_time() -> None:
    now_ms = int(DAY.timestamp() * 1000)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    assert cql.write_time_us(DAY + timedelta(microseconds=7), 2) == now_ms * 1000 + 9
    milliseconds, seconds = epoch + timedelta(microseconds=now_ms), epoch + timedelta(microseconds=now_ms // 1000)
    for misread in (milliseconds, seconds, datetime(2050, 1, 1, tzinfo=UTC)):
        with pytest.raises(ContractViolation, match="cannot be a write time"):
            cql.write_time_us(misread)


def test_ten_thousand_partial_updates_leave_no_tombstone() -> None:
    updates = [
        event("orders", "promise_changed", "busy", n / 600, promised_at=DAY + timedelta(seconds=n))
        for n in range(10_000)
    ]
    publish("busy", {"orders": [placed("busy", -1)]})
    publish("busy updates", {"orders": updates})
    assert kafka_to_cassandra().events == 10_001
    select = "SELECT * FROM orders_by_id WHERE order_id = 'busy'"
    with session() as opened:
        result = opened.execute(select, trace=True)
        (row,) = list(result)
        said = [str(e.description) for e in result.get_query_trace(max_wait_sec=30).events]
    assert row["promised_at"] == (DAY + timedelta(seconds=9_999)).replace(tzinfo=None)
    read = [line for line in said if "tombstone" in line]
    assert read
    assert all("0 tombstone" in line for line in read), read


def test_what_the_contract_refuses_changes_nothing_here() -> None:
    before = state()
    send("orders", (None, []), key=b"o1")
    send("orders", (b"PAR1", []), message("orders", [placed("refused", basket_value_cents=-1)]))
    done = kafka_to_cassandra()
    assert (done.refused_messages, done.refused_rows, done.events) == (2, 1, 0)
    assert state() == before


def test_a_time_that_cannot_be_a_write_time_is_left_out_and_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mover, "good_events", lambda _topic, table: table)  # as if no rule had refused it
    unset, ahead = datetime(1970, 1, 2, tzinfo=UTC), datetime.now(UTC) + timedelta(days=800)
    odd = [placed("unset clock", event_time=unset), placed("far ahead", event_time=ahead)]
    send("orders", message("orders", [*odd, placed("beside odd times")]))
    done = kafka_to_cassandra()
    assert (done.refused_rows, done.events) == (2, 1)
    assert row_of("orders_by_id", "beside odd times") is not None
    assert row_of("orders_by_id", "unset clock") is None
    assert kafka_to_cassandra().messages == 0


def test_a_batch_holds_at_most_fifty_statements_and_all_are_in_their_order() -> None:
    statements = [f"UPDATE {n}" for n in range(101)]
    *batches, last = cql.same_partition_batches(statements)
    assert [len(batch._statements_and_parameters) for batch in batches] == [50, 50]
    said = [text for batch in batches for _, text, _ in batch._statements_and_parameters]
    assert [*said, last] == statements


def test_a_topic_with_nothing_but_refused_messages_stops_nothing() -> None:
    send("orders", (b"", []), (b"PAR1", []))
    done = kafka_to_cassandra()
    assert (done.refused_messages, done.events) == (2, 0)
    assert kafka_to_cassandra().messages == 0


@pytest.mark.fault
def test_a_mover_killed_between_its_writes_and_their_offsets_leaves_the_same_state(workers: Workers) -> None:
    publish("killed lives", together(*(delivered_life(f"k{n}", n) for n in range(5)), {"orders": [placed("k9")]}))
    for _ in range(2):
        killed = workers.start("tests.services.publishing:apply_and_die")
        killed.join(60)
        assert killed.exitcode == -signal.SIGKILL
    written = state()
    assert (row_of("orders_by_id", "k0") or {})["status"] == "delivered"
    again = kafka_to_cassandra()
    assert again.events >= 5 * 8 + 1  # nothing was committed: all of it is read again
    assert state() == written
    assert kafka_to_cassandra().messages == 0
