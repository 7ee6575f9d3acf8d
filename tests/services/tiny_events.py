"""Tiny batches of events, and messages as any producer could send them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa

from pipelines.connectors.delta import open_table, read
from pipelines.connectors.kafka import producer, read_to_end
from pipelines.contracts import load_contract
from pipelines.messages import Headers, Origin, encode
from pipelines.movers.events_to_kafka import Published, publish_unit

CITY = "tinytown"
DAY = datetime(2026, 3, 6, 12, tzinfo=UTC)
DATE = DAY.date()
Row = dict[str, Any]

# What an event of each topic says beside its envelope, where a test does not say otherwise.
USUAL: dict[str, Row] = {
    "courier_assignments": {"courier_id": "c1", "vehicle": "bicycle", "decided_by": "dispatcher"},
    "payments": {"payment_id": "p1", "amount_cents": 2000, "currency": "EUR", "method": "card"},
    "reviews": {"rating_food": 5, "rating_delivery": 4, "rating_overall": 5},
}
PLACED: Row = {
    "customer_id": "u1",
    "restaurant_id": "r1",
    "restaurant_name": "Noodle House",
    "items": [{"item_id": "i1", "name": "Noodles", "quantity": 2, "unit_price_cents": 1000}],
    "basket_value_cents": 2000,
    "currency": "EUR",
    "pickup_lat": 48.20,
    "pickup_lng": 16.37,
    "dropoff_lat": 48.21,
    "dropoff_lng": 16.38,
}


def event(topic: str, event_type: str, order_id: str, minutes: float = 0, **columns: Any) -> Row:
    """One event `minutes` after noon UTC of DAY. Its id is what it says, so the same event again is a repeat."""
    at = columns.pop("event_time", DAY + timedelta(minutes=minutes))
    what = f"{topic}|{event_type}|{order_id}|{at.isoformat()}|{sorted(columns.items(), key=str)}"
    envelope = {
        "event_id": hashlib.blake2b(what.encode(), digest_size=16).hexdigest(),
        "event_type": event_type,
        "event_time": at,
        "produced_at": at,
        "city_id": CITY,
        "source": "test",
        "is_simulated": False,
        "order_id": order_id,
    }
    return envelope | USUAL.get(topic, {}) | columns


def placed(order_id: str, minutes: float = 0, **columns: Any) -> Row:
    """A placement, promised within 40 minutes."""
    at = columns.get("event_time", DAY + timedelta(minutes=minutes))
    return event(
        "orders", "placed", order_id, minutes, **(PLACED | {"promised_at": at + timedelta(minutes=40)} | columns)
    )


def delivered_life(order_id: str, minutes: float = 0, **columns: Any) -> dict[str, list[Row]]:
    """The events of an order that is delivered after half an hour, by topic; `columns` are the placement's."""
    return {
        "orders": [placed(order_id, minutes, **columns)],
        "restaurant_responses": [
            event("restaurant_responses", "accepted", order_id, minutes + 1),
            event("restaurant_responses", "ready", order_id, minutes + 14),
        ],
        "courier_assignments": [event("courier_assignments", "assigned", order_id, minutes + 5)],
        "delivery_progress": [
            event("delivery_progress", "picked_up", order_id, minutes + 15),
            event("delivery_progress", "delivered", order_id, minutes + 30),
        ],
        "payments": [event("payments", "captured", order_id, minutes + 31)],
        "reviews": [event("reviews", "submitted", order_id, minutes + 60)],
    }


def city_row(city_id: str = CITY) -> Row:
    """Vienna by another name: UTC+1 in March, business days cut at four."""
    row = event("cities", "registered", "", event_time=datetime(2000, 1, 1, tzinfo=UTC), city_id=city_id)
    del row["order_id"]
    return row | {
        "name": city_id.title(),
        "time_zone": "Europe/Vienna",
        "currency": "EUR",
        "day_cut_hour": 4,
        "zone_resolution": 7,
        "min_lat": 48.0,
        "max_lat": 48.4,
        "min_lng": 16.2,
        "max_lng": 16.6,
        "zones": [],
    }


def table(topic: str, rows: Sequence[Row]) -> pa.Table:
    """Rows as the event contract's table."""
    return pa.Table.from_pylist(list(rows), schema=load_contract(f"events/{topic}").arrow_schema)


def together(*lives: dict[str, list[Row]]) -> dict[str, list[Row]]:
    """Several lives in one dictionary of rows by topic."""
    return {topic: [row for life in lives for row in life.get(topic, ())] for topic in {t: 0 for x in lives for t in x}}


def publish(unit: str, rows: dict[str, list[Row]]) -> Published:
    """Publish rows by topic as a unit of the producer `test`."""
    return publish_unit("test", unit, {topic: table(topic, found) for topic, found in rows.items()}, fingerprint=unit)


def publish_city() -> None:
    publish("city", {"cities": [city_row()]})


def message(topic: str, rows: Sequence[Row], /, **headers: str) -> tuple[bytes, Headers]:
    """Value and headers of one message; `headers` replace those it would have."""
    origin = Origin("other", "unit", f"00-{'1' * 32}-{'2' * 16}-01")
    ((value, usual),) = encode(table(topic, rows), load_contract(f"events/{topic}"), origin, 0)
    return value, [*((n, v) for n, v in usual if n not in headers), *((n, t.encode()) for n, t in headers.items())]


def send(
    topic: str, *messages: tuple[bytes | None, Headers], partition: int = 0, key: bytes | None = None
) -> list[int]:
    """Send messages one after the other to one partition, outside any unit; their offsets."""
    with producer() as client:
        return [
            client.send(topic, value=value, headers=headers, key=key, partition=partition).get(timeout=30).offset
            for value, headers in messages
        ]


def bronze(topic: str) -> list[Row]:
    """Rows of a bronze table by their coordinates."""
    rows: list[Row] = read(open_table(f"bronze/{topic}")).to_pylist()
    return sorted(rows, key=coordinates)


def kept(topic: str, unit: str) -> int:
    """Rows of a unit that a reader sees in Kafka."""
    mark = ("unit", unit.encode())
    records = [record for poll in read_to_end(topic, {}) for record in poll if mark in record.headers]
    return sum(int(dict(record.headers)["rows"]) for record in records)


def coordinates(row: Row) -> tuple[int, int, int]:
    return row["kafka_partition"], row["kafka_offset"], row["row_in_message"]


def silver() -> list[Row]:
    """Rows of silver/orders by order."""
    rows: list[Row] = read(open_table("silver/orders")).to_pylist()
    return sorted(rows, key=lambda row: str(row["order_id"]))


def quarantine() -> list[Row]:
    """Rows of silver/quarantine by dataset and order."""
    rows: list[Row] = read(open_table("silver/quarantine")).to_pylist()
    return sorted(rows, key=lambda row: (row["dataset"], str(row["order_id"]), str(row["event_id"])))
