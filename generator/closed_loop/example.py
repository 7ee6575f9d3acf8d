"""A small dispatcher outside the city, to begin your own from: the nearest free courier, as the crow flies.

It knows what the topics say and nothing else. `Nearest` decides; `serve` joins it to Kafka.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from generator.events import EventLog
from generator.roads.travel import straight_metres
from generator.sending.pace import MICROS

TOPICS = ("orders", "restaurant_responses", "courier_assignments", "delivery_progress", "courier_shifts")
SOURCE = "dispatch:nearest"


class Nearest:
    """Knows couriers and waiting orders from events, and sends the nearest free courier to each, oldest order first."""

    def __init__(self, city_id: str) -> None:
        self._city_id = city_id
        self._free: dict[str, tuple[float, float]] = {}  # courier on shift without an order: where
        self._last: dict[str, tuple[float, float]] = {}  # courier on shift: where last seen
        self._vehicles: dict[str, str | None] = {}
        self._pickups: dict[str, tuple[float, float]] = {}
        self._waiting: dict[str, set[str]] = {}  # accepted order without a courier: who declined it
        self._told: dict[str, int] = {}

    def learn(self, events: Mapping[str, Sequence[pa.Table]]) -> None:
        """Take in events by topic."""
        kinds = {topic: getattr(self, f"_{topic}") for topic in TOPICS}
        rows = [(row, kinds[topic]) for topic in TOPICS for table in events.get(topic, ()) for row in table.to_pylist()]
        for row, learn in sorted(rows, key=lambda pair: pair[0]["event_time"]):
            if row["city_id"] == self._city_id and row["source"] != SOURCE:
                learn(row)

    def decide(self, until_us: int) -> pa.Table | None:
        """`assigned` events for the waiting orders, as of the city's clock; None where nothing can be decided."""
        chosen: list[tuple[str, str]] = []
        for order_id, declined in list(self._waiting.items()):
            able = [courier_id for courier_id in self._free if courier_id not in declined]
            if able:
                lat, lng = np.array([self._free[courier_id] for courier_id in able]).T
                best = able[int(straight_metres(lat, lng, *self._pickups[order_id]).argmin())]
                chosen.append((order_id, best))
                del self._free[best], self._waiting[order_id]
        return self._events(chosen, until_us) if chosen else None

    def _events(self, chosen: list[tuple[str, str]], until_us: int) -> pa.Table:
        orders, couriers = [order_id for order_id, _ in chosen], [courier_id for _, courier_id in chosen]
        for order_id in orders:
            self._told[order_id] = self._told.get(order_id, 0) + 1
        log = EventLog(self._city_id, SOURCE)
        log.add(
            "courier_assignments",
            "assigned",
            orders,
            np.full(len(orders), until_us / MICROS),
            repeats=[self._told[order_id] for order_id in orders],
            courier_id=couriers,
            vehicle=[self._vehicles.get(courier_id) for courier_id in couriers],
            decided_by="dispatcher",
        )
        return log.tables(["courier_assignments"])["courier_assignments"]

    def _orders(self, row: dict[str, Any]) -> None:
        if row["event_type"] == "placed":
            self._pickups[row["order_id"]] = row["pickup_lat"], row["pickup_lng"]
        elif row["event_type"] == "cancelled":
            self._waiting.pop(row["order_id"], None)

    def _restaurant_responses(self, row: dict[str, Any]) -> None:
        if row["event_type"] == "accepted":
            self._waiting[row["order_id"]] = set()

    def _courier_assignments(self, row: dict[str, Any]) -> None:
        courier_id, order_id = row["courier_id"], row["order_id"]
        if row["event_type"] == "declined":
            self._waiting.setdefault(order_id, set()).add(courier_id)
        elif row["event_type"] == "unassigned" and row["reason"] == "vehicle_breakdown":
            self._waiting.setdefault(order_id, set()).add(courier_id)
            self._last.pop(courier_id, None)  # out for the rest of the shift, as far as this dispatcher cares
        if row["event_type"] in ("declined", "unassigned") and courier_id in self._last:
            self._free[courier_id] = self._last[courier_id]

    def _delivery_progress(self, row: dict[str, Any]) -> None:
        if row["courier_id"] in self._last:
            self._last[row["courier_id"]] = row["lat"], row["lng"]
            if row["event_type"] in ("delivered", "failed"):
                self._free[row["courier_id"]] = row["lat"], row["lng"]

    def _courier_shifts(self, row: dict[str, Any]) -> None:
        if row["event_type"] == "started":
            self._vehicles[row["courier_id"]] = row["vehicle"]
            self._last[row["courier_id"]] = self._free[row["courier_id"]] = row["lat"], row["lng"]
        elif row["event_type"] in ("ended", "dropped_out"):
            self._last.pop(row["courier_id"], None)
            self._free.pop(row["courier_id"], None)


def serve(city_id: str, should_stop: Callable[[], bool], ready: Callable[[], None] = lambda: None) -> int:
    """Decide on every tick of the city's clock until told to stop; the number of instructions given."""
    from pipelines.connectors.kafka import POLL_MS, producer, transaction
    from pipelines.movers.delivery import Delivery
    from pipelines.movers.dispatch_exchange import DECIDED, TOLD, Tick, inbox_of
    from pipelines.movers.events_to_kafka import origin_of, send_events

    dispatcher, given = Nearest(city_id), 0
    with inbox_of(*TOPICS) as inbox, producer(f"dishpatch:{SOURCE}:{city_id}") as client:
        ready()
        while not should_stop():
            tables, ticks = inbox.read(POLL_MS)
            dispatcher.learn(tables)
            told = [tick.until_us for tick in ticks if (tick.kind, tick.city_id) == (TOLD, city_id)]
            if not told:
                continue
            dispatcher.learn(inbox.read_on())
            instructions = dispatcher.decide(max(told))
            with transaction(client) as send:
                if instructions is not None:
                    send_events(send, {"courier_assignments": Delivery((instructions,))}, origin_of(SOURCE, city_id))
                    given += instructions.num_rows
                Tick(DECIDED, city_id, SOURCE, max(told)).send(send)
    return given
