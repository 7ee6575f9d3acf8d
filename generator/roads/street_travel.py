"""Travel along a city's streets: usual times by hour, and rides that are as slow as the traffic on their way is."""

from __future__ import annotations

import numpy as np

from generator.city.city import City
from generator.roads.routes import Area, Routes, detours_of, routes_of
from generator.roads.travel import (
    CONGESTION_FELT,
    SPEED_KMH,
    VEHICLES,
    CrowTravel,
    Spots,
    TravelTimes,
    slowdown,
    straight_metres,
)
from generator.signals.traffic import Traffic
from pipelines.errors import UsageError

OFF_STREET_KMH = 6.0  # from the door to the nearest node
METRES_A_SECOND = np.array([SPEED_KMH[name] for name in VEHICLES]) / 3.6  # on free streets, by vehicle code
CAR = VEHICLES.index("car")


class StreetTravel(TravelTimes):
    """Along the streets: two-wheelers and walkers by the shortest way at their own speed, cars by the fastest.

    From a place to its nearest node, and from the last node to the door, one goes on foot. With `traffic`, a ride takes
    as long as the streets of its way do at the time; what one reckons with beforehand is the usual hour.
    """

    def __init__(self, city: City, traffic: Traffic | None = None, closed: Area | None = None) -> None:
        if city.network is None:
            raise UsageError(f"city {city.city_id} has no street network; use CrowTravel")
        self._path, self._traffic, self._closed = city.network, traffic, closed
        self._congestion = city.lives.riding.congestion_by_hour
        self._edges: dict[tuple[int, int, bool], np.ndarray] = {}

    def _routes(self) -> Routes:
        return detours_of(self._path, self._closed) if self._closed else routes_of(self._path)

    def spots(self, lat: np.ndarray | float, lng: np.ndarray | float) -> Spots:
        lat, lng = np.broadcast_arrays(np.asarray(lat, dtype=np.float64), np.asarray(lng, dtype=np.float64))
        node, metres = self._routes().nearest(lat, lng)
        return Spots(lat, lng, node, metres, np.zeros(lat.shape, dtype=np.int64))

    def between(self, start: Spots, end: Spots, vehicle: np.ndarray | int, hour: np.ndarray | int) -> np.ndarray:
        routes, first, last = self._routes(), start.node, end.node
        by_bike = routes.shortest.total[first, last] / METRES_A_SECOND[vehicle]
        moving = np.where(np.equal(vehicle, CAR), routes.fastest.total[first, last], by_bike)
        on_foot = (start.off_metres + end.off_metres) / (OFF_STREET_KMH / 3.6)
        along = moving * slowdown(self._congestion, vehicle, hour) + on_foot
        same = first == last
        if not np.any(same):
            return np.asarray(along, dtype=np.float64)
        here = straight_metres(start.lat, start.lng, end.lat, end.lng) / (OFF_STREET_KMH / 3.6)
        return np.asarray(np.where(same, np.minimum(here, along), along), dtype=np.float64)

    def ride_seconds(self, start: Spots, end: Spots, vehicle: int, hour: int, at: float) -> float:
        """The ride's edges, each as slow as it is half-way through the usual time; a ride within a corner is usual."""
        usual = super().ride_seconds(start, end, vehicle, hour, at)
        if self._traffic is None or start.node == end.node:
            return usual
        routes, middle = self._routes(), at + usual / 2
        network = routes.network
        edges = self._way(int(start.node), int(end.node), vehicle == CAR)
        speed = network.edge_kmh[edges] / 3.6 if vehicle == CAR else METRES_A_SECOND[vehicle]
        felt = 1 + CONGESTION_FELT[VEHICLES[vehicle]] * (self._traffic.slowness(middle)[edges] - 1)
        moving = float(
            (network.edge_metres[edges] / speed * routes.slower[edges]) @ felt
        ) * self._traffic.riders_slowness(vehicle, middle)
        return moving + float(start.off_metres + end.off_metres) / (OFF_STREET_KMH / 3.6)

    def on_the_way(self, start: Spots, end: Spots, vehicle: int, part: float) -> Spots:
        """The last corner that was passed, or the start where none was."""
        network = self._routes().network
        edges = self._way(int(start.node), int(end.node), vehicle == CAR)
        gone = np.cumsum(network.edge_metres[edges])
        passed = int(np.searchsorted(gone, part * gone[-1], side="right")) if len(edges) else 0
        if passed == 0:
            return start
        corner = network.edge_to[edges[min(passed, len(edges)) - 1]]
        return self.spots(network.node_lat[corner], network.node_lng[corner])

    def _way(self, start: int, end: int, by_car: bool) -> np.ndarray:
        """Edges of the way, looked up once: restaurants and customers meet again and again."""
        if (start, end, by_car) not in self._edges:
            routes = self._routes()
            ways = routes.fastest if by_car else routes.shortest
            self._edges[start, end, by_car] = ways.edges(start, end, routes.network.edge_from)
        return self._edges[start, end, by_car]


def travel_of(city: City, traffic: Traffic | None = None) -> TravelTimes:
    """Travel along the city's streets where it has a network, else as the crow flies times a detour."""
    return StreetTravel(city, traffic) if city.network is not None else CrowTravel(city)
