"""The account of events, by topic and UTC date: produced → in Kafka → in bronze or dead-lettered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from deltalake.exceptions import TableNotFoundError

from pipelines.connectors.delta import open_table, read
from pipelines.connectors.kafka import Record, consumer, partitions_of, read_to_end
from pipelines.contracts import topics
from pipelines.messages import header
from pipelines.movers.dead_letters import read_letters, stated_rows
from pipelines.movers.events_to_kafka import published_units
from pipelines.reconcile.report import Line, must_equal

NO_DAY = ""  # the day of a message that cannot be read, and of an event without a time


def event_lines() -> tuple[list[Line], list[str]]:
    """Lines for every topic and date, and notes on what Kafka no longer keeps."""
    progress = published_units()
    lines: list[Line] = []
    notes: list[str] = []
    for topic in topics():
        expired = _expired(topic)
        if expired:
            notes.append(
                f"{topic}: Kafka no longer keeps its oldest messages, so what was produced is compared with bronze"
            )
        lines.extend(_topic_lines(topic, progress, expired))
    return lines, notes


def _topic_lines(topic: str, progress: dict[str, dict[str, object]], expired: bool) -> Iterator[Line]:
    produced = _produced(topic, progress)
    letters = {(x.partition, x.offset) for x in read_letters(topic)}
    kafka, dead, foreign = _in_kafka(topic, letters, set(progress))
    bronze, distinct = _in_bronze(topic)
    for day in sorted(produced.keys() | kafka.keys() | dead.keys() | bronze.keys()):
        counts = {
            "produced": produced[day],
            "from_others": foreign[day],
            "in_kafka": kafka[day] + dead[day],
            "dead_lettered": dead[day],
            "in_bronze": bronze[day],
            "repeats": bronze[day] - distinct[day],
        }
        yield Line("events", topic, day, counts, _problems(counts, expired))


def _problems(counts: dict[str, int], expired: bool) -> tuple[str, ...]:
    published = counts["produced"] + counts["from_others"]
    if expired:
        return must_equal("in bronze", counts["in_bronze"], "produced", published, "see the notes")
    moved = counts["in_bronze"] + counts["dead_lettered"]
    return (
        *must_equal("in Kafka", counts["in_kafka"], "produced", published, "events were lost before Kafka"),
        *must_equal(
            "in bronze or dead-lettered",
            moved,
            "in Kafka",
            counts["in_kafka"],
            "run 'dishpatch run --only kafka_to_bronze'",
        ),
    )


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
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Rows by day: of readable messages, of dead-lettered ones, and of all that no recorded unit produced."""
    kafka: Counter[str] = Counter()
    dead: Counter[str] = Counter()
    foreign: Counter[str] = Counter()
    for records in read_to_end(topic, {}):
        for record in records:
            is_dead = (record.partition, record.offset) in letters
            days = {NO_DAY: stated_rows(record.headers)} if is_dead else _days(record)
            (dead if is_dead else kafka).update(days)
            unit = f"{header(record.headers, 'producer_id')}/{header(record.headers, 'unit')}"
            if unit not in units or header(record.headers, "replay_of"):
                foreign.update(days)
    return kafka, dead, foreign


def _days(record: Record) -> Counter[str]:
    try:
        times = pq.read_table(pa.BufferReader(record.value), columns=["event_time"]).column("event_time")
    except (pa.ArrowException, OSError, ValueError, TypeError):
        return Counter({NO_DAY: stated_rows(record.headers)})  # not moved yet; the mover will refuse it
    return _by_day(pc.cast(times, pa.date32()))


def _by_day(dates: pa.ChunkedArray) -> Counter[str]:
    pairs = pc.value_counts(dates).to_pylist()
    return Counter({str(p["values"]) if p["values"] else NO_DAY: p["counts"] for p in pairs})


def _in_bronze(topic: str) -> tuple[Counter[str], Counter[str]]:
    """Rows by event date, and distinct event ids by the date they are first on."""
    try:
        rows = read(open_table(f"bronze/{topic}"), ["event_date", "event_id"])
    except TableNotFoundError:
        return Counter(), Counter()
    missing = rows.filter(pc.is_null(rows.column("event_id")))
    first = rows.filter(pc.is_valid(rows.column("event_id"))).group_by("event_id").aggregate([("event_date", "min")])
    return _by_day(rows.column("event_date")), _by_day(first.column("event_date_min")) + _by_day(
        missing.column("event_date")
    )
