from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest

from pipelines.contracts import load_contract
from pipelines.reporting.city.assemble import PLACEMENT_COLUMNS, SILVER_COLUMNS, city_day, registration
from pipelines.reporting.city.overview import sources

DAY = date(2026, 3, 6)
NOON = datetime(2026, 3, 6, 11, tzinfo=UTC)
CITY = {"name": "Tiny Town", "time_zone": "Europe/Vienna", "day_cut_hour": 4, "min_lat": 48.0, "max_lat": 48.4,
        "min_lng": 16.2, "max_lng": 16.6}  # fmt: skip


def silver(*rows):
    usual = {"order_id": "o", "restaurant_id": "r", "zone_id": "z", "zone_name": "Zone", "is_preorder": False,
             "outcome": "delivered", "placed_at": NOON, "delivered_at": NOON + timedelta(minutes=30)}  # fmt: skip
    schema = load_contract("silver/orders").arrow_schema
    wanted = pa.schema([schema.field(name).with_nullable(True) for name in SILVER_COLUMNS])
    return pa.Table.from_pylist([usual | row for row in rows], schema=wanted)


def placements(*rows):
    schema = load_contract("bronze/orders").arrow_schema
    wanted = pa.schema([schema.field(name).with_nullable(True) for name in PLACEMENT_COLUMNS])
    columns = [dict(zip(PLACEMENT_COLUMNS, row, strict=True)) for row in rows]
    return pa.Table.from_pylist(columns, schema=wanted)


def shifts(*rows):
    """(event id, courier, event type, minutes after noon) as events of the contract."""
    usual = {"city_id": "tinytown", "source": "test", "is_simulated": False}
    rows = [
        usual | {"event_id": i, "courier_id": c, "event_type": kind}
        | {name: NOON + timedelta(minutes=at) for name in ("event_time", "produced_at")}
        for i, c, kind, at in rows
    ]  # fmt: skip
    schema = load_contract("events/courier_shifts").arrow_schema
    return pa.Table.from_pylist(rows, schema=pa.schema([field.with_nullable(True) for field in schema]))


def day_of(orders, placed=(), **events):
    return city_day("tinytown", DAY, CITY, silver(*orders), placements(*placed), events)


def test_the_day_is_the_citys_and_runs_from_its_cut_hour():
    day = day_of([{}])
    assert (day.ends - day.begins, day.clock(day.begins), day.city_name) == (86_400.0, "04:00", "Tiny Town")
    assert day.orders["placed"].tolist() == [NOON.timestamp()]


def test_a_city_that_is_not_registered_is_shown_by_its_id_in_utc():
    day = city_day("tinytown", DAY, {}, silver({}), placements(), {})
    assert (day.city_name, day.time_zone, day.bounds) == ("tinytown", "UTC", None)
    assert registration(pd.DataFrame(index=pd.Index([], name="city_id")), "tinytown") == {}


def test_an_order_ends_with_what_ended_it():
    later = NOON + timedelta(minutes=5)
    day = day_of([
        {"order_id": "a"},
        {"order_id": "b", "outcome": "customer_after_acceptance", "delivered_at": None, "cancelled_at": later},
        {"order_id": "c", "outcome": "open", "delivered_at": None},
        {"order_id": "d", "failed_at": later},
    ])  # fmt: skip
    assert (day.orders["ended"] - NOON.timestamp()).tolist() == pytest.approx(
        [1800, 300, float("nan"), 1800], nan_ok=True
    )


def test_a_restaurants_place_is_that_of_orders_that_silver_took_and_the_others_are_counted():
    day = day_of([{}], [("o", "r", 48.2, 16.4), ("o", "r", 48.2, 16.4), ("bad", "r", 0.0, 0.0)])
    assert day.restaurants.to_dict("records") == [{"restaurant_id": "r", "lat": 48.2, "lng": 16.4}]
    assert day.refused["orders"] == 1


def test_events_count_once_and_only_where_they_keep_every_rule():
    told = shifts(
        ("1", "k", "started", 0), ("1", "k", "started", 0), ("2", "k", "sleeping", 1), ("3", "k", "ended", 60)
    )
    day = day_of([{}], courier_shifts=told)
    assert day.shifts["event_type"].tolist() == ["started", "ended"]
    assert day.refused["shifts"] == 1


def test_sources_say_what_came_what_broke_a_rule_and_what_is_missing():
    told = shifts(("1", "k", "started", 0), ("2", "k", "sleeping", 1))
    found = {row["source"]: row for row in sources(day_of([{}], courier_shifts=told))}
    assert (found["Courier shifts"]["complete"], found["Courier shifts"]["quarantined"]) == (0.5, 1)
    assert found["Courier shifts"]["last_event"] == "12:00"
    empty = {row["state"] for row in sources(city_day("tinytown", DAY, CITY, silver(), placements(), {}))}
    assert empty == {"none"}


def test_only_what_the_city_sent_on_other_days_is_missing_and_what_it_never_had_is_no_data():
    ever = {"delivery_progress", "weather"}
    day = city_day("tinytown", DAY, CITY, silver({}), placements(), {}, ever)
    found = {row["source"]: row["state"] for row in sources(day)}
    assert {source for source, state in found.items() if state == "missing"} == {"Delivery progress", "Weather"}
    assert {found[source] for source in ("Restaurant responses", "Courier assignments", "Traffic")} == {"none"}
    without_orders = city_day("tinytown", DAY, CITY, silver(), placements(), {}, ever)
    assert {row["state"] for row in sources(without_orders)} == {"none"}
