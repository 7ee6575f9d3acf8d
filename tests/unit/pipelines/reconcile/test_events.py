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
    usual = {"produced": 10, "from_others": 2, "in_kafka": 12, "dead_lettered": 3, "in_bronze": 9, "repeats": 1}
    return usual | changed


def test_what_adds_up_is_no_problem() -> None:
    assert events._problems(counts(), expired=False) == ()


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"produced": 11}, "in Kafka 12 ≠ produced 13 (difference -1): events were lost before Kafka"),
        ({"in_bronze": 8}, "in bronze or dead-lettered 11 ≠ in Kafka 12 (difference -1)"),
        ({"in_bronze": 10}, "in bronze or dead-lettered 13 ≠ in Kafka 12 (difference +1)"),
        ({"dead_lettered": 0}, "in bronze or dead-lettered 9 ≠ in Kafka 12 (difference -3)"),
    ],
)
def test_a_row_lost_or_doubled_at_any_stage_is_a_sentence(changed: dict[str, int], sentence: str) -> None:
    (problem,) = events._problems(counts(**changed), expired=False)
    assert problem.startswith(sentence)


def test_repeats_in_bronze_are_counted_and_no_problem() -> None:
    assert events._problems(counts(repeats=5), expired=False) == ()


def test_where_kafka_forgot_its_oldest_messages_bronze_answers_for_what_was_produced() -> None:
    kept = counts(in_kafka=0, dead_lettered=0, in_bronze=12)
    assert events._problems(kept, expired=True) == ()
    assert len(events._problems(kept | {"in_bronze": 11}, expired=True)) == 1


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
