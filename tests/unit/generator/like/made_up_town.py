"""A made-up town's history as files and a mapping: two peaks, whole minutes in the kitchens, shifts, a few streets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from generator.history.check import check_files
from generator.history.mapping import Mapping, parse_mapping
from generator.like.observed import Observed, of_files

CLOCK = "%Y-%m-%d %H:%M:%S"
MAPPING: dict[str, Any] = {
    "name": "made-up",
    "cities": [
        {
            "city_id": "madeup",
            "name": "Made-up Town",
            "time_zone": "Europe/Vienna",
            "currency": "EUR",
            "bounds": {"min_lat": 48.1, "max_lat": 48.4, "min_lng": 16.2, "max_lng": 16.6},
        }
    ],
    "orders": {
        "identity": "{city}-{order_id}",
        "restaurant_id_from_pickup": {"decimals": 4},
        "columns": {
            "order_id": {"column": "id"},
            "placed_at": {"column": "placed", "format": CLOCK},
            "preparing_at": {"column": "begun", "format": CLOCK},
            "ready_at": {"column": "ready", "format": CLOCK},
            "promised_at": {"column": "promised", "format": CLOCK},
            "pickup_lat": {"column": "plat"},
            "pickup_lng": {"column": "plng"},
            "dropoff_lat": {"column": "dlat"},
            "dropoff_lng": {"column": "dlng"},
        },
    },
    "couriers": {
        "identity": "{city}-{courier_id}",
        "columns": {
            "courier_id": {"column": "id"},
            "vehicle": {"column": "vehicle"},
            "starts_at": {"column": "on", "format": CLOCK},
            "ends_at": {"column": "off", "format": CLOCK},
            "lat": {"column": "lat"},
            "lng": {"column": "lng"},
        },
    },
}


def mapping() -> Mapping:
    """How the files below are read."""
    return parse_mapping(MAPPING, "test")


def orders_table(
    size: int = 900, seed: int = 1, restaurants: int = 25, days: int = 1, hours: tuple[float, float] | None = None
) -> pd.DataFrame:
    """Rows of orders, from Tuesday 2026-03-10 on; `hours`: evenly between these, instead of at lunch and dinner."""
    random = np.random.default_rng(seed)
    peaks = np.where(random.random(size) < 0.45, random.normal(12.6, 0.9, size), random.normal(19.2, 1.3, size))
    clock = random.uniform(*hours, size) if hours else np.clip(peaks, 8, 23)
    placed = (
        pd.Timestamp("2026-03-10")
        + pd.to_timedelta(random.integers(0, days, size), "D")
        + pd.to_timedelta((clock * 3600).round(), "s")
    )
    shop = (restaurants * random.random(size) ** 2).astype(int)
    shop_lat, shop_lng = random.normal(48.21, 0.015, restaurants), random.normal(16.37, 0.02, restaurants)
    slow = np.exp(random.normal(0, 0.25, restaurants))
    begun = placed + pd.to_timedelta(random.gamma(3, 25, size).round(), "s")
    minutes = np.clip(np.round(18 * slow[shop] * np.exp(random.normal(0, 0.3, size))), 3, 90)
    turn, km = random.random(size) * 2 * np.pi, random.gamma(2.2, 0.9, size)
    return pd.DataFrame(
        {
            "id": [f"o{n:05d}" for n in range(size)],
            "placed": placed.strftime(CLOCK),
            "begun": begun.strftime(CLOCK),
            "ready": (begun + pd.to_timedelta(minutes, "m")).strftime(CLOCK),
            "promised": (placed + pd.to_timedelta(np.where(random.random(size) < 0.6, 35, 45), "m")).strftime(CLOCK),
            "plat": shop_lat[shop].round(6),
            "plng": shop_lng[shop].round(6),
            "dlat": (shop_lat[shop] + km * np.cos(turn) / 111.2).round(6),
            "dlng": (shop_lng[shop] + km * np.sin(turn) / 111.2 / np.cos(np.radians(48.21))).round(6),
        }
    )


def couriers_table(size: int = 240, seed: int = 2) -> pd.DataFrame:
    """Rows of shifts on 2026-03-10: early ones are long, late ones short, a tenth starts at 11:00 sharp."""
    random = np.random.default_rng(seed)
    start = np.where(random.random(size) < 0.1, 11.0, random.uniform(9, 20, size))
    hours = np.where(start < 13, random.normal(8, 1.2, size), random.normal(4, 0.8, size)).clip(0.5, 12)
    on = pd.Timestamp("2026-03-10") + pd.to_timedelta((start * 3600).round(), "s")
    return pd.DataFrame(
        {
            "id": [f"k{n:04d}" for n in range(size)],
            "vehicle": random.choice(["bicycle", "car", "motorcycle"], size, p=[0.5, 0.1, 0.4]),
            "on": on.strftime(CLOCK),
            "off": (on + pd.to_timedelta((hours * 3600).round(), "s")).strftime(CLOCK),
            "lat": 48.21,
            "lng": 16.37,
        }
    )


def files(folder: Path, orders: pd.DataFrame, couriers: pd.DataFrame | None = None) -> dict[str, Path]:
    """The tables as CSV files."""
    paths = {"orders": folder / "orders.csv"} | ({"couriers": folder / "couriers.csv"} if couriers is not None else {})
    orders.to_csv(paths["orders"], index=False)
    if couriers is not None:
        couriers.to_csv(paths["couriers"], index=False)
    return paths


def observed(folder: Path, orders: pd.DataFrame, couriers: pd.DataFrame | None = None) -> Observed:
    """The tables as history, read from files by the mapping."""
    paths = files(folder, orders, couriers)
    return of_files(check_files(mapping(), paths["orders"], paths.get("couriers")))
