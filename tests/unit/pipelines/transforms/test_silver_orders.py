"""Silver orders by example: the events of an order in, its one row out."""

from __future__ import annotations

import pytest

from pipelines.contracts import load_contract
from tests.unit.pipelines.transforms.stories import (
    MINUTE,
    Event,
    at,
    cancelled,
    cities,
    courier,
    event,
    iso,
    payment,
    placed,
    progress,
    restaurant,
    silver,
    usual_life,
)


def test_a_usual_life_becomes_one_row() -> None:
    items = [
        {"item_id": "i1", "name": "Soup", "quantity": 2, "unit_price_cents": 500},
        {"item_id": "i2", "name": "Tea", "quantity": 1, "unit_price_cents": 500},
    ]
    order = silver(*usual_life("A", items=items)).orders["A"]
    told = {
        "outcome": "delivered",
        "business_date": iso("2026-09-12"),
        "local_hour": 13,
        "placed_at": at("11:00"),
        "restaurant_accepted_at": at("11:01"),
        "expected_ready_at": at("11:14"),
        "courier_assigned_at": at("11:05"),
        "arrived_at_restaurant_at": at("11:18"),
        "picked_up_at": at("11:20"),
        "delivered_at": at("11:34"),
        "delivery_seconds": 34 * MINUTE,
        "ready_to_pickup_seconds": 5 * MINUTE,
        "lateness_seconds": 4 * MINUTE,
        "is_late": True,
        "is_preorder": False,
        "flags": "",
        "courier_id": "c1",
        "vehicle": "bicycle",
        "item_count": 3,
        "basket_value_cents": 1500,
        "payment_status": "captured",
        "captured_cents": 1500,
        "refunded_cents": 0,
        "rating_overall": 4,
        "reviewed_at": at("12:10"),
        "event_count": 10,
        "last_event_time": at("12:10"),
    }
    assert {name: order[name] for name in told} == told


def test_the_output_is_the_contracts_and_no_row_is_lost() -> None:
    told = silver(*usual_life("A"), placed("B", "11:00"))
    assert told.result.orders.schema == load_contract("silver/orders").arrow_schema
    assert (set(told.orders), told.quarantine) == ({"A", "B"}, [])


def test_no_events_give_no_orders() -> None:
    told = silver(towns=cities())
    assert (told.orders, told.quarantine) == ({}, [])


# --- how an order ends: one class each


@pytest.mark.parametrize(
    ("outcome", "then"),
    [
        ("open", []),
        ("open", [restaurant("A", "accepted", "11:01")]),
        ("delivered", [restaurant("A", "accepted", "11:01"), progress("A", "delivered", "11:34")]),
        ("customer_before_acceptance", [cancelled("A", "11:02")]),
        ("customer_before_acceptance", [cancelled("A", "11:02"), restaurant("A", "accepted", "11:03")]),
        ("customer_after_acceptance", [restaurant("A", "accepted", "11:01"), cancelled("A", "11:02")]),
        ("restaurant_rejected", [restaurant("A", "rejected", "11:01", reason="closed")]),
        ("restaurant_rejected", [restaurant("A", "accepted", "11:01"), cancelled("A", "11:05", by="restaurant")]),
        (
            "no_courier",
            [restaurant("A", "accepted", "11:01"), cancelled("A", "11:30", "platform", reason="no_courier")],
        ),
        ("no_courier", [restaurant("A", "accepted", "11:01"), cancelled("A", "11:30", "platform")]),
        ("unanswered", [cancelled("A", "11:20", "platform", reason="unanswered")]),
        ("unanswered", [cancelled("A", "11:20", "platform")]),
        ("delivery_failed", [restaurant("A", "accepted", "11:01"), progress("A", "failed", "11:40", reason="nobody")]),
        ("delivery_failed", [restaurant("A", "accepted", "11:01"), cancelled("A", "11:40", by="courier")]),
    ],
)
def test_every_end_has_one_class(outcome: str, then: list[Event]) -> None:
    assert silver(placed("A", "11:00"), *then).orders["A"]["outcome"] == outcome


def test_an_order_nobody_answered_for_three_days_is_unanswered_and_never_hangs() -> None:
    assert silver(placed("A", "11:00"), reached="2026-09-15 11:00").orders["A"]["outcome"] == "unanswered"
    assert silver(placed("A", "11:00"), reached="2026-09-13 10:59").orders["A"]["outcome"] == "open"


def test_a_courier_who_accepts_after_the_cancellation_does_not_revive_the_order() -> None:
    order = silver(
        placed("A", "13:30"),
        restaurant("A", "accepted", "13:31"),
        cancelled("A", "13:40"),
        courier("A", "accepted", "13:40:30"),
        courier("A", "assigned", "13:40:30"),
    ).orders["A"]
    assert (order["outcome"], order["cancelled_at"]) == ("customer_after_acceptance", at("13:40"))


