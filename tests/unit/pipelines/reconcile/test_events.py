"""Produced → in Kafka → in bronze or dead-lettered: which sums must hold, and how a message's rows find their day."""

from __future__ import annotations

from datetime import UTC, datetime

import pyarrow as pa
import pytest

from pipelines.connectors.kafka import Record
from pipelines.contracts import load_contract
from pipelines.messages import Origin, encode
from pipelines.reconcile import events


def counts(**changed: int) -> dict[str, int]:
    """Ten produced, two of others, one message of three rows dead-lettered: all accounted for."""
    usual = {"produced": 10, "from_others": 2, "in_kafka": 12, "dead_lettered": 3, "in_bronze": 9}
    return usual | {"repeats": 1, "good": 6, "quarantined": 2} | changed


def problems(places: int = 9, kept: int = 9, expired: bool = False, **changed: int) -> tuple[str, ...]:
    found = counts(**changed)
    return events._before_bronze(found, kept, expired) + events._in_bronze(found, places, checked=True)


def test_what_adds_up_is_no_problem() -> None:
    assert problems() == ()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"produced": 11}, "in Kafka 12 ≠ produced 13 (difference -1): events were lost before Kafka"),
        (
            {"in_bronze": 8, "good": 5, "places": 8},
            "in bronze or dead-lettered 11 ≠ in Kafka 12 (difference -1): run 'dishpatch run --only kafka_to_bronze'",
        ),
        ({"in_bronze": 10, "good": 7, "places": 10}, "in bronze or dead-lettered 13 ≠ in Kafka 12 (difference +1)"),
        ({"dead_lettered": 0}, "in bronze or dead-lettered 9 ≠ in Kafka 12 (difference -3)"),
        (
            {"quarantined": 1},
            "good, repeats and quarantined 8 ≠ in bronze 9 (difference -1): run 'dishpatch run --from silver_orders'",
        ),
        ({"quarantined": 3}, "good, repeats and quarantined 10 ≠ in bronze 9 (difference +1)"),
    ],
)
def test_a_row_lost_or_doubled_at_any_stage_is_a_sentence(changed: dict[str, int], sentence: str) -> None:
    (problem,) = problems(**changed)
    assert problem.startswith(sentence)


def test_a_row_twice_in_bronze_does_not_hide_that_another_is_lost() -> None:
    (problem,) = problems(places=8)
    assert problem.startswith("in bronze 9 ≠ distinct rows of messages 8 (difference +1)")


def test_repeats_in_bronze_are_counted_and_no_problem() -> None:
    assert problems(repeats=5, good=2) == ()


def test_rows_of_a_topic_that_silver_does_not_check_need_no_quarantine() -> None:
    assert events._in_bronze(counts(quarantined=0), 9, checked=False) == ()


def test_what_others_sent_and_kafka_forgot_is_no_problem() -> None:
    """Ten were produced and seven sent by others; Kafka keeps a message of four."""
    assert (
        problems(expired=True, in_kafka=4, dead_lettered=0, kept=4, from_others=0, in_bronze=17, good=14, places=17)
        == ()
    )


@pytest.mark.parametrize(
    ("kept", "in_bronze", "sentence"),
    [
        (3, 12, "in bronze or dead-lettered 3 ≠ in Kafka 4 (difference -1)"),
        (5, 12, "in bronze or dead-lettered 5 ≠ in Kafka 4 (difference +1)"),
        (4, 8, "in bronze 8 ≠ produced 10 (difference -2)"),
    ],
)
def test_where_kafka_forgot_its_oldest_messages_a_loss_shows_in_what_it_keeps_and_in_what_was_produced(
    kept: int, in_bronze: int, sentence: str
) -> None:
    found = counts(in_kafka=4, dead_lettered=0, in_bronze=in_bronze)
    (problem,) = events._before_bronze(found, kept, expired=True)
    assert problem.startswith(sentence)


def message(*days: int | None) -> Record:
    contract = load_contract("events/reviews")
    times = [datetime(2026, 9, day, 23, 59, tzinfo=UTC) if day else None for day in days]
    rows = pa.Table.from_pylist([{"event_time": time} for time in times], schema=contract.arrow_schema)
    ((value, headers),) = encode(rows, contract, Origin("p", "u", "t"), 0)
    return record(value, headers)


def record(value: bytes | None, headers: list[tuple[str, bytes]]) -> Record:
    return Record(
        **{"topic": "reviews", "partition": 0, "offset": 7, "timestamp_ms": 0, "key": None}
        | {"value": value, "headers": headers}
    )


def test_rows_of_a_message_are_counted_on_their_own_dates_and_those_without_a_time_on_none() -> None:
    assert events._days(message(12, 12, 13, None)) == {"2026-09-12": 2, "2026-09-13": 1, "": 1}


@pytest.mark.parametrize("value", [None, b"", b"PAR1", b'{"a": 1}'])
def test_a_message_that_cannot_be_read_counts_the_rows_it_states_on_no_day(value: bytes | None) -> None:
    assert events._days(record(value, [("rows", b"5")])) == {"": 5}
