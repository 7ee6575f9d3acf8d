"""What becomes of an order that a courier has taken: the way to the restaurant, the wait, the ride, the door."""

from __future__ import annotations

import numpy as np

from generator.city.lives_profile import Lives
from generator.lives.placed import PlacedOrders
from generator.lives.trips import Fleet, Trips
from generator.roads.travel import Spots, TravelTimes
from generator.signals.legs import Leg
from generator.streams import Streams

# Offers of an order with chances of their own; a later offer is accepted (support has called the courier).
OFFERS_DRAWN = 8
MOST_DECLINED = 0.9  # even the choosiest courier takes some orders


class Rides:
    """Lives the trips of assigned orders; every chance is drawn beforehand, by order.

    So one order's fate takes no number from another's, and two ways to dispatch meet the same chances.
    """

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
        self.orders, self.fleet, self.ready, self.cancels = orders, fleet, ready, cancels
        self.lives, self.travel = lives, travel
        self.trips = Trips.none_yet(len(orders))
        self.pickups: Spots = travel.spots(orders.pickup_lat, orders.pickup_lng)
        self.dropoffs: Spots = travel.spots(orders.dropoff_lat, orders.dropoff_lng)
        self._draw(len(orders), streams)

    def _draw(self, size: int, streams: Streams) -> None:
        riding, dispatch = self.lives.riding, self.lives.dispatch

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
        self._absent = streams.of("customer/absent").random(size) < self.lives.customer.absent_share
        names = np.array(list(dispatch.decline_reasons), dtype=object)
        weights = np.array(list(dispatch.decline_reasons.values()))
        self._reason = streams.of("courier/decline reason").choice(names, offers, p=weights / weights.sum())

    def answer(self, order: int, courier: int, way: float, now: float, nth: int) -> tuple[float, str | None]:
        """When the courier answers the `nth` offer of the order made at `now`, and why they decline (None: accepted).

        `way` is seconds to the restaurant.
        """
        dispatch, nth = self.lives.dispatch, min(nth, OFFERS_DRAWN - 1)
        answered = now + max(2.0, float(self._answer[order, nth]))
        share = dispatch.decline_far_share if way > dispatch.far_seconds else dispatch.decline_share
        share = min(share * float(self.fleet.temper[courier]), MOST_DECLINED)
        declined = nth < OFFERS_DRAWN - 1 and self._decline[order, nth] < share
        return answered, str(self._reason[order, nth]) if declined else None

    def way_to_restaurant(self, order: int, couriers: np.ndarray, now: float) -> np.ndarray:
        """Usual seconds from where each of the couriers is to the order's restaurant."""
        hour = int(self.orders.hour(order, now))
        return self.travel.between(self.fleet.spots[couriers], self.pickups[order], self.fleet.codes[couriers], hour)

    def go(self, order: int, courier: int, assigned: float, nth: int) -> float:
        """The courier rides to the restaurant; returns when another courier must be looked for (infinite: none)."""
        fleet, dispatch, nth = self.fleet, self.lives.dispatch, min(nth, OFFERS_DRAWN - 1)
        here, there = fleet.spots[courier], self.pickups[order]
        way = self._takes(order, courier, here, there, assigned) * float(self._approach[order, nth])
        arrived = assigned + way + float(self._arrive[order])
        chance, moment = self._breakdown[order]
        broken = assigned + 1 + moment * (arrived - assigned - 2)
        if nth == 0 and chance < dispatch.breakdown_share and broken < self.cancels[order]:
            self.decide(order, "unassigned", broken, courier, "courier", "vehicle_breakdown")
            self.stop_on_the_way(order, courier, (assigned, broken, broken), float(moment))
            fleet.pause(courier, float(broken), dispatch.breakdown_seconds)
            return float(broken) + 5
        picked = max(arrived, float(self.ready[order])) + float(self._pick_up[order])
        if self.cancels[order] <= picked:
            return self._turn_back(order, courier, assigned, arrived)
        trips = self.trips
        trips.courier[order], trips.assigned[order] = courier, assigned
        trips.arrived[order], trips.picked[order] = arrived, picked
        trips.legs.append(Leg.between(courier, order, (assigned, assigned + way, picked), here, there))
        self._deliver(order, courier, picked)
        return np.inf

    def _turn_back(self, order: int, courier: int, assigned: float, arrived: float) -> float:
        """The customer cancels before pick-up: the courier is taken off and free where the news finds them."""
        cancelled = float(self.cancels[order])
        self.decide(order, "unassigned", cancelled + 1, courier, "dispatcher", "order_cancelled")
        self.trips.courier[order], self.trips.assigned[order] = courier, assigned
        if arrived < cancelled:
            self.trips.arrived[order] = arrived
        part = min(1.0, (cancelled - assigned) / (arrived - assigned))
        self.stop_on_the_way(order, courier, (assigned, min(cancelled, arrived), cancelled + 1), part)
        self.fleet.free[courier] = cancelled + 20
        return np.inf

    def _deliver(self, order: int, courier: int, picked: float) -> None:
        """From the restaurant to the door; a customer who is not there is waited for, then the delivery has failed."""
        fleet, trips, start, door = self.fleet, self.trips, self.pickups[order], self.dropoffs[order]
        near = picked + max(20.0, self._takes(order, courier, start, door, picked) * float(self._ride[order]))
        absent = bool(self._absent[order])
        wait = self.lives.customer.absent_wait_seconds if absent else 0.0
        done = near + float(self._hand_off[order]) + wait
        trips.near[order], trips.done[order], trips.failed[order] = near, done, absent
        trips.legs.append(Leg.between(courier, order, (picked, near, done), start, door))
        fleet.free[courier] = done + 20
        fleet.is_at(courier, door)

    def _takes(self, order: int, courier: int, start: Spots, end: Spots, at: float) -> float:
        """Seconds of the courier's ride that begins at `at`, in the traffic there is and at the courier's own pace."""
        hour, vehicle = int(self.orders.hour(order, at)), int(self.fleet.codes[courier])
        return self.travel.ride_seconds(start, end, vehicle, hour, at) * float(self.fleet.pace[courier])

    def stop_on_the_way(self, order: int, courier: int, times: tuple[float, float, float], part: float) -> None:
        """The courier stops after `part` of the way to the restaurant; `times` as in a leg: start, end, until."""
        here = self.fleet.spots[courier]
        place = self.travel.on_the_way(here, self.pickups[order], int(self.fleet.codes[courier]), part)
        start, end, until = times
        self.trips.legs.append(Leg.between(courier, order, (start, max(end, start + 1), until), here, place))
        self.fleet.is_at(courier, place)

    def decide(self, order: int, event_type: str, at: float, courier: int, by: str, reason: str | None = None) -> None:
        """Note a decision about the order."""
        self.trips.decisions.append((order, event_type, at, courier, by, reason))
