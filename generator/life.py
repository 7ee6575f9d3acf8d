"""The life of orders after placement: kitchen, couriers, door, money, review; every event simulated and marked so."""

from __future__ import annotations

import pandas as pd
import pyarrow as pa

from generator.city import City
from generator.streams import Streams
from generator.travel import TravelTimes


def simulate_lives(
    orders: pd.DataFrame, couriers: pd.DataFrame, city: City, streams: Streams, travel: TravelTimes, *, source: str
) -> dict[str, pa.Table]:
    """Live every order to its end among the given couriers.

    `orders`, one row an order: order_id, placed_at (datetime64[us, UTC]), customer_id, restaurant_id, pickup_lat,
    pickup_lng, dropoff_lat, dropoff_lng, basket_value_cents (Int64, may be missing: then no payment is simulated),
    currency, promised_at (may be missing: then nothing is late), scheduled_for (missing unless a pre-order), ready_at
    (missing: the kitchen is simulated; given: the real ready time, which is kept), preparing_at (optional, likewise).
    `couriers`, one row a shift: courier_id, vehicle (one of `travel.VEHICLES`), capacity, lat, lng, starts_at, ends_at.

    Returns tables by topic: orders (cancelled and promise_changed only), restaurant_responses, courier_assignments,
    delivery_progress, payments, reviews; all conform to their event contracts, with is_simulated true.
    """
    raise NotImplementedError  # replaced within the next commits
