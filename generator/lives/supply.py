"""Which couriers work a business day, when and from where, with their breaks, and who drops out."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from generator.city.business_day import business_day
from generator.city.city import City, Couriers, Shift
from generator.city.tables_of_parts import drawn_from
from generator.demand.demand import weekday_factor
from generator.demand.people import customers_of
from generator.demand.restaurants import restaurants_of
from generator.roads.network import load_network
from generator.streams import Streams, uniform_of
from pipelines.errors import UsageError

POOL_FACTOR = 1.6  # couriers on the books for each one who works on a given day
BREAK_WITHIN_SHIFT = (0.4, 0.6)  # of a shift's length: the middle, which the usual patterns put between the peaks
LEAST_AFTER_BREAK_SECONDS = 1800  # nobody has a break just before going home
STAYS_BEFORE_DROP_OUT = (0.1, 0.9)  # of a shift's length
START_SPREAD_SECONDS = 900  # shifts begin around their pattern's hour


def couriers_of_day(city: City, day: date, orders_per_day: int, seed: int, streams: Streams) -> pd.DataFrame:
    """Couriers and their shift of the day, in the form `simulate_lives` takes: one row a courier.

    `drops_out` says that `ends_at` was not planned.
    """
    profile = city.couriers
    if profile is None:
        raise UsageError(f"city {city.city_id} has no `couriers` in its profile, so no day of it can be generated")
    usual = orders_per_day / 1500 * profile.per_1500_orders
    start_hours, end_hours = _hours(profile, max(1, round(usual * weekday_factor(city, day))), streams)
    size, pool = len(start_hours), int(np.ceil(max(usual, 1) * POOL_FACTOR)) + 2 * len(profile.shifts)
    who = np.sort(streams.of("courier/who works").choice(max(pool, size), size, replace=False))
    ids = [f"{city.city_id}-{seed}-k{n:04d}" for n in who]
    midnight = business_day(city, day)[0] - city.day_cut_hour * 3600
    starts, ends = midnight + start_hours * 3600, midnight + end_hours * 3600
    lat, lng = _waiting_places(city, seed, size, streams)
    vehicles = _vehicles(profile.vehicles, ids)
    works_on, pauses_at = _leaves_and_breaks(city, starts, ends, streams)
    return pd.DataFrame(
        {
            "courier_id": ids,
            "vehicle": vehicles,
            "capacity": pd.array([profile.capacities.get(v, 1) for v in vehicles], dtype="Int32"),
            "lat": lat,
            "lng": lng,
            "starts_at": pd.to_datetime(np.round(starts), unit="s", utc=True).astype("datetime64[us, UTC]"),
            "ends_at": pd.to_datetime(np.round(works_on), unit="s", utc=True).astype("datetime64[us, UTC]"),
            "pauses_at": pd.to_datetime(np.round(pauses_at), unit="s", utc=True),
            "pause_seconds": city.lives.shift.break_minutes * 60,
            "drops_out": works_on < ends,
        }
    )


def _leaves_and_breaks(
    city: City, starts: np.ndarray, ends: np.ndarray, streams: Streams
) -> tuple[np.ndarray, np.ndarray]:
    """When each courier stops working, which is earlier for those who drop out, and when a break is due (NaN: never).

    Shifts measured from a history are as they were: whoever dropped out did so in it.
    """
    plan, size, lasts = city.lives.shift, len(starts), ends - starts
    measured = city.couriers is not None and city.couriers.fitted_shifts is not None
    drops = (streams.of("courier/drops out").random(size) < plan.drop_out_share) & (not measured)
    stays = streams.of("courier/stays").uniform(*STAYS_BEFORE_DROP_OUT, size)
    works_on = np.where(drops, starts + stays * lasts, ends)
    pauses = starts + streams.of("courier/break").uniform(*BREAK_WITHIN_SHIFT, size) * lasts
    has_break = (lasts >= plan.break_in_shifts_of_hours * 3600) & (pauses < works_on - LEAST_AFTER_BREAK_SECONDS)
    return works_on, np.where(has_break & (not measured), pauses, np.nan)


def _hours(profile: Couriers, size: int, streams: Streams) -> tuple[np.ndarray, np.ndarray]:
    """Local hours at which each courier's shift of the day starts and ends, about `size` of them."""
    if (fitted := profile.fitted_shifts) is not None:
        level = streams.of("courier/start").permutation((np.arange(size) + 0.5) / size)
        lengths, drawn = fitted.lengths_by_start, streams.of("courier/length").random(size)
        row = np.minimum((level * len(lengths)).astype(np.int64), len(lengths) - 1)
        hours = np.select([row == n for n in range(len(lengths))], [drawn_from(table, drawn) for table in lengths])
        start = drawn_from(fitted.start_hours, level)
        return start, start + hours
    shift = _shifts(profile.shifts, size)
    spread = streams.of("courier/start").normal(0, START_SPREAD_SECONDS, len(shift)) / 3600
    pattern = streams.of("courier/pattern").permutation(shift)
    starts, ends = (np.array([getattr(s, name) for s in profile.shifts]) for name in ("start_hour", "end_hour"))
    return starts[pattern] + spread, ends[pattern] + spread


def _shifts(patterns: tuple[Shift, ...], size: int) -> np.ndarray:
    """Pattern of each courier: as near the patterns' shares as whole couriers allow, and at least one of each."""
    shares = np.array([p.share for p in patterns])
    counts = np.maximum(1, np.rint(size * shares / shares.sum())).astype(np.int64)
    return np.repeat(np.arange(len(patterns)), counts)


def _vehicles(shares: dict[str, float], ids: list[str]) -> list[str]:
    """A courier keeps the vehicle: it is a trait of the id."""
    edges = np.cumsum(np.array(list(shares.values())) / sum(shares.values()))
    return [list(shares)[min(int(k), len(shares) - 1)] for k in np.searchsorted(edges, uniform_of(ids, "vehicle"))]


def _waiting_places(city: City, seed: int, size: int, streams: Streams) -> tuple[np.ndarray, np.ndarray]:
    """Most couriers begin near a restaurant, where orders come from, the others anywhere in town, or where people live
    in a city whose streets are not known."""
    shops, random = restaurants_of(city, seed), streams.of("courier/where")
    if city.network is not None:
        network = load_network(city.network)
        town_lat, town_lng = network.node_lat, network.node_lng
    else:
        people = customers_of(city, seed)
        town_lat, town_lng = people.home_lat, people.home_lng
    node, shop = random.integers(0, len(town_lat), size), random.choice(len(shops.ids), size, p=shops.popularity)
    near = random.random(size) < 0.7
    return np.where(near, shops.lat[shop], town_lat[node]), np.where(near, shops.lng[shop], town_lng[node])
