"""What dishonest couriers do to the trips of a day, after the dispatcher has made them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from generator.fraud.profile import Fraud, usual_fraud
from generator.lives.placed import PlacedOrders
from generator.lives.trips import Fleet, Trips
from generator.streams import Streams


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
