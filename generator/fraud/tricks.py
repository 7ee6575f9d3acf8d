"""What dishonest couriers do to the trips of a day, after the dispatcher has made them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from generator.city.lives_profile import Dispatch
from generator.fraud.profile import Fraud, usual_fraud
from generator.lives.kitchen import Kitchens
from generator.lives.placed import PlacedOrders
from generator.lives.trips import Fleet, Trips
from generator.streams import Streams

AFTER_HAND_OFF_SECONDS = 20.0  # a courier is free this long after a hand-off, as in dispatch
ANSWER_SECONDS = 4.0  # who waits for the offer takes it at once


@dataclass
class Tricks:
    """Who is dishonest today; afterwards also what they did.

    `crews`: order_id -> couriers who wait for it at the restaurant. `cheats`: courier_id -> scheme of those who now and
    then call an order delivered on the way; `spoofers` likewise, whose phones tell false positions. `false_orders`
    (order_id -> scheme) and `complaints` are filled in by `call_delivered`, `spoofed` (order_id -> scheme) and
    `false_positions` (event ids) by `gps_spoofing.spoof_positions`.
    """

    fraud: Fraud = field(default_factory=usual_fraud)
    crews: dict[str, tuple[str, ...]] = field(default_factory=dict)
    cheats: dict[str, str] = field(default_factory=dict)
    spoofers: dict[str, str] = field(default_factory=dict)
    false_orders: dict[str, str] = field(default_factory=dict)
    complaints: set[str] = field(default_factory=set)
    spoofed: dict[str, str] = field(default_factory=dict)
    false_positions: set[str] = field(default_factory=set)

    def waited_for(self, orders: PlacedOrders) -> np.ndarray:
        """Whether a crew waits for each order: the dispatcher need not look for a courier."""
        return np.array([order in self.crews for order in orders.order_ids], dtype=bool)

    def call_delivered(self, orders: PlacedOrders, fleet: Fleet, trips: Trips, streams: Streams) -> np.ndarray:
        """Cut some trips of the cheats short, in place; returns where a customer says that nothing came."""
        profile, size = self.fraud.false_delivery, len(orders)
        schemes = [self.cheats.get(courier) for courier in fleet.ids]
        by_cheat = np.array([scheme is not None for scheme in schemes], dtype=bool)
        done = (trips.courier >= 0) & np.isfinite(trips.done) & ~trips.failed & ~self.waited_for(orders)
        cut = done & by_cheat[trips.courier] if len(by_cheat) else np.zeros(size, dtype=bool)
        cut &= streams.of("fraud/false_delivery/order").random(size) < profile.order_share
        tap = profile.tap_seconds * np.exp(0.5 * streams.of("fraud/false_delivery/tap").standard_normal(size))
        tap = np.minimum(tap, 0.6 * (trips.done - trips.picked))
        way = np.clip(profile.way_part * streams.of("fraud/false_delivery/way").uniform(0.0, 2.0, size), 0.0, 0.8)
        says = cut & (streams.of("fraud/false_delivery/complaint").random(size) < profile.complaint_share)
        trips.near[cut] = (trips.picked + 0.7 * tap)[cut]
        trips.done[cut] = (trips.picked + tap)[cut]
        trips.handed_lat[cut] = (orders.pickup_lat + way * (orders.dropoff_lat - orders.pickup_lat))[cut]
        trips.handed_lng[cut] = (orders.pickup_lng + way * (orders.dropoff_lng - orders.pickup_lng))[cut]
        self.false_orders = {orders.order_ids[i]: str(schemes[trips.courier[i]]) for i in np.flatnonzero(cut)}
        self.complaints = {orders.order_ids[i] for i in np.flatnonzero(says)}
        return says

    def deliver_air(
        self, orders: PlacedOrders, kitchens: Kitchens, fleet: Fleet, trips: Trips, dispatch: Dispatch, streams: Streams
    ) -> None:
        """Fit the crews' deliveries into the couriers' free minutes, in place; without one the platform gives up."""
        profile, size = self.fraud.collusion, len(orders)
        seconds = profile.trip_seconds * np.exp(0.3 * streams.of("fraud/collusion/trip").standard_normal(size))
        busy = _busy(fleet, trips, dispatch) if self.crews else {}
        for order in np.flatnonzero(self.waited_for(orders)):
            takes = max(60.0, float(seconds[order]))
            asked = max(float(kitchens.answered[order]) + 3, float(kitchens.ready[order]) - 0.3 * takes)
            crew = [row for row, courier in enumerate(fleet.ids) if courier in self.crews[orders.order_ids[order]]]
            needs = ANSWER_SECONDS + 1 + takes + AFTER_HAND_OFF_SECONDS
            starts = [(_free(busy.get(row, []), fleet, row, asked, needs), row) for row in crew]
            start, row = min(starts, default=(np.inf, -1))
            if start > asked + profile.patience_seconds:
                trips.given_up[order] = asked + profile.patience_seconds
                continue
            _make_trip(trips, int(order), row, start, takes)
            busy.setdefault(row, []).append((start, start + needs))


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


def _free(spans: list[tuple[float, float]], fleet: Fleet, row: int, asked: float, needs: float) -> float:
    """First second from `asked` on with `needs` free seconds after it on the courier's shift; infinite if none."""
    at = max(asked, float(fleet.starts[row]))
    for start, end in sorted(spans):
        if at + needs <= start:
            break
        at = max(at, end)
    return at if at + needs <= fleet.ends[row] else np.inf


def _make_trip(trips: Trips, order: int, row: int, start: float, takes: float) -> None:
    """Offer, acceptance and assignment at once; all milestones between are tapped within `takes` seconds."""
    assigned = start + ANSWER_SECONDS + 1
    trips.decisions.extend(
        [
            (order, "offered", start, row, "dispatcher", None),
            (order, "accepted", start + ANSWER_SECONDS, row, "courier", None),
            (order, "assigned", assigned, row, "dispatcher", None),
        ]
    )
    trips.courier[order], trips.assigned[order] = row, assigned
    trips.arrived[order], trips.picked[order] = assigned + 0.2 * takes, assigned + 0.45 * takes
    trips.near[order], trips.done[order] = assigned + 0.8 * takes, assigned + takes
