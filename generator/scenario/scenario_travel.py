"""Travel on one business day of a city with a scenario's windows laid over it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import h3
import numpy as np

from generator.city.city import City
from generator.demand.doors import zones_at
from generator.roads.travel import Spots, TravelTimes
from generator.scenario.scenario import RidingWindow, Scenario
from generator.scenario.windows import Span, instant


class ScenarioTravel(TravelTimes):
    """As the base, slowed where a window holds.

    A ride that begins or ends in a window's zone is slowed; both ends in it slow it once. An hour is slowed as a whole
    if the window holds at its beginning.
    """

    def __init__(self, base: TravelTimes, city: City, day: date, scenario: Scenario) -> None:
        self._base, self._resolution = base, city.zone_resolution
        ids = {zone.name: zone.zone_id for zone in city.zones}
        self._by_hour: dict[int, list[tuple[float, np.ndarray]]] = {}
        for window in scenario.windows:
            span = window.span(city, day)
            if not isinstance(window, RidingWindow) or span is None:
                continue
            cells = np.array([h3.str_to_int(ids[zone]) for zone in window.zones], dtype=np.int64)
            for hour in sorted(hours_of(city, day, span)):
                self._by_hour.setdefault(hour, []).append((window.riding_factor, cells))

    def spots(self, lat: np.ndarray | float, lng: np.ndarray | float) -> Spots:
        """The base's, with the zone of each place."""
        found = self._base.spots(lat, lng)
        zone = zones_at(found.lat.ravel(), found.lng.ravel(), self._resolution)
        return replace(found, cell=zone.reshape(found.lat.shape))

    def between(self, start: Spots, end: Spots, vehicle: np.ndarray | int, hour: np.ndarray | int) -> np.ndarray:
        """As the base's, times the factors of the windows that hold."""
        seconds = self._base.between(start, end, vehicle, hour)
        held = {int(each) for each in np.unique(hour)} & set(self._by_hour)
        for each in sorted(held):
            for factor, cells in self._by_hour[each]:
                inside = _inside(start, cells) | _inside(end, cells)
                seconds = np.where((np.asarray(hour) == each) & inside, seconds * factor, seconds)
        return seconds

    def ride_seconds(self, start: Spots, end: Spots, vehicle: int, hour: int, at: float) -> float:
        """As the base's, times the factors of the windows that hold at the local hour."""
        seconds = self._base.ride_seconds(start, end, vehicle, hour, at)
        for factor, cells in self._by_hour.get(hour, ()):
            seconds *= factor if _inside(start, cells) or _inside(end, cells) else 1.0
        return seconds

    def on_the_way(self, start: Spots, end: Spots, vehicle: int, part: float) -> Spots:
        """As the base's."""
        place = self._base.on_the_way(start, end, vehicle, part)
        return self.spots(place.lat, place.lng)


class ClosedTravel(TravelTimes):
    """As `usual`, but by `detours` for what begins in the span of a closure; an hour counts by its beginning."""

    def __init__(self, usual: TravelTimes, detours: TravelTimes, hours: frozenset[int], span: Span) -> None:
        self._usual, self._detours, self._hours, self._span = usual, detours, np.array(sorted(hours)), span

    def spots(self, lat: np.ndarray | float, lng: np.ndarray | float) -> Spots:
        """As usual: places do not move."""
        return self._usual.spots(lat, lng)

    def between(self, start: Spots, end: Spots, vehicle: np.ndarray | int, hour: np.ndarray | int) -> np.ndarray:
        """By the detours in the closure's hours."""
        closed = np.isin(hour, self._hours)
        usual = self._usual.between(start, end, vehicle, hour)
        return np.where(closed, self._detours.between(start, end, vehicle, hour), usual) if closed.any() else usual

    def ride_seconds(self, start: Spots, end: Spots, vehicle: int, hour: int, at: float) -> float:
        """By the detours within the closure's span."""
        travel = self._detours if self._span[0] <= at < self._span[1] else self._usual
        return travel.ride_seconds(start, end, vehicle, hour, at)

    def on_the_way(self, start: Spots, end: Spots, vehicle: int, part: float) -> Spots:
        """On the usual way."""
        return self._usual.on_the_way(start, end, vehicle, part)


def hours_of(city: City, day: date, span: Span) -> frozenset[int]:
    """Local hours of the business day whose beginning lies in the span."""
    begins = {hour: instant(city, day, hour + 24 * (hour < city.day_cut_hour)) for hour in range(24)}
    return frozenset(hour for hour, at in begins.items() if span[0] <= at < span[1])


def _inside(places: Spots, cells: np.ndarray) -> np.ndarray:
    """Whether each place is in one of the cells; everywhere is where there are none."""
    return np.isin(places.cell, cells) if len(cells) else np.ones(places.cell.shape, dtype=bool)
