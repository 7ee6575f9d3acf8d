"""Silver orders by example: lives that contradict themselves."""

from __future__ import annotations

import json

from tests.unit.pipelines.transforms.stories import (
    at,
    cancelled,
    iso,
    placed,
    progress,
    silver,
)

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
