"""What a dispatcher outside tells the couriers: read from events, refused where it cannot be done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa

ASSIGNED, UNASSIGNED = "assigned", "unassigned"

# Why a courier does not do what they were told; the `reason` of the `declined` event that answers it.
UNKNOWN_COURIER = "unknown_courier"
OFF_SHIFT = "off_shift"
BUSY = "busy"
ORDER_NOT_OPEN = "order_not_open"  # not accepted by its restaurant yet, or rejected, cancelled, given up, delivered
HAS_COURIER = "order_has_courier"  # take the other courier off first
NOT_ON_ORDER = "not_on_order"  # taken off an order that this courier does not have, or has picked up already


@dataclass(frozen=True, order=True)
class Instruction:
    """`courier_id` is put on the order (`assigned`) or taken off it (`unassigned`) at `at`, seconds since 1970.

    `at` is when the city heard of it, not what the event says: a dispatcher cannot act in the past.
    """

    at: float
    event_id: str
    kind: str
    order_id: str
    courier_id: str


def instructions_of(assignments: pa.Table, city_id: str, own_source: str, at: float) -> list[Instruction]:
    """The instructions among rows of the courier_assignments topic that were heard at `at`.

    All `assigned` and `unassigned` of the city count but those that the city itself (`own_source`) told of.
    """
    columns = ("event_id", "event_type", "city_id", "source", "order_id", "courier_id")
    rows = assignments.select(columns).to_pylist()  # a row loop: a few decisions at a time
    return [
        Instruction(at, row["event_id"], row["event_type"], row["order_id"], row["courier_id"])
        for row in rows
        if row["city_id"] == city_id and row["source"] != own_source and row["event_type"] in (ASSIGNED, UNASSIGNED)
    ]


def each_once(instructions: Iterable[Instruction]) -> list[Instruction]:
    """In order of time, and a repeat of an event only the first time it was heard."""
    found: dict[str, Instruction] = {}
    for each in sorted(instructions):
        found.setdefault(each.event_id, each)
    return list(found.values())
