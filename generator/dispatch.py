"""Couriers at work: the nearest free courier is offered the order, declines or rides; one order in hand at a time.

Time runs forward through a heap of requests, so no decision knows what happens later. The loop goes order by order
because each assignment changes who is free and where; the search among couriers within it is vectorised.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from generator.lives_profile import Lives
from generator.placed import PlacedOrders, seconds_of
from generator.streams import Streams
from generator.travel import TravelTimes, straight_metres, vehicle_codes

OFFERS_DRAWN = (
    8  # offers of an order with chance of their own; a later offer is accepted (support has called the courier)
)
ASKED_AT_MOST = 12  # couriers, nearest by straight line, whose way along the streets is looked up


@dataclass(frozen=True)
class Trips:
    """One element an order; seconds since 1970, NaN for what did not happen.

    `courier` is a row of the sorted couriers, -1 where none was assigned; `done` is the hand-off or, if `failed`, its
    failure; `given_up` is when the platform stopped looking. `decisions`: (order, event type, second, courier row,
    decided by, reason) in the order they were made.
    """

    courier: np.ndarray
    assigned: np.ndarray
    arrived: np.ndarray
    picked: np.ndarray
    near: np.ndarray
    done: np.ndarray
    failed: np.ndarray
    given_up: np.ndarray
    decisions: list[tuple[int, str, float, int, str, str | None]] = field(default_factory=list)

    @classmethod
    def none_yet(cls, size: int) -> Trips:
        assigned, arrived, picked, near, done, given_up = (np.full(size, np.nan) for _ in range(6))
        return cls(np.full(size, -1), assigned, arrived, picked, near, done, np.zeros(size, dtype=bool), given_up)


class Fleet:
    """Where couriers are, when each is free, and how they ride. Sorted by courier_id, then start of shift."""

    def __init__(self, couriers: pd.DataFrame, lives: Lives, streams: Streams) -> None:
        couriers = couriers.sort_values(["courier_id", "starts_at"], kind="stable").reset_index(drop=True)
        self.ids = couriers["courier_id"].astype(str).tolist()
        self.vehicles = couriers["vehicle"].astype(str).tolist()
        self.codes = vehicle_codes(self.vehicles)
        self.lat = couriers["lat"].to_numpy(dtype=np.float64, copy=True)
        self.lng = couriers["lng"].to_numpy(dtype=np.float64, copy=True)
        self.starts, self.ends = seconds_of(couriers["starts_at"]), seconds_of(couriers["ends_at"])
        self.free = self.starts.copy()
        drawn = streams.of("courier/pace").standard_normal(len(couriers))
        self.pace = np.exp(lives.riding.courier_spread * drawn)

    def idle(self, now: float, asked: frozenset[int]) -> np.ndarray:
        """Rows of couriers who are on shift, free, and have not been asked for this order."""
        found = np.flatnonzero((self.free <= now) & (self.ends > now))
        return found[~np.isin(found, list(asked))] if asked else found

    def next_free(self, now: float) -> float:
        """When the next courier becomes free on shift after `now`; infinite if none will."""
        coming = self.free[(self.free > now) & (self.ends > self.free)]
        return float(coming.min()) if len(coming) else np.inf


class Dispatcher:
    """Finds couriers for orders and lives their trips."""

    def __init__(
        self,
        orders: PlacedOrders,
        fleet: Fleet,
        ready: np.ndarray,
        cancels: np.ndarray,
        lives: Lives,
        streams: Streams,
        travel: TravelTimes,
    ) -> None:
        self._orders, self._fleet, self._ready, self._cancels = orders, fleet, ready, cancels
        self._lives, self._travel = lives, travel
        self.trips = Trips.none_yet(len(orders))
        self._asked: dict[int, frozenset[int]] = {}
        self._draw(len(orders), streams)

    def _draw(self, size: int, streams: Streams) -> None:
        """Draw every chance beforehand, by order, so that one order's fate takes no number from another's."""
        riding, dispatch = self._lives.riding, self._lives.dispatch

        def factor(concern: str, spread: float, shape: tuple[int, ...]) -> np.ndarray:
            return np.exp(spread * streams.of(concern).standard_normal(shape))

        offers = (size, OFFERS_DRAWN)
        self._answer = dispatch.answer_seconds * factor("courier/answer", 0.6, offers)
        self._decline = streams.of("courier/decline").random(offers)
        self._approach = factor("courier/approach", riding.trip_spread, offers)
        self._breakdown = streams.of("courier/breakdown").random((size, 2))
        self._ride = factor("courier/ride", riding.trip_spread, (size,))
        self._arrive = riding.arrive_seconds * factor("courier/arrive", riding.service_spread, (size,))
        self._pick_up = riding.pick_up_seconds * factor("courier/pick up", riding.service_spread, (size,))
        self._hand_off = riding.hand_off_seconds * factor("courier/hand off", riding.service_spread, (size,))
        self._absent = streams.of("customer/absent").random(size) < self._lives.customer.absent_share
        names, weights = (
            np.array(list(dispatch.decline_reasons), dtype=object),
            np.array(list(dispatch.decline_reasons.values())),
        )
        self._reason = streams.of("courier/decline reason").choice(names, offers, p=weights / weights.sum())

    def run(self, which: np.ndarray, request: np.ndarray) -> Trips:
        """Serve the orders `which` from their time of `request` on."""
        patience, retry = self._lives.dispatch.patience_seconds, self._lives.dispatch.retry_seconds
        given = np.nan_to_num(self._orders.ready_given, nan=-np.inf)
        deadline = np.maximum(request + patience, given + 5)
        heap = [(float(request[i]), int(i), 0) for i in which]
        heapq.heapify(heap)
        while heap:
            now, order, offers = heapq.heappop(heap)
            if self._cancels[order] <= now:
                continue
            if now > deadline[order]:
                self.trips.given_up[order] = now
                continue
            courier, way = self._nearest(order, now)
            if courier < 0:
                again = min(max(now + retry, self._fleet.next_free(now)), deadline[order] + 1)
                heapq.heappush(heap, (again, order, offers))
                continue
            again = self._offer(order, courier, way, now, min(offers, OFFERS_DRAWN - 1))
            if np.isfinite(again):
                heapq.heappush(heap, (again, order, offers + 1))
                deadline[order] = max(deadline[order], again + patience / 2)
        return self.trips

    def _nearest(self, order: int, now: float) -> tuple[int, float]:
        """Row of the free courier with the shortest way to the restaurant, and its seconds; (-1, 0): none in reach."""
        fleet, orders = self._fleet, self._orders
        idle = fleet.idle(now, self._asked.get(order, frozenset()))
        if len(idle) == 0:
            return -1, 0.0
        lat, lng = orders.pickup_lat[order], orders.pickup_lng[order]
        if len(idle) > ASKED_AT_MOST:
            metres = straight_metres(fleet.lat[idle], fleet.lng[idle], lat, lng)
            idle = idle[np.argpartition(metres, ASKED_AT_MOST)[:ASKED_AT_MOST]]
        hour = int(orders.hour(order, now))
        way = self._travel.seconds(fleet.lat[idle], fleet.lng[idle], lat, lng, fleet.codes[idle], hour)
        best = int(np.lexsort((idle, way))[0])
        return (int(idle[best]), float(way[best])) if way[best] <= self._lives.dispatch.reach_seconds else (-1, 0.0)

    def _offer(self, order: int, courier: int, way: float, now: float, nth: int) -> float:
        """Offer the order; returns when to look again (infinite: no need to)."""
        dispatch, fleet = self._lives.dispatch, self._fleet
        answered = now + max(2.0, float(self._answer[order, nth]))
        self._decide(order, "offered", now, courier, "dispatcher")
        fleet.free[courier] = answered + 1
        if self._cancels[order] <= answered + 1:
            return np.inf
        share = dispatch.decline_far_share if way > dispatch.far_seconds else dispatch.decline_share
        if nth < OFFERS_DRAWN - 1 and self._decline[order, nth] < share:
            self._decide(order, "declined", answered, courier, "courier", str(self._reason[order, nth]))
            self._asked[order] = self._asked.get(order, frozenset()) | {courier}
            return answered + 2
        self._decide(order, "accepted", answered, courier, "courier")
        self._decide(order, "assigned", answered + 1, courier, "dispatcher")
        return self._go(order, courier, answered + 1, way * float(self._approach[order, nth]), nth)

    def _go(self, order: int, courier: int, assigned: float, way: float, nth: int) -> float:
        """The courier rides to the restaurant; returns when another courier must be looked for (infinite: none)."""
        fleet, dispatch = self._fleet, self._lives.dispatch
        arrived = assigned + way * float(fleet.pace[courier]) + float(self._arrive[order])
        chance, moment = self._breakdown[order]
        broken = assigned + 1 + moment * (arrived - assigned - 2)
        if nth == 0 and chance < dispatch.breakdown_share and broken < self._cancels[order]:
            self._decide(order, "unassigned", broken, courier, "courier", "vehicle_breakdown")
            self._move(order, courier, moment)
            fleet.free[courier] = broken + dispatch.breakdown_seconds
            return float(broken) + 5
        picked = max(arrived, float(self._ready[order])) + float(self._pick_up[order])
        if self._cancels[order] <= picked:
            return self._turn_back(order, courier, assigned, arrived)
        trips = self.trips
        trips.courier[order], trips.assigned[order] = courier, assigned
        trips.arrived[order], trips.picked[order] = arrived, picked
        self._deliver(order, courier, picked)
        return np.inf

    def _turn_back(self, order: int, courier: int, assigned: float, arrived: float) -> float:
        """The customer cancels before pick-up: the courier is taken off and free where the news finds them."""
        cancelled = float(self._cancels[order])
        self._decide(order, "unassigned", cancelled + 1, courier, "dispatcher", "order_cancelled")
        self.trips.courier[order], self.trips.assigned[order] = courier, assigned
        if arrived < cancelled:
            self.trips.arrived[order] = arrived
        self._move(order, courier, min(1.0, (cancelled - assigned) / (arrived - assigned)))
        self._fleet.free[courier] = cancelled + 20
        return np.inf

    def _deliver(self, order: int, courier: int, picked: float) -> None:
        """From the restaurant to the door; a customer who is not there is waited for, then the delivery has failed."""
        fleet, orders, trips = self._fleet, self._orders, self.trips
        way = self._travel.seconds(
            orders.pickup_lat[order], orders.pickup_lng[order], orders.dropoff_lat[order], orders.dropoff_lng[order],
            fleet.codes[courier], int(orders.hour(order, picked)),
        )  # fmt: skip
        near = picked + max(20.0, float(way) * float(fleet.pace[courier]) * float(self._ride[order]))
        absent = bool(self._absent[order])
        wait = self._lives.customer.absent_wait_seconds if absent else 0.0
        done = near + float(self._hand_off[order]) + wait
        trips.near[order], trips.done[order], trips.failed[order] = near, done, absent
        fleet.free[courier] = done + 20
        fleet.lat[courier], fleet.lng[courier] = orders.dropoff_lat[order], orders.dropoff_lng[order]

    def _move(self, order: int, courier: int, part: float) -> None:
        """Put the courier `part` of the way to the restaurant."""
        fleet, orders = self._fleet, self._orders
        fleet.lat[courier] += part * (orders.pickup_lat[order] - fleet.lat[courier])
        fleet.lng[courier] += part * (orders.pickup_lng[order] - fleet.lng[courier])

    def _decide(self, order: int, event_type: str, at: float, courier: int, by: str, reason: str | None = None) -> None:
        self.trips.decisions.append((order, event_type, at, courier, by, reason))
