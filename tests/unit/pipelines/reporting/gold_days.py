"""Gold tables of a made-up city, aggregated from made-up orders, so that every table tells of the same orders.

The last day is a Tuesday with a late evening in Harbour and a restaurant that refuses; usual days are calm.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd

from pipelines.reporting.gold import LOSSES, Gold

DAY = date(2026, 3, 10)
ZONES = (
    "Harbour",
    "Airport Road",
    "Hillside",
    "Riverside",
    "University",
    "Station",
    "Market",
    "Old Town",
    "Docks",
    "Park",
)
HOURS = [*range(9, 24), 0, 1]
WEIGHTS = np.array([2, 3, 5, 11, 10, 6, 4, 4, 7, 13, 16, 15, 10, 7, 3, 1, 0.5])
COUNTS = ["orders_placed", "orders_delivered", "orders_open", *LOSSES]


def orders_of(day: date, count: int, seed: int, *, troubled: bool = False, reviewed: bool = True) -> pd.DataFrame:
    """Orders of one day, one row each, as silver knows them."""
    rng = np.random.default_rng(seed)
    zone = rng.choice(len(ZONES), count)
    hour = rng.choice(HOURS, count, p=WEIGHTS / WEIGHTS.sum())
    restaurant = rng.choice(40, count)
    loss = rng.choice(["delivered", *LOSSES], count, p=[0.944, 0.01, 0.012, 0.008, 0.012, 0.01, 0.004])
    minutes = 16 + rng.gamma(6, 2.4, count) + zone * -0.4
    if troubled:
        wet = (hour >= 18) & (zone == 0)
        minutes = minutes + np.where(wet, rng.gamma(4, 4.5, count), 0)
        loss = np.where((restaurant == 7) & (rng.random(count) < 0.4), "restaurant_rejected", loss)
        loss = np.where((hour >= 18) & (loss == "delivered") & (rng.random(count) < 0.05), "no_courier", loss)
    frame = pd.DataFrame({
        "business_date": day, "local_hour": hour,
        "zone_id": [f"z{z}" for z in zone], "zone_name": [ZONES[z] for z in zone],
        "restaurant_id": [f"r{r}" for r in restaurant],
        "restaurant_name": ["Noodle Yard" if r == 7 else f"Kitchen {r}" for r in restaurant], "outcome": loss,
    })  # fmt: skip
    frame["delivery_seconds"] = np.where(frame["outcome"] == "delivered", minutes * 60, np.nan)
    frame["late"] = frame["delivery_seconds"] > 40 * 60
    rated = (frame["outcome"] == "delivered") & (rng.random(count) < 0.12) & reviewed
    frame["rating"] = np.where(rated, rng.choice([3, 4, 5], count, p=[0.15, 0.35, 0.5]), np.nan)
    return frame


def grouped(orders: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """One row a group with its counts and measures, by the definitions of the gold contracts."""
    rows = orders.assign(orders_delivered=orders["outcome"] == "delivered", orders_open=orders["outcome"] == "open")
    rows = rows.assign(**{c: rows["outcome"] == c for c in LOSSES}, orders_placed=1, deliveries_late=rows["late"])
    groups = rows.groupby(keys, as_index=False, sort=False)
    found = groups[[*COUNTS, "deliveries_late"]].sum()
    seconds, ratings = groups["delivery_seconds"], groups["rating"]
    found["deliveries_measured"] = seconds.count()["delivery_seconds"]
    found["deliveries_excluded"] = found["orders_delivered"] - found["deliveries_measured"]
    enough = found["deliveries_measured"] >= 5
    found["delivery_seconds_median"] = seconds.median()["delivery_seconds"].where(enough)
    found["delivery_seconds_p90"] = seconds.quantile(0.9)["delivery_seconds"].where(enough)
    found["deliveries_with_promise"] = found["deliveries_measured"]
    found["reviews"] = ratings.count()["rating"]
    found["rating_mean"] = ratings.mean()["rating"].where(found["reviews"] >= 10)
    found["sales_cents"] = found["orders_delivered"] * 2_350
    return found.assign(simulated_orders=0, currency="EUR", **_rates(found))


def _rates(found: pd.DataFrame) -> dict[str, pd.Series]:
    counts = found[[*COUNTS, "deliveries_late", "deliveries_with_promise", "reviews"]].astype(float)
    promised, delivered = counts["deliveries_with_promise"], counts["orders_delivered"]
    early = counts["orders_placed"] - counts["customer_before_acceptance"]
    return {
        "fulfilment_rate": delivered / counts["orders_placed"],
        "fulfilment_rate_without_early_customer_cancellations": delivered / early.where(early > 0),
        "late_share": counts["deliveries_late"] / promised.where(promised > 0),
        "share_reviewed": counts["reviews"] / delivered.where(delivered > 0),
    }


def gold_of(orders: pd.DataFrame, day: date = DAY) -> Gold:
    """The gold tables of these orders."""
    place, shop = (
        ["business_date", "local_hour", "zone_id", "zone_name"],
        ["business_date", "restaurant_id", "restaurant_name"],
    )
    cells, shops = grouped(orders, place), grouped(orders, shop)
    zones = grouped(orders[orders["delivery_seconds"].notna()], ["business_date", "zone_id", "zone_name"])
    days = grouped(orders, ["business_date"])
    return Gold("harbourton", day, cells, cells, shops, shops, days, zones, "Harbourton", "Europe/Berlin")


def history(days: int = 28, orders: int = 600, day: date = DAY) -> list[pd.DataFrame]:
    """Orders of the days before `day`, each day about `orders` of them."""
    rng = np.random.default_rng(5)
    first = day - timedelta(days=days)
    return [orders_of(first + timedelta(days=i), int(orders * rng.uniform(0.92, 1.08)), i) for i in range(days)]


def normal(days: int = 28, orders: int = 1200, *, reviewed: bool = True) -> Gold:
    """A day with trouble after calm days."""
    last = orders_of(DAY, orders, 99, troubled=True, reviewed=reviewed)
    return gold_of(pd.concat([*history(days, orders), last], ignore_index=True))


def three_orders(days: int = 28) -> Gold:
    """Three orders: two delivered, one still open."""
    last = orders_of(DAY, 3, 1).assign(
        outcome=["delivered", "delivered", "open"], rating=np.nan, late=[False, True, False]
    )
    last["delivery_seconds"] = [1500.0, 2700.0, np.nan]
    return gold_of(pd.concat([*history(days), last], ignore_index=True))


def no_orders(days: int = 28) -> Gold:
    """A day on which nothing was ordered, after days on which something was."""
    return gold_of(pd.concat(history(days), ignore_index=True) if days else orders_of(DAY, 0, 1))
