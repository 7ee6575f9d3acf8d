"""The account of events, by topic and UTC date.

Produced → in Kafka → in bronze or dead-lettered; in bronze → good, a repeat or quarantined.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipelines.connectors.kafka import Record, consumer, partitions_of, read_to_end
from pipelines.contracts import topics
from pipelines.messages import NO_DAY, header
from pipelines.movers.dead_letters import read_letters, stated_rows
from pipelines.movers.progress import published_units
from pipelines.reconcile.bronze import BronzeDay, Place, bronze_days, quarantined_days
from pipelines.reconcile.line import Line, must_equal
from pipelines.transforms.silver_orders import TOPICS

CHECKED = {*TOPICS, "cities"}  # topics whose rows silver checks by their rules


def event_lines() -> tuple[list[Line], list[str]]:
    """Lines for every topic and date, and notes on what Kafka no longer keeps."""
    progress = published_units()
    quarantined = quarantined_days()
    lines: list[Line] = []
    notes: list[str] = []
    for topic in topics():
        expired = _expired(topic)
        if expired:
            notes.append(
                f"{topic}: Kafka no longer keeps its oldest messages; bronze is compared with those it keeps, and must "
                "hold no less than was produced"
            )
        lines.extend(_topic_lines(topic, progress, quarantined.get(topic, Counter()), expired))
    return lines, notes


def _topic_lines(
    topic: str, progress: dict[str, dict[str, object]], quarantined: Counter[str], expired: bool
) -> Iterator[Line]:
    produced = _produced(topic, progress)
    letters = {(x.partition, x.offset) for x in read_letters(topic)}
    kafka, dead, foreign, places = _in_kafka(topic, letters, set(progress))
    bronze = bronze_days(topic, places)
    for name in sorted(produced.keys() | kafka.keys() | dead.keys() | bronze.keys() | quarantined.keys()):
        day = bronze.get(name, BronzeDay())
        counts = {
            "produced": produced[name],
            "from_others": foreign[name],
            "in_kafka": kafka[name] + dead[name],
            "dead_lettered": dead[name],
            "in_bronze": day.rows,
            "repeats": day.repeats,
            "good": day.good,
            "quarantined": quarantined[name],
        }
        problems = _before_bronze(counts, day.kept, expired) + _in_bronze(counts, day.places, topic in CHECKED)
        yield Line("events", topic, name, counts, problems)


def _before_bronze(counts: dict[str, int], kept: int, expired: bool) -> tuple[str, ...]:
    """Produced → in Kafka → bronze; `kept`: rows in bronze of messages that Kafka keeps."""
    published = counts["produced"] + counts["from_others"]
    moved = ("in bronze or dead-lettered", (kept if expired else counts["in_bronze"]) + counts["dead_lettered"])
    step = "run 'dishpatch run --only kafka_to_bronze'"
    problems = must_equal(*moved, "in Kafka", counts["in_kafka"], step)
    if not expired:
        lost = must_equal("in Kafka", counts["in_kafka"], "produced", published, "events were lost before Kafka")
        return lost + problems
    # what others sent and Kafka forgot is in bronze only, so bronze may have more than is known of, never less
    least = min(counts["in_bronze"], counts["produced"])
    return problems + must_equal(
        "in bronze", least, "produced", counts["produced"], "Kafka no longer has them: see the notes"
    )


def _in_bronze(counts: dict[str, int], places: int, checked: bool) -> tuple[str, ...]:
    """Bronze has each row of a message once, and silver has kept aside each that breaks a rule."""
    problems = must_equal(
        "in bronze", counts["in_bronze"], "distinct rows of messages", places, "rows were moved twice, see 'repeats'"
    )
    if checked:
        ended = counts["good"] + counts["repeats"] + counts["quarantined"]
        problems += must_equal(
            "good, repeats and quarantined",
            ended,
            "in bronze",
            counts["in_bronze"],
            "run 'dishpatch run --from silver_orders'",
        )
    return problems


def _expired(topic: str) -> bool:
    with consumer() as client:
        return any(offset > 0 for offset in client.beginning_offsets(partitions_of(client, topic)).values())


def _produced(topic: str, progress: dict[str, dict[str, object]]) -> Counter[str]:
    found: Counter[str] = Counter()
    for unit in progress.values():
        found.update(unit["rows_by_event_date"].get(topic, {}))  # type: ignore[attr-defined]
    return found


def _in_kafka(
    topic: str, letters: set[tuple[int, int]], units: set[str]
) -> tuple[Counter[str], Counter[str], Counter[str], set[Place]]:
    """Rows by day: of readable messages, of dead-lettered ones, and of all that no recorded unit produced; and where
    the messages are.
    """
    kafka: Counter[str] = Counter()
    dead: Counter[str] = Counter()
    foreign: Counter[str] = Counter()
    places: set[Place] = set()
    for records in read_to_end(topic, {}):
        for record in records:
            places.add((record.partition, record.offset))
            is_dead = (record.partition, record.offset) in letters
            days = {NO_DAY: stated_rows(record.headers)} if is_dead else _days(record)
            (dead if is_dead else kafka).update(days)
            unit = f"{header(record.headers, 'producer_id')}/{header(record.headers, 'unit')}"
            if unit not in units or header(record.headers, "replay_of"):
                foreign.update(days)
    return kafka, dead, foreign, places


def _days(record: Record) -> Counter[str]:
    try:
        times = pq.read_table(pa.BufferReader(record.value), columns=["event_time"]).column("event_time")
    except (pa.ArrowException, OSError, ValueError, TypeError):
        return Counter({NO_DAY: stated_rows(record.headers)})  # not moved yet; the mover will refuse it
    return _by_day(pc.cast(times, pa.date32()))


def _by_day(dates: pa.ChunkedArray) -> Counter[str]:
    pairs = pc.value_counts(dates).to_pylist()
    return Counter({str(p["values"]) if p["values"] else NO_DAY: p["counts"] for p in pairs})
