"""Silver orders by example: people, places, money, and the order in which events arrive."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipelines.transforms.silver_orders import SilverOrders, great_circle_m, short_cell
from tests.unit.pipelines.transforms.stories import (
    MINUTE,
    at,
    cancelled,
    cities,
    city,
    courier,
    event,
    payment,
    placed,
    progress,
    restaurant,
    review,
    silver,
    usual_life,
)

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
