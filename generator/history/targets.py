"""What a mapping can fill: the fields of an order and of a courier's shift, and how each is read."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Kind = Literal["text", "whole", "money", "time", "latitude", "longitude"]


@dataclass(frozen=True)
class Target:
    """One field. `required`: a row without it is rejected."""

    kind: Kind
    required: bool = False
    meaning: str = ""


ORDERS: dict[str, Target] = {
    "order_id": Target("text", required=True, meaning="the order's own number in the file"),
    "placed_at": Target("time", required=True, meaning="when the customer ordered"),
    "pickup_lat": Target("latitude", required=True, meaning="restaurant, degrees WGS 84"),
    "pickup_lng": Target("longitude", required=True, meaning="restaurant, degrees WGS 84"),
    "dropoff_lat": Target("latitude", required=True, meaning="customer, degrees WGS 84"),
    "dropoff_lng": Target("longitude", required=True, meaning="customer, degrees WGS 84"),
    "preparing_at": Target("time", meaning="when the kitchen began"),
    "ready_at": Target("time", meaning="when the food was ready"),
    "promised_at": Target("time", meaning="when the customer was told to expect the food"),
    "scheduled_for": Target("time", meaning="wanted at this time (pre-orders)"),
    "customer_id": Target("text", meaning="who ordered"),
    "restaurant_id": Target("text", required=True, meaning="who cooks; can be derived from the pick-up position"),
    "restaurant_name": Target("text", meaning="the name a customer sees"),
    "basket_value_cents": Target("money", meaning="value of the basket, kept in hundredths of the currency"),
}

COURIERS: dict[str, Target] = {
    "courier_id": Target("text", required=True, meaning="the courier's own number in the file"),
    "starts_at": Target("time", required=True, meaning="when the shift began"),
    "ends_at": Target("time", required=True, meaning="when the shift ended"),
    "vehicle": Target("text", required=True, meaning="walking, bicycle, e_bike, motorcycle or car"),
    "capacity": Target("whole", meaning="orders carried at once; 1 where it is not mapped"),
    "lat": Target("latitude", required=True, meaning="where the shift began, degrees WGS 84"),
    "lng": Target("longitude", required=True, meaning="where the shift began, degrees WGS 84"),
}

TARGETS: dict[str, dict[str, Target]] = {"orders": ORDERS, "couriers": COURIERS}


def nearest(name: str, known: list[str]) -> str:
    """`; did you mean 'x'?` for the known name most like `name`, or nothing."""
    folded = {k.casefold(): k for k in reversed(known)}
    found = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.5)
    return f"; did you mean {folded[found[0]]!r}?" if found else ""
