"""What an event writes to the operational state, and how two events of the same microsecond are settled."""

from __future__ import annotations

from itertools import pairwise

import pytest

from pipelines.contracts import load_contract
from pipelines.transforms.operational_state import ENDED, PAYMENT_RANKS, RANKS, TOPICS, changes
from tests.unit.pipelines.transforms.stories import (
    Event,
    at,
    bronze,
    cancelled,
    courier,
    event,
    payment,
    placed,
    progress,
    restaurant,
    review,
)


def written(story: Event) -> dict[str, object]:
    """Columns the one change of an event writes."""
    topic, row = story
    (change,) = changes(topic, bronze(topic, [row]).to_pylist()[0])
    assert (change.order_id, change.event_time) == (row["order_id"], row["event_time"])
    return change.columns


def test_a_placement_writes_what_is_known_and_nothing_that_is_missing() -> None:
    columns = written(placed("A", "11:00", basket_value_cents=None, promised_at=at("11:40")))
    assert columns["status"] == "placed"
    assert (columns["status_at"], columns["placed_at"]) == (at("11:00"), at("11:00"))
    assert (columns["promised_at"], columns["restaurant_id"]) == (at("11:40"), "r1")
    assert "basket_value_cents" not in columns


@pytest.mark.parametrize(
    ("story", "expected"),
    [
        (
            restaurant("A", "accepted", "11:01"),
            {"status": "restaurant_accepted", "restaurant_accepted_at": at("11:01")},
        ),
        (restaurant("A", "ready", "11:20"), {"status": "ready", "ready_at": at("11:20")}),
        (courier("A", "assigned", "11:02", "c9"), {"status": "courier_assigned", "courier_id": "c9"}),
        (progress("A", "picked_up", "11:22"), {"status": "picked_up", "picked_up_at": at("11:22")}),
        (progress("A", "delivered", "11:34"), {"status": "delivered", "delivered_at": at("11:34")}),
        (cancelled("A", "11:05"), {"status": "cancelled", "cancelled_at": at("11:05")}),
        (payment("A", "captured", "11:35"), {"payment_status": "captured"}),
        (review("A", "12:00", 4), {"rating_overall": 4}),
    ],
)
def test_each_event_writes_its_own_columns(story: Event, expected: dict[str, object]) -> None:
    status = {"status_at": story[1]["event_time"]} if "status" in expected else {}
    assert written(story) == expected | status


@pytest.mark.parametrize("event_type", ["offered", "declined", "accepted"])
def test_talk_about_a_courier_writes_nothing(event_type: str) -> None:
    topic, row = courier("A", event_type, "11:02")
    assert list(changes(topic, bronze(topic, [row]).to_pylist()[0])) == []


def test_a_courier_taken_off_is_erased_without_moving_the_order_back() -> None:
    assert written(courier("A", "unassigned", "11:10")) == {"courier_id": None}


def test_a_changed_promise_writes_only_the_promise() -> None:
    later = event("orders", "A", "promise_changed", "11:10", promised_at=at("12:00"))
    assert written(later) == {"promised_at": at("12:00")}


def test_events_of_one_microsecond_rank_as_they_follow_in_life() -> None:
    life = [
        ("orders", "placed"),
        ("restaurant_responses", "accepted"),
        ("courier_assignments", "assigned"),
        ("restaurant_responses", "ready"),
        ("delivery_progress", "arrived_at_restaurant"),
        ("delivery_progress", "picked_up"),
        ("delivery_progress", "near_customer"),
        ("delivery_progress", "failed"),
        ("orders", "cancelled"),
        ("delivery_progress", "delivered"),
    ]
    assert all(RANKS[earlier] < RANKS[later] for earlier, later in pairwise(life))
    assert len(set(RANKS.values())) == len(RANKS)


def test_a_courier_taken_off_and_another_assigned_in_one_microsecond_leaves_the_other() -> None:
    assert RANKS["courier_assignments", "unassigned"] < RANKS["courier_assignments", "assigned"]


def test_a_captured_payment_outranks_the_authorisation_of_its_microsecond() -> None:
    assert PAYMENT_RANKS["authorised"] < PAYMENT_RANKS["captured"] < PAYMENT_RANKS["refunded"]


def test_an_order_that_ended_stays_ended_against_its_own_microsecond() -> None:
    status = {("orders", "placed"): "placed", ("delivery_progress", "picked_up"): "picked_up"}
    ends = [("delivery_progress", "delivered"), ("orders", "cancelled"), ("restaurant_responses", "rejected")]
    assert all(RANKS[end] > RANKS[on_the_way] for end in ends for on_the_way in status)
    assert {"delivered", "cancelled", "restaurant_rejected", "delivery_failed"} == ENDED


@pytest.mark.parametrize("topic", TOPICS)
def test_every_event_type_of_the_contract_is_known_and_writes_columns_of_the_contract(topic: str) -> None:
    allowed = next(p.enum for p in load_contract(f"events/{topic}").properties if p.name == "event_type")
    known = set(load_contract("operations/orders_by_id").columns)
    for entry in allowed:
        kind = entry["value"] if isinstance(entry, dict) else entry.value
        extra = {"courier_id": "c1"} if topic == "courier_assignments" else {}
        extra |= {"rating_overall": 5} if topic == "reviews" else {}
        story = event(topic, "A", kind, "11:00", **extra)[1]
        for change in changes(topic, bronze(topic, [story]).to_pylist()[0]):
            assert set(change.columns) <= known
