"""Made-up days of a made-up city with a grid of streets, for the tests of the city's report."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import h3
import numpy as np
import pandas as pd

from generator.roads.network import Network
from pipelines.reporting.city.day import COLUMNS, CityDay
from pipelines.transforms.local_time import business_day_utc

DAY, ZONE = date(2026, 3, 10), "Europe/Berlin"
LAT, LNG = 52.50, 13.40
BLOCK = 0.001  # degrees between streets, about 110 m
HALF_HOUR = 1_800.0


def grid(size: int = 14) -> Network:
    """A square of streets, `size` × `size` corners, each street both ways; every fourth is a main street."""
    row, column = np.divmod(np.arange(size * size), size)
    east = np.flatnonzero(column < size - 1)
    north = np.flatnonzero(row < size - 1)
    a, b = np.concatenate([east, north]), np.concatenate([east + 1, north + size])
    main = np.concatenate([row[east] % 4 == 0, column[north] % 4 == 0])
    both, kmh = np.concatenate([a, b]), np.tile(np.where(main, 40.0, 20.0), 2)
    metres = np.full(len(kmh), 110.0)
    lat, lng = LAT + row * BLOCK, LNG + column * BLOCK
    return Network(lat, lng, both.astype(np.uint16), np.concatenate([b, a]).astype(np.uint16), metres, kmh)


def of(name: str, **columns: object) -> pd.DataFrame:
    """A frame of `CityDay` by its name; columns that are not given are missing."""
    frame = pd.DataFrame(columns)
    return frame.reindex(columns=list(COLUMNS[name]))


def no_orders() -> CityDay:
    """A day of which nothing arrived."""
    begins, ends = (moment.timestamp() for moment in business_day_utc(DAY, ZONE, 4))
    return CityDay("harbourton", DAY, begins, ends, city_name="Harbourton", time_zone=ZONE)


def full_day(count: int = 400, seed: int = 1) -> CityDay:
    """`count` orders of 12 restaurants, ridden by 24 couriers along the grid, with everything that can be told."""
    random, day = np.random.default_rng(seed), no_orders()
    placed = np.sort(day.begins + random.choice([8.5, 15.0], count) * 3600 + random.normal(0, 4000, count))
    shop = np.minimum(random.geometric(0.25, count) - 1, 11)
    shop_lat, shop_lng = LAT + random.integers(1, 13, 12) * BLOCK, LNG + random.integers(1, 13, 12) * BLOCK
    home_lat, home_lng = LAT + random.integers(0, 14, count) * BLOCK, LNG + random.integers(0, 14, count) * BLOCK
    cells = [h3.latlng_to_cell(a, b, 9) for a, b in zip(home_lat, home_lng, strict=True)]
    zones = [h3.cell_to_parent(cell, 8) for cell in cells]
    names = {zone: f"Quarter {n}" for n, zone in enumerate(sorted(set(zones)))}
    accepted, ready = placed + 60, placed + 60 + random.gamma(9, 90, count)
    assigned = accepted + 120
    picked = np.maximum(assigned + 300, ready) + 60
    ended = picked + 300 + random.gamma(4, 90, count)
    courier = np.array([f"k{n % 24}" for n in range(count)])
    ids = np.array([f"o{n}" for n in range(count)])
    orders = of(
        "orders", order_id=ids, restaurant_id=[f"r{s}" for s in shop], restaurant_name=[f"Kitchen {s}" for s in shop],
        zone_id=zones, zone_name=[names[z] for z in zones], dropoff_cell=cells, is_preorder=False, outcome="delivered",
        restaurant_zone_id=[h3.latlng_to_cell(shop_lat[s], shop_lng[s], 8) for s in shop], placed=placed,
        accepted=accepted, ready=ready, assigned=assigned, ended=ended, is_late=ended - placed > 2_000,
        delivery_seconds=ended - placed, is_simulated=True, is_life_simulated=True,
    )  # fmt: skip
    progress = [("arrived_at_restaurant", assigned + 300), ("picked_up", picked), ("delivered", ended)]
    return replace(
        day,
        bounds=(LAT - 0.01, LAT + 0.03, LNG - 0.01, LNG + 0.03),
        orders=orders,
        restaurants=of("restaurants", restaurant_id=orders["restaurant_id"], lat=shop_lat[shop], lng=shop_lng[shop]),
        responses=of("responses", order_id=ids, event_type="preparing", at=accepted),
        assignments=of("assignments", order_id=ids, courier_id=courier, event_type="assigned", at=assigned),
        progress=pd.concat([of("progress", order_id=ids, event_type=kind, at=at) for kind, at in progress]),
        shifts=_shifts(day),
        positions=_positions(ids, courier, picked, (shop_lat[shop], shop_lng[shop]), (home_lat, home_lng)),
        visits=_visits(ids, placed),
        **_signals(day),
    )


def three_orders() -> CityDay:
    """The first three orders of a full day and what belongs to them; nobody tells of streets, weather or the app."""
    whole = full_day()
    few = set(whole.orders["order_id"].head(3))
    kept = {name: getattr(whole, name) for name in ("orders", "responses", "assignments", "progress", "positions")}
    kept = {name: frame[frame["order_id"].isin(few)] for name, frame in kept.items()}
    shops = whole.restaurants[whole.restaurants["restaurant_id"].isin(kept["orders"]["restaurant_id"])].head(3)
    return replace(no_orders(), bounds=whole.bounds, restaurants=shops, **kept)


def _shifts(day: CityDay) -> pd.DataFrame:
    couriers = [f"k{n}" for n in range(24)]
    spans = [("started", day.begins + 6 * 3600), ("ended", day.begins + 19 * 3600)]
    return pd.concat([of("shifts", courier_id=couriers, event_type=kind, at=at) for kind, at in spans])


def _positions(
    ids: np.ndarray, courier: np.ndarray, picked: np.ndarray, start: tuple[np.ndarray, ...], end: tuple[np.ndarray, ...]
) -> pd.DataFrame:
    """First north or south along a street, then east or west: a position every 20 s, twelve a ride."""
    part = np.linspace(0, 1, 13)
    first, second = np.clip(part * 2, 0, 1)[None, :], np.clip(part * 2 - 1, 0, 1)[None, :]
    lat = start[0][:, None] + (end[0] - start[0])[:, None] * first
    lng = start[1][:, None] + (end[1] - start[1])[:, None] * second
    at = picked[:, None] + part[None, :] * 240
    return of(
        "positions", courier_id=np.repeat(courier, 13), order_id=np.repeat(ids, 13), lat=lat.ravel(), lng=lng.ravel(),
        speed_kmh=18.0, at=at.ravel(),
    )  # fmt: skip


def _visits(ids: np.ndarray, placed: np.ndarray) -> pd.DataFrame:
    """Each order's visit, and as many that were left: half at once, a quarter after a search, a quarter at a menu."""
    steps = [("opened", 300), ("viewed", 200), ("added_to_basket", 100), ("checked_out", 0)]
    parts = [of("visits", session_id=ids, event_type=kind, at=placed - before) for kind, before in steps]
    left = np.char.add("x", ids.astype(str))
    parts.append(of("visits", session_id=left, event_type="opened", at=placed))
    parts.append(of("visits", session_id=left[::4], event_type="searched", at=placed[::4] + 30))
    parts.append(of("visits", session_id=left[1::4], event_type="viewed", at=placed[1::4] + 30))
    return pd.concat(parts, ignore_index=True)


def _signals(day: CityDay) -> dict[str, pd.DataFrame]:
    """Traffic that is slowest twelve hours and a quarter into the day, and rain for two hours before."""
    at = np.arange(day.begins + 300, day.ends + 1, 300)
    hours = (at - day.begins) / 3600
    speeds = of("speeds", at=at, speed_kmh=40 - 16 * np.exp(-(((hours - 12.25) / 2) ** 2)), free_flow_kmh=40.0,
                observed_vehicles=10)  # fmt: skip
    told = np.arange(day.begins, day.ends, HALF_HOUR)
    wet = (told >= day.begins + 10 * 3600) & (told < day.begins + 12 * 3600)
    weather = of("weather", at=told, rain_mm_per_hour=np.where(wet, 3.0, 0.0), temperature_c=9.0)
    return {"speeds": speeds, "weather": weather}