def test_failed_at_19_20_and_delivered_at_19_21_by_the_same_courier_is_one_delivered_order() -> None:
    told = silver(
        placed("A", "18:40"),
        restaurant("A", "accepted", "18:41"),
        progress("A", "failed", "19:20", reason="nobody"),
        progress("A", "delivered", "19:21"),
        payment("A", "captured", "19:21:05"),
    )
    assert list(told.orders) == ["A"]
    order = told.orders["A"]
    assert (order["outcome"], order["delivered_at"], order["failed_at"]) == ("delivered", at("19:21"), at("19:20"))
    assert (order["captured_cents"], told.quarantine) == (1500, [])


# --- milestones that are doubtful: flagged, counted, and out of what they would spoil


def test_a_pickup_confirmed_with_the_dropoff_tells_nothing_of_the_pickup() -> None:
    order = silver(
        placed("A", "11:05"),
        restaurant("A", "ready", "11:20"),
        progress("A", "picked_up", "11:46:00.200"),
        progress("A", "delivered", "11:46:00.900"),
    ).orders["A"]
    assert (order["outcome"], order["flags"]) == ("delivered", "pickup_confirmed_with_dropoff")
    assert (order["picked_up_at"], order["ready_to_pickup_seconds"]) == (None, None)
    assert order["delivery_seconds"] == pytest.approx(41 * MINUTE + 0.9)


def test_a_dropoff_closed_at_the_end_of_the_shift_is_fulfilled_but_out_of_the_durations() -> None:
    order = silver(
        placed("A", "19:20", promised_at=at("20:00")),
        progress("A", "picked_up", "19:50"),
        progress("A", "delivered", "23:02"),
    ).orders["A"]
    assert (order["outcome"], order["flags"]) == ("delivered", "dropoff_confirmed_late")
    assert (order["delivery_seconds"], order["lateness_seconds"], order["is_late"]) == (None, None, None)


def test_an_acceptance_before_the_placement_is_flagged() -> None:
    order = silver(
        placed("A", "11:00"), restaurant("A", "accepted", "10:59"), progress("A", "delivered", "11:30")
    ).orders["A"]
    assert (order["flags"], order["outcome"]) == ("milestone_before_placement", "delivered")


def test_a_dropoff_outside_the_service_area_is_flagged() -> None:
    order = silver(placed("A", "11:00", dropoff_lat=52.9)).orders["A"]
    assert order["flags"] == "dropoff_outside_area"


def test_flags_add_up() -> None:
    order = silver(
        placed("A", "11:00", dropoff_lat=52.9),
        restaurant("A", "accepted", "10:59"),
        progress("A", "picked_up", "11:20"),
        progress("A", "delivered", "14:30"),
    ).orders["A"]
    assert order["flags"] == "dropoff_confirmed_late,milestone_before_placement,dropoff_outside_area"


# --- pre-orders


def test_a_preorder_of_the_evening_before_counts_by_lateness_only() -> None:
    wanted = at("2026-09-12 12:15")
    order = silver(
        placed("A", "2026-09-11 20:00", scheduled_for=wanted, promised_at=wanted),
        restaurant("A", "accepted", "11:31"),
        progress("A", "picked_up", "12:05"),
        progress("A", "delivered", "12:22"),
    ).orders["A"]
    assert order["is_preorder"]
    assert order["delivery_seconds"] is None
    assert (order["lateness_seconds"], order["is_late"]) == (7 * MINUTE, True)
    assert order["business_date"] == iso("2026-09-11")


@pytest.mark.parametrize(
    ("wanted", "preorder"), [("11:45", False), ("12:20", False), ("12:29", False), ("12:30", True)]
)
def test_wanted_in_the_past_or_within_half_an_hour_is_an_order_for_now(wanted: str, preorder: bool) -> None:
    order = silver(placed("A", "12:00", scheduled_for=at(wanted)), progress("A", "delivered", "12:36")).orders["A"]
    assert order["is_preorder"] is preorder
    assert order["delivery_seconds"] == (None if preorder else 36 * MINUTE)
    assert order["flags"] == ("wanted_before_placement" if wanted == "11:45" else "")


def test_late_is_measured_by_the_first_promise_and_the_latest_is_kept_beside_it() -> None:
    order = silver(
        placed("A", "11:00", promised_at=at("11:30")),
        event("orders", "A", "promise_changed", "11:20", promised_at=at("12:00")),
        progress("A", "delivered", "11:45"),
    ).orders["A"]
    assert (order["promised_at"], order["latest_promised_at"]) == (at("11:30"), at("12:00"))
    assert (order["is_late"], order["lateness_seconds"]) == (True, 15 * MINUTE)
