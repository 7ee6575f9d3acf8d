"""The two ends of a closed loop over Kafka: a city tells its events and hears instructions, a dispatcher the reverse.

Both tell how far their simulated clock is on the topic `dispatch_clock`, in the transaction of what they tell: JSON
`{"kind": "told" | "decided", "city_id", "by", "until_us"}`. Guarantee: who reads `told` finds every event before that
instant in the topics, who reads `decided` every instruction; each instruction is heard once by one exchange.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pyarrow as pa
from kafka import KafkaConsumer, TopicPartition

from pipelines.connectors.kafka import POLL_MS, consumer, partitions_of
from pipelines.errors import ServiceError, UsageError
from pipelines.messages import MessageRejected, decode
from pipelines.movers.events_in_slices import Parts, Slices
from pipelines.movers.topics import CLOCK_TOPIC, ensure_business_topics, ensure_clock_topic

ASSIGNMENTS = "courier_assignments"
TOLD, DECIDED = "told", "decided"


@dataclass(frozen=True)
class Tick:
    """One entry of the clock."""

    kind: str
    city_id: str
    by: str
    until_us: int

    def send(self, send: Callable[..., None]) -> None:
        """Within a transaction."""
        send(CLOCK_TOPIC, json.dumps(vars(self)).encode(), key=self.city_id.encode(), partition=0)

    @classmethod
    def read(cls, value: bytes | None) -> Tick | None:
        """The entry of a message; None for what is none."""
        try:
            said = json.loads(value or b"")
            return cls(str(said["kind"]), str(said["city_id"]), str(said["by"]), int(said["until_us"]))
        except (ValueError, KeyError, TypeError):
            return None


class Inbox:
    """Reads topics from their ends on: rows of events, and the clock."""

    def __init__(self, client: KafkaConsumer, topics: Collection[str]) -> None:
        self._client = client
        parts = [part for topic in (*topics, CLOCK_TOPIC) for part in partitions_of(client, topic)]
        client.assign(parts)
        self._parts: list[TopicPartition] = parts
        for part, offset in client.end_offsets(parts).items():
            client.seek(part, offset)
        self.rejected = 0

    def read(self, wait_ms: int = 0) -> tuple[dict[str, list[pa.Table]], list[Tick]]:
        """What is new: tables by topic and clock entries, after waiting at most `wait_ms` for the first."""
        tables: dict[str, list[pa.Table]] = {}
        ticks: list[Tick] = []
        for part, records in self._client.poll(timeout_ms=wait_ms).items():
            for record in records:
                if part.topic == CLOCK_TOPIC:
                    tick = Tick.read(record.value)
                    ticks += [tick] if tick else []
                    continue
                try:
                    table, _ = decode(record.value, record.headers, part.topic)
                    tables.setdefault(part.topic, []).append(table)
                except MessageRejected:
                    self.rejected += 1  # the mover of bronze keeps it as a dead letter
        return tables, ticks

    def read_on(self) -> dict[str, list[pa.Table]]:
        """Everything up to the ends of the topics as they are now."""
        found: dict[str, list[pa.Table]] = {}
        ends = self._client.end_offsets(self._parts)
        while any(self._client.position(part) < ends[part] for part in self._parts):
            tables, _ = self.read(POLL_MS)
            for topic, some in tables.items():
                found.setdefault(topic, []).extend(some)
        return found


class CityExchange:
    """The city's end: tells by slices, hears `courier_assignments`."""

    def __init__(self, sink: Slices, inbox: Inbox, city_id: str, patience_seconds: float) -> None:
        self._sink, self._inbox, self._city_id, self._patience = sink, inbox, city_id, patience_seconds

    def tell(self, parts: Parts, until_us: int, complete: Collection[str]) -> int:
        """Publish the events and the clock in one transaction; rows sent."""
        return self._sink.send(
            parts, until_us, complete, Tick(TOLD, self._city_id, self._sink.producer_id, until_us).send
        )

    def hear(self, until_us: int | None) -> pa.Table | None:
        """New assignments of anyone; with `until_us` once a dispatcher has decided on all until then.

        ServiceError if none has within the patience.
        """
        tables, ticks = self._inbox.read()
        found = tables.get(ASSIGNMENTS, [])
        deadline = time.monotonic() + self._patience
        while until_us is not None and not any(self._is_answer(tick, until_us) for tick in ticks):
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"no dispatcher has decided for {self._city_id} within {self._patience:,.0f} s: start one that "
                    f"answers on {CLOCK_TOPIC} (docs/closed_loop.md), or let time run with --speed realtime"
                )
            tables, ticks = self._inbox.read(POLL_MS)
            found = found + tables.get(ASSIGNMENTS, [])
        if until_us is not None:
            found = found + self._inbox.read_on().get(ASSIGNMENTS, [])
        return pa.concat_tables(found) if found else None

    def _is_answer(self, tick: Tick, until_us: int) -> bool:
        return tick.kind == DECIDED and tick.city_id == self._city_id and tick.until_us >= until_us


@contextmanager
def inbox_of(*topics: str) -> Iterator[Inbox]:
    """An inbox of these topics; what lies in them already is not read."""
    ensure_business_topics()
    ensure_clock_topic()
    with consumer() as client:
        yield Inbox(client, topics)


def refuse_begun(sink: Slices, units: Collection[str]) -> None:
    """UsageError where one of the days is in Kafka already: a loop with someone outside cannot be told again."""
    begun = [unit for unit in units if sink.is_begun(unit)]
    if begun:
        raise UsageError(
            f"{begun[0]} of {sink.producer_id} is in Kafka already, whole or in part: a day with an external "
            "dispatcher is lived once. Use another date or seed, or an empty DISHPATCH_DATA_DIR"
        )
