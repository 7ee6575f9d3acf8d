"""The shipped Rappi mapping: a made-up day of its form, whole, and real day files where a path to them is given."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pyarrow.compute as pc
import pytest

from generator.history.check import Checked, check_files, refuse_above_share
from generator.history.history_events import events_of, rows_by_topic
from generator.history.mapping import load_mapping
from tests.unit.generator.history.examples import outcomes, write

ORDERS = (
    "order_id,pick_up_lat,pick_up_lng,drop_off_lat,drop_off_lng,placement_time,preparation_time,ready_time,"
    "expected_drop_off_time",
    "1,6.2105,-75.5701,6.2001,-75.5802,00:04:10,00:05:00,00:15:00,00:40:00",
    "2,6.2105,-75.5701,6.2190,-75.5610,12:30:00,12:31:10,12:46:10,13:10:00",
    "3,6.2401,-75.5903,6.2350,-75.5800,19:59:00,20:01:00,20:11:00,20:40:00",
    "4,6.2401,-75.5903,6.2350,-75.5800,23:55:00,23:57:00,00:12:00,00:30:00",
    "5,6.2401,-75.5903,6.2350,-75.5800,12:55:00,12:57:00,13:12:00,12:30:00",
    "6,0,0,6.2350,-75.5800,12:55:00,12:57:00,13:12:00,13:30:00",
)
COURIERS = (
    "courier_id,vehicle,on_lat,on_lng,on_time,off_time",
    "1,motorcycle,6.2110,-75.5710,00:00:00,23:58:00",
    "2,bicycle,6.2405,-75.5905,00:00:00,23:58:00",
    "3,walking,6.2405,-75.5905,12:00:00,13:00:00",
    "4,car,4.6400,-74.1300,12:00:00,13:00:00",
)


@pytest.fixture
def checked(tmp_path: Path) -> Checked:
    orders, couriers = write(tmp_path, *ORDERS), write(tmp_path, *COURIERS, name="couriers.csv")
    return check_files(load_mapping("rappi"), orders, couriers)


def test_city_day_and_identities_come_from_positions_and_mapping(checked: Checked) -> None:
    assert checked.city.city_id == "medellin"
    assert checked.producer_id == "replay:rappi:medellin"
    assert checked.unit == f"2026-11-23:{checked.files_hash[:12]}"
    assert checked.orders["order_id"].tolist() == [f"medellin-2026-11-23-{n}" for n in (1, 2, 3, 4)]
    assert checked.shifts["courier_id"].tolist() == [f"medellin-2026-11-23-courier-{n}" for n in (1, 2, 3)]
    assert checked.orders["restaurant_id"].nunique() == 2
    assert checked.orders["restaurant_id"][0] == "medellin-r+6.2105-75.5701"


def test_every_row_is_accounted_for(checked: Checked) -> None:
    assert outcomes(checked) == {
        6: ("quarantined", "promised_before_placement"),
        7: ("quarantined", "pickup_position_missing"),
    }
    assert outcomes(checked, "couriers") == {5: ("quarantined", "courier_outside_area")}


def test_dinner_and_the_time_after_midnight_are_in_the_evening_they_belong_to(checked: Checked) -> None:
    assert checked.business_dates() == {"2026-11-22": 1, "2026-11-23": 3}
    last = checked.orders.set_index("order_id").loc["medellin-2026-11-23-4"]
    assert str(last["placed_at"]) == "2026-11-24 04:55:00+00:00"
    assert str(last["ready_at"]) == "2026-11-24 05:12:00+00:00"
    assert str(last["promised_at"]) == "2026-11-24 05:30:00+00:00"


def test_another_day_makes_other_orders_of_the_same_numbers(tmp_path: Path, checked: Checked) -> None:
    other = check_files(load_mapping("rappi"), *checked.paths.values(), day=date(2026, 11, 24))
    assert not set(other.orders["order_id"]) & set(checked.orders["order_id"])
    assert not set(other.shifts["courier_id"]) & set(checked.shifts["courier_id"])


def test_orders_shifts_and_kitchen_times_are_real_and_the_rest_is_marked_simulated(checked: Checked) -> None:
    events = events_of(checked, seed=1)
    counts = rows_by_topic(events)
    assert counts["orders"]["real"] == 4
    assert counts["courier_shifts"] == {"real": 6, "simulated": 0}
    assert (
        counts["courier_assignments"]["real"] == counts["delivery_progress"]["real"] == counts["reviews"]["real"] == 0
    )
    assert counts["delivery_progress"]["simulated"] > 0
    ready = events["restaurant_responses"].filter(pc.equal(events["restaurant_responses"]["event_type"], "ready"))
    given = dict(zip(checked.orders["order_id"], checked.orders["ready_at"], strict=True))
    assert ready.num_rows > 0
    for order_id, moment, simulated in zip(
        *(ready[c].to_pylist() for c in ("order_id", "event_time", "is_simulated")), strict=True
    ):
        assert moment == given[order_id]
        assert not simulated
    accepted = events["restaurant_responses"].filter(pc.equal(events["restaurant_responses"]["event_type"], "accepted"))
    assert all(accepted["is_simulated"].to_pylist())


def test_what_the_files_do_not_say_stays_missing(checked: Checked) -> None:
    events = events_of(checked, seed=1)
    placed = events["orders"].filter(pc.equal(events["orders"]["event_type"], "placed"))
    for column in ("basket_value_cents", "customer_id", "restaurant_name", "items", "scheduled_for"):
        assert placed[column].null_count == placed.num_rows
    assert events["payments"].num_rows == 0
    assert set(placed["currency"].to_pylist()) == {"COP"}


def test_the_same_files_and_seed_give_the_same_events_and_another_seed_other_ones(checked: Checked) -> None:
    one, same, other = (events_of(checked, seed) for seed in (1, 1, 2))
    assert all(one[topic].equals(same[topic]) for topic in one)
    assert (
        one["orders"]
        .filter(pc.invert(one["orders"]["is_simulated"]))
        .equals(other["orders"].filter(pc.invert(other["orders"]["is_simulated"])))
    )
    assert any(not one[topic].equals(other[topic]) for topic in one)


def test_only_the_topics_that_the_mapping_lists_are_simulated(tmp_path: Path, checked: Checked) -> None:
    mapping = load_mapping("rappi").model_copy(update={"simulate": ["restaurant_responses"]})
    counts = rows_by_topic(events_of(check_files(mapping, *checked.paths.values()), seed=1))
    assert set(counts) == {"orders", "courier_shifts", "restaurant_responses"}
    assert counts["orders"] == {"real": 4, "simulated": 0}
    nothing = load_mapping("rappi").model_copy(update={"simulate": []})
    events = events_of(check_files(nothing, *checked.paths.values()), seed=1)
    # the kitchen's times are the file's own, and are told without any simulation
    assert set(events) == {"orders", "courier_shifts", "restaurant_responses"}
    assert not any(counts["simulated"] for counts in rows_by_topic(events).values())


EVALUATION_DATA = os.environ.get("DISHPATCH_EVALUATION_DATA")


@pytest.mark.skipif(
    EVALUATION_DATA is None, reason="set DISHPATCH_EVALUATION_DATA to a folder with rappi/inst*_orders.csv.gz"
)
def test_real_day_files_are_read_whole_each_of_its_city() -> None:
    folder = Path(EVALUATION_DATA or "") / "rappi"
    files = sorted(folder.glob("inst*_orders.csv.gz"))
    assert files
    for orders in files:
        couriers = orders.with_name(orders.name.replace("orders", "couriers"))
        checked = check_files(load_mapping("rappi"), orders, couriers)
        refuse_above_share(checked)
        for found in checked.found.values():
            counts = found.counts()
            assert counts["read"] == sum(n for outcome, n in counts.items() if outcome != "read")
        counts = checked.found["orders"].counts()
        assert len(checked.orders) == counts["read"] - counts["quarantined"] - counts["rejected"] - counts["duplicate"]
        assert checked.orders["order_id"].is_unique
