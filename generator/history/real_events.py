"""Events of a user's own rows: placements, milestones, ends and refunds, as they were (`is_simulated` false)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from generator.events import TIMESTAMP, event_ids, in_order, produced_at, trace_ids
from generator.history.check import Checked
from pipelines.contracts import conform, load_contract

PLACED_COLUMNS = (
    "customer_id", "restaurant_id", "restaurant_name", "basket_value_cents", "currency", "promised_at",
    "scheduled_for", "pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng", "items",
)  # fmt: skip
# (topic, event type) of each milestone, and what the event says besides.
MILESTONES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "accepted_at": ("restaurant_responses", "accepted", ("restaurant_id",)),
    "preparing_at": ("restaurant_responses", "preparing", ("restaurant_id",)),
    "ready_at": ("restaurant_responses", "ready", ("restaurant_id",)),
    "arrived_at_restaurant_at": ("delivery_progress", "arrived_at_restaurant", ("courier_id",)),
    "picked_up_at": ("delivery_progress", "picked_up", ("courier_id",)),
}
ENDS: dict[str, tuple[str, str, str, tuple[str, ...]]] = {
    "delivered": ("delivery_progress", "delivered", "delivered_at", ("courier_id",)),
    "failed": ("delivery_progress", "failed", "failed_at", ("courier_id",)),
    "rejected": ("restaurant_responses", "rejected", "rejected_at", ("restaurant_id",)),
    "cancelled": ("orders", "cancelled", "cancelled_at", ("cancelled_by", "reason")),
}


def real_events(checked: Checked, source: str) -> dict[str, pa.Table]:
    """Events of orders and refunds by topic, conforming to their contracts, in order of time.

    An end whose time is not known has the placement's time and `is_time_unknown`. Kitchen milestones are left to the
    simulation where the mapping simulates the restaurant's answers, which keeps them as they are.
    """
    orders = checked.orders.assign(reason=checked.orders["cancel_reason"])
    pieces = [("orders", _events(orders, "orders", "placed", "placed_at", PLACED_COLUMNS, source))]
    for name, (topic, event_type, columns) in MILESTONES.items():
        told = orders[orders[name].notna()]
        if not (topic == "restaurant_responses" and topic in checked.mapping.simulate):
            pieces.append((topic, _events(told, topic, event_type, name, columns, source)))
    for event_type in ("accepted", "assigned"):
        taken = orders[orders["courier_accepted_at"].notna() & orders["courier_id"].notna()]
        columns = ("courier_id", "vehicle")
        pieces.append(
            (
                "courier_assignments",
                _events(taken, "courier_assignments", event_type, "courier_accepted_at", columns, source),
            )
        )
    pieces += _ends(orders, source)
    pieces.append(("payments", _refunded(checked.kept.refunds, source)))
    found: dict[str, list[pa.Table]] = {}
    for topic, table in pieces:
        found.setdefault(topic, []).append(table)
    merged = {topic: in_order(pa.concat_tables(tables)) for topic, tables in found.items()}
    return {topic: table for topic, table in merged.items() if table.num_rows or topic == "orders"}


def _ends(orders: pd.DataFrame, source: str) -> list[tuple[str, pa.Table]]:
    """How each order ended; one that nobody answered is ended by the platform. A failed attempt may come before."""
    unanswered = (orders["end"] == "unanswered").fillna(False).astype(bool)
    ended = orders.assign(
        end=orders["end"].mask(unanswered, "cancelled"),
        cancelled_by=orders["cancelled_by"].mask(unanswered, "platform"),
        reason=orders["reason"].mask(unanswered, "unanswered"),
    )
    pieces = []
    for end, (topic, event_type, moment, columns) in ENDS.items():
        is_end = (ended["end"] == end).fillna(False)
        timed = ended[(is_end | (end == "failed")) & ended[moment].notna()]
        untimed = ended[is_end & ended[moment].isna()].assign(is_time_unknown=True)
        pieces.append((topic, _events(timed, topic, event_type, moment, columns, source)))
        pieces.append((topic, _events(untimed, topic, event_type, "placed_at", (*columns, "is_time_unknown"), source)))
    return pieces


def _events(
    rows: pd.DataFrame, topic: str, event_type: str, moment: str, columns: tuple[str, ...], source: str
) -> pa.Table:
    """One event a row at its `moment`; `columns` go into it under their own names."""
    contract = load_contract(f"events/{topic}")
    table = envelope(topic, event_type, rows["order_id"].astype(str).tolist(), rows[moment], rows["city_id"], source)
    table["trace_id"] = trace_ids(rows["order_id"].astype(str).tolist())
    table["order_id"] = pa.array(rows["order_id"], pa.string())
    for name in columns:
        table[name] = pa.array(rows[name], contract.arrow_schema.field(name).type, from_pandas=True)
    return conform(pa.table(table), contract)


def envelope(
    topic: str,
    event_type: str,
    keys: list[str],
    times: pd.Series,
    cities: pd.Series | str,
    source: str,
    repeats: list[int] | None = None,
) -> dict[str, Any]:
    """Envelope columns of real events, one a key; `repeats` tells events of one key and type apart."""
    ids = event_ids(source, topic, event_type, keys, repeats if repeats is not None else [0] * len(keys))
    event_time = pa.array(times, TIMESTAMP)
    in_city = [cities] * len(keys) if isinstance(cities, str) else cities
    return {
        "event_id": ids,
        "event_type": pa.array([event_type] * len(keys), pa.string()),
        "event_time": event_time,
        "produced_at": produced_at(event_time, ids),
        "city_id": pa.array(in_city, pa.string()),
        "source": pa.array([source] * len(keys), pa.string()),
        "is_simulated": pa.array([False] * len(keys), pa.bool_()),
    }


def _refunded(refunds: pd.DataFrame, source: str) -> pa.Table:
    """What went back, each on its own day; the payment is the order's first."""
    contract = load_contract("events/payments")
    if refunds.empty:
        return contract.arrow_schema.empty_table()
    ids = refunds["order_id"].astype(str).tolist()
    columns = envelope(
        "payments",
        "refunded",
        refunds["refund_id"].astype(str).tolist(),
        refunds["refunded_at"],
        refunds["city_id"],
        source,
    )
    columns["trace_id"] = trace_ids(ids)
    columns["order_id"] = pa.array(ids, pa.string())
    columns["payment_id"] = pa.array([f"{i}-p1" for i in ids], pa.string())
    columns["amount_cents"] = pa.array(refunds["amount_cents"].astype("int64"), pa.int64())
    columns["currency"] = pa.array(refunds["currency"], pa.string())
    return conform(pa.table(columns), contract)
