"""What an event changes in the operational state. Pure: events in, the columns they write out.

A state written by an event of the same microsecond as another's is settled by life-cycle rank: the later stage wins, in
whatever order they arrive (the rank is added to the write time).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

# topic, event type -> (status it leaves, or None for an event that is no stage; column that takes its time)
_STAGES: dict[tuple[str, str], tuple[str | None, str | None]] = {
    ("orders", "placed"): ("placed", "placed_at"),
    ("orders", "promise_changed"): (None, None),
    ("restaurant_responses", "accepted"): ("restaurant_accepted", "restaurant_accepted_at"),
    ("restaurant_responses", "preparing"): ("preparing", None),
    ("courier_assignments", "offered"): (None, None),
    ("courier_assignments", "declined"): (None, None),
    ("courier_assignments", "accepted"): (None, None),
    ("courier_assignments", "unassigned"): (None, None),
    ("courier_assignments", "assigned"): ("courier_assigned", None),
    ("restaurant_responses", "ready"): ("ready", "ready_at"),
    ("delivery_progress", "arrived_at_restaurant"): ("courier_at_restaurant", None),
    ("delivery_progress", "waiting"): ("courier_waiting", None),
    ("delivery_progress", "picked_up"): ("picked_up", "picked_up_at"),
    ("delivery_progress", "near_customer"): ("near_customer", None),
    ("delivery_progress", "failed"): ("delivery_failed", None),
    ("restaurant_responses", "rejected"): ("restaurant_rejected", None),
    ("orders", "cancelled"): ("cancelled", "cancelled_at"),
    ("delivery_progress", "delivered"): ("delivered", "delivered_at"),
}
RANKS = {key: rank for rank, key in enumerate(_STAGES)}
PAYMENT_RANKS = {
    name: rank for rank, name in enumerate(("pending", "authorised", "failed", "captured", "refunded", "charged_back"))
}
ENDED = frozenset({"delivered", "cancelled", "restaurant_rejected", "delivery_failed"})
TOPICS = ("orders", "restaurant_responses", "courier_assignments", "delivery_progress", "payments", "reviews")

_PLACED = (
    "city_id",
    "customer_id",
    "restaurant_id",
    "restaurant_name",
    "basket_value_cents",
    "currency",
    "promised_at",
    "pickup_lat",
    "pickup_lng",
    "dropoff_lat",
    "dropoff_lng",
)

# The columns of each topic's contract that a change, or a courier's list, is made from.
_ALWAYS = ("order_id", "event_type", "event_time")
READ: dict[str, tuple[str, ...]] = {
    "orders": (*_ALWAYS, *_PLACED),
    "restaurant_responses": _ALWAYS,
    "courier_assignments": (*_ALWAYS, "city_id", "courier_id", "vehicle"),
    "delivery_progress": _ALWAYS,
    "payments": _ALWAYS,
    "reviews": (*_ALWAYS, "rating_overall"),
}


@dataclass(frozen=True)
class Change:
    """Columns of orders_by_id that one event writes, at its own time; `rank` settles equal times."""

    order_id: str
    event_time: datetime
    rank: int
    columns: dict[str, Any]


def changes(topic: str, event: dict[str, Any]) -> Iterator[Change]:
    """What one event (a row with READ columns) writes to its order; an event that changes nothing yields nothing."""
    order_id, at, kind = event["order_id"], event["event_time"], event["event_type"]
    if topic == "payments":
        yield Change(order_id, at, PAYMENT_RANKS[kind], {"payment_status": kind})
        return
    if topic == "reviews":
        yield Change(order_id, at, 0, {"rating_overall": event["rating_overall"]})
        return
    status, time_column = _STAGES[topic, kind]
    columns: dict[str, Any] = {"status": status, "status_at": at} if status else {}
    if time_column:
        columns[time_column] = at
    columns |= _details(topic, kind, event)
    if columns:
        yield Change(order_id, at, RANKS[topic, kind], columns)


def _details(topic: str, kind: str, event: dict[str, Any]) -> dict[str, Any]:
    if (topic, kind) == ("orders", "placed"):
        return {name: event[name] for name in _PLACED if event[name] is not None}
    if (topic, kind) == ("orders", "promise_changed") and event["promised_at"] is not None:
        return {"promised_at": event["promised_at"]}
    if topic == "courier_assignments" and kind == "assigned":
        return {"courier_id": event["courier_id"]}
    if topic == "courier_assignments" and kind == "unassigned":
        return {"courier_id": None}  # an explicit erasure, at the event's own time
    return {}
