"""Days that several tests look at: made once a test run."""

from __future__ import annotations

from datetime import date
from functools import cache

import pandas as pd
import pyarrow as pa

from generator.city.city import load_city
from generator.day import Day, generate_day, generate_day_with_truth

FRIDAY = date(2026, 11, 20)
ORDERS = 700


@cache
def friday_with_truth() -> Day:
    """A usual Friday of Futian with about 770 orders, and what of it is fraud."""
    return generate_day_with_truth(load_city("futian"), FRIDAY, ORDERS, seed=7)


def friday() -> dict[str, pa.Table]:
    """The events of that Friday."""
    return friday_with_truth().events


@cache
def lives(seed: int = 7) -> pd.DataFrame:
    """One row an order of that Friday: its placement, and the first time of each later event as `topic.event_type`."""
    tables = friday() if seed == 7 else generate_day(load_city("futian"), FRIDAY, ORDERS, seed=seed)
    orders = tables["orders"].to_pandas()
    found = orders[orders["event_type"] == "placed"].set_index("order_id").rename(columns={"event_time": "placed"})
    for topic in ("orders", "restaurant_responses", "delivery_progress", "payments", "reviews"):
        events = tables[topic].select(["order_id", "event_type", "event_time"]).to_pandas()
        times = events[events["event_type"] != "placed"].pivot_table(
            index="order_id", columns="event_type", values="event_time", aggfunc="min"
        )
        found = found.join(times.add_prefix(f"{topic}."))
    return found
