"""Publish events: a unit (a generated day, an imported file) is in Kafka whole and once, or not at all.

Guarantee: all messages of a unit and its progress record are sent in one Kafka transaction. If the publisher dies at
any line, the transaction is aborted (the next publisher of the same id fences and aborts it) and the unit is not there;
run it again. If it dies after the commit, the progress record is there and the unit is skipped. Two publishers of one
id at once: the later one wins, the earlier one gets an error and has published nothing. Whether a unit is there is
only decided once no open transaction of anyone hides its record. Where the answer to a commit is lost, the error says
that it is not known; the same unit again settles it.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from kafka.errors import KafkaError

from pipelines.connectors.kafka import producer, transaction
from pipelines.connectors.kafka_errors import why
from pipelines.contract_rules import broken_rules, rules
from pipelines.contracts import conform, load_contract
from pipelines.errors import ContractViolation, ImportRefused, ServiceError
from pipelines.messages import NO_DAY, Headers, Origin, encode, micro_batches, partition_of
from pipelines.movers.dead_letters import stated_rows
from pipelines.movers.delivery import Delivery, RawMessage, is_wider
from pipelines.movers.progress import grown, is_complete, published_units, send_progress, through_us
from pipelines.movers.topics import ensure_business_topics
from pipelines.settings import settings


@dataclass(frozen=True)
class Published:
    """What a call published: rows by topic.

    `already_there` if the unit had been published before and nothing was sent.
    """

    rows: dict[str, int]
    messages: int
    already_there: bool


def publish_unit(
    producer_id: str,
    unit: str,
    events: Mapping[str, pa.Table | Delivery],
    *,
    fingerprint: str,
    rejected: int = 0,
    on_batch: Callable[[int], None] | None = None,
) -> Published:
    """Publish `events` (topic -> rows of its event contract) as one unit.

    The same unit with the same fingerprint again sends nothing. With another fingerprint it is refused (ImportRefused):
    a published unit is history. A row that breaks its contract is refused before anything is sent (ContractViolation);
    a topic's `Delivery` is sent as it is, whatever rules it breaks: faults on purpose.
    """
    deliveries = {topic: checked_delivery(topic, given) for topic, given in events.items()}
    ensure_business_topics()
    try:
        with producer(f"dishpatch:{producer_id}") as client:
            earlier = published_units(producer_id).get(unit)
            if earlier and is_whole(earlier, producer_id, unit, fingerprint):
                return Published(dict.fromkeys(earlier["rows"], 0), 0, already_there=True)
            if earlier:
                deliveries = {topic: given.due(through_us(earlier)) for topic, given in deliveries.items()}
            with transaction(client) as send:
                messages = send_events(send, deliveries, origin_of(producer_id, unit), on_batch)
                progress = progress_of(producer_id, unit, fingerprint, deliveries, rejected, messages)
                send_progress(send, grown(earlier, progress))
    except KafkaError as error:
        raise ServiceError(
            f"publishing {producer_id} {unit} failed, nothing of it was published: {why(error)}"
        ) from error
    return Published(progress["rows"], messages, already_there=False)


def checked_delivery(topic: str, given: pa.Table | Delivery) -> Delivery:
    """A delivery as it is; a table as one whose rows keep their contract (else ContractViolation)."""
    return given if isinstance(given, Delivery) else Delivery((checked(topic, given),))


def checked(topic: str, table: pa.Table) -> pa.Table:
    """The table as its contract has it; ContractViolation names the first row that breaks a rule."""
    contract = load_contract(f"events/{topic}")
    conformed = conform(table, contract)
    broken = broken_rules(conformed, rules(contract))
    bad = pc.greater(pc.list_value_length(broken), 0)
    if pc.any(bad).as_py():
        row = pc.index(bad, pa.scalar(True)).as_py()
        raise ContractViolation(
            f"{contract.key} {contract.version}: {pc.sum(bad).as_py()} of {table.num_rows} rows break a rule; row "
            f"{row} breaks {', '.join(broken[row].as_py())}: {conformed.slice(row, 1).to_pylist()[0]}. "
            "Mend the producer; nothing was sent."
        )
    return conformed


def is_whole(earlier: dict[str, Any], producer_id: str, unit: str, fingerprint: str) -> bool:
    """Whether all of the unit is there; ImportRefused where it came from other input."""
    if earlier["fingerprint"] != fingerprint:
        raise ImportRefused(
            f"{producer_id} has published {unit} before from other input (fingerprint {earlier['fingerprint'][:12]}, "
            f"now {fingerprint[:12]}); published events are history. Use another date, seed or city, or an empty "
            "DISHPATCH_DATA_DIR."
        )
    return is_complete(earlier)


def send_events(
    send: Callable[..., None],
    deliveries: Mapping[str, Delivery],
    origin: Origin,
    on_batch: Callable[[int], None] | None = None,
    max_rows: int | None = None,
) -> int:
    """Send the tables as messages of at most `max_rows` rows; the number of messages."""
    sequences: Counter[tuple[str, int]] = Counter()
    for topic, delivery in deliveries.items():
        for partition, messages, rows in _batches(topic, delivery, origin, sequences, max_rows):
            for value, headers in messages:
                send(topic, value, headers=headers, partition=partition)
                sequences[topic, partition] += 1
            if on_batch:
                on_batch(rows)
    return sum(sequences.values())


def _batches(
    topic: str, delivery: Delivery, origin: Origin, sequences: Counter[tuple[str, int]], max_rows: int | None
) -> Iterator[tuple[int, Iterable[tuple[bytes, Headers]], int]]:
    """(partition, its next messages, their rows) in the order of the delivery."""
    contract, partitions = load_contract(f"events/{topic}"), settings().kafka_partitions
    for part in delivery.parts:
        if isinstance(part, RawMessage):
            partition = int(partition_of(pa.array([part.key]), partitions)[0])
            yield partition, [(part.value, part.stamped(origin, sequences[topic, partition]))], 0
            continue
        for partition, rows in micro_batches(part, contract, partitions, max_rows):
            yield partition, encode(rows, contract, origin, sequences[topic, partition], wider=True), rows.num_rows


def origin_of(producer_id: str, unit: str) -> Origin:
    """The headers of every message of the unit."""
    digest = hashlib.blake2b(f"{producer_id}/{unit}".encode(), digest_size=24).hexdigest()
    return Origin(producer_id, unit, f"00-{digest[:32]}-{digest[32:48]}-01")


def progress_of(
    producer_id: str, unit: str, fingerprint: str, deliveries: Mapping[str, Delivery], rejected: int, messages: int
) -> dict[str, Any]:
    """What a progress record tells of these deliveries."""
    return {
        "producer_id": producer_id,
        "unit": unit,
        "fingerprint": fingerprint,
        "rows": {topic: sum(table.num_rows for table in delivery.tables) for topic, delivery in deliveries.items()},
        "rows_by_event_date": {topic: dict(_by_day(topic, delivery)) for topic, delivery in deliveries.items()},
        "rejected": rejected,
        "messages": messages,
        "published_at": datetime.now(UTC).isoformat(),
    }


def _by_day(topic: str, delivery: Delivery) -> Counter[str]:
    """Rows by UTC date as a reader counts them: those of a message that it will refuse, as stated, under no day."""
    found: Counter[str] = Counter()
    for table in delivery.tables:
        if is_wider(table, load_contract(f"events/{topic}")):
            found[NO_DAY] += table.num_rows
            continue
        for pair in pc.value_counts(table.column("event_time").cast(pa.date32())).to_pylist():
            found[str(pair["values"]) if pair["values"] else NO_DAY] += pair["counts"]
    for message in delivery.messages:
        found[NO_DAY] += stated_rows(message.headers)
    return found
