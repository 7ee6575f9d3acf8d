"""Deliveries of air: what colluding couriers tap in free minutes, at the restaurant where they find time to go."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from generator.city.lives_profile import Dispatch
from generator.fraud.tricks import Tricks
from generator.lives.kitchen import Kitchens
from generator.lives.placed import PlacedOrders
from generator.lives.trips import Fleet, Trips
from generator.roads.travel import TravelTimes
from generator.signals.legs import NO_ORDER, Leg
from generator.streams import Streams

AFTER_HAND_OFF_SECONDS = 20.0  # a courier is free this long after a hand-off, as in dispatch
EAGER = 0.5  # who waits for the offer takes it in this part of the usual time
MILESTONES = (0.2, 0.45, 0.8)  # parts of the trip at which arrival, pick-up and nearness are tapped


def deliver_air(
    tricks: Tricks,
    orders: PlacedOrders,
    kitchens: Kitchens,
    fleet: Fleet,
    trips: Trips,
    dispatch: Dispatch,
    streams: Streams,
    travel: TravelTimes,
) -> None:
    """Fit the crews' deliveries into the couriers' free minutes, in place; without one the platform gives up."""
    profile, size = tricks.fraud.collusion, len(orders)
    seconds = profile.trip_seconds * np.exp(0.3 * streams.of("fraud/collusion/trip").standard_normal(size))
    answers = np.exp(0.6 * streams.of("fraud/collusion/answer").standard_normal(size))
    tapped = streams.of("fraud/collusion/milestones").uniform(-0.12, 0.12, (size, len(MILESTONES)))
    days = _Days.of(fleet, trips, dispatch) if tricks.crews else _Days()
    for order in np.flatnonzero(tricks.waited_for(orders)):
        takes, answer = max(60.0, float(seconds[order])), max(2.0, EAGER * dispatch.answer_seconds * answers[order])
        asked = max(float(kitchens.answered[order]) + 3, float(kitchens.ready[order]) - 0.3 * takes)
        crew = [row for row, courier in enumerate(fleet.ids) if courier in tricks.crews[orders.order_ids[order]]]
        needs = answer + 1 + takes + AFTER_HAND_OFF_SECONDS
        starts = [(days.free(fleet, row, asked, needs), row) for row in crew]
        start, row = min(starts, default=(np.inf, -1))
        if start > asked + profile.patience_seconds:
            trips.given_up[order] = asked + profile.patience_seconds
            continue
        shop = float(orders.pickup_lat[order]), float(orders.pickup_lng[order])
        ways = _Ways(travel, int(fleet.codes[row]), int(orders.hour(int(order), start)), start)
        assigned = start + answer + 1
        span, rides = days.visit(fleet, row, (start, start + needs), shop, ways)
        if rides:
            stay = Leg(row, int(order), assigned, assigned + 1, assigned + takes, *shop, *shop)
            trips.legs.extend([rides[0], stay, rides[1]])
        else:
            fleet.silences.append((row, start, start + needs))
        days.spans[row].append(span)
        _make_trip(trips, int(order), row, (start, answer, takes), np.array(MILESTONES) + tapped[order])


@dataclass(frozen=True)
class _Ways:
    """Rides of a courier at an instant."""

    travel: TravelTimes
    vehicle: int
    hour: int
    at: float

    def seconds(self, start: tuple[float, float], end: tuple[float, float]) -> float:
        """From one place (latitude, longitude) to another."""
        here, there = (self.travel.spots(np.array([place[0]]), np.array([place[1]]))[0] for place in (start, end))
        return float(self.travel.ride_seconds(here, there, self.vehicle, self.hour, self.at)) + 1.0


@dataclass
class _Days:
    """By courier (row of the fleet): `spans` in which each is asked, on the way or out of order, and `rides`."""

    spans: dict[int, list[tuple[float, float]]] = field(default_factory=dict)
    rides: dict[int, list[Leg]] = field(default_factory=dict)

    @classmethod
    def of(cls, fleet: Fleet, trips: Trips, dispatch: Dispatch) -> _Days:
        rides: dict[int, list[Leg]] = {row: [] for row in range(len(fleet.ids))}
        for leg in sorted(trips.legs, key=lambda leg: leg.start):
            rides[leg.courier].append(leg)
        return cls(_busy(fleet, trips, dispatch), rides)

    def free(self, fleet: Fleet, row: int, asked: float, needs: float) -> float:
        """First second from `asked` on with `needs` free seconds after it on the courier's shift; infinite if none."""
        at = max(asked, float(fleet.starts[row]))
        for start, end in sorted(self.spans[row]):
            if at + needs <= start:
                break
            at = max(at, end)
        return at if at + needs <= fleet.ends[row] else np.inf

    def visit(
        self, fleet: Fleet, row: int, span: tuple[float, float], shop: tuple[float, float], ways: _Ways
    ) -> tuple[tuple[float, float], list[Leg]]:
        """(seconds taken, rides): to the restaurant before the span and back after it; no rides if there is no time."""
        earlier = [leg for leg in self.rides[row] if leg.start <= span[0]]
        start = (earlier[-1].to_lat, earlier[-1].to_lng) if earlier else (fleet.start_lat[row], fleet.start_lng[row])
        here = float(start[0]), float(start[1])
        there, back = ways.seconds(here, shop), ways.seconds(shop, here)
        since = max([float(fleet.starts[row]), *(end for _, end in self.spans[row] if end <= span[0])])
        until = min([float(fleet.ends[row]), *(begin for begin, _ in self.spans[row] if begin >= span[1])])
        if span[0] - there < since or span[1] + back > until:
            return span, []
        taken = span[0] - there, span[1] + back
        return taken, [
            Leg(row, NO_ORDER, taken[0], span[0], span[0], *here, *shop),
            Leg(row, NO_ORDER, span[1], taken[1], taken[1], *shop, *here),
        ]


