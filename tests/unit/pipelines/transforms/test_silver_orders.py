"""Silver orders by example: the events of an order in, its one row out."""

from __future__ import annotations

import json
from functools import cache
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipelines.contracts import load_contract
from pipelines.transforms.silver_orders import SilverOrders, great_circle_m, short_cell
from tests.unit.pipelines.transforms.stories import (
    Event,
    at,
    cancelled,
    cities,
    city,
    courier,
    event,
    iso,
    payment,
    placed,
    progress,
    restaurant,
    review,
    silver,
)

MINUTE = 60.0


def usual_life(order_id: str, **columns: object) -> list[Event]:
    """Placed 11:00, promised 11:30, ready 11:15, picked up 11:20, delivered 11:34 by c1."""
    return [
        placed(order_id, "11:00", promised_at=at("11:30"), **columns),
        restaurant(order_id, "accepted", "11:01", expected_ready_at=at("11:14")),
        courier(order_id, "assigned", "11:05", vehicle="bicycle"),
        restaurant(order_id, "ready", "11:15"),
        progress(order_id, "arrived_at_restaurant", "11:18"),
        progress(order_id, "picked_up", "11:20"),
        progress(order_id, "delivered", "11:34"),
        payment(order_id, "authorised", "11:00:01"),
        payment(order_id, "captured", "11:34:30"),
        review(order_id, "12:10", 4),
    ]


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


# --- lives that contradict themselves


def test_delivered_and_cancelled_is_kept_aside_with_its_whole_row() -> None:
    told = silver(
        placed("A", "13:10"), progress("A", "delivered", "13:45"), cancelled("A", "2026-10-02 04:00", by="platform")
    )
    assert told.orders == {}
    (kept,) = told.quarantine
    assert (kept["dataset"], kept["order_id"], kept["rules"]) == ("silver/orders", "A", "delivered_and_cancelled")
    assert kept["partition_date"] == iso("2026-09-12")
    assert json.loads(kept["row"])["restaurant_id"] == "r1"


def test_served_before_ordering_is_kept_aside() -> None:
    told = silver(placed("A", "13:10"), progress("A", "delivered", "13:09"))
    assert "dropoff_before_placement" in told.quarantine[0]["rules"]
    assert told.orders == {}


def test_an_order_of_an_unregistered_city_breaks_one_rule_that_says_so() -> None:
    told = silver(placed("A", "11:00", city_id="atlantis"), placed("B", "11:00"))
    assert list(told.orders) == ["B"]
    (kept,) = told.quarantine
    assert (kept["rules"], kept["city_id"]) == ("city_not_registered", "atlantis")
    assert kept["partition_date"] == iso("2026-09-12")


def test_an_order_in_another_currency_than_its_citys_is_kept_aside() -> None:
    told = silver(placed("A", "11:00", currency="COP"))
    assert [row["rules"] for row in told.quarantine] == ["currency_is_not_the_citys"]


def test_events_of_an_order_that_was_never_placed_are_one_quarantine_row_on_their_local_day() -> None:
    told = silver(
        placed("B", "11:00"),
        progress("ghost", "picked_up", "2026-09-13 01:30"),
        progress("ghost", "delivered", "2026-09-13 02:30"),
    )
    assert list(told.orders) == ["B"]
    (kept,) = told.quarantine
    assert (kept["order_id"], kept["rules"]) == ("ghost", "order_never_placed")
    assert kept["partition_date"] == iso("2026-09-12")  # 03:30 in Berlin, before the cut
    assert json.loads(kept["row"])["events"] == ["picked_up", "delivered"]


def test_two_placements_of_one_order_are_one_order_as_first_placed() -> None:
    told = silver(placed("A", "11:05", basket_value_cents=2), placed("A", "11:00", basket_value_cents=1))
    assert (told.orders["A"]["placed_at"], told.orders["A"]["basket_value_cents"]) == (at("11:00"), 1)
    assert told.orders["A"]["event_count"] == 2


# --- people, places and money


def test_customers_are_keyed_tokens_and_their_ids_are_nowhere_in_the_output() -> None:
    story = [
        placed("A", "11:00", customer_id="ada-4711"),
        placed("B", "11:01", customer_id="ada-4711"),
        placed("C", "11:02", customer_id="bob-4712"),
        placed("D", "11:03", customer_id=None),
        placed("E", "11:04", customer_id="eve-4713", currency="COP"),
    ]
    told = silver(*story)
    token = {name: order["customer_token"] for name, order in told.orders.items()}
    assert token["A"] == token["B"] != token["C"]
    assert token["D"] is None
    assert silver(*story, key=b"another key").orders["A"]["customer_token"] != token["A"]
    everything = repr(told.orders) + repr(told.quarantine)
    assert not [name for name in ("ada-4711", "bob-4712", "eve-4713") if name in everything]


def test_exact_positions_of_customers_are_nowhere_in_the_output() -> None:
    told = silver(
        placed("A", "11:00", dropoff_lat=52.531234), placed("B", "11:00", dropoff_lat=52.531234, currency="X")
    )
    assert "52.531234" not in repr(told.orders) + repr(told.quarantine)


def test_zones_have_their_name_or_a_short_form_of_their_cell() -> None:
    plain = silver(placed("A", "11:00")).orders["A"]
    assert plain["zone_name"] == short_cell(plain["zone_id"])
    named = cities(city(zones=[{"zone_id": plain["zone_id"], "name": "Mitte"}]))
    assert silver(placed("A", "11:00"), towns=named).orders["A"]["zone_name"] == "Mitte"


