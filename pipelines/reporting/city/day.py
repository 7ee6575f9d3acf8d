"""One business day of a city as its report sees it: who ordered, cooked, rode and looked, where and when.

Every moment is in seconds since 1970 UTC, NaN where it did not happen or is not known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

QUARTER_SECONDS = 900
FEW = 20  # a share or a median of fewer is the luck of one or two; nothing is claimed of them
PRIVATE = 5  # fewer homes or rides than this in one place could be told apart; such a place stays blank

_ORDERS = ("order_id", "restaurant_id", "restaurant_name", "zone_id", "zone_name", "restaurant_zone_id",
           "dropoff_cell", "is_preorder", "outcome", "placed", "accepted", "ready", "assigned", "ended", "is_late",
           "delivery_seconds", "is_simulated", "is_life_simulated")  # fmt: skip
COLUMNS: dict[str, tuple[str, ...]] = {
    "orders": _ORDERS,
    "restaurants": ("restaurant_id", "lat", "lng"),
    "responses": ("order_id", "event_type", "at"),
    "assignments": ("order_id", "courier_id", "event_type", "at"),
    "progress": ("order_id", "event_type", "at"),
    "shifts": ("courier_id", "event_type", "at"),
    "positions": ("courier_id", "order_id", "lat", "lng", "speed_kmh", "at"),
    "speeds": ("at", "speed_kmh", "free_flow_kmh", "observed_vehicles"),
    "weather": ("at", "rain_mm_per_hour", "temperature_c"),
    "visits": ("session_id", "event_type", "at"),
}


def _empty(name: str) -> pd.DataFrame:
    return pd.DataFrame({column: [] for column in COLUMNS[name]})


@dataclass(frozen=True)
class CityDay:
    """Frames of one day of one city with the columns that `COLUMNS` names, each one row an order or an event.

    `begins` and `ends` bound the business day; `bounds` is the service area as least and greatest latitude, least and
    greatest longitude (None: not registered). `ended` of an order is its hand-off, cancellation, rejection or failure.
    What did not arrive is an empty frame. `refused`: by frame, rows of the day that came and broke a rule of their
    contract; of orders, those that silver did not take. `ever`: frames of which the city sent something on any day.
    """

    city_id: str
    business_date: date
    begins: float
    ends: float
    city_name: str = ""
    time_zone: str = "UTC"
    bounds: tuple[float, float, float, float] | None = None
    orders: pd.DataFrame = field(default_factory=lambda: _empty("orders"))
    restaurants: pd.DataFrame = field(default_factory=lambda: _empty("restaurants"))
    responses: pd.DataFrame = field(default_factory=lambda: _empty("responses"))
    assignments: pd.DataFrame = field(default_factory=lambda: _empty("assignments"))
    progress: pd.DataFrame = field(default_factory=lambda: _empty("progress"))
    shifts: pd.DataFrame = field(default_factory=lambda: _empty("shifts"))
    positions: pd.DataFrame = field(default_factory=lambda: _empty("positions"))
    speeds: pd.DataFrame = field(default_factory=lambda: _empty("speeds"))
    weather: pd.DataFrame = field(default_factory=lambda: _empty("weather"))
    visits: pd.DataFrame = field(default_factory=lambda: _empty("visits"))
    refused: dict[str, int] = field(default_factory=dict)
    ever: frozenset[str] = frozenset()

    def quarters(self) -> np.ndarray:
        """Bounds of the day's quarter hours, one more than there are quarters (92, 96 or 100 of them)."""
        return np.arange(self.begins, self.ends + 1, QUARTER_SECONDS)

    def clock(self, at: float) -> str:
        """Local wall clock of a moment, `18:45`."""
        return f"{pd.Timestamp(at, unit='s', tz=ZoneInfo(self.time_zone)):%H:%M}"

    def within(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Rows whose `at` lies in the day."""
        return frame[(frame["at"] >= self.begins) & (frame["at"] < self.ends)]
