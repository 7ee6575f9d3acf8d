"""Synthetic rows of silver.orders with a known structure, for the tests of the models."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from models.eta.model import EtaModel
from models.eta.train import TrainingParameters, train

TIME_ZONE = "America/Bogota"  # UTC−5 all year
FIRST_DAY = date(2026, 3, 2)  # a Monday
ZONES = ("zone-a", "zone-b", "zone-c", "zone-d")


def silver_orders(days: int = 8, orders_a_day: int = 400, signal: bool = True, seed: int = 7) -> pd.DataFrame:
    """Orders of `days` business days, 11:00–22:59 local, one in ten not delivered, one in twenty a pre-order.

    With `signal` the delivery time is 10 min + 5 min a kilometre + the kitchen's own 0–12 min + noise of 2 min;
    without, it is 30 min + noise of 6 min whatever is known of the order.
    """
    return pd.concat([_day(n, orders_a_day, signal, seed) for n in range(days)], ignore_index=True)


def _day(number: int, rows: int, signal: bool, seed: int) -> pd.DataFrame:
    random = np.random.default_rng([seed, number])
    day = pd.Timestamp(FIRST_DAY) + pd.Timedelta(days=number)
    local = day + pd.to_timedelta(np.sort(random.uniform(11 * 3600, 23 * 3600, rows)).round(3), unit="s")
    restaurant = random.integers(0, 25, rows)
    distance_m = random.uniform(300, 4000, rows).round(1)
    noise = random.normal(0, 1, rows)
    seconds = 600 + 0.3 * distance_m + restaurant * 30 + 120 * noise if signal else 1800 + 360 * noise
    delivered, preorder = random.random(rows) > 0.1, random.random(rows) < 0.05
    placed_at = pd.DatetimeIndex(local).tz_localize(TIME_ZONE).tz_convert("UTC").as_unit("us")
    zone = np.array(ZONES)[random.integers(0, len(ZONES), rows)]
    return pd.DataFrame(
        {
            "order_id": [f"order-{number:02d}-{i:05d}" for i in range(rows)],
            "city_id": "bogota",
            "business_date": day.date(),
            "local_hour": pd.DatetimeIndex(local).hour.astype("int32"),
            "zone_id": zone,
            "zone_name": [f"Zone {z[-1].upper()}" for z in zone],
            "restaurant_zone_id": np.array(ZONES)[restaurant % len(ZONES)],
            "restaurant_id": [f"restaurant-{r:02d}" for r in restaurant],
            "distance_m": distance_m,
            "placed_at": placed_at,
            "basket_value_cents": random.integers(1_000, 9_000, rows),
            "item_count": random.integers(1, 6, rows).astype("int32"),
            "is_preorder": preorder,
            "courier_id": [f"courier-{c}" for c in random.integers(0, 40, rows)],
            "delivered_at": placed_at + pd.to_timedelta(np.round(np.maximum(seconds, 60)), unit="s"),
            "outcome": np.where(delivered, "delivered", "no_courier"),
            "delivery_seconds": pd.Series(np.maximum(seconds, 60).round()).where(delivered & ~preorder),
        }
    )


def last_day(orders: pd.DataFrame) -> date:
    return max(orders["business_date"])


def trained(orders: pd.DataFrame, **options: Any) -> EtaModel:
    """The model of all days but the last."""
    day = last_day(orders)
    earlier = orders[orders["business_date"] < day]
    options = {"parameters": TrainingParameters(threads=1)} | options  # test workers share the machine's processors
    return train(earlier, city_id="bogota", time_zone=TIME_ZONE, evaluation_date=day, **options)
