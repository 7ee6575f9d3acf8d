"""Kafka: topics, transactional writing and bounded reading. Knows nothing of what the messages mean.

Guarantees: what a `transaction()` sends is readable by everyone or by no one (readers here use read_committed);
`read_to_end` yields every committed record from the given offsets to the end as it was at the call, in offset order per
partition, and tolerates gaps in the offsets (transaction markers, aborted records, compaction). A transaction that is
open at the call hides what was committed after it: readers wait until it is decided, and never end short of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from itertools import chain
from typing import Any

from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import NewTopic
from kafka.errors import KafkaError, TopicAlreadyExistsError

from pipelines.errors import ServiceError
from pipelines.settings import settings

POLL_MS = 200
STALL_SECONDS = 60  # no record and no progress for this long while records are due: the broker is gone or fenced
TRANSACTION_SECONDS = 120  # one unit is sent in seconds; a killed producer's transaction is aborted after this
UNDECIDED_SECONDS = TRANSACTION_SECONDS + 30  # the broker looks for outlived transactions only so often
MAX_REQUEST_BYTES = 64 * 1024 * 1024  # the broker and the topic decide how large a message may be, not the client


@dataclass(frozen=True)
class Record:
    """One record as it lies in Kafka. `timestamp_ms` is the producer's clock."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


class Patience:
    """Time without progress while records of `what` are due; ServiceError after STALL_SECONDS of it."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.quiet_since = time.monotonic()

    def tell(self, progressed: bool) -> None:
        """Say after each poll whether it brought something."""
        now = time.monotonic()
        if progressed:
            self.quiet_since = now
        elif now - self.quiet_since > STALL_SECONDS:
            raise ServiceError(f"Kafka stopped answering while {self.what} has records due; see 'dishpatch status'")


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
    with closing(admin):
        for name in sorted(set(topics) - set(admin.list_topics())):
            count = partitions if isinstance(partitions, int) else partitions[name]
            topic = NewTopic(name, count, s.kafka_replication_factor, topic_configs=dict(topics[name]))
            with suppress(TopicAlreadyExistsError):  # another process was quicker
                admin.create_topics([topic])


@contextmanager
def producer(transactional_id: str | None = None, compression: str | None = None) -> Iterator[KafkaProducer]:
    """An idempotent producer, acks=all; with a transactional id a newer one of the same id fences it."""
    options: dict[str, Any] = {
        "acks": "all",
        "enable_idempotence": True,
        "max_request_size": MAX_REQUEST_BYTES,
        "linger_ms": 5,
        "compression_type": compression,
    }
    if transactional_id:
        options |= {"transactional_id": transactional_id, "transaction_timeout_ms": TRANSACTION_SECONDS * 1000}
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
    """`send(topic, value, key=, headers=, partition=)` within one transaction; any error aborts all of it.

    Where Kafka does not confirm the commit, nobody knows whether it was committed: ServiceError that says so.
    """
    futures: list[Any] = []

    def send(topic: str, value: bytes, **options: Any) -> None:
        futures.append(client.send(topic, value=value, **options))

    client.begin_transaction()
    try:
        yield send
        client.flush()
        for future in futures:
            future.get(timeout=60)
    except BaseException as error:
        _abort(client, error)
        raise
    try:
        client.commit_transaction()
    except KafkaError as error:
        raise ServiceError(
            f"Kafka did not confirm the commit ({error!r}); it is not known whether it was made. Run the same again: "
            "what is there already is not sent twice"
        ) from error


def _abort(client: KafkaProducer, first: BaseException) -> None:
    """Abort; a failure of the abort is noted on the first error, never raised in its place."""
    try:
        client.abort_transaction()
    except Exception as error:
        first.add_note(f"the transaction could not be aborted either ({error!r}); Kafka aborts it by itself")


_shared: ContextVar[dict[str, list[KafkaConsumer]] | None] = ContextVar("idle consumers by isolation", default=None)


@contextmanager
def shared_consumers() -> Iterator[None]:
    """Within it, a consumer without a group is used again by the next reader: a new one waits 0.1 s for its topics.

    Only for as long as nobody deletes a topic and makes it anew: a consumer does not see that it is another one.
    """
    if _shared.get() is not None:
        yield
        return
    idle: dict[str, list[KafkaConsumer]] = {}
    token = _shared.set(idle)
    try:
        yield
    finally:
        _shared.reset(token)
        for client in chain.from_iterable(idle.values()):
            client.close()


@contextmanager
def consumer(group_id: str | None = None, isolation: str = "read_committed") -> Iterator[KafkaConsumer]:
    """A consumer that commits nothing by itself."""
    if (idle := _shared.get()) is None or group_id is not None:
        with closing(_new_consumer(group_id, isolation)) as client:
            yield client
        return
    kept = idle.setdefault(isolation, [])
    client = kept.pop() if kept else _new_consumer(None, isolation)
    try:
        yield client
        client.unsubscribe()
        kept.append(client)
    except BaseException:  # whatever state it is in, the next reader begins with a new one
        client.close()
        raise


def _new_consumer(group_id: str | None, isolation: str) -> KafkaConsumer:
    sizes = {"fetch_max_wait_ms": POLL_MS, "max_partition_fetch_bytes": 4 * 1024 * 1024}
    whole = {"group_id": group_id, "isolation_level": isolation, "auto_offset_reset": "earliest"}
    try:
        return KafkaConsumer(**connection(), **whole, **sizes, enable_auto_commit=False)
    except KafkaError as error:
        raise _unreachable(error) from error


def partitions_of(client: KafkaConsumer, topic: str) -> list[TopicPartition]:
    """The topic's partitions; ServiceError if there is no such topic."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = client.partitions_for_topic(topic)
        if found:
            return [TopicPartition(topic, p) for p in sorted(found)]
        time.sleep(0.1)
    raise ServiceError(f"Kafka has no topic {topic!r}; 'dishpatch generate' or 'dishpatch replay' creates it")


