"""The built-in dispatcher: the nearest free courier is offered the order; one order in hand at a time.

Time runs forward through a heap of requests, so no decision knows what happens later. The loop goes order by order
because each assignment changes who is free and where; the search among couriers within it is vectorised.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from generator.lives.rides import Rides
from generator.lives.trips import Trips

ASKED_AT_MOST = 12  # couriers, nearest by straight line, whose way along the streets is looked up


@dataclass(frozen=True)
class Requests:
    """Orders that need a courier: `which` of all; for each of all when its restaurant accepted, and from when a courier
    is wanted (seconds since 1970)."""

    which: np.ndarray
    accepted: np.ndarray
    wanted: np.ndarray


Dispatch = Callable[[Rides, Requests], Trips]


def nearest_courier(rides: Rides, requests: Requests) -> Trips:
    """Serve the requests with the built-in dispatcher."""
    return Dispatcher(rides).run(requests)


class Dispatcher:
    """Finds couriers for orders and has their trips lived."""

    def __init__(self, rides: Rides) -> None:
        self._rides, self._fleet, self._lives = rides, rides.fleet, rides.lives
        self._lng_scale = float(np.cos(np.radians(np.mean(rides.pickups.lat)))) if len(rides.orders) else 1.0
        self._asked: dict[int, frozenset[int]] = {}

    def run(self, requests: Requests) -> Trips:
        """Serve each order from when a courier is wanted on."""
        patience, retry = self._lives.dispatch.patience_seconds, self._lives.dispatch.retry_seconds
        cancels, trips = self._rides.cancels, self._rides.trips
        deadline = deadlines(self._rides, requests.wanted)
        heap = [(float(requests.wanted[i]), int(i), 0) for i in requests.which]
        heapq.heapify(heap)
        while heap:
            now, order, offers = heapq.heappop(heap)
            if cancels[order] <= now:
                continue
            if now > deadline[order]:
                trips.given_up[order] = now
                continue
            courier, way = self._nearest(order, now)
            if courier < 0:
                again = min(max(now + retry, self._fleet.next_free(now)), deadline[order] + 1)
                heapq.heappush(heap, (again, order, offers))
                continue
            again = self._offer(order, courier, way, now, offers)
            if again < np.inf:
                heapq.heappush(heap, (again, order, offers + 1))
                deadline[order] = max(deadline[order], again + patience / 2)
        return trips

    def _nearest(self, order: int, now: float) -> tuple[int, float]:
        """Row of the free courier with the shortest way to the restaurant, and its seconds; (-1, 0): none in reach."""
        fleet, there = self._fleet, self._rides.pickups
        idle = fleet.idle(now, self._asked.get(order, frozenset()))
        if len(idle) == 0:
            return -1, 0.0
        if len(idle) > ASKED_AT_MOST:
            north = fleet.spots.lat[idle] - there.lat[order]
            east = (fleet.spots.lng[idle] - there.lng[order]) * self._lng_scale
            idle = idle[np.argpartition(north * north + east * east, ASKED_AT_MOST)[:ASKED_AT_MOST]]
            idle.sort()
        way = self._rides.way_to_restaurant(order, idle, now)
        best = int(way.argmin())  # of equal ways the first courier
        return (int(idle[best]), float(way[best])) if way[best] <= self._lives.dispatch.reach_seconds else (-1, 0.0)

    def _offer(self, order: int, courier: int, way: float, now: float, nth: int) -> float:
        """Offer the order; returns when to look again (infinite: no need to)."""
        rides = self._rides
        answered, declined = rides.answer(order, courier, way, now, nth)
        rides.decide(order, "offered", now, courier, "dispatcher")
        self._fleet.free[courier] = answered + 1
        if rides.cancels[order] <= answered + 1:
            return np.inf
        if declined:
            rides.decide(order, "declined", answered, courier, "courier", declined)
            self._asked[order] = self._asked.get(order, frozenset()) | {courier}
            return answered + 2
        rides.decide(order, "accepted", answered, courier, "courier")
        rides.decide(order, "assigned", answered + 1, courier, "dispatcher")
        return rides.go(order, courier, answered + 1, nth)


def deadlines(rides: Rides, wanted: np.ndarray) -> np.ndarray:
    """When the platform stops looking for a courier: after its patience, and not before a given ready time."""
    given = np.nan_to_num(rides.orders.ready_given, nan=-np.inf)
    return np.asarray(np.maximum(wanted + rides.lives.dispatch.patience_seconds, given + 5))
