"""A date of bronze in counts: rows, distinct places, what Kafka keeps, repeats, good rows and bad ones."""

from __future__ import annotations

import pyarrow as pa

from pipelines.contracts import load_contract
from pipelines.reconcile.bronze import BronzeDay, counted
from tests.services.tiny_events import event


def bronze(*rows: dict[str, object]) -> pa.Table:
    """Rows of bronze/reviews, each in a message of its own, the last place first."""
    kafka = [{"kafka_partition": 1, "kafka_offset": 7 + n, "row_in_message": 0} for n in range(len(rows))]
    both = [
        row
        | at
        | {"event_date": row["event_time"].date(), "contract_version": "1.0.0", "ingested_at": row["event_time"]}
        for row, at in zip(rows, kafka, strict=True)
    ]
    return pa.Table.from_pylist(both[::-1], schema=load_contract("bronze/reviews").arrow_schema)


def places(*offsets: int) -> pa.Array:
    return pa.array([2**48 + offset for offset in offsets], pa.int64())


def test_a_repeat_and_a_row_that_breaks_a_rule_are_told_from_good_ones() -> None:
    good, bad = event("reviews", "submitted", "o1", 5), event("reviews", "submitted", "o2", 6, rating_food=9)
    day = counted("reviews", bronze(good, good, bad), places())
    assert (day.rows, day.good, day.repeats, day.bad) == (3, 1, 1, 1)


def test_the_same_place_twice_is_one_place() -> None:
    rows = bronze(event("reviews", "submitted", "o1", 5), event("reviews", "submitted", "o2", 6))
    day = counted("reviews", pa.concat_tables([rows, rows.slice(0, 1)]), places())
    assert (day.rows, day.places) == (3, 2)


def test_rows_of_messages_that_kafka_keeps_are_those_at_their_places() -> None:
    rows = bronze(*(event("reviews", "submitted", f"o{n}", n) for n in range(3)))
    assert counted("reviews", rows, places(8, 9, 10)).kept == 2
    assert counted("reviews", rows, places()).kept == 0


def test_a_date_without_rows_counts_nothing() -> None:
    assert counted("reviews", bronze(), places()) == BronzeDay()
