"""More or fewer orders than usual, and promotions: what rain, offers and scenarios do to a day's demand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from generator.city.city_parts import Promotion
from generator.lives.placed import seconds_of
from generator.scenario.windows import Span, within
from generator.streams import Streams

SLOT_SECONDS = 300  # demand is drawn on a grid of five minutes and spread evenly within
HEAVY_RAIN_MM_PER_HOUR = 10.0


@dataclass(frozen=True)
class Whose:
    """The orders that something concerns, all of them if nothing is named. Zones are H3 numbers of drop-offs."""

    zones: tuple[int, ...] = ()
    restaurants: tuple[str, ...] = ()  # names or ids
    cuisines: tuple[str, ...] = ()

    def concerns(self, orders: pd.DataFrame) -> np.ndarray:
        """Whether each order goes to the zones, and comes from one of the restaurants or the cuisines."""
        found = np.ones(len(orders), dtype=bool)
        if self.zones:
            found &= orders["dropoff_zone"].isin(self.zones).to_numpy()
        if self.restaurants or self.cuisines:
            named = orders["restaurant_id"].isin(self.restaurants) | orders["restaurant_name"].isin(self.restaurants)
            found &= (named | orders["cuisine"].isin(self.cuisines)).to_numpy()
        return np.asarray(found)


@dataclass(frozen=True)
class Lift:
    """`factor(seconds since 1970)` times the usual orders of `whose`; `name` tells its random numbers apart."""

    name: str
    factor: Callable[[np.ndarray], np.ndarray]
    whose: Whose = Whose()

    def concerns(self, orders: pd.DataFrame) -> np.ndarray:
        return self.whose.concerns(orders)

    def taken_away(self, orders: pd.DataFrame, streams: Streams) -> np.ndarray:
        """Which of the usual orders are not placed, where the factor is below 1."""
        stays = np.minimum(self.factor(seconds_of(orders["placed_at"])), 1.0)
        return np.asarray(self.concerns(orders) & (streams.of("demand/stays away").random(len(orders)) >= stays))


@dataclass(frozen=True)
class Offer:
    """A promotion within its spans of time."""

    promotion: Promotion
    spans: tuple[Span, ...]

    @property
    def whose(self) -> Whose:
        return Whose(restaurants=self.promotion.restaurants, cuisines=self.promotion.cuisines)

    def used(self, orders: pd.DataFrame, streams: Streams) -> np.ndarray:
        """Which orders use the code."""
        placed = seconds_of(orders["placed_at"])
        holds = (
            np.any([within(placed, span) for span in self.spans], axis=0) if self.spans else np.zeros(len(orders), bool)
        )
        drawn = streams.of(f"demand/offer {self.promotion.code}").random(len(orders))
        return np.asarray(holds & self.whose.concerns(orders) & (drawn < self.promotion.order_share))


def in_spans(spans: tuple[Span, ...], factor: float) -> Callable[[np.ndarray], np.ndarray]:
    """`factor` within the spans, 1 outside."""

    def at(seconds: np.ndarray) -> np.ndarray:
        inside = np.any([within(seconds, span) for span in spans], axis=0) if spans else np.zeros(len(seconds), bool)
        return np.where(inside, factor, 1.0)

    return at


def in_rain(rain_mm_per_hour: Callable[[np.ndarray], np.ndarray], lift: float) -> Callable[[np.ndarray], np.ndarray]:
    """1 in the dry, 1 + `lift` in heavy rain, in proportion between."""

    def at(seconds: np.ndarray) -> np.ndarray:
        return 1 + lift * np.minimum(rain_mm_per_hour(seconds) / HEAVY_RAIN_MM_PER_HOUR, 1.0)

    return at