def settled_ends(client: KafkaConsumer, parts: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """Ends of the partitions as of now, once every transaction before them is committed or aborted.

    A producer that was killed leaves its transaction open until the broker's time limit. ServiceError where one is
    open for longer than ours may be.
    """
    with consumer(isolation="read_uncommitted") as plain:
        ends: dict[TopicPartition, int] = plain.end_offsets(parts)
    deadline = time.monotonic() + UNDECIDED_SECONDS
    while True:
        readable = client.end_offsets(parts)
        hidden = [part for part in parts if readable[part] < ends[part]]
        if not hidden:
            return ends
        if time.monotonic() > deadline:
            first = hidden[0]
            raise ServiceError(
                f"topic {first.topic} partition {first.partition}: a transaction at offset {readable[first]} is still "
                f"open after {UNDECIDED_SECONDS} s and hides {ends[first] - readable[first]} offsets after it. "
                "Let its producer finish, or end it and try again"
            )
        time.sleep(POLL_MS / 1000)


def first_offset(part: TopicPartition, wanted: int | None, oldest: int, end: int) -> int:
    """Where to begin to read: `wanted`, or the oldest kept for none and 0. ServiceError where it is not in the topic.

    One offset less than the oldest is let through: the marker that ends a transaction holds no record.
    """
    if not wanted:
        return oldest
    where = f"topic {part.topic} partition {part.partition}: reading goes on at offset {wanted}"
    if wanted > end:
        raise ServiceError(
            f"{where}, but the topic ends at {end}: it was made anew, or restored from an older backup. Restore Kafka "
            "and the stores from one backup, or begin with an empty DISHPATCH_DATA_DIR"
        )
    if wanted < oldest - 1:
        raise ServiceError(
            f"{where}, but the oldest kept is {oldest}: {oldest - wanted} offsets expired before they were read. "
            "Restore Kafka from a backup that has them, or begin with an empty DISHPATCH_DATA_DIR"
        )
    return max(wanted, oldest)


def seek_all(
    client: KafkaConsumer, parts: Sequence[TopicPartition], start: Mapping[TopicPartition, int | None]
) -> dict[TopicPartition, int]:
    """Assign the partitions, each from its start on; their settled ends. ServiceError as `first_offset` says."""
    client.assign(parts)
    ends = settled_ends(client, parts)
    oldest = client.beginning_offsets(parts)
    for part in parts:
        client.seek(part, first_offset(part, start.get(part), oldest[part], ends[part]))
    return ends


def read_to_end(topic: str, start: Mapping[int, int]) -> Iterator[list[Record]]:
    """Polls of committed records of `topic` from `start` (offset by partition, default the oldest kept) to the end as
    of now. ServiceError where a start is no longer, or not yet, in the topic, or a transaction stays open.
    """
    with consumer() as client:
        parts = partitions_of(client, topic)
        ends = seek_all(client, parts, {part: start.get(part.partition) for part in parts})
        patience = Patience(f"topic {topic}")
        while any(client.position(part) < ends[part] for part in parts):
            polled = client.poll(timeout_ms=POLL_MS)
            records = [_record(r) for part in parts for r in polled.get(part, ()) if r.offset < ends[part]]
            patience.tell(bool(records))
            if records:
                yield records


def _record(r: Any) -> Record:
    return Record(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, [(k, v) for k, v in r.headers or ()])