def test_distance_is_the_great_circle() -> None:
    order = silver(placed("A", "11:00", pickup_lat=52.5, pickup_lng=13.4, dropoff_lat=52.6, dropoff_lng=13.4)).orders[
        "A"
    ]
    assert order["distance_m"] == pytest.approx(11_119.5, abs=0.5)  # a tenth of a degree on a meridian
    assert great_circle_m(0.0, 0.0, 0.0, 0.0) == 0


@pytest.mark.parametrize("cents", [2**53 + 1, None, 0])
def test_cents_above_two_to_the_53rd_come_through_unchanged_beside_missing_ones(cents: int | None) -> None:
    told = silver(placed("A", "11:00", basket_value_cents=cents), placed("B", "11:00", basket_value_cents=None))
    assert told.orders["A"]["basket_value_cents"] == cents
    assert told.orders["B"]["basket_value_cents"] is None


def test_a_refund_changes_the_refunds_and_not_what_was_captured() -> None:
    order = silver(
        placed("A", "11:00"), payment("A", "captured", "11:34"), payment("A", "refunded", "2026-09-14 09:00", cents=500)
    ).orders["A"]
    assert (order["captured_cents"], order["refunded_cents"], order["payment_status"]) == (1500, 500, "refunded")


def test_without_a_payment_the_amounts_are_missing_and_without_a_capture_they_are_zero() -> None:
    told = silver(placed("A", "11:00"), placed("B", "11:00"), payment("B", "authorised", "11:00:01")).orders
    amounts = {
        name: (row["captured_cents"], row["refunded_cents"], row["payment_status"]) for name, row in told.items()
    }
    assert amounts == {"A": (None, None, None), "B": (0, 0, "authorised")}


def test_each_city_has_its_own_day_and_hour() -> None:
    far = {"pickup_lat": 4.65, "pickup_lng": -74.06, "dropoff_lat": 4.66, "dropoff_lng": -74.05}
    bogota = city("bogota", time_zone="America/Bogota", currency="COP", min_lat=4, max_lat=5, min_lng=-75, max_lng=-73)
    told = silver(
        placed("A", "2026-09-13 00:30", city_id="bogota", currency="COP", **far),
        placed("B", "2026-09-13 00:30"),
        placed("C", "2026-09-13 02:30"),
        towns=cities(city(), bogota),
    ).orders
    days = {name: (order["business_date"].day, order["local_hour"]) for name, order in told.items()}
    assert days == {"A": (12, 19), "B": (12, 2), "C": (13, 4)}


def test_a_simulated_life_of_a_real_order_is_told_from_a_simulated_order() -> None:
    told = silver(
        placed("A", "11:00"),
        progress("A", "delivered", "11:30", is_simulated=True),
        placed("B", "11:00", is_simulated=True),
        placed("C", "11:00"),
    ).orders
    marks = {name: (order["is_simulated"], order["is_life_simulated"]) for name, order in told.items()}
    assert marks == {"A": (False, True), "B": (True, False), "C": (False, False)}


LIVES = [
    *usual_life("A"),
    placed("A", "11:00"),  # placed twice in the same microsecond
    event("orders", "A", "promise_changed", "11:10", promised_at=at("11:40")),
    event("orders", "A", "promise_changed", "11:10", promised_at=at("11:50")),
    payment("A", "refunded", "11:34:30", cents=100),
    placed("B", "11:10"),
    courier("B", "assigned", "11:11", "c1"),
    courier("B", "assigned", "11:11", "c2"),
    cancelled("B", "11:12"),
    cancelled("B", "11:12", by="platform"),
    review("B", "12:00", 1),
    review("B", "12:00", 5),
    progress("ghost", "picked_up", "11:00"),
    progress("ghost", "delivered", "11:00"),
]


@cache
def as_told() -> SilverOrders:
    return silver(*LIVES).result


# an example takes a tenth of a second: one that fails is shown as found, not made smaller for minutes
@settings(max_examples=6, deadline=None, phases=[Phase.explicit, Phase.generate])
@given(st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(randoms: Random) -> None:
    arrived = list(LIVES)
    randoms.shuffle(arrived)
    assert silver(*arrived).result == as_told()


# --- imported histories


def test_an_order_without_positions_is_in_the_zone_unknown_and_has_no_distance() -> None:
    nowhere = dict.fromkeys(("pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng"))
    told = silver(*usual_life("A", **nowhere), placed("B", "11:00"))
    order = told.orders["A"]
    assert told.quarantine == []
    assert (order["zone_id"], order["zone_name"], order["restaurant_zone_id"]) == ("unknown", "No position", "unknown")
    assert (order["pickup_cell"], order["dropoff_cell"], order["distance_m"]) == (None, None, None)
    assert (order["flags"], order["delivery_seconds"]) == ("", 34 * MINUTE)
    assert told.orders["B"]["zone_id"] != "unknown"


def test_an_end_at_an_unknown_time_counts_and_is_in_no_duration() -> None:
    delivered = progress("A", "delivered", "11:00", is_time_unknown=True)
    closed = cancelled("B", "11:00", is_time_unknown=True)
    accepted = cancelled("C", "11:00", is_time_unknown=True)
    told = silver(
        placed("A", "11:00"), delivered, placed("B", "11:00"), closed,
        placed("C", "11:00"), restaurant("C", "accepted", "11:01"), accepted,
    ).orders  # fmt: skip
    assert [told[order]["outcome"] for order in "ABC"] == [
        "delivered", "customer_before_acceptance", "customer_after_acceptance",
    ]  # fmt: skip
    assert [told[order]["flags"] for order in "ABC"] == ["end_time_unknown"] * 3
    assert (told["A"]["delivered_at"], told["A"]["delivery_seconds"], told["B"]["cancelled_at"]) == (None, None, None)
