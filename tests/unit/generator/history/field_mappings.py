"""Mappings for the kinds of odd files that people reported: payouts, portal downloads, copied data, event lines."""

from __future__ import annotations

from typing import Any

from generator.history.check import Checked
from generator.history.findings import Outcome
from generator.history.mapping import Mapping, parse_mapping

NEW_YORK = {
    "city_id": "new_york", "name": "New York", "time_zone": "America/New_York", "currency": "USD",
    "bounds": {"min_lat": 40.4, "max_lat": 41.0, "min_lng": -74.3, "max_lng": -73.6},
}  # fmt: skip
DOSA_TOWN = {
    "city_id": "dosa_town", "name": "Dosa Town", "time_zone": "Asia/Kolkata", "currency": "INR",
    "bounds": {"min_lat": 12.8, "max_lat": 13.2, "min_lng": 77.4, "max_lng": 77.8},
}  # fmt: skip
SOMEWHEN = {"constant": "2026-03-06 12:00"}
MARKERS = ["NaN", "nan", "null", "-"]

PAYOUTS: dict[str, Any] = {
    "name": "payouts",
    "cities": [NEW_YORK],
    "max_rejected_share": 0.5,
    "orders": {
        "header_line": 2,
        "identity": "{Shop Code}/{order_id}/{day}",
        "row_identity": "{Movement Id}",
        "row_kinds": {
            "column": "State",
            "values": {"completed": "order", "cancelled": "order", "refund": "refund", "advertising": "charge"},
        },
        "columns": {
            "order_id": {"column": "Order Code"},
            "placed_at": {
                "column": ["Order or Refund Day", "Accepted"],
                "format": "%m/%d/%y %I:%M %p",
                "default_time": "12:00 PM",
            },
            "accepted_at": {"column": ["Order or Refund Day", "Accepted"], "format": "%m/%d/%y %I:%M %p"},
            "state": {
                "column": "State",
                "values": {"completed": "delivered", "cancelled": "cancelled"},
            },
            "restaurant_id": {"column": "Shop Code"},
            "restaurant_name": {"column": "Shop"},
            "basket_value_cents": {"column": "Net Sale"},
            "tax_cents": {"column": "Tax"},
            "fees_cents": {"column": "Fees"},
            "payout_cents": {"column": "Payout", "required": True},
        },
    },
}
PORTAL: dict[str, Any] = {
    "name": "portal",
    "cities": [NEW_YORK],
    "clock": "utc",
    "max_rejected_share": 0.5,
    "orders": {
        "identity": "{order_id}",
        "thousands": ",",
        "columns": {
            "order_id": {"column": "Order"},
            "placed_at": {"column": "Date", "format": "%Y-%m-%d %H:%M"},
            "restaurant_id": {"column": "Place"},
            "state": {"column": "State"},
            "basket_value_cents": {"column": "Subtotal", "required": True},
            "fees_cents": {"column": "Commission"},
            "payout_cents": {"column": "Payout"},
        },
    },
}
COPIED: dict[str, Any] = {
    "name": "copied",
    "cities": [DOSA_TOWN],
    "max_rejected_share": 0.5,
    "orders": {
        "identity": "{order_id}",
        "missing": MARKERS,
        "columns": {
            "order_id": {"column": "order_id"},
            "placed_at": SOMEWHEN,
            "restaurant_id": {"column": "restaurant"},
            "restaurant_name": {"column": "restaurant"},
            "courier_age": {"column": "courier_age"},
            "courier_rating": {"column": "rating"},
            "weather": {"column": "weather", "strip_prefix": "conditions"},
            "traffic": {"column": "traffic", "values": ["Low", "Medium", "High", "Jam"]},
            "delivery_minutes": {"column": "minutes", "strip_prefix": "(min)", "unit": "min", "required": True},
            "distance_m": {"column": "distance"},
        },
        "details": {"zone": {"column": "zone", "missing": []}},
    },
}
PLACES: dict[str, Any] = {
    "name": "places",
    "cities": [DOSA_TOWN],
    "max_rejected_share": 0.9,
    "orders": {
        "identity": "{order_id}",
        "restaurant_id_from_pickup": {"decimals": 4},
        "columns": {
            "order_id": {"column": "order_id"},
            "placed_at": SOMEWHEN,
            "pickup_lat": {"column": "pickup_lat"},
            "pickup_lng": {"column": "pickup_lng"},
            "dropoff_lat": {"column": "drop_lat"},
            "dropoff_lng": {"column": "drop_lng"},
        },
    },
}
LIVES: dict[str, Any] = {
    "name": "lives",
    "cities": [DOSA_TOWN],
    "clock": "utc",
    "max_rejected_share": 0.5,
    "orders": {
        "identity": "{order_id}",
        "columns": {
            "order_id": {"column": "order_id"},
            "order_type": {"column": "kind"},
            "placed_at": {"column": "placed_at"},
            "promised_at": {"column": "promised_at"},
            "restaurant_notified_at": {"column": "restaurant_notified_at"},
            "accepted_at": {"column": "restaurant_confirmed_at"},
            "courier_accepted_at": {"column": "courier_accepted_at"},
            "picked_up_at": {"column": "picked_up_at"},
            "delivered_at": {"column": "delivered_at"},
            "cancelled_at": {"column": "cancelled_at", "batch_times": ["2026-10-02T04:00:00Z"]},
            "cancelled_by": {"constant": "customer"},
            "state": {
                "column": "state",
                "values": {"completed": "delivered", "cancelled": "cancelled", "open": "open"},
            },
            "restaurant_id": {"constant": "unnamed"},
            "courier_id": {"constant": "unnamed"},
        },
    },
}
NESTED: dict[str, Any] = {
    "name": "nested",
    "cities": [DOSA_TOWN],
    "max_rejected_share": 0.9,
    "orders": {
        "format": "jsonl",
        "identity": "{order_id}",
        "item_fields": {"name": "name", "quantity": "qty", "options": "options"},
        "columns": {
            "order_id": {"column": "order_id"},
            "placed_at": {"column": "placed_at"},
            "restaurant_id": {"constant": "unnamed"},
            "items": {"column": "items", "required": True},
            "tags": {"column": "tags"},
            "basket_value_cents": {"column": "total"},
        },
    },
}


def named(content: dict[str, Any], **orders: Any) -> Mapping:
    """The mapping, with keys of its orders replaced."""
    return parse_mapping(content | {"orders": content["orders"] | orders}, content["name"])


def ends(checked: Checked) -> dict[int, tuple[str, str]]:
    """{line: (outcome, rule)} of every row of the orders."""
    found = checked.found["orders"]
    rows = zip(found.rows.lines, found.outcome, found.rule, strict=True)
    return {int(line): (Outcome(outcome).name, str(rule)) for line, outcome, rule in rows}
