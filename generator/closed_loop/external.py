"""Couriers who do what they are told: the lives of a day under the instructions given so far.

The whole day is lived anew whenever an instruction was added. That is sound because every chance was drawn beforehand,
by order, and an instruction heard at an instant changes nothing before it: what was told of the day stays true. What
lies ahead is what happens if no further instruction comes, an order without a courier being given up in the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from generator.closed_loop.instructions import (
    ASSIGNED,
    BUSY,
    HAS_COURIER,
    NOT_ON_ORDER,
    OFF_SHIFT,
    ORDER_NOT_OPEN,
    UNKNOWN_COURIER,
    Instruction,
)
from generator.lives.dispatch import Requests, deadlines
from generator.lives.rides import Rides
from generator.lives.trips import Trips
from generator.roads.travel import Spots

REFUSED_AFTER_SECONDS = 1.0  # the courier's app answers by itself


@dataclass
class _InHand:
    """A courier on an order: since when, until when (infinite: to its end), and where the courier was before."""

    courier: int
    since: float
    until: float
    where: Spots


class ExternalDispatch:
    """Stands in for the built-in dispatcher: `dispatch(rides, requests)` lives the instructions, in order of time."""

    def __init__(self, instructions: Sequence[Instruction]) -> None:
        self._instructions = instructions
        self.ignored: list[Instruction] = []  # of orders that this day does not have

    def __call__(self, rides: Rides, requests: Requests) -> Trips:
        """Serve the requested orders: a courier can be told from their acceptance on."""
        self._rides, self._deadline = rides, deadlines(rides, requests.wanted)
        self._open_from = np.full(len(rides.orders), np.inf)
        self._open_from[requests.which] = requests.accepted[requests.which]
        self._offers: dict[int, int] = {}
        self._in_hand: dict[int, _InHand] = {}
        self._couriers = {courier_id: row for row, courier_id in enumerate(rides.fleet.ids)}
        orders = {order_id: place for place, order_id in enumerate(rides.orders.order_ids)}
        self.ignored = [each for each in self._instructions if each.order_id not in orders]
        for each in self._instructions:
            if each.order_id in orders:
                self._follow(each, orders[each.order_id])
        for order in requests.which:
            self._give_up(int(order), np.inf)
        rides.fleet.advance(np.inf)
        return rides.trips

    def waits(self, at: float) -> bool:
        """Whether an order is without a courier at `at`, so that a dispatcher may want to decide."""
        is_open = (self._open_from <= at) & (self._rides.cancels > at) & ~(self._rides.trips.given_up <= at)
        return any(self._held(int(order), at) is None for order in np.flatnonzero(is_open))

    def _follow(self, instruction: Instruction, order: int) -> None:
        at, courier = instruction.at, self._courier(instruction.courier_id)
        self._rides.fleet.advance(at)
        self._give_up(order, at)
        if instruction.kind == ASSIGNED:
            refusal = self._cannot(order, courier, at)
            if refusal:
                self._refuse(order, courier, at, refusal)
            else:
                self._assign(order, courier, at)
            return
        held = self._held(order, at)
        ended = np.fmin(self._rides.trips.picked[order], self._rides.cancels[order])
        if held is None or held.courier != courier or ended <= at:
            self._refuse(order, courier, at, NOT_ON_ORDER)
        else:
            self._take_off(order, held, at)

    def _cannot(self, order: int, courier: int, at: float) -> str | None:
        """Why the courier cannot take the order; None if they can."""
        rides, fleet = self._rides, self._rides.fleet
        if not self._open_from[order] <= at < rides.cancels[order] or np.isfinite(rides.trips.given_up[order]):
            return ORDER_NOT_OPEN
        if self._held(order, at):
            return ORDER_NOT_OPEN if rides.trips.done[order] <= at else HAS_COURIER
        if courier >= len(fleet):  # named after all others, see `_courier`
            return UNKNOWN_COURIER
        if not fleet.starts[courier] <= at < fleet.ends[courier]:
            return OFF_SHIFT
        return BUSY if fleet.free[courier] > at else None

    def _assign(self, order: int, courier: int, at: float) -> None:
        """The courier answers as the built-in dispatcher's would: with the same chances, offer by offer."""
        rides, nth = self._rides, self._offers.get(order, 0)
        self._offers[order] = nth + 1
        where = rides.fleet.spots[np.array([courier])]
        way = float(rides.way_to_restaurant(order, np.array([courier]), at)[0])
        answered, declined = rides.answer(order, courier, way, at, nth)
        rides.fleet.free[courier] = answered + 1
        if rides.cancels[order] <= answered + 1:
            return
        if declined:
            rides.decide(order, "declined", answered, courier, "courier", declined)
            self._in_hand[order] = _InHand(courier, answered + 1, answered, where)
            self._look_again(order, answered + 2)
            return
        rides.decide(order, "accepted", answered, courier, "courier")
        again = rides.go(order, courier, answered + 1, nth)
        self._in_hand[order] = _InHand(courier, answered + 1, again, where)
        if again < np.inf:
            self._look_again(order, again)

    def _take_off(self, order: int, held: _InHand, at: float) -> None:
        """As if the trip had not been begun, but for the way that was ridden until `at`; a break ahead is forfeited."""
        rides, trips, courier = self._rides, self._rides.trips, held.courier
        fleet, arrived = rides.fleet, trips.arrived[order]
        trips.legs[:] = [leg for leg in trips.legs if leg.order != order or leg.start < held.since]
        fleet.pauses[:] = [pause for pause in fleet.pauses if pause[0] != courier or pause[1] <= at]
        fleet.is_at(courier, held.where[0])
        if held.since < at and np.isfinite(arrived):
            part = float(np.clip((at - held.since) / max(arrived - held.since, 1.0), 0.0, 1.0))
            rides.stop_on_the_way(order, courier, (held.since, min(at, arrived), at + REFUSED_AFTER_SECONDS), part)
        fleet.free[courier] = at + REFUSED_AFTER_SECONDS
        trips.forget(order, at)
        del self._in_hand[order]
        self._look_again(order, at)

    def _look_again(self, order: int, at: float) -> None:
        self._deadline[order] = max(self._deadline[order], at + self._rides.lives.dispatch.patience_seconds / 2)

    def _give_up(self, order: int, at: float) -> None:
        """The platform's patience with an order that has no courier by `at` ends at its deadline."""
        ended, rides = self._deadline[order] + 1, self._rides
        is_asked = np.isfinite(self._open_from[order]) and not np.isfinite(rides.trips.given_up[order])
        if is_asked and ended <= at and self._held(order, ended) is None and rides.cancels[order] > ended:
            rides.trips.given_up[order] = ended

    def _held(self, order: int, at: float) -> _InHand | None:
        held = self._in_hand.get(order)
        return held if held and held.until > at else None

    def _courier(self, courier_id: str) -> int:
        """Row of the courier; one that the day does not know gets a row after all others, so that it can be named."""
        if courier_id not in self._couriers:
            self._couriers[courier_id] = len(self._rides.fleet.ids) + len(self._rides.fleet.strangers)
            self._rides.fleet.strangers.append(courier_id)
        return self._couriers[courier_id]

    def _refuse(self, order: int, courier: int, at: float, reason: str) -> None:
        self._rides.decide(order, "declined", at + REFUSED_AFTER_SECONDS, courier, "courier", reason)
