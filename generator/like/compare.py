"""Hold a generated day against its history: the distance of each quantity, measured from the day's events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from generator.city.city import City
from generator.like.fit_demand import LEAST_FOR_A_CURVE, is_weekend
from generator.like.observed import Observed, of_events
from generator.like.quantities import counts_from, distance_by_zone, ks_distance, quantities
from pipelines.errors import UsageError


@dataclass(frozen=True)
class Likeness:
    """`ks`: distance by quantity, 0 to 1; `medians`: of history and day, by quantity; counts of the generated day and
    of the history's mean day of the same kind."""

    ks: dict[str, float]
    medians: dict[str, tuple[float, float]]
    samples: dict[str, tuple[int, int]]
    orders: int
    couriers: int
    orders_of_history: float
    couriers_of_history: float

    def chance(self, name: str) -> float | None:
        """Distance that two samples of these sizes from one distribution exceed one time in twenty; 0/1 and continuous
        quantities alike (Smirnov's limit). None where the quantity is no single sample."""
        if name not in self.samples:
            return None
        one, other = self.samples[name]
        return float(min(1.0, 1.358 * np.sqrt((one + other) / (one * other))))

    def as_json(self) -> dict[str, object]:
        """What `--json` writes: distances, orders and couriers of the generated day."""
        ks = {name: round(distance, 5) for name, distance in self.ks.items()}
        return {"ks": ks, "orders": self.orders, "couriers": self.couriers}


def chosen_day(observed: Observed) -> date:
    """The history's day with the most orders; the first of equals."""
    counts = observed.dates.value_counts().sort_index()
    return pd.Timestamp(str(counts.idxmax())).date()


def compare(observed: Observed, city: City, day: date, tables: Mapping[str, pa.Table]) -> Likeness:
    """Distances of the generated `tables` of `day` from the history, of weekends or of other days as the day is,
    where the history has enough of them to have a curve of their own."""
    kind = observed.of_kind(is_weekend(day))
    past = kind if len(kind.orders) >= LEAST_FOR_A_CURVE else observed
    if not pc.any(pc.equal(tables["orders"].column("event_type"), "placed")).as_py():
        raise UsageError(f"by chance {day} has no order; give another --seed, or more --orders-per-day")
    made = of_events(city, tables)
    start = counts_from(past)
    before, now = quantities(past, start), quantities(made, start)
    both = [name for name in before if name in now]
    ks = {name: ks_distance(before[name], now[name]) for name in both}
    by_zone = distance_by_zone(past, made)
    if by_zone is not None:
        ks["order_time_of_day_by_zone"] = by_zone
    days = max(1, past.dates.nunique())
    shifts = observed.shifts
    return Likeness(
        ks=ks,
        medians={n: (float(pd.Series(before[n]).median()), float(pd.Series(now[n]).median())) for n in both},
        samples={n: (len(before[n]), len(now[n])) for n in both},
        orders=len(made.orders),
        couriers=made.shifts["courier_id"].nunique(),
        orders_of_history=len(past.orders) / days,
        couriers_of_history=len(shifts) * len(past.orders) / days / len(observed.orders),
    )
