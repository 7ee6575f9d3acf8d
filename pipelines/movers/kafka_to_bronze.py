"""Kafka to bronze: every row of every admitted message is in `bronze/<topic>` exactly once.

Guarantee: exactly once. The next offset of each partition is an application version in the same Delta commit as the
rows, and reading resumes from the table, never from a consumer group. If the mover dies
- before the dead letters are acknowledged: nothing has moved; everything is read again;
- between the dead letters and the commit: the letters are written again and told as repeats by their coordinates;
- after the commit: rows and offset are both there.
A second mover at the same time loses the race for the commit, looks at the table again and goes on from there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from pipelines.connectors.delta import TableMoved, ensure_table, versions, write
from pipelines.connectors.kafka import Record, consumer, partitions_of, producer, read_to_end, shared_consumers
from pipelines.contracts import load_contract
from pipelines.errors import ServiceError
from pipelines.messages import MessageRejected, decode
from pipelines.movers.dead_letters import write_letter
from pipelines.movers.topics import ensure_business_topics

COMMIT_ROWS = 500_000  # about 100 MB in memory; fewer, larger files read better
MAX_RACES = 20  # commits lost to other movers before giving up


@dataclass
class BronzeResult:
    """What one call moved from one topic. `version` is the bronze table's Delta version afterwards."""

    topic: str
    rows: int = 0
    messages: int = 0
    dead_letters: Counter[str] = field(default_factory=Counter)
    commits: int = 0
    version: int = 0


@dataclass
class _Pending:
    tables: list[pa.Table] = field(default_factory=list)
    letters: list[tuple[Record, MessageRejected]] = field(default_factory=list)
    next_offsets: dict[int, int] = field(default_factory=dict)
    rows: int = 0

    def add(self, record: Record) -> None:
        try:
            table, version = decode(record.value, record.headers, record.topic)
            self.tables.append(_with_ingest_columns(table, record, version))
            self.rows += table.num_rows
        except MessageRejected as rejected:
            self.letters.append((record, rejected))
        self.next_offsets[record.partition] = record.offset + 1


def topics_to_bronze(topics: Sequence[str]) -> list[BronzeResult]:
    """Each topic in turn, as `kafka_to_bronze` does."""
    with shared_consumers():
        return [kafka_to_bronze(topic) for topic in topics]


def kafka_to_bronze(topic: str, *, commit_rows: int = COMMIT_ROWS) -> BronzeResult:
    """Move what is in `topic` at the time of the call into bronze; returns counts."""
    with shared_consumers():
        return _moved(topic, commit_rows)


def _moved(topic: str, commit_rows: int) -> BronzeResult:
    ensure_business_topics()
    result = BronzeResult(topic)
    for _ in range(MAX_RACES):
        table = ensure_table(f"bronze/{topic}", load_contract(f"bronze/{topic}"))
        reached = _next_offsets(table, topic)
        try:
            for pending in _pendings(topic, dict(reached), commit_rows):
                # A commit of another mover enters this handle's snapshot with our own next write and would then be no
                # conflict any more: what the table says must still be what this call has read from and written.
                if _next_offsets(table, topic) != reached:
                    raise TableMoved(f"bronze/{topic} was moved on by another mover")
                _commit(table, topic, pending, result)
                reached |= pending.next_offsets
        except TableMoved:
            continue
        result.version = int(table.version())
        return result
    raise ServiceError(f"bronze/{topic}: lost {MAX_RACES} commits in a row to other movers; run fewer at once")


def app_id(topic: str, partition: int) -> str:
    """Application id under which a bronze table keeps the next offset of a partition."""
    return f"kafka:{topic}:{partition}"


def _next_offsets(table: DeltaTable, topic: str) -> dict[int, int]:
    # a topic may have gained partitions since; an id that is not there yet starts at the oldest record
    with consumer() as client:
        numbers = [part.partition for part in partitions_of(client, topic)]
    found = versions(table, [app_id(topic, number) for number in numbers])
    return {int(name.rsplit(":", 1)[1]): version for name, version in found.items()}


def _pendings(topic: str, start: dict[int, int], commit_rows: int) -> Iterator[_Pending]:
    pending = _Pending()
    for records in read_to_end(topic, start):
        for record in records:
            pending.add(record)
            if pending.rows >= commit_rows:
                yield pending
                pending = _Pending()
    if pending.next_offsets:
        yield pending


def _commit(table: DeltaTable, topic: str, pending: _Pending, result: BronzeResult) -> None:
    if pending.letters:
        with producer() as client:
            sent = [
                write_letter(client, record, rejected.reason, rejected.detail) for record, rejected in pending.letters
            ]
            for future in sent:
                future.get(timeout=60)
    contract = load_contract(f"bronze/{topic}")
    rows = pa.concat_tables(pending.tables) if pending.tables else contract.arrow_schema.empty_table()
    write(table, rows, contract, {app_id(topic, p): offset for p, offset in pending.next_offsets.items()})
    result.rows += pending.rows
    result.messages += len(pending.tables) + len(pending.letters)
    result.commits += 1
    result.dead_letters.update(rejected.reason for _, rejected in pending.letters)


def _with_ingest_columns(table: pa.Table, record: Record, version: str) -> pa.Table:
    n = table.num_rows
    added = {
        "event_date": pc.cast(table.column("event_time"), pa.date32()),
        "kafka_partition": pa.repeat(pa.scalar(record.partition, pa.int32()), n),
        "kafka_offset": pa.repeat(pa.scalar(record.offset, pa.int64()), n),
        "row_in_message": pa.array(range(n), pa.int32()),
        "contract_version": pa.repeat(pa.scalar(version), n),
        "ingested_at": pa.repeat(pa.scalar(datetime.now(UTC), pa.timestamp("us", "UTC")), n),
    }
    for name, column in added.items():
        table = table.append_column(name, column)
    return table
