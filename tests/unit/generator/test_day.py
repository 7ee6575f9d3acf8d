"""A generated day as a whole: deterministic, within its contracts, and like a day of a delivery business."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import h3
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from generator.city.business_day import business_day
from generator.city.city import load_city
from generator.city.registration import city_registration
from generator.day import generate_day
from generator.lives.reviews import review_texts
from generator.scenario.scenario import load_scenario
from pipelines.contract_rules import broken_rules, rules
from pipelines.contracts import load_contract, topics
from pipelines.flow import ORDER_TOPICS
from tests.unit.generator.generated_days import FRIDAY, ORDERS, friday, lives

PROJECT = Path(__file__).resolve().parents[3]


def test_same_seed_and_day_give_the_same_bytes_in_another_process() -> None:
    code = (
        "from datetime import date; from generator.city.city import load_city; from generator.day import generate_day\n"
        "import hashlib\n"
        f"tables = generate_day(load_city('futian'), date(2026, 11, 20), {ORDERS}, 7)\n"
        "print({t: hashlib.sha256(repr(v.to_pydict()).encode()).hexdigest() for t, v in sorted(tables.items())})"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=PROJECT,
            env={"PYTHONHASHSEED": hash_seed},
            check=True,
            capture_output=True,
        ).stdout
        for hash_seed in ("1", "2")
    }
    assert len(outputs) == 1


def test_one_day_alone_equals_that_day_generated_after_others() -> None:
    city = load_city("futian")
    generate_day(city, date(2026, 11, 19), ORDERS, seed=7)
    again = generate_day(city, FRIDAY, ORDERS, seed=7)
    assert again.keys() == friday().keys()
    assert all(again[topic].equals(friday()[topic]) for topic in again)


def test_another_seed_gives_other_events() -> None:
    assert not set(lives(8).index) & set(lives().index)


@pytest.mark.parametrize("topic", [t for t in topics() if t != "cities"])
def test_every_event_keeps_its_contract(topic: str) -> None:
    table, contract = friday()[topic], load_contract(f"events/{topic}")
    assert table.num_rows > 0
    assert table.schema.equals(contract.arrow_schema)
    assert pc.max(pc.list_value_length(broken_rules(table, rules(contract)))).as_py() == 0


def test_every_event_is_simulated_has_its_own_identity_and_was_produced_after_it_happened() -> None:
    ids = [i for table in friday().values() for i in table.column("event_id").to_pylist()]
    assert len(set(ids)) == len(ids)
    for table in friday().values():
        assert pc.all(table.column("is_simulated")).as_py()
        assert pc.all(pc.greater(table.column("produced_at"), table.column("event_time"))).as_py()


def test_all_events_of_an_order_share_one_trace() -> None:
    traces: dict[str, set[str]] = {}
    for topic, table in friday().items():
        if topic in ORDER_TOPICS:
            for order, trace in zip(table["order_id"].to_pylist(), table["trace_id"].to_pylist(), strict=True):
                traces.setdefault(order, set()).add(trace)
    assert all(len(found) == 1 for found in traces.values())
    assert len({t for found in traces.values() for t in found}) == len(traces)


def test_orders_of_a_business_day_lie_between_its_cuts() -> None:
    start, end = business_day(load_city("futian"), FRIDAY)
    placed = lives()["placed"]
    assert placed.min().timestamp() >= start
    assert placed.max().timestamp() < end
    hours = placed.dt.tz_convert("Asia/Shanghai").dt.hour
    assert hours.between(9, 23).mean() > 0.85
    assert (hours < 4).any()


def test_business_days_of_clock_changes_have_23_and_25_hours() -> None:
    madrid = load_city("futian").model_copy(update={"time_zone": "Europe/Madrid"})
    lengths = [business_day(madrid, day) for day in (date(2026, 3, 28), date(2026, 10, 24), date(2026, 6, 1))]
    assert [round((end - start) / 3600) for start, end in lengths] == [23, 25, 24]


def test_outcomes_are_those_of_a_delivery_business() -> None:
    orders = lives()
    soon = orders[orders["scheduled_for"].isna()]
    minutes = (soon["delivery_progress.delivered"] - soon["placed"]).dt.total_seconds() / 60
    delivered = orders["delivery_progress.delivered"]
    late = (delivered > orders["promised_at"])[delivered.notna()]
    reviewed = orders["reviews.submitted"].notna()[delivered.notna()]
    assert 0.90 <= delivered.notna().mean() <= 0.96
    assert 28 <= minutes.median() <= 38
    assert 0.08 <= late.mean() <= 0.20
    assert 0.25 <= reviewed.mean() <= 0.35
    assert 0.02 <= orders["scheduled_for"].notna().mean() <= 0.08


def test_late_orders_get_fewer_stars_for_delivery() -> None:
    orders, reviews = lives(), friday()["reviews"].to_pandas().set_index("order_id")
    late = (orders["delivery_progress.delivered"] - orders["promised_at"]).dt.total_seconds().reindex(reviews.index)
    assert reviews["rating_delivery"][late > 600].mean() < reviews["rating_delivery"][late <= 0].mean() - 0.5


def test_what_a_review_says_follows_what_went_wrong() -> None:
    orders, reviews = lives(), friday()["reviews"].to_pandas().set_index("order_id")
    said = reviews[reviews["text"].notna()]
    late = (orders["delivery_progress.delivered"] - orders["promised_at"]).dt.total_seconds().reindex(said.index)
    of_lateness = {text for texts in review_texts().values() for text in texts["late"]}
    of_food = {text for texts in review_texts().values() for text in texts["food"]}
    assert set(said["text"][late > 660]) <= of_lateness
    assert not set(said["text"][late <= 590]) & of_lateness
    assert (said["rating_food"][said["text"].isin(of_food)] <= 2).all()
    assert said["language"].nunique() >= 3


def test_delivery_time_can_be_learnt_from_what_is_known_at_placement_but_not_wholly() -> None:
    """Distance and kitchen explain a part, chance the rest: a model can beat a median, and none can be perfect."""
    orders = lives()
    done = orders[orders["delivery_progress.delivered"].notna() & orders["scheduled_for"].isna()]
    minutes = (done["delivery_progress.delivered"] - done["placed"]).dt.total_seconds().to_numpy() / 60
    far = np.hypot(done["pickup_lat"] - done["dropoff_lat"], done["pickup_lng"] - done["dropoff_lng"]).to_numpy()
    kitchen = minutes - np.polyval(np.polyfit(far, minutes, 1), far)
    usual = done.assign(rest=kitchen).groupby("restaurant_id")["rest"].transform("mean").to_numpy()
    explained = 1 - np.var(kitchen - usual) / np.var(minutes)
    assert 0.25 < explained < 0.85


def test_every_drop_off_and_restaurant_lies_in_a_named_zone() -> None:
    named, orders = {zone.zone_id for zone in load_city("futian").zones}, lives()
    for place in ("pickup", "dropoff"):
        pairs = zip(orders[f"{place}_lat"], orders[f"{place}_lng"], strict=True)
        assert {h3.latlng_to_cell(lat, lng, 7) for lat, lng in pairs} <= named


def test_basket_is_the_sum_of_its_items() -> None:
    for items, basket in zip(lives()["items"], lives()["basket_value_cents"], strict=True):
        assert sum(i["quantity"] * i["unit_price_cents"] for i in items) == basket


def test_rain_makes_its_zone_later_and_leaves_the_hours_before_alone() -> None:
    city, sunday = load_city("futian"), date(2026, 11, 22)
    wet, dry = (
        generate_day(city, sunday, ORDERS, 7, s)["delivery_progress"] for s in (load_scenario("rainy_sunday"), None)
    )
    before = pc.less(wet["event_time"], pa.scalar(datetime(2026, 11, 22, 10, tzinfo=UTC), wet["event_time"].type))
    early = wet.filter(before)
    assert early.num_rows > 500
    assert early.equals(dry.slice(0, early.num_rows))
    assert not wet.equals(dry)


@pytest.mark.parametrize("orders_per_day", [1, 3])
def test_day_of_a_tiny_business_is_whole(orders_per_day: int) -> None:
    tables = generate_day(load_city("futian"), FRIDAY, orders_per_day, seed=5)
    assert set(tables) == set(topics()) - {"cities"}
    for topic, table in tables.items():
        assert table.schema.equals(load_contract(f"events/{topic}").arrow_schema)


def test_registering_a_city_again_is_the_same_event_and_precedes_all_others() -> None:
    city = load_city("futian")
    table = city_registration(city)
    assert table.equals(city_registration(city))
    assert pc.max(pc.list_value_length(broken_rules(table, rules(load_contract("events/cities"))))).as_py() == 0
    assert table["event_time"][0].as_py() < min(pc.min(t["event_time"]).as_py() for t in friday().values())
    later = city_registration(city.model_copy(update={"revision": 2, "day_cut_hour": 5}))
    assert later["event_time"][0].as_py() > table["event_time"][0].as_py()
    assert later["event_id"][0] != table["event_id"][0]
