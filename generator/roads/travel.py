"""Travel times: along a city's streets where its network is known, else by straight line times a detour.

`TravelTimes` is the interface; `street_travel.StreetTravel` and `CrowTravel` are the two kinds.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from generator.city.city import City
from pipelines.errors import UsageError

# Door-to-door speeds in km/h on free streets, lights and turns included. Walking and cycling are common figures of city
# surveys; an e-bike is held to 25 km/h in most places and loses a fifth of it at lights; motorcycles pass
# queues, cars do not.
SPEED_KMH = {"walking": 5.0, "bicycle": 14.0, "e_bike": 20.0, "motorcycle": 25.0, "car": 23.0}
VEHICLES = tuple(SPEED_KMH)

# How much of the city's congestion a vehicle feels: 0 none, 1 all of it. Two-wheelers pass queues.
CONGESTION_FELT = {"walking": 0.0, "bicycle": 0.2, "e_bike": 0.4, "motorcycle": 0.6, "car": 1.0}

_FELT = np.array([CONGESTION_FELT[name] for name in VEHICLES])

# Street distance over straight-line distance; city street networks are commonly measured between 1.2 and 1.5.
DETOUR = 1.35

METRES_PER_DEGREE = 111_195.0  # of latitude, on a sphere of 6,371 km


@dataclass(frozen=True)
class Spots:
    """Places made ready for travel: degrees, the nearest street node with the metres to it (-1 and 0 where streets are
    not known), and the H3 cell as a number (0 where nobody asked)."""

    lat: np.ndarray
    lng: np.ndarray
    node: np.ndarray
    off_metres: np.ndarray
    cell: np.ndarray

    def __getitem__(self, which: np.ndarray | int) -> Spots:
        return Spots(self.lat[which], self.lng[which], self.node[which], self.off_metres[which], self.cell[which])

    def copied(self) -> Spots:
        """The same places in arrays of their own, which `put` may change."""
        return Spots(*(np.array(each) for each in vars(self).values()))

    def put(self, place: int, other: Spots) -> None:
        """Overwrite one place with the one of `other`."""
        self.lat[place], self.lng[place] = other.lat, other.lng
        self.node[place], self.off_metres[place], self.cell[place] = other.node, other.off_metres, other.cell


def plain_spots(lat: np.ndarray | float, lng: np.ndarray | float) -> Spots:
    """Places without streets."""
    lat, lng = np.asarray(lat, dtype=np.float64), np.asarray(lng, dtype=np.float64)
    return Spots(lat, lng, np.full(lat.shape, -1), np.zeros(lat.shape), np.zeros(lat.shape, dtype=np.int64))


class TravelTimes(ABC):
    """Travel time between places: as one reckons with it, and as a ride at a moment really takes.

    All arguments broadcast against each other. `between` on `spots` made once is what loops use: finding the street of
    a place is dearer than the travel. `vehicle` are codes of `vehicle_codes`; `hour` is the local hour, 0 to 23.
    """

    @abstractmethod
    def spots(self, lat: np.ndarray | float, lng: np.ndarray | float) -> Spots:
        """The places made ready for `between`."""

    @abstractmethod
    def between(self, start: Spots, end: Spots, vehicle: np.ndarray | int, hour: np.ndarray | int) -> np.ndarray:
        """Usual seconds between places made ready, float64."""

    def seconds(
        self,
        from_lat: np.ndarray | float,
        from_lng: np.ndarray | float,
        to_lat: np.ndarray | float,
        to_lng: np.ndarray | float,
        vehicle: np.ndarray | int,
        hour: np.ndarray | int,
    ) -> np.ndarray:
        """Usual seconds between places given in degrees, float64."""
        return self.between(self.spots(from_lat, from_lng), self.spots(to_lat, to_lng), vehicle, hour)

    def ride_seconds(self, start: Spots, end: Spots, vehicle: int, hour: int, at: float) -> float:
        """What one ride that begins at `at` (seconds since 1970 UTC) takes; the usual where nothing else is known."""
        return float(self.between(start, end, vehicle, hour))

    def on_the_way(self, start: Spots, end: Spots, vehicle: int, part: float) -> Spots:
        """Where a ride is after `part` (0 to 1) of its way; on the straight line where the streets are not known."""
        return self.spots(start.lat + part * (end.lat - start.lat), start.lng + part * (end.lng - start.lng))


def vehicle_codes(names: Sequence[str]) -> np.ndarray:
    """Code of each vehicle name (its place in VEHICLES), int64; UsageError names an unknown vehicle."""
    unknown = sorted(set(names) - set(VEHICLES))
    if unknown:
        raise UsageError(f"unknown vehicle {unknown[0]!r}; known: {', '.join(VEHICLES)}. Map it to one of these.")
    places = {name: code for code, name in enumerate(VEHICLES)}
    return np.array([places[name] for name in names], dtype=np.int64)


def told_position(lat: np.ndarray, lng: np.ndarray, off_metres: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Degrees that a phone tells which is off by `off_metres` (one row a place, north and east), to six decimals."""
    off = off_metres / METRES_PER_DEGREE
    return np.round(lat + off[:, 0], 6), np.round(lng + off[:, 1] / np.cos(np.radians(lat)), 6)


def straight_metres(
    from_lat: np.ndarray | float, from_lng: np.ndarray | float, to_lat: np.ndarray | float, to_lng: np.ndarray | float
) -> np.ndarray:
    """Straight-line metres on a locally flat earth; within 0.1 % of the great circle over a city."""
    mid = np.radians((np.asarray(from_lat, dtype=np.float64) + to_lat) / 2)
    north = (np.asarray(to_lat, dtype=np.float64) - from_lat) * METRES_PER_DEGREE
    east = (np.asarray(to_lng, dtype=np.float64) - from_lng) * METRES_PER_DEGREE * np.cos(mid)
    return np.asarray(np.hypot(north, east))


def slowdown(congestion_by_hour: Sequence[float], vehicle: np.ndarray | int, hour: np.ndarray | int) -> np.ndarray:
    """Factor on free-flow time: what a vehicle feels of the city's congestion at a local hour."""
    felt = _FELT[vehicle]
    return np.asarray(1.0 + felt * (np.asarray(congestion_by_hour)[hour] - 1.0))


class CrowTravel(TravelTimes):
    """Straight line times a detour, for cities whose streets are not known."""

    def __init__(self, city: City) -> None:
        self._congestion = city.lives.riding.congestion_by_hour

    def spots(self, lat: np.ndarray | float, lng: np.ndarray | float) -> Spots:
        return plain_spots(lat, lng)

    def between(self, start: Spots, end: Spots, vehicle: np.ndarray | int, hour: np.ndarray | int) -> np.ndarray:
        metres = straight_metres(start.lat, start.lng, end.lat, end.lng) * DETOUR
        speed = np.array([SPEED_KMH[name] for name in VEHICLES])[vehicle] / 3.6
        return np.asarray(metres / speed * slowdown(self._congestion, vehicle, hour))
