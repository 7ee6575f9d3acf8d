"""Kafka to Cassandra: the operational state of every order, upserted by event time.

Guarantee: at least once with idempotent effect. Offsets are committed to the consumer group after the writes are
acknowledged. If the mover dies before that, the same messages are read again and leave the same rows: every statement
carries its event's time as write time. `active_orders_by_zone` is derived from the row of orders_by_id as it is after
the write, each column at the time of the event that wrote it, so the order of arrival between topics does not matter.
Messages that the contract does not admit, and rows that break a rule, are left to the bronze mover and silver, which
keep them; here they change nothing. Nor does a row whose time cannot be a write time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import h3
import pyarrow as pa
from cassandra.cluster import Session
from cassandra.query import PreparedStatement
from kafka import KafkaConsumer, TopicPartition
from kafka.structs import OffsetAndMetadata

from pipelines.connectors import cassandra as cql
from pipelines.connectors.kafka import Patience, consumer, partitions_of, seek_all
from pipelines.contracts import Contract, load_contract
from pipelines.messages import MessageRejected, decode
from pipelines.movers.topics import ensure_business_topics
from pipelines.settings import settings
from pipelines.transforms.events import good_events
from pipelines.transforms.operational_state import ENDED, RANKS, READ, TOPICS, Change, changes
from pipelines.transforms.silver_orders import NO_ZONE

GROUP = "dishpatch-operations"
EVENTS_AT_ONCE = 300_000  # about 200 MB as dictionaries of the few columns that are read
ZONE_RESOLUTION = 7  # the key of active_orders_by_zone; it must not change with a city's report zones
ORDERS, ACTIVE, BY_COURIER = (
    load_contract(f"operations/{name}") for name in ("orders_by_id", "active_orders_by_zone", "orders_by_courier")
)
# Columns of active_orders_by_zone that one event writes together, by the column whose write time is theirs.
TOGETHER = {
    "placed_at": ("placed_at", "restaurant_id"),
    "status": ("status", "status_at"),
    "courier_id": ("courier_id",),
    "promised_at": ("promised_at",),
}


@dataclass
class OperationsResult:
    """What one call wrote: events applied, orders touched, messages and rows left aside."""

    events: int = 0
    orders: int = 0
    messages: int = 0
    refused_messages: int = 0
    refused_rows: int = 0


class _Writer:
    def __init__(self, session: Session) -> None:
        cql.ensure_tables(session, [ORDERS, ACTIVE, BY_COURIER])
        self.session = session
        self.delete_active = cql.prepare_delete(session, ACTIVE)
        self.delete_courier = cql.prepare_delete(session, BY_COURIER)
        columns = ", ".join(dict.fromkeys([*ACTIVE.columns, "cancelled_at", "delivered_at"]))
        table = f"{settings().cassandra_keyspace}.{ORDERS.name}"
        times = ", ".join(f"WRITETIME({name}) AS {name}_us" for name in TOGETHER)
        self.read_order = session.prepare(f"SELECT {columns}, {times} FROM {table} WHERE order_id = ?")
        self.drop_courier = cql.prepare_erasure(session, ACTIVE, "courier_id")
        self._upserts: dict[tuple[str, ...], PreparedStatement] = {}

    def apply(self, events: dict[str, list[dict[str, Any]]]) -> int:
        """Write the events of several topics; returns how many orders they touched."""
        by_order: dict[str, list[Any]] = defaultdict(list)
        for topic, rows in events.items():
            for row in rows:
                for change in changes(topic, row):
                    by_order[change.order_id].append(self._order(change))
        assigned = [
            row for row in events.get("courier_assignments", ()) if row["event_type"] in ("assigned", "unassigned")
        ]
        cql.execute_all(self.session, (b for found in by_order.values() for b in cql.same_partition_batches(found)))
        cql.execute_all(self.session, (self._courier(row) for row in assigned))
        stored = cql.execute_all(self.session, (self.read_order.bind([order_id]) for order_id in by_order))
        rows_now = {row["order_id"]: row for rows in stored for row in rows}
        cql.execute_all(self.session, (statement for row in rows_now.values() for statement in self._active(row)))
        taken_off = [row for row in assigned if row["event_type"] == "unassigned"]
        cql.execute_all(self.session, (s for row in taken_off for s in self._without_courier(row, rows_now)))
        return len(by_order)

    def _upsert(self, contract: Contract, values: dict[str, Any], at_us: int) -> Any:
        names = tuple(values)
        if (contract.name, *names) not in self._upserts:
            self._upserts[contract.name, *names] = cql.prepare_upsert(self.session, contract, names)
        return self._upserts[contract.name, *names].bind([*values.values(), at_us])

    def _order(self, change: Change) -> Any:
        values = {"order_id": change.order_id, **change.columns}
        if "dropoff_lat" in values and "dropoff_lng" in values:
            values["zone_id"] = h3.latlng_to_cell(values["dropoff_lat"], values["dropoff_lng"], ZONE_RESOLUTION)
        elif "restaurant_id" in values:  # a placement of an imported history without positions
            values["zone_id"] = NO_ZONE
        return self._upsert(ORDERS, values, cql.write_time_us(change.event_time, change.rank))

    def _courier(self, row: dict[str, Any]) -> Any:
        at = _assignment_time(row)
        if row["event_type"] == "unassigned":
            return self.delete_courier.bind([at, row["courier_id"], row["order_id"]])
        given = {**row, "assigned_at": row["event_time"]}
        return self._upsert(BY_COURIER, {n: given[n] for n in BY_COURIER.columns if given[n] is not None}, at)

    def _active(self, row: dict[str, Any]) -> Iterable[Any]:
        if row["zone_id"] is None or row["status"] is None:
            return  # its placement has not arrived; it will be looked at again when it does
        at_us = {name: row[f"{name}_us"] for name in TOGETHER if row[f"{name}_us"] is not None}
        key = {name: row[name] for name in ACTIVE.primary_key}
        # a courier's answer can come after the cancellation: the order stays ended
        if row["status"] in ENDED or row["cancelled_at"] is not None or row["delivered_at"] is not None:
            yield self.delete_active.bind([max(at_us.values()), *key.values()])
            return
        yield from cql.same_partition_batches(
            [
                self._upsert(ACTIVE, key | {n: row[n] for n in TOGETHER[name] if row[n] is not None}, at)
                for name, at in at_us.items()
            ]
        )

    def _without_courier(self, unassigned: dict[str, Any], rows_now: dict[str, dict[str, Any]]) -> Iterable[Any]:
        """A courier taken off leaves the active order too: what orders_by_id lacks has no write time to copy."""
        row = rows_now[unassigned["order_id"]]
        if row["zone_id"] is not None:
            yield self.drop_courier.bind([_assignment_time(unassigned), *(row[name] for name in ACTIVE.primary_key)])


def _assignment_time(row: dict[str, Any]) -> int:
    return cql.write_time_us(row["event_time"], RANKS["courier_assignments", row["event_type"]])


def kafka_to_cassandra(*, group_id: str = GROUP) -> OperationsResult:
    """Apply what is in the order topics at the time of the call; returns counts."""
    ensure_business_topics()
    result = OperationsResult()
    with cql.open_session() as session, consumer(group_id) as client:
        writer = _Writer(session)
        parts = [part for topic in TOPICS for part in partitions_of(client, topic)]
        ends = seek_all(client, parts, {part: client.committed(part) for part in parts})
        while any(client.position(part) < ends[part] for part in parts):
            events, offsets = _poll_much(client, ends, result)
            if offsets:
                result.events += sum(len(rows) for rows in events.values())
                result.orders += writer.apply(events)
                client.commit(offsets)
    return result


def _poll_much(
    client: KafkaConsumer, ends: dict[TopicPartition, int], result: OperationsResult
) -> tuple[dict[str, list[dict[str, Any]]], dict[TopicPartition, OffsetAndMetadata]]:
    """Good rows by topic and the next offsets, up to EVENTS_AT_ONCE.

    The more of an order's life together, the fewer writes.
    """
    events: dict[str, list[dict[str, Any]]] = defaultdict(list)
    offsets: dict[TopicPartition, OffsetAndMetadata] = {}
    patience = Patience("one of the order topics")
    while sum(map(len, events.values())) < EVENTS_AT_ONCE and any(client.position(p) < ends[p] for p in ends):
        polled = client.poll(timeout_ms=200, max_records=16)
        patience.tell(bool(polled))
        for topic, rows in _decoded(polled, result).items():
            events[topic].extend(rows)
        offsets |= {part: OffsetAndMetadata(records[-1].offset + 1, "", -1) for part, records in polled.items()}
    return events, offsets


def _decoded(polled: dict[TopicPartition, list[Any]], result: OperationsResult) -> dict[str, list[dict[str, Any]]]:
    """Good rows by topic."""
    tables: dict[str, list[pa.Table]] = defaultdict(list)
    for part, records in polled.items():
        for record in records:
            result.messages += 1
            try:
                rows, _ = decode(record.value, record.headers, part.topic)
            except MessageRejected:
                result.refused_messages += 1
            else:
                tables[part.topic].append(rows)
    events = {}
    for topic, found in tables.items():
        table = pa.concat_tables(found)
        good = good_events(topic, table)
        rows = good.select(READ[topic]).to_pylist()
        events[topic] = [row for row in rows if cql.is_write_time(row["event_time"])]
        result.refused_rows += table.num_rows - len(events[topic])
    return events
