"""Kafka: topics, transactional writing and bounded reading. Knows nothing of what the messages mean.

Guarantees: what a `transaction()` sends is readable by everyone or by no one (readers here use read_committed);
`read_to_end` yields every committed record from the given offsets to the end as it was at the call, in offset order per
partition, and tolerates gaps in the offsets (transaction markers, aborted records, compaction).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from pipelines.errors import ServiceError
from pipelines.settings import settings

POLL_MS = 200
STALL_SECONDS = 60  # no record and no progress for this long while records are due: the broker is gone or fenced


@dataclass(frozen=True)
class Record:
    """One record as it lies in Kafka. `timestamp_ms` is the producer's clock."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def connection() -> dict[str, Any]:
    """Connection arguments of every client, from the settings."""
    s = settings()
    options: dict[str, Any] = {
        "bootstrap_servers": s.bootstrap_servers.split(","),
        "security_protocol": s.kafka_security_protocol,
        "bootstrap_timeout_ms": 5000,
        "reconnect_backoff_max_ms": 500,
    }
    if s.kafka_sasl_mechanism:
        password = s.kafka_sasl_password.get_secret_value() if s.kafka_sasl_password else None
        options |= {
            "sasl_mechanism": s.kafka_sasl_mechanism,
            "sasl_plain_username": s.kafka_sasl_username,
            "sasl_plain_password": password,
        }
    if s.kafka_ssl_cafile:
        options["ssl_cafile"] = str(s.kafka_ssl_cafile)
    return options


def _unreachable(error: Exception) -> ServiceError:
    return ServiceError(
        f"Kafka at {settings().bootstrap_servers} does not answer ({error}); start it with 'dishpatch up' "
        "or set DISHPATCH_KAFKA_BOOTSTRAP_SERVERS"
    )


def ensure_topics(topics: Mapping[str, Mapping[str, str]], partitions: int | Mapping[str, int]) -> None:
    """Create the topics that do not exist, with their configs; others are left as they are."""
    s = settings()
    try:
        admin = KafkaAdminClient(**connection())
    except KafkaError as error:
        raise _unreachable(error) from error
    try:
        missing = sorted(set(topics) - set(admin.list_topics()))
        for name in missing:
            count = partitions if isinstance(partitions, int) else partitions[name]
            topic = NewTopic(name, count, s.kafka_replication_factor, topic_configs=dict(topics[name]))
            try:
                admin.create_topics([topic])
            except TopicAlreadyExistsError:
                continue  # another process was quicker
    finally:
        admin.close()


@contextmanager
def producer(transactional_id: str | None = None) -> Iterator[KafkaProducer]:
    """An idempotent producer, acks=all; with a transactional id a newer one of the same id fences it."""
    options: dict[str, Any] = {"acks": "all", "enable_idempotence": True, "max_request_size": 2_000_000, "linger_ms": 5}
    if transactional_id:
        options |= {"transactional_id": transactional_id, "transaction_timeout_ms": 600_000}
    try:
        client = KafkaProducer(**connection(), **options)
    except KafkaError as error:
        raise _unreachable(error) from error
    try:
        if transactional_id:
            client.init_transactions()
        yield client
    finally:
        client.close(timeout=30)


@contextmanager
def transaction(client: KafkaProducer) -> Iterator[Callable[..., None]]:
    """`send(topic, value, key=, headers=, partition=)` within one transaction; any error aborts all of it."""
    futures: list[Any] = []

    def send(topic: str, value: bytes, **options: Any) -> None:
        futures.append(client.send(topic, value=value, **options))

    client.begin_transaction()
    try:
        yield send
        client.flush()
        for future in futures:
            future.get(timeout=60)
    except BaseException:
        client.abort_transaction()
        raise
    client.commit_transaction()


@contextmanager
def consumer(group_id: str | None = None) -> Iterator[KafkaConsumer]:
    """A read_committed consumer that commits nothing by itself."""
    options: dict[str, Any] = {
        "group_id": group_id,
        "enable_auto_commit": False,
        "isolation_level": "read_committed",
        "auto_offset_reset": "earliest",
        "fetch_max_wait_ms": POLL_MS,
        "max_partition_fetch_bytes": 4 * 1024 * 1024,
    }
    try:
        client = KafkaConsumer(**connection(), **options)
    except KafkaError as error:
        raise _unreachable(error) from error
    try:
        yield client
    finally:
        client.close()


def partitions_of(client: KafkaConsumer, topic: str) -> list[TopicPartition]:
    """The topic's partitions; ServiceError if there is no such topic."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = client.partitions_for_topic(topic)
        if found:
            return [TopicPartition(topic, p) for p in sorted(found)]
        time.sleep(0.1)
    raise ServiceError(f"Kafka has no topic {topic!r}; 'dishpatch generate' or 'dishpatch replay' creates it")


def read_to_end(topic: str, start: Mapping[int, int]) -> Iterator[list[Record]]:
    """Polls of committed records of `topic` from `start` (offset by partition, default the oldest kept) to the end as
    of now.
    """
    with consumer() as client:
        parts = partitions_of(client, topic)
        client.assign(parts)
        ends = client.end_offsets(parts)
        oldest = client.beginning_offsets(parts)
        for part in parts:
            client.seek(part, max(start.get(part.partition, 0), oldest[part]))
        quiet_since = time.monotonic()
        while any(client.position(part) < ends[part] for part in parts):
            polled = client.poll(timeout_ms=POLL_MS)
            records = [_record(r) for part in parts for r in polled.get(part, ()) if r.offset < ends[part]]
            if records:
                quiet_since = time.monotonic()
                yield records
            elif time.monotonic() - quiet_since > STALL_SECONDS:
                raise ServiceError(
                    f"Kafka stopped answering while topic {topic} has records due; see 'dishpatch status'"
                )


def _record(r: Any) -> Record:
    return Record(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, [(k, v) for k, v in r.headers or ()])
