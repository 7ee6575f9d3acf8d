"""Which couriers work a business day, when and from where; and the shift events that tell of it."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from generator.city import City, Couriers, Shift
from generator.demand import business_day, weekday_factor
from generator.events import EventLog
from generator.network import load_network
from generator.people import customers_of
from generator.placed import seconds_of
from generator.restaurants import restaurants_of
from generator.streams import Streams, uniform_of
from generator.tables_of_parts import drawn_from
from pipelines.errors import UsageError

POOL_FACTOR = 1.6  # couriers on the books for each one who works on a given day
START_SPREAD_SECONDS = 900  # shifts begin around their pattern's hour


def couriers_of_day(city: City, day: date, orders_per_day: int, seed: int, streams: Streams) -> pd.DataFrame:
    """Couriers and their shift of the day, in the form `simulate_lives` takes: one row a courier."""
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
    return pd.DataFrame(
        {
            "courier_id": ids,
            "vehicle": vehicles,
            "capacity": pd.array([profile.capacities.get(v, 1) for v in vehicles], dtype="Int32"),
            "lat": lat,
            "lng": lng,
            "starts_at": pd.to_datetime(np.round(starts), unit="s", utc=True).astype("datetime64[us, UTC]"),
            "ends_at": pd.to_datetime(np.round(ends), unit="s", utc=True).astype("datetime64[us, UTC]"),
        }
    )


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


def shift_events(couriers: pd.DataFrame, lives: dict[str, pa.Table], city: City, day: date, source: str) -> pa.Table:
    """`started` and `ended` of each shift; a courier with an order in hand ends when it is handed off."""
    log = EventLog(city.city_id, source, key_column="courier_id")
    ids = couriers["courier_id"].tolist()
    last = pd.concat(
        [
            lives[t].select(["courier_id", "event_time"]).to_pandas()
            for t in ("courier_assignments", "delivery_progress")
        ]
    )
    latest = seconds_of(last.groupby("courier_id")["event_time"].max().reindex(ids))
    ended = np.fmax(seconds_of(couriers["ends_at"]), latest + 30)
    told: dict[str, Any] = {
        "vehicle": couriers["vehicle"].tolist(),
        "capacity": couriers["capacity"].tolist(),
    }
    days = [day.toordinal()] * len(ids)
    place: dict[str, Any] = {"lat": couriers["lat"].to_numpy(), "lng": couriers["lng"].to_numpy()}
    log.add("courier_shifts", "started", ids, seconds_of(couriers["starts_at"]), repeats=days, **told, **place)
    log.add("courier_shifts", "ended", ids, ended, repeats=days, **told)
    return log.tables(["courier_shifts"])["courier_shifts"]
