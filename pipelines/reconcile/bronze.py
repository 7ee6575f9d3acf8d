"""What bronze holds of a topic, by UTC date: rows, repeats, rows that keep the rules, and what the quarantine has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc
from deltalake.exceptions import TableNotFoundError

from pipelines.connectors.delta import open_table, partition_fingerprints, read
from pipelines.messages import NO_DAY
from pipelines.transforms.events import COORDINATES, split_events

_OFFSETS = 2**48  # more than a partition will ever have; a place is partition * _OFFSETS + offset

Place = tuple[int, int]  # partition and offset of a message


@dataclass(frozen=True)
class BronzeDay:
    """Counts of rows: all, at distinct Kafka coordinates, of messages that Kafka still keeps, good ones (each event
    once) and those that break a rule.
    """

    rows: int = 0
    places: int = 0
    kept: int = 0
    good: int = 0
    bad: int = 0

    @property
    def repeats(self) -> int:
        return self.rows - self.good - self.bad


def bronze_days(topic: str, in_kafka: set[Place]) -> dict[str, BronzeDay]:
    """Counts by event date, one date in memory at a time; `in_kafka` are the messages that were read from Kafka."""
    try:
        table = open_table(f"bronze/{topic}")
    except TableNotFoundError:
        return {}
    places = pa.array([partition * _OFFSETS + offset for partition, offset in in_kafka], pa.int64())
    days = {}
    for day in partition_fingerprints(table, "event_date"):
        where = pc.field("event_date") == pa.scalar(day, pa.date32()) if day else pc.field("event_date").is_null()
        days[_name(day)] = counted(topic, read(table, where=where), places)
    return days


def counted(topic: str, rows: pa.Table, places: pa.Array) -> BronzeDay:
    """The counts of one date's rows; `places` are the messages that Kafka keeps."""
    distinct = rows.select(COORDINATES).group_by(COORDINATES).aggregate([]).num_rows
    place = pc.add(pc.multiply(rows.column("kafka_partition").cast(pa.int64()), _OFFSETS), rows.column("kafka_offset"))
    kept = pc.sum(pc.is_in(place, value_set=places)).as_py() or 0
    good, bad = split_events(topic, rows)
    return BronzeDay(rows.num_rows, distinct, kept, good.num_rows, bad.num_rows)


def quarantined_days() -> dict[str, Counter[str]]:
    """Rows of silver/quarantine by topic and date; nothing where silver has not run yet."""
    try:
        rows = read(open_table("silver/quarantine"), ["dataset", "partition_date"])
    except TableNotFoundError:
        return {}
    found: dict[str, Counter[str]] = {}
    for group in rows.group_by(["dataset", "partition_date"]).aggregate([([], "count_all")]).to_pylist():
        topic = group["dataset"].removeprefix("bronze/")
        found.setdefault(topic, Counter())[_name(group["partition_date"])] += group["count_all"]
    return found


def _name(day: object) -> str:
    return day.isoformat() if isinstance(day, date) else NO_DAY
