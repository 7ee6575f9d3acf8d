"""Publish units bit by bit, at the pace of a clock: each slice of time is in Kafka whole and once, or not at all.

Guarantee: the messages of a slice and the progress record of each unit in it are sent in one Kafka transaction. If the
publisher dies at any line, that slice is aborted; a record says up to which `produced_at` its unit is there, and the
next publisher of the same id, which fences the dead one, goes on exactly there. Nothing is kept but the slice at hand.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

import pyarrow as pa
from kafka import KafkaProducer
from kafka.errors import KafkaError

from pipelines.connectors.kafka import producer, transaction
from pipelines.connectors.kafka_errors import why
from pipelines.errors import ServiceError
from pipelines.movers.delivery import Delivery
from pipelines.movers.events_to_kafka import checked_delivery, is_whole, origin_of, progress_of, send_events
from pipelines.movers.progress import Progress, grown, published_units, send_progress, through_us
from pipelines.movers.topics import ensure_business_topics

Parts = Mapping[str, Mapping[str, pa.Table | Delivery]]  # unit -> topic -> rows, or what need not keep the contract


class Slices:
    """The open publisher of one producer id. `fingerprint` is that of what its units are made from."""

    def __init__(
        self, client: KafkaProducer, producer_id: str, fingerprint: str, there: dict[str, Progress], batch_events: int
    ) -> None:
        self._client, self.producer_id, self._fingerprint = client, producer_id, fingerprint
        self._there, self._batch_events = there, batch_events

    def is_complete(self, unit: str) -> bool:
        """Whether all of the unit is in Kafka; ImportRefused where it was made from something else."""
        earlier = self._there.get(unit)
        return earlier is not None and is_whole(earlier, self.producer_id, unit, self._fingerprint)

    def is_begun(self, unit: str) -> bool:
        """Whether any of the unit is in Kafka."""
        return unit in self._there

    def through_us(self, unit: str) -> int:
        """Events of the unit with an earlier `produced_at` (µs since 1970) are in Kafka; 0 where none is."""
        return through_us(self._there.get(unit))

    def send(
        self,
        parts: Parts,
        until_us: int,
        complete: Collection[str],
        also: Callable[[Callable[..., None]], None] | None = None,
    ) -> int:
        """Publish the rows of each unit that lie before `until_us`, in one transaction; rows sent.

        `complete`: units that end with this slice; `also(send)` may send more in the transaction. A row that breaks its
        contract is refused (ContractViolation), and nothing of the slice is sent.
        """
        deliveries = {
            unit: {t: checked_delivery(t, given) for t, given in part.items()} for unit, part in parts.items()
        }
        records = {}
        try:
            with transaction(self._client) as send:
                for unit, part in deliveries.items():
                    messages = send_events(send, part, origin_of(self.producer_id, unit), max_rows=self._batch_events)
                    record = progress_of(self.producer_id, unit, self._fingerprint, part, 0, messages)
                    record = grown(self._there.get(unit), record)
                    records[unit] = record | {"through_us": until_us, "complete": unit in complete}
                    send_progress(send, records[unit])
                if also:
                    also(send)
        except KafkaError as error:
            raise ServiceError(
                f"publishing a slice of {self.producer_id} failed, nothing of it was published: {why(error)}. Run the "
                "same again to go on from there"
            ) from error
        self._there.update(records)
        return sum(t.num_rows for part in deliveries.values() for given in part.values() for t in given.tables)


@contextmanager
def slices_of(producer_id: str, fingerprint: str, batch_events: int) -> Iterator[Slices]:
    """A publisher of messages of at most `batch_events` rows; another one of the same id ends this one."""
    ensure_business_topics()
    with producer(f"dishpatch:{producer_id}") as client:
        yield Slices(client, producer_id, fingerprint, published_units(producer_id), batch_events)