def _busy(fleet: Fleet, trips: Trips, dispatch: Dispatch) -> dict[int, list[tuple[float, float]]]:
    """Spans in which each courier (row) was asked, on the way or out of order."""
    asked: dict[tuple[int, int], float] = {}
    spans: dict[int, list[tuple[float, float]]] = {row: [] for row in range(len(fleet.ids))}
    for order, kind, at, row, _, reason in trips.decisions:
        if kind == "offered":
            asked[order, row] = at
        elif kind in ("declined", "unassigned"):
            rest = dispatch.breakdown_seconds if reason == "vehicle_breakdown" else AFTER_HAND_OFF_SECONDS
            spans[row].append((asked.pop((order, row)), at + rest))
    for (order, row), at in asked.items():
        ended = trips.done[order] if trips.courier[order] == row and np.isfinite(trips.done[order]) else at + 60.0
        spans[row].append((at, float(ended) + AFTER_HAND_OFF_SECONDS))
    for row, since, until in fleet.pauses:
        spans[row].append((since, until))
    return spans


def _make_trip(trips: Trips, order: int, row: int, times: tuple[float, float, float], milestones: np.ndarray) -> None:
    """Offer, acceptance and assignment; `times` are start, seconds of the answer, and of the trip, in whose parts
    `milestones` the milestones between are tapped."""
    start, answer, takes = times
    assigned = start + answer + 1
    trips.decisions.extend(
        [
            (order, "offered", start, row, "dispatcher", None),
            (order, "accepted", start + answer, row, "courier", None),
            (order, "assigned", assigned, row, "dispatcher", None),
        ]
    )
    trips.courier[order], trips.assigned[order] = row, assigned
    for told, part in zip((trips.arrived, trips.picked, trips.near), milestones, strict=True):
        told[order] = assigned + part * takes
    trips.done[order] = assigned + takes
