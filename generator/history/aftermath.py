"""Money and stars of orders whose ends are real: simulated from how and when each truly ended."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa

from generator.city.city import City
from generator.events import EventLog
from generator.lives.outcomes import (
    CHANGED_MIND,
    DELIVERED,
    FAILED,
    NO_COURIER,
    REFUND_PART,
    TURNED_DOWN,
    UNHEARD,
    Outcomes,
)
from generator.lives.payments import check_out, pay
from generator.lives.placed import placed_orders, seconds_of
from generator.lives.reviews import review
from generator.streams import Streams

TIMES = {
    "delivered": "delivered_at", "failed": "failed_at", "rejected": "rejected_at", "cancelled": "cancelled_at",
}  # fmt: skip
KINDS = {"delivered": DELIVERED, "failed": FAILED, "rejected": TURNED_DOWN, "unanswered": UNHEARD}
CANCELLED = {"restaurant": TURNED_DOWN, "courier": NO_COURIER, "platform": NO_COURIER}


def money_and_reviews(orders: pd.DataFrame, city: City, streams: Streams, source: str) -> dict[str, pa.Table]:
    """Simulated payments and reviews, by topic; of an order whose end, or its time, is not known there are none."""
    end_of = orders["end"].fillna("")
    kinds = end_of.map(KINDS).astype("float64")
    by = orders["cancelled_by"].map(CANCELLED).astype("float64").fillna(CHANGED_MIND)
    kinds = kinds.where(end_of != "cancelled", by)
    ended = pd.Series(pd.NaT, index=orders.index, dtype="datetime64[us, UTC]")
    for end, name in TIMES.items():
        ended = ended.where(end_of != end, orders[name])
    known = (kinds.notna() & ended.notna()).to_numpy(dtype=bool)
    frame = orders.assign(kind=kinds, ended_at=ended)[known].sort_values(["placed_at", "order_id"], kind="stable")
    placed = placed_orders(_earliest_kitchen(frame), city.zone_info)
    accepted = seconds_of(frame["accepted_at"])
    delivered = seconds_of(frame["delivered_at"])
    kind = frame["kind"].to_numpy(dtype=np.int64)
    part = np.array([REFUND_PART[int(k)] for k in kind], dtype=np.float64)
    part = np.where((kind == CHANGED_MIND) & np.isnan(accepted), 1.0, part)
    # A delivered order was accepted, whether or not the file says when.
    accepted = np.where(np.isnan(accepted) & (kind == DELIVERED), placed.placed, accepted)
    delivered = np.where(kind == DELIVERED, delivered, np.nan)
    never_came = np.zeros(len(placed), dtype=bool)  # a real hand-off is believed
    outcomes = Outcomes(kind, seconds_of(frame["ended_at"]), accepted, delivered, part, never_came)
    log = EventLog(city.city_id, source)
    pay(log, placed, check_out(placed, city.lives, streams), outcomes, city.lives, streams)
    review(log, placed, outcomes, city.lives, streams)
    return log.tables(("payments", "reviews"))


def _earliest_kitchen(orders: pd.DataFrame) -> pd.DataFrame:
    """Kitchen times that cannot squeeze the checkout: only later than the placement."""
    late = orders["ready_at"] > orders["placed_at"]
    begun = orders["preparing_at"] >= orders["placed_at"]
    return orders.assign(ready_at=orders["ready_at"].where(late), preparing_at=orders["preparing_at"].where(begun))
