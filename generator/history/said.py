"""What orders say of themselves as events: which columns make a placement, a milestone, an end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from pipelines.contracts import load_contract

PLACED_COLUMNS = (
    "order_id", "customer_id", "restaurant_id", "restaurant_name", "basket_value_cents", "currency", "promised_at",
    "scheduled_for", "pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng", "items",
)  # fmt: skip
# (topic, event type) of each milestone, and what the event says besides.
MILESTONES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "accepted_at": ("restaurant_responses", "accepted", ("order_id", "restaurant_id")),
    "preparing_at": ("restaurant_responses", "preparing", ("order_id", "restaurant_id")),
    "ready_at": ("restaurant_responses", "ready", ("order_id", "restaurant_id")),
    "arrived_at_restaurant_at": ("delivery_progress", "arrived_at_restaurant", ("order_id", "courier_id")),
    "picked_up_at": ("delivery_progress", "picked_up", ("order_id", "courier_id")),
}
ENDS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "delivered": ("delivery_progress", "delivered", "delivered_at", ("order_id", "courier_id")),
    "failed": ("delivery_progress", "failed", "failed_at", ("order_id", "courier_id")),
    "rejected": ("restaurant_responses", "rejected", "rejected_at", ("order_id", "restaurant_id")),
    "cancelled": ("orders", "cancelled", "cancelled_at", ("order_id", "cancelled_by", "reason")),
}


@dataclass(frozen=True)
class Said:
    """Events of one kind that the `rows` of orders say, one a row, at the row's `moment`; `columns` go into the event
    under their own names."""

    topic: str
    event_type: str
    moment: str
    columns: tuple[str, ...]
    rows: pd.DataFrame

    def own_columns(self) -> dict[str, pa.Array]:
        """What the event says beside its envelope."""
        schema = load_contract(f"events/{self.topic}").arrow_schema
        return {name: pa.array(self.rows[name], schema.field(name).type, from_pandas=True) for name in self.columns}


def order_said(orders: pd.DataFrame, simulate: Sequence[str] = ()) -> Iterator[Said]:
    """What orders say of themselves, one kind of event at a time; `simulate` are the mapping's simulated topics."""
    orders = orders.assign(reason=orders["cancel_reason"])
    yield Said("orders", "placed", "placed_at", PLACED_COLUMNS, orders)
    for name, (topic, event_type, columns) in MILESTONES.items():
        if not (topic == "restaurant_responses" and topic in simulate):
            yield Said(topic, event_type, name, columns, orders[orders[name].notna()])
    taken = orders[orders["courier_accepted_at"].notna() & orders["courier_id"].notna()]
    for event_type in ("accepted", "assigned"):
        yield Said(
            "courier_assignments", event_type, "courier_accepted_at", ("order_id", "courier_id", "vehicle"), taken
        )
    yield from _ends(orders)


def _ends(orders: pd.DataFrame) -> Iterator[Said]:
    """How each order ended; one that nobody answered is ended by the platform. A failed attempt may come before."""
    unanswered = (orders["end"] == "unanswered").fillna(False).astype(bool)
    ended = orders.assign(
        end=orders["end"].mask(unanswered, "cancelled"),
        cancelled_by=orders["cancelled_by"].mask(unanswered, "platform"),
        reason=orders["reason"].mask(unanswered, "unanswered"),
    )
    for end, (topic, event_type, moment, columns) in ENDS.items():
        is_end = (ended["end"] == end).fillna(False)
        timed = ended[(is_end | (end == "failed")) & ended[moment].notna()]
        untimed = ended[is_end & ended[moment].isna()].assign(is_time_unknown=True)
        yield Said(topic, event_type, moment, columns, timed)
        yield Said(topic, event_type, "placed_at", (*columns, "is_time_unknown"), untimed)
