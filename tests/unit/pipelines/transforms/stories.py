"""Orders' lives as an analyst writes them down: one line an event, with the clock time it happened (UTC)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from typing import Any

import pandas as pd
import pyarrow as pa

from pipelines.contracts import conform, load_contract
from pipelines.transforms.events import split_events
from pipelines.transforms.silver_orders import TOPICS, SilverOrders, silver_orders

DAY = "2026-09-12"
KEY = b"a key for tests, thirty-two bytes"
RESTAURANT = {"pickup_lat": 52.52, "pickup_lng": 13.40}
CUSTOMER = {"dropoff_lat": 52.53, "dropoff_lng": 13.42}

Event = tuple[str, dict[str, Any]]
_numbers = count(1)


def at(clock: str) -> datetime:
    """ "11:05" or "11:05:30" on DAY, or a whole "2026-09-11 20:00", in UTC."""
    return datetime.fromisoformat(clock if " " in clock else f"{DAY} {clock}").replace(tzinfo=UTC)


def event(topic: str, order_id: str | None, event_type: str, clock: str, **columns: Any) -> Event:
    """One event; its id is unique unless `event_id` is given."""
    row = {"event_id": f"e{next(_numbers):05d}", "city_id": "berlin", "source": "test", "is_simulated": False}
    happened = at(clock)
    row |= {"order_id": order_id, "event_type": event_type, "event_time": happened, "produced_at": happened}
    return topic, row | columns


def placed(order_id: str, clock: str, **columns: Any) -> Event:
    usual = {"customer_id": "ada", "restaurant_id": "r1", "restaurant_name": "Soup", **RESTAURANT, **CUSTOMER}
    usual |= {"basket_value_cents": 1500, "currency": "EUR"}
    return event("orders", order_id, "placed", clock, **(usual | columns))


def cancelled(order_id: str, clock: str, by: str = "customer", **columns: Any) -> Event:
    return event("orders", order_id, "cancelled", clock, cancelled_by=by, **columns)


def restaurant(order_id: str, event_type: str, clock: str, **columns: Any) -> Event:
    return event("restaurant_responses", order_id, event_type, clock, **columns)


def courier(order_id: str, event_type: str, clock: str, courier_id: str = "c1", **columns: Any) -> Event:
    return event("courier_assignments", order_id, event_type, clock, courier_id=courier_id, **columns)


def progress(order_id: str, event_type: str, clock: str, courier_id: str = "c1", **columns: Any) -> Event:
    return event("delivery_progress", order_id, event_type, clock, courier_id=courier_id, **columns)


def payment(order_id: str, event_type: str, clock: str, cents: int = 1500, **columns: Any) -> Event:
    usual = {"payment_id": f"p-{order_id}", "amount_cents": cents, "currency": "EUR"}
    return event("payments", order_id, event_type, clock, **(usual | columns))


def review(order_id: str, clock: str, overall: int) -> Event:
    return event("reviews", order_id, "submitted", clock, rating_overall=overall)


def bronze(topic: str, rows: Iterable[dict[str, Any]]) -> pa.Table:
    """Rows as the bronze table of a topic holds them, numbered in the order given."""
    contract = load_contract(f"bronze/{topic}")
    found = [
        {"kafka_partition": 0, "kafka_offset": 100 + n, "row_in_message": 0, "contract_version": "1.0.0", **row}
        for n, row in enumerate(rows)
    ]
    for row in found:
        happened = row.get("event_time")
        row |= {"event_date": happened.date() if happened else None, "ingested_at": at("23:59")}
    return conform(pa.Table.from_pylist(found, schema=contract.arrow_schema), contract)


def bronze_tables(events: Iterable[Event]) -> dict[str, pa.Table]:
    """Every topic's bronze table, also where no event is of it."""
    told = list(events)
    return {topic: bronze(topic, [row for of, row in told if of == topic]) for topic in TOPICS}


def city(city_id: str = "berlin", **columns: Any) -> dict[str, Any]:
    usual = {"name": city_id.title(), "time_zone": "Europe/Berlin", "currency": "EUR", "day_cut_hour": 4}
    usual |= {"zone_resolution": 7, "min_lat": 52.3, "max_lat": 52.7, "min_lng": 13.0, "max_lng": 13.8, "zones": []}
    return usual | {"city_id": city_id} | columns


def cities(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows) or [city()]).set_index("city_id")


@dataclass(frozen=True)
class Told:
    """What became of the events: orders by id, and quarantine rows."""

    result: SilverOrders
    orders: dict[str, dict[str, Any]]
    quarantine: list[dict[str, Any]]


def silver(
    *events: Event, towns: pd.DataFrame | None = None, reached: str = "2026-09-12 23:59", key: bytes = KEY
) -> Told:
    """Silver orders of good, distinct events; every city's events reach to `reached`."""
    told = {topic: split_events(topic, rows)[0] for topic, rows in bronze_tables(events).items()}
    towns = cities() if towns is None else towns
    marks = {row["city_id"]: pd.Timestamp(at(reached)) for _, row in events}
    result = silver_orders(told, towns, marks, key)
    orders = {row["order_id"]: row for row in result.orders.to_pylist()}
    return Told(result, orders, result.quarantine.to_pylist())


def iso(text: str) -> date:
    return date.fromisoformat(text)


MINUTE = 60.0


def usual_life(order_id: str, **columns: object) -> list[Event]:
    """Placed 11:00, promised 11:30, ready 11:15, picked up 11:20, delivered 11:34 by c1."""
    return [
        placed(order_id, "11:00", promised_at=at("11:30"), **columns),
        restaurant(order_id, "accepted", "11:01", expected_ready_at=at("11:14")),
        courier(order_id, "assigned", "11:05", vehicle="bicycle"),
        restaurant(order_id, "ready", "11:15"),
        progress(order_id, "arrived_at_restaurant", "11:18"),
        progress(order_id, "picked_up", "11:20"),
        progress(order_id, "delivered", "11:34"),
        payment(order_id, "authorised", "11:00:01"),
        payment(order_id, "captured", "11:34:30"),
        review(order_id, "12:10", 4),
    ]
