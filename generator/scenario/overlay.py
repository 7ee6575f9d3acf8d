"""What a profile's offers and a scenario's windows do to one business day: demand, kitchens, couriers, travel."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import cached_property

import h3
import numpy as np
import pandas as pd

from generator.city.city import City
from generator.city.city_parts import Bounds, Promotion
from generator.demand.doors import network_of
from generator.lives.placed import seconds_of
from generator.roads.routes import Area, detours_of
from generator.roads.street_travel import StreetTravel
from generator.roads.travel import TravelTimes
from generator.scenario.scenario import (
    AnyWindow,
    CourierWindow,
    DemandWindow,
    KitchenTrouble,
    KitchenWindow,
    PromotionWindow,
    RainWindow,
    RidingWindow,
    RoadWindow,
    Scenario,
    check_scenario,
)
from generator.scenario.scenario_travel import ClosedTravel, ScenarioTravel, hours_of
from generator.scenario.surges import Lift, Offer, Whose, in_rain, in_spans
from generator.scenario.windows import Span, Times, within
from generator.signals.courier_paths import Closure
from generator.signals.traffic import Traffic
from generator.signals.weather import Weather
from generator.streams import uniform_of

SHORTEST_SHIFT_SECONDS = 1_800  # nobody comes for less than half an hour
COOKED_BEFORE_WANTED_SECONDS = 2_400  # a pre-order meets the kitchen about this long before it is wanted


@dataclass(frozen=True)
class Overlay:
    """A business day of a city with a scenario; UsageError where the scenario names what the city does not have."""

    city: City
    day: date
    scenario: Scenario | None
    sky: Weather  # without the scenario's rain

    def __post_init__(self) -> None:
        if self.scenario:
            check_scenario(self.scenario, self.city)

    @cached_property
    def _windows(self) -> list[tuple[AnyWindow, Span]]:
        """The windows that hold on the day, with their seconds."""
        windows = self.scenario.windows if self.scenario else ()
        spans = [(window, window.span(self.city, self.day)) for window in windows]
        return [(window, span) for window, span in spans if span is not None]

    def _zones(self, names: tuple[str, ...]) -> tuple[int, ...]:
        return tuple(h3.str_to_int(zone.zone_id) for zone in self.city.zones if zone.name in names)

    @cached_property
    def weather(self) -> Weather:
        """The day's weather, with the scenario's rain."""
        weather = self.sky
        for window, span in self._windows:
            if isinstance(window, RainWindow):
                weather = weather.with_rain(*span, window.rain_mm_per_hour)
        return weather

    @cached_property
    def closures(self) -> list[Closure]:
        """Closed streets, with the ways round them."""
        held = [(window.closed_area, span) for window, span in self._windows if isinstance(window, RoadWindow)]
        return [Closure(*span, detours_of(network_of(self.city), area_of(area))) for area, span in held]

    @cached_property
    def offers(self) -> list[Offer]:
        """Promotions that hold on the day: the profile's, then the scenario's."""
        own = self.city.demand.promotions if self.city.demand else ()
        spans = [(promotion, _usual_times(promotion).span(self.city, self.day)) for promotion in own]
        held = [(window.promotion, span) for window, span in self._windows if isinstance(window, PromotionWindow)]
        return [Offer(p, (span,)) for p, span in [*spans, *held] if span is not None]

    @cached_property
    def lifts(self) -> list[Lift]:
        """What raises or lowers the demand of the day."""
        rain = self.city.demand.rain_lift if self.city.demand else 0.0
        found = [Lift("rain", in_rain(self.weather.rain_mm_per_hour, rain))] if rain else []
        found += [
            Lift(f"offer {offer.promotion.code}", in_spans(offer.spans, offer.promotion.demand_factor), offer.whose)
            for offer in self.offers
            if offer.promotion.demand_factor != 1.0
        ]
        for number, (window, span) in enumerate(self._windows):
            if isinstance(window, DemandWindow):
                whose = Whose(self._zones(window.zones), window.restaurants, window.cuisines)
                found.append(Lift(f"window {number}", in_spans((span,), window.demand_factor), whose))
        return found

    def kitchens(self, orders: pd.DataFrame) -> pd.DataFrame:
        """The orders with `kitchen_factor` (1 is usual) of each one's kitchen when it cooks, `kitchen_closed` when it
        is asked, and `kitchen_opens_at` again, where an order from before is to be cooked while it is closed."""
        factor, closed, opens = np.ones(len(orders)), np.zeros(len(orders), dtype=bool), np.full(len(orders), np.nan)
        placed = seconds_of(orders["placed_at"])
        cooked = np.fmax(placed, seconds_of(orders["scheduled_for"]) - COOKED_BEFORE_WANTED_SECONDS)
        for window, span in sorted(self._windows, key=lambda held: held[1]):  # what waits for one may meet the next
            if isinstance(window, KitchenWindow):
                struck = self._struck(orders, window.kitchens)
                if window.kitchens.closed:
                    asked = struck & within(placed, span)
                    closed |= asked
                    opens = np.where(struck & within(np.fmax(cooked, opens), span) & ~asked, span[1], opens)
                at = np.fmax(cooked, opens)
                factor = np.where(struck & within(at, span), factor * window.kitchens.minutes_factor, factor)
        return orders.assign(kitchen_factor=factor, kitchen_closed=closed, kitchen_opens_at=_times(opens))

    def _struck(self, orders: pd.DataFrame, trouble: KitchenTrouble) -> np.ndarray:
        """Orders of the kitchens in trouble; which they are, where a share is, is decided by their ids and the day."""
        found = Whose(restaurants=trouble.restaurants, cuisines=trouble.cuisines).concerns(orders)
        if trouble.zones:
            found &= orders["pickup_zone"].isin(self._zones(trouble.zones)).to_numpy()
        if trouble.share < 1:
            found &= _drawn(orders["restaurant_id"], f"kitchen trouble {self.day}") < trouble.share
        return found

    def couriers(self, couriers: pd.DataFrame) -> pd.DataFrame:
        """The couriers who come, with the shifts they work, of those who would."""
        for window, span in self._windows:
            if isinstance(window, CourierWindow):
                missing = _drawn(couriers["courier_id"], f"absent {self.day}") >= window.courier_share
                couriers = _without(couriers, missing, span)
        return couriers

    def travel(self, usual: TravelTimes, traffic: Traffic | None) -> TravelTimes:
        """Travel times of the day: the usual ones, by detours while streets are closed, slower where riding is."""
        travel = usual
        for window, span in self._windows:
            if isinstance(window, RoadWindow):
                detours = StreetTravel(self.city, traffic, area_of(window.closed_area))
                travel = ClosedTravel(travel, detours, hours_of(self.city, self.day, span), span)
        if self.scenario and any(isinstance(window, RidingWindow) for window, _ in self._windows):
            return ScenarioTravel(travel, self.city, self.day, self.scenario)
        return travel


def area_of(bounds: Bounds) -> Area:
    """The bounds as the routes take them."""
    return bounds.min_lat, bounds.min_lng, bounds.max_lat, bounds.max_lng


def _usual_times(promotion: Promotion) -> Times:
    """When a promotion of the profile holds; the whole of every day if it says nothing."""
    if promotion.weekdays or promotion.hours:
        return Times(weekdays=promotion.weekdays, hours=promotion.hours)
    return Times(hours=(0.0, 36.0))


def _drawn(ids: pd.Series, concern: str) -> np.ndarray:
    codes, distinct = pd.factorize(ids)
    return uniform_of([str(each) for each in distinct], concern)[codes] if len(ids) else np.zeros(0)


def _without(couriers: pd.DataFrame, missing: np.ndarray, span: Span) -> pd.DataFrame:
    """Shifts cut by the span in which the missing are away: they come after it, or leave when it begins."""
    starts, ends = seconds_of(couriers["starts_at"]), seconds_of(couriers["ends_at"])
    touched = missing & (starts < span[1]) & (ends > span[0])
    comes_later = touched & (ends - span[1] >= span[0] - starts)
    starts = np.where(comes_later, np.maximum(starts, span[1]), starts)
    ends = np.where(touched & ~comes_later, np.minimum(ends, span[0]), ends)
    kept = ~touched | (ends - starts >= SHORTEST_SHIFT_SECONDS)
    changed: pd.DataFrame = couriers.assign(starts_at=_times(starts), ends_at=_times(ends))
    worked: pd.DataFrame = changed.loc[kept].reset_index(drop=True)
    return worked


def _times(seconds: np.ndarray) -> pd.Series:
    return pd.Series(pd.to_datetime(np.rint(seconds), unit="s", utc=True)).astype("datetime64[us, UTC]")
