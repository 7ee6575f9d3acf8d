"""Silver is built from what is new: the touched days, all of each, and the same whatever happens on the way."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from pipelines.connectors.delta import open_table, partition_fingerprints
from pipelines.contracts import load_contract
from pipelines.movers import bronze_to_silver as mover
from pipelines.movers.bronze_to_silver import SilverResult, bronze_to_silver
from pipelines.movers.kafka_to_bronze import kafka_to_bronze
from pipelines.transforms.silver_orders import TOPICS
from tests.services.tiny_events import (
    DATE,
    Row,
    delivered_life,
    event,
    placed,
    publish,
    publish_city,
    quarantine,
    silver,
    together,
)

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("two_days")]

NEXT_DATE = date(2026, 3, 7)
DAY_MINUTES = 24 * 60


@pytest.fixture(scope="module")
def two_days(stores: object) -> None:
    """Three orders of one business day and two of the next, delivered, in bronze and silver."""
    publish_city()
    lives = [delivered_life(f"a{n}", 10 * n) for n in range(3)]
    lives += [delivered_life(f"b{n}", DAY_MINUTES + 10 * n) for n in range(2)]
    publish("two days", together(*lives))
    moved("cities")


def moved(*topics: str) -> SilverResult:
    """Everything new moved to bronze and built."""
    for topic in (*TOPICS, *topics):
        kafka_to_bronze(topic)
    return bronze_to_silver()


def order(order_id: str) -> Row:
    (found,) = [row for row in silver() if row["order_id"] == order_id]
    return found


def kept_aside(order_id: str) -> list[tuple[str, str]]:
    return [(row["dataset"], row["rules"]) for row in quarantine() if row["order_id"] == order_id]


def files() -> dict[object, str]:
    return partition_fingerprints(open_table("silver/orders"), "business_date")


def test_each_order_is_one_row_with_its_whole_life_on_its_local_day() -> None:
    row = order("a0")
    assert (row["business_date"], row["local_hour"], row["outcome"]) == (DATE, 13, "delivered")
    assert (row["delivery_seconds"], row["is_late"], row["captured_cents"], row["rating_overall"]) == (
        1800,
        False,
        2000,
        5,
    )
    assert row["event_count"] == 8
    assert order("b1")["business_date"] == NEXT_DATE
    assert bronze_to_silver().business_dates == []


def test_a_late_event_builds_its_orders_day_again_and_no_other() -> None:
    before, version = files(), open_table("silver/orders").version()
    publish("refund", {"payments": [event("payments", "refunded", "a1", 2 * DAY_MINUTES, amount_cents=500)]})
    built = moved()
    assert built.business_dates == [DATE]
    after = files()
    assert after[NEXT_DATE] == before[NEXT_DATE]
    assert after[DATE] != before[DATE]
    assert (order("a1")["refunded_cents"], order("a1")["payment_status"]) == (500, "refunded")
    assert open_table("silver/orders").version() > version
    assert moved().business_dates == []


def test_an_event_that_came_twice_counts_once() -> None:
    twice = event("payments", "captured", "a2", 51)  # as the life of a2 has it
    publish("twice", {"payments": [twice]})
    moved()
    assert (order("a2")["captured_cents"], order("a2")["event_count"]) == (2000, 8)


def test_an_order_whose_placement_comes_later_waits_in_the_quarantine() -> None:
    life = delivered_life("late placement", 100)
    placement = life.pop("orders")
    publish("life before", life)
    assert moved().business_dates == [DATE]
    assert kept_aside("late placement") == [("silver/orders", "order_never_placed")]
    publish("placement after", {"orders": placement})
    assert moved().business_dates == [DATE]
    assert kept_aside("late placement") == []
    assert (order("late placement")["outcome"], order("late placement")["event_count"]) == ("delivered", 8)


def test_an_order_of_an_unknown_city_waits_until_the_city_is_registered() -> None:
    from tests.services.tiny_events import city_row

    publish("nowhere", {"orders": [placed("nowhere", city_id="newtown")]})
    moved()
    assert kept_aside("nowhere") == [("silver/orders", "city_not_registered")]
    publish("newtown", {"cities": [city_row("newtown")]})
    assert moved("cities").business_dates == [DATE]
    assert kept_aside("nowhere") == []
    assert order("nowhere")["city_id"] == "newtown"


def test_a_row_that_breaks_a_rule_is_kept_aside_whole_with_the_rules_name() -> None:
    from tests.services.tiny_events import message, send

    bad = placed("bad row", basket_value_cents=-5, currency="euro")
    send("orders", message("orders", [bad, placed("good row", 30)]))
    built = moved()
    assert built.quarantined["bronze/orders"] == 1
    (row,) = [row for row in quarantine() if row["order_id"] == "bad row"]
    assert (row["dataset"], row["rules"]) == ("bronze/orders", "basket_value_cents_out_of_range,currency_malformed")
    original = json.loads(row["row"])
    assert (original["basket_value_cents"], original["currency"], original["event_id"]) == (-5, "euro", bad["event_id"])
    assert order("good row")["outcome"] == "open"
    assert "bad row" not in {row["order_id"] for row in silver()}


def test_an_order_that_contradicts_itself_is_kept_aside_once_however_often_its_day_is_built() -> None:
    publish(
        "impossible",
        {"orders": [placed("early", 30)], "delivery_progress": [event("delivery_progress", "delivered", "early", 10)]},
    )
    moved()
    ((dataset, rules),) = kept_aside("early")
    assert (dataset, "dropoff_before_placement" in rules.split(",")) == ("silver/orders", True)
    assert bronze_to_silver(DATE).business_dates == [DATE]
    assert kept_aside("early") == [(dataset, rules)]


def test_the_same_day_built_again_is_the_same() -> None:
    publish("orphan", {"reviews": [event("reviews", "submitted", "orphan", 60)]})
    moved()
    rows, aside = silver(), quarantine()
    assert kept_aside("orphan") == [("silver/orders", "order_never_placed")]
    assert bronze_to_silver(DATE).business_dates == [DATE]
    assert silver() == rows
    assert quarantine() == aside


def test_the_files_have_the_tables_types() -> None:
    import pyarrow as pa

    table = open_table("silver/orders")
    logged = pa.schema(table.schema().to_arrow())
    for fragment in table.to_pyarrow_dataset().get_fragments():
        for field in fragment.physical_schema:
            assert field.type == logged.field(field.name).type
    wanted = load_contract("silver/orders").arrow_schema
    assert [(f.name, f.type) for f in logged] == [(f.name, f.type) for f in wanted]


@pytest.mark.parametrize("lost_write", [1, 2, 3])
def test_a_build_that_ends_after_any_of_its_writes_is_made_good_by_the_next(
    lost_write: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the events' quarantine, after the orders' quarantine, and after the orders themselves."""
    unit = f"ended after write {lost_write}"
    publish(unit, {"orders": [placed(unit, 200)]})
    for topic in TOPICS:
        kafka_to_bronze(topic)
    answered, writes = mover.write, []

    def end_after(*args: Any, **options: Any) -> int:
        version = answered(*args, **options)
        writes.append(version)
        if len(writes) == lost_write:
            raise ConnectionError("the connection was reset after the commit landed")
        return version

    with monkeypatch.context() as patch:
        patch.setattr(mover, "write", end_after)
        with pytest.raises(ConnectionError):
            bronze_to_silver()
    bronze_to_silver()
    assert order(unit)["outcome"] == "open"
    assert len(silver()) == len({row["order_id"] for row in silver()})
    assert bronze_to_silver().business_dates == []
