"""What a topic holds is in bronze once; what its contract refuses is a dead letter; whatever happens in between."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from pipelines.connectors.delta import open_table, versions
from pipelines.movers import kafka_to_bronze as mover
from pipelines.movers.dead_letters import DeadLetter, read_letters, replay_letters
from pipelines.movers.kafka_to_bronze import app_id, kafka_to_bronze
from tests.services.processes import Workers
from tests.services.tiny_events import Row, bronze, coordinates, event, message, placed, publish, send

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("stores")]


def letters(topic: str) -> list[DeadLetter]:
    return sorted(read_letters(topic), key=lambda letter: (letter.partition, letter.offset))


def next_offset(topic: str, partition: int) -> int | None:
    name = app_id(topic, partition)
    return versions(open_table(f"bronze/{topic}"), [name]).get(name)


def ids(rows: list[Row]) -> list[str]:
    return sorted(row["event_id"] for row in rows)


def test_rows_arrive_as_they_were_sent_with_where_they_lay_in_kafka() -> None:
    at = send(
        "courier_assignments",
        message("courier_assignments", [event("courier_assignments", "assigned", "o1", n) for n in range(3)]),
        partition=2,
    )
    moved = kafka_to_bronze("courier_assignments")
    assert (moved.rows, moved.messages, dict(moved.dead_letters)) == (3, 1, {})
    rows = bronze("courier_assignments")
    assert [coordinates(row) for row in rows] == [(2, at[0], n) for n in range(3)]
    assert {(row["contract_version"], str(row["event_date"]), row["courier_id"]) for row in rows} == {
        ("1.0.0", "2026-03-06", "c1")
    }
    again = kafka_to_bronze("courier_assignments")
    assert (again.rows, again.messages, again.version) == (0, 0, moved.version)


def test_null_and_empty_values_are_dead_letters_and_a_null_key_is_admitted() -> None:
    valid = message("reviews", [event("reviews", "submitted", "o3")])
    send("reviews", (None, []), key=b"o1", partition=1)
    send("reviews", (b"", []), key=b"o2", partition=1)
    send("reviews", valid, key=None, partition=1)
    moved = kafka_to_bronze("reviews")
    assert dict(moved.dead_letters) == {"null_value": 1, "empty_value": 1}
    assert [row["order_id"] for row in bronze("reviews")] == ["o3"]
    assert [(x.reason, x.key, x.value) for x in letters("reviews")] == [
        ("null_value", b"o1", None),
        ("empty_value", b"o2", b""),
    ]
    assert next_offset("reviews", 1) == 3
    assert kafka_to_bronze("reviews").messages == 0


def test_unreadable_messages_between_good_ones_stop_nothing_and_keep_their_bytes() -> None:
    good = [message("payments", [event("payments", "captured", f"o{n}")]) for n in range(3)]
    text = b'{"order_id": "o9"}'
    mixed = [good[0], (b"PAR1", good[0][1]), good[1], (text, good[1][1]), good[2]]
    assert send("payments", *mixed) == [0, 1, 2, 3, 4]
    moved = kafka_to_bronze("payments")
    assert (moved.rows, dict(moved.dead_letters)) == (3, {"not_parquet": 2})
    assert [(x.offset, x.value) for x in letters("payments")] == [(1, b"PAR1"), (3, text)]
    assert letters("payments")[0].headers == good[0][1]
    assert next_offset("payments", 0) == 5
    assert kafka_to_bronze("payments").messages == 0


@pytest.mark.parametrize(
    ("headers", "reason"),
    [
        ({"rows": "2"}, "row_count_mismatch"),
        ({"rows": "many"}, "row_count_mismatch"),
        ({"contract": "events/reviews"}, "wrong_contract"),
        ({"contract_version": "one"}, "unknown_contract_version"),
    ],
)
def test_a_message_whose_headers_contradict_it_is_a_dead_letter(headers: dict[str, str], reason: str) -> None:
    (at,) = send(
        "delivery_progress", message("delivery_progress", [event("delivery_progress", "failed", "o1")], **headers)
    )
    assert dict(kafka_to_bronze("delivery_progress").dead_letters) == {reason: 1}
    (letter,) = [x for x in letters("delivery_progress") if (x.partition, x.offset) == (0, at)]
    assert (letter.reason, letter.rows) == (reason, int(headers["rows"]) if headers.get("rows") == "2" else 1)


def test_a_message_of_an_unknown_contract_version_is_admitted_once_after_its_replay() -> None:
    (at,) = send("courier_shifts", shift := message("courier_shifts", [shift_row()], contract_version="2.0.0"))
    assert dict(kafka_to_bronze("courier_shifts").dead_letters) == {"unknown_contract_version": 1}
    (letter,) = letters("courier_shifts")
    assert (letter.offset, letter.value) == (at, shift[0])
    assert replay_letters("courier_shifts", [letter], {"contract_version": "1.0.0"}) == 1
    assert replay_letters("courier_shifts", [letter], {"contract_version": "1.0.0"}) == 0  # though it looks unreplayed
    assert replay_letters("courier_shifts", letters("courier_shifts"), {"contract_version": "1.0.0"}) == 0
    moved = kafka_to_bronze("courier_shifts")
    assert (moved.rows, dict(moved.dead_letters)) == (1, {})
    assert len(bronze("courier_shifts")) == 1
    (marked,) = letters("courier_shifts")
    assert marked.replayed_at is not None


def shift_row() -> Row:
    row = event("courier_shifts", "started", "", courier_id="c1", vehicle="bicycle", capacity=2)
    del row["order_id"]
    return row


def test_a_replay_without_a_change_is_refused_again_and_stays_one_letter_more() -> None:
    send("restaurant_responses", (b"no parquet", []))
    kafka_to_bronze("restaurant_responses")
    assert replay_letters("restaurant_responses", letters("restaurant_responses")) == 1
    assert sum(kafka_to_bronze("restaurant_responses").dead_letters.values()) == 1
    first, second = letters("restaurant_responses")
    assert first.value == second.value == b"no parquet"
    assert (first.replayed_at is None, second.replayed_at is None) == (False, True)


def test_two_movers_at_once_move_each_row_once(workers: Workers) -> None:
    for unit in range(6):
        publish(f"twice {unit}", {"orders": [placed(f"twice-{unit}-{n}", n) for n in range(40)]})
    movers = [
        workers.start("pipelines.movers.kafka_to_bronze:kafka_to_bronze", "orders", commit_rows=20) for _ in range(2)
    ]
    for process in movers:
        process.join(120)
    assert [process.exitcode for process in movers] == [0, 0]
    rows = [row for row in bronze("orders") if row["order_id"].startswith("twice")]
    assert len(rows) == 240
    assert set(Counter(ids(rows)).values()) == set(Counter(map(coordinates, rows)).values()) == {1}


def test_a_commit_whose_answer_was_lost_is_not_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    publish("lost answer", {"orders": [placed(f"lost-{n}", n) for n in range(30)]})
    answered = mover.write
    lost: list[int] = []

    def lose_the_answer(*args: Any, **options: Any) -> int:
        version = answered(*args, **options)
        if not lost:
            lost.append(version)
            raise ConnectionError("the connection was reset after the commit landed")
        return version

    monkeypatch.setattr(mover, "write", lose_the_answer)
    with pytest.raises(ConnectionError):
        kafka_to_bronze("orders")
    kafka_to_bronze("orders")
    rows = [row for row in bronze("orders") if row["order_id"].startswith("lost")]
    assert len(lost) == 1
    assert len(rows) == len(set(ids(rows))) == 30


def test_letters_written_before_a_lost_commit_are_told_as_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    (at,) = send("orders", (b"not parquet", []), partition=3)

    def die(*_args: Any, **_options: Any) -> int:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(mover, "write", die)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                kafka_to_bronze("orders")
    assert sum(kafka_to_bronze("orders").dead_letters.values()) == 1
    assert [(x.partition, x.offset, x.value) for x in letters("orders")] == [(3, at, b"not parquet")]


def test_a_mover_that_was_overtaken_on_other_partitions_writes_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    publish("overtaken", {"orders": [placed(f"overtaken-{n}", n) for n in range(80)]})
    committed = mover._commit
    calls: list[int] = []

    def overtaken(table: Any, topic: str, pending: Any, result: Any) -> None:
        calls.append(1)
        committed(table, topic, pending, result)
        if len(calls) == 1:  # another mover moves all the rest while this one holds its older offsets
            monkeypatch.setattr(mover, "_commit", committed)
            kafka_to_bronze("orders")
            table.update_incremental()

    monkeypatch.setattr(mover, "_commit", overtaken)
    kafka_to_bronze("orders", commit_rows=10)
    rows = [row for row in bronze("orders") if row["order_id"].startswith("overtaken")]
    assert len(rows) == len(set(ids(rows))) == len(set(map(coordinates, rows))) == 80
