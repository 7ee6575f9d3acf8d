"""The streets that couriers' rides follow, as lines on which a moment is a place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from generator.roads.routes import Paths, Routes, Ways
from generator.roads.street_travel import CAR, OFF_STREET_KMH
from generator.roads.travel import SPEED_KMH, VEHICLES, straight_metres
from generator.signals.legs import Legs

LEAST_METRES = 0.1  # of a piece of way, so that no piece takes no time


@dataclass(frozen=True)
class Closure:
    """Streets that are closed from `start` until before `end`, seconds since 1970; `routes` are the ways round them."""

    start: float
    end: float
    routes: Routes


@dataclass(frozen=True)
class Lines:
    """The legs' ways as points one after another.

    `progress` of a point is the number of its leg plus the part of the leg's time that has passed there.
    """

    lat: np.ndarray
    lng: np.ndarray
    progress: np.ndarray
    node: np.ndarray  # the network's node nearest to the point

    def at(self, progress: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Latitude, longitude and piece of way (number of its first point) at each progress."""
        piece = np.searchsorted(self.progress, progress, side="right") - 1
        piece = np.clip(piece, 0, len(self.progress) - 2)
        length = np.maximum(self.progress[piece + 1] - self.progress[piece], 1e-12)
        part = np.clip((progress - self.progress[piece]) / length, 0.0, 1.0)
        lat = self.lat[piece] + part * (self.lat[piece + 1] - self.lat[piece])
        lng = self.lng[piece] + part * (self.lng[piece + 1] - self.lng[piece])
        return lat, lng, piece

    def metres(self, piece: np.ndarray) -> np.ndarray:
        """Straight length of each piece of way."""
        return straight_metres(self.lat[piece], self.lng[piece], self.lat[piece + 1], self.lng[piece + 1])


def lines_of(legs: Legs, vehicle: np.ndarray, routes: Routes, closures: Sequence[Closure] = ()) -> Lines:
    """The ways that the legs follow; `vehicle`: code of each leg's vehicle. Legs of a closure take its detours.

    A leg's time is shared among its pieces as their free-flow times are; doors are reached from the nearest node.
    """
    start, _ = routes.nearest(legs.from_lat, legs.from_lng)
    end, _ = routes.nearest(legs.to_lat, legs.to_lng)
    by_car = vehicle == CAR
    during = np.zeros(len(legs), dtype=np.int64)  # 0: no closure, else its number
    for number, closure in enumerate(closures, start=1):
        during[(legs.start >= closure.start) & (legs.start < closure.end)] = number
    tables = [routes, *(closure.routes for closure in closures)]
    paths = _joined(tables, during, start, end, by_car)
    counts = np.diff(paths.first)  # edges of each leg; it has three more points than edges: door, first node, door
    first = np.concatenate([[0], np.cumsum(counts + 3)])
    node = np.empty(first[-1], dtype=np.int64)
    leg = np.repeat(np.arange(len(legs)), counts + 3)
    place = np.arange(first[-1]) - first[leg]
    is_door = (place == 0) | (place == counts[leg] + 2)
    is_first = place == 1
    node[place == 0], node[is_first] = start, start
    node[place == counts[leg] + 2] = end
    inner = ~is_door & ~is_first
    node[inner] = routes.network.edge_to[paths.edges]
    lat, lng = routes.network.node_lat[node], routes.network.node_lng[node]
    lat[place == 0], lng[place == 0] = legs.from_lat, legs.from_lng
    last = place == counts[leg] + 2
    lat[last], lng[last] = legs.to_lat, legs.to_lng
    seconds = np.zeros(first[-1])  # from the point before
    off = np.flatnonzero(is_first | last)
    metres = straight_metres(lat[off - 1], lng[off - 1], lat[off], lng[off])
    seconds[off] = np.maximum(metres, LEAST_METRES) * 3.6 / OFF_STREET_KMH
    speed = np.array([SPEED_KMH[name] for name in VEHICLES])[vehicle[leg[inner]]]
    speed = np.where(by_car[leg[inner]], routes.network.edge_kmh[paths.edges], speed)
    seconds[inner] = np.maximum(routes.network.edge_metres[paths.edges], LEAST_METRES) * 3.6 / speed
    total = np.cumsum(seconds)
    since = total - total[first[:-1]][leg]
    progress = leg + since / since[first[1:] - 1][leg]
    return Lines(lat, lng, progress, node)


def straight_lines(legs: Legs) -> Lines:
    """The legs as straight lines, for cities whose streets are not known; every point's node is 0."""
    lat, lng = (
        np.stack([getattr(legs, f"from_{axis}"), getattr(legs, f"to_{axis}")], axis=1).ravel()
        for axis in ("lat", "lng")
    )
    progress = np.repeat(np.arange(len(legs), dtype=np.float64), 2) + np.tile([0.0, 1.0], len(legs))
    return Lines(lat, lng, progress, np.zeros(len(lat), dtype=np.int64))


def _joined(tables: list[Routes], table: np.ndarray, start: np.ndarray, end: np.ndarray, by_car: np.ndarray) -> Paths:
    """Paths of all legs in their order, by the table of each: the fastest for cars, the shortest for the others."""
    counts = np.zeros(len(start), dtype=np.int64)
    found: list[tuple[np.ndarray, Paths]] = []
    for number, is_car in product(range(len(tables)), (False, True)):
        routes, which = tables[number], np.flatnonzero((table == number) & (by_car == is_car))
        paths = _paths(routes.fastest if is_car else routes.shortest, start[which], end[which], routes)
        counts[which] = np.diff(paths.first)
        found.append((which, paths))
    first = np.concatenate([[0], np.cumsum(counts)])
    edges = np.empty(first[-1], dtype=np.int64)
    for which, paths in found:
        shift = np.repeat(first[which] - paths.first[:-1], np.diff(paths.first))
        edges[np.arange(len(paths.edges)) + shift] = paths.edges
    return Paths(edges, first)


def _paths(ways: Ways, start: np.ndarray, end: np.ndarray, routes: Routes) -> Paths:
    return ways.paths(start, end, routes.network.edge_from)
