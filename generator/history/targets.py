"""What a mapping can fill: the fields of an order and of a courier's shift, and how each is read."""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

Kind = Literal[
    "text", "word", "number", "whole", "money", "signed_money", "time", "latitude", "longitude", "length", "duration",
    "items", "tags",
]  # fmt: skip


@dataclass(frozen=True)
class Target:
    """One field. `required`: it must be mapped; `demanded`: where it is mapped, a row without it is rejected.

    `least` and `most`: a readable value beyond them is set aside. `refunds`: rows that are refunds have it too;
    `is_detail`: no event can hold it, so it is kept in the import's details.
    """

    kind: Kind
    required: bool = False
    meaning: str = ""
    demanded: bool = False
    least: float | None = None
    most: float | None = None
    refunds: bool = False
    is_detail: bool = False


ORDERS: dict[str, Target] = {
    "order_id": Target("text", required=True, refunds=True, meaning="the order's own number in the file"),
    "placed_at": Target("time", required=True, meaning="when the customer ordered"),
    "pickup_lat": Target("latitude", demanded=True, meaning="restaurant, degrees WGS 84"),
    "pickup_lng": Target("longitude", demanded=True, meaning="restaurant, degrees WGS 84"),
    "dropoff_lat": Target("latitude", demanded=True, meaning="customer, degrees WGS 84"),
    "dropoff_lng": Target("longitude", demanded=True, meaning="customer, degrees WGS 84"),
    "state": Target("word", meaning="how it ended: delivered, cancelled, rejected, failed, unanswered or open"),
    "order_type": Target("word", meaning="adhoc or preorder; the promise of a pre-order is when it is wanted"),
    "restaurant_notified_at": Target("time", meaning="when the restaurant was told; checked, no event of its own"),
    "accepted_at": Target("time", meaning="when the restaurant accepted"),
    "rejected_at": Target("time", meaning="when the restaurant rejected"),
    "preparing_at": Target("time", meaning="when the kitchen began"),
    "ready_at": Target("time", meaning="when the food was ready"),
    "courier_accepted_at": Target("time", meaning="when the courier took it; an event only where courier_id is known"),
    "arrived_at_restaurant_at": Target("time", meaning="when the courier came for it"),
    "picked_up_at": Target("time", meaning="when the courier left with it"),
    "delivered_at": Target("time", meaning="when it was handed over"),
    "delivery_minutes": Target("duration", meaning="instead of delivered_at: minutes after placement or pick-up"),
    "failed_at": Target("time", meaning="when the delivery failed"),
    "cancelled_at": Target("time", meaning="when it was cancelled"),
    "cancelled_by": Target("word", meaning="customer, restaurant, courier or platform"),
    "cancel_reason": Target("text", meaning="why it was cancelled"),
    "promised_at": Target("time", meaning="when the customer was told to expect the food"),
    "scheduled_for": Target("time", meaning="wanted at this time (pre-orders)"),
    "customer_id": Target("text", meaning="who ordered"),
    "courier_id": Target("text", meaning="who brought it"),
    "vehicle": Target("word", meaning="what the courier rides"),
    "restaurant_id": Target("text", required=True, meaning="who cooks; can be derived from the pick-up or the shop"),
    "restaurant_name": Target("text", meaning="the name a customer sees"),
    "basket_value_cents": Target("money", refunds=True, meaning="value of the basket, in hundredths of the currency"),
    "currency": Target("word", refunds=True, meaning="ISO 4217 code; must be the city's"),
    "refund_cents": Target("money", refunds=True, meaning="what went back; else the basket of a refund row"),
    "refunded_at": Target("time", refunds=True, meaning="when it went back; else placed_at of a refund row"),
    "items": Target("items", meaning="list of dishes, as JSON"),
    "tags": Target("tags", is_detail=True, meaning="words by name, as a JSON object"),
    "distance_m": Target("length", least=0, is_detail=True, meaning="length of the way; kept in metres"),
    "courier_age": Target("number", least=14, most=100, is_detail=True, meaning="years"),
    "courier_rating": Target("number", least=0, most=5, is_detail=True, meaning="the courier's mean stars"),
    "weather": Target("word", is_detail=True, meaning="as the file calls it"),
    "traffic": Target("word", is_detail=True, meaning="as the file calls it"),
    "tax_cents": Target("signed_money", refunds=True, is_detail=True, meaning="tax, in hundredths of the currency"),
    "fees_cents": Target("signed_money", refunds=True, is_detail=True, meaning="commission and fees, likewise"),
    "payout_cents": Target("signed_money", refunds=True, is_detail=True, meaning="what was paid out, likewise"),
}

COURIERS: dict[str, Target] = {
    "courier_id": Target("text", required=True, meaning="the courier's own number in the file"),
    "starts_at": Target("time", required=True, meaning="when the shift began"),
    "ends_at": Target("time", required=True, meaning="when the shift ended"),
    "vehicle": Target("word", required=True, meaning="walking, bicycle, e_bike, motorcycle or car"),
    "capacity": Target("whole", least=1, most=1_000, meaning="orders carried at once; 1 where it is not mapped"),
    "lat": Target("latitude", required=True, meaning="where the shift began, degrees WGS 84"),
    "lng": Target("longitude", required=True, meaning="where the shift began, degrees WGS 84"),
}

TARGETS: dict[str, dict[str, Target]] = {"orders": ORDERS, "couriers": COURIERS}

MONEY = tuple(name for name, target in ORDERS.items() if target.kind in ("money", "signed_money"))
ENDS = ("state", "rejected_at", "delivered_at", "delivery_minutes", "failed_at", "cancelled_at")
# Real milestones that a simulated life would contradict.
MILESTONES = (*ENDS, "accepted_at", "courier_accepted_at", "arrived_at_restaurant_at", "picked_up_at")
STATES = ("delivered", "cancelled", "rejected", "failed", "unanswered", "open")
WORDS = {
    "state": STATES,
    "order_type": ("adhoc", "preorder"),
    "cancelled_by": ("customer", "restaurant", "courier", "platform"),
}


def nearest(name: str, known: list[str]) -> str:
    """`; did you mean 'x'?` for the known name most like `name`, or nothing."""
    folded = {k.casefold(): k for k in reversed(known)}
    found = get_close_matches(name.casefold(), list(folded), n=1, cutoff=0.5)
    return f"; did you mean {folded[found[0]]!r}?" if found else ""
