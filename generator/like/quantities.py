"""The quantities by which a generated day is held against its history, and the distance between two samples of one.

Each is measured in the same way on both sides: from what happened, never from the fitted profile.
"""

from __future__ import annotations

from typing import Literal

import h3
import numpy as np
import pandas as pd

from generator.like.observed import Observed
from generator.roads.travel import straight_metres

CountsFrom = Literal["preparing", "placed"]
LEAST_IN_ZONE = 100  # orders on both sides: with fewer, chance alone makes two samples of one city differ by 0.2


def ks_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Kolmogorov-Smirnov distance of two samples: the largest gap between their distribution functions, 0 to 1."""
    if len(one) == 0 or len(other) == 0:
        raise ValueError("a distance needs at least one value on either side")
    points = np.union1d(one, other)
    reached = [np.searchsorted(np.sort(side), points, side="right") / len(side) for side in (one, other)]
    return float(np.abs(reached[0] - reached[1]).max())


def clock_hours(times: pd.Series, observed: Observed) -> np.ndarray:
    """Local time of day in hours, 0 to 24."""
    local = times.dt.tz_convert(observed.city.zone_info).dt.tz_localize(None)
    return np.asarray((local - local.dt.normalize()).dt.total_seconds() / 3600, dtype=np.float64)


def between(start: pd.Series, end: pd.Series, unit_seconds: float) -> np.ndarray:
    """Time from start to end in a unit, to the whole second (events round to the millisecond); known ones only."""
    seconds = (end - start).dt.total_seconds().round()
    return np.asarray(seconds[seconds.notna() & (seconds >= 0)] / unit_seconds, dtype=np.float64)


def counts_from(observed: Observed) -> CountsFrom:
    """Where preparation begins: when the kitchen began, or at placement where the history rarely says when that was."""
    ready = observed.orders[observed.orders["ready_at"].notna()]
    return "preparing" if len(ready) and ready["preparing_at"].notna().mean() >= 0.5 else "placed"


def trip_km(orders: pd.DataFrame) -> np.ndarray:
    """Straight kilometres from pick-up to drop-off."""
    pickup, dropoff = orders[["pickup_lat", "pickup_lng"]], orders[["dropoff_lat", "dropoff_lng"]]
    metres = straight_metres(*pickup.to_numpy(dtype=np.float64).T, *dropoff.to_numpy(dtype=np.float64).T)
    return np.asarray(metres[np.isfinite(metres)] / 1000)


def quantities(observed: Observed, preparation_from: CountsFrom) -> dict[str, np.ndarray]:
    """Sample of each quantity that is known, by its name; units are in the names. `…_zone_lat`, `…_zone_lng`: centre of
    the zone in degrees WGS 84, for where in its zone a restaurant is, is not kept.

    `cancelled_or_failed` is 1 for an order that was not served, 0 for one that was.
    """
    orders, shifts = observed.orders, observed.shifts
    minutes = {
        "preparation_minutes": (f"{preparation_from}_at", "ready_at"),
        "placed_to_preparing_minutes": ("placed_at", "preparing_at"),
        "promised_minutes": ("placed_at", "promised_at"),
    }
    if preparation_from == "placed":
        minutes.pop("placed_to_preparing_minutes")
    soon = orders[orders["scheduled_for"].isna()]
    ended = orders["ending"].dropna()
    found = {
        "order_time_of_day": clock_hours(orders["placed_at"], observed),
        "pickup_to_dropoff_km": trip_km(orders),
        **{name: between(soon[start], soon[end], 60) for name, (start, end) in minutes.items()},
        **_zone_centres(observed, "pickup"),
        **_zone_centres(observed, "dropoff"),
        "cancelled_or_failed": (ended != "served").to_numpy(dtype=np.float64),
        "shift_start_hour": clock_hours(shifts["starts_at"], observed),
        "shift_hours": between(shifts["starts_at"], shifts["ends_at"], 3600),
    }
    return {name: values for name, values in found.items() if len(values)}


def zones_of(observed: Observed, end: str) -> np.ndarray:
    """H3 cell, at the city's zone resolution, of each order's `pickup` or `dropoff`; "" where that is not known."""
    places = observed.orders[[f"{end}_lat", f"{end}_lng"]].astype("float64")
    known, resolution = places.notna().all(axis="columns").to_numpy(), observed.city.zone_resolution
    found = np.full(len(places), "", dtype=object)
    found[known] = [h3.latlng_to_cell(lat, lng, resolution) for lat, lng in places[known].to_numpy()]
    return found


def _zone_centres(observed: Observed, end: str) -> dict[str, np.ndarray]:
    known = zones_of(observed, end)
    codes, zones = pd.factorize(known[known != ""])
    if not len(zones):
        return {}
    centres = np.array([h3.cell_to_latlng(zone) for zone in zones])[codes]
    return {f"{end}_zone_lat": centres[:, 0], f"{end}_zone_lng": centres[:, 1]}


def distance_by_zone(one: Observed, other: Observed) -> float | None:
    """KS distance of the time of day within a pick-up zone, the mean of zones by orders; None where none has enough."""
    (zones, hours), (other_zones, other_hours) = (
        (zones_of(side, "pickup"), clock_hours(side.orders["placed_at"], side)) for side in (one, other)
    )
    found = [
        (int(count), ks_distance(hours[zones == zone], other_hours[other_zones == zone]))
        for zone, count in pd.Series(zones).value_counts(sort=False).items()
        if zone and min(count, (other_zones == zone).sum()) >= LEAST_IN_ZONE
    ]
    total = sum(count for count, _ in found)
    return sum(count * distance for count, distance in found) / total if total else None
