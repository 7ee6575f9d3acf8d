"""Orders that change their day, their city or their mind: each stands on one day, once, and stops nobody."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from pipelines.movers.bronze_to_silver import SilverResult, bronze_to_silver
from pipelines.movers.kafka_to_bronze import kafka_to_bronze
from pipelines.transforms.silver_orders import TOPICS
from tests.services.tiny_events import Row, city_row, delivered_life, placed, publish, quarantine, silver, together

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("fresh_stores")]

NIGHT = datetime(2026, 3, 6, 2, 30, tzinfo=UTC)  # 03:30 in Vienna: the evening of the day before


def moved() -> SilverResult:
    for topic in (*TOPICS, "cities"):
        kafka_to_bronze(topic)
    return bronze_to_silver()


def days(order_id: str) -> list[date]:
    return [row["business_date"] for row in silver() if row["order_id"] == order_id]


def rules(order_id: str) -> list[str]:
    return [row["rules"] for row in quarantine() if row["order_id"] == order_id]


def city(**columns: Any) -> dict[str, list[Row]]:
    revision = columns.pop("revision", 0)
    at = datetime(2000, 1, 1 + revision, tzinfo=UTC)
    return {"cities": [city_row() | {"event_id": f"city-{revision}", "event_time": at} | columns]}


def test_an_order_waits_for_its_city_and_then_stands_on_its_local_day() -> None:
    publish("night", {"orders": [placed("n1", event_time=NIGHT)]})
    moved()
    assert (days("n1"), rules("n1")) == ([], ["city_not_registered"])
    publish("city", city())
    moved()
    assert (days("n1"), rules("n1")) == ([date(2026, 3, 5)], [])


def test_a_city_that_moves_its_cut_hour_takes_its_orders_along() -> None:
    publish("city", city())
    publish("morning", {"orders": [placed("m1", event_time=NIGHT + timedelta(hours=2))]})
    moved()
    assert days("m1") == [date(2026, 3, 6)]
    publish("later cut", city(revision=1, day_cut_hour=8))
    moved()
    assert days("m1") == [date(2026, 3, 5)]


def test_an_earlier_second_placement_moves_the_order_and_leaves_no_copy() -> None:
    publish("city", city())
    publish("first", {"orders": [placed("s1", 0)]})
    moved()
    publish("second", {"orders": [placed("s1", -24 * 60)]})
    moved()
    assert days("s1") == [date(2026, 3, 5)]


def test_a_lake_of_bad_rows_only_is_no_error() -> None:
    publish("city", city())
    assert moved().orders == 0
    publish("later", {"reviews": delivered_life("never placed")["reviews"]})
    assert moved().orders == 0
    assert rules("never placed") == ["order_never_placed"]


def test_a_city_with_an_unknown_clock_stops_no_other_city() -> None:
    mars = {"city_id": "mars", "event_id": "city-mars", "time_zone": "Mars/Phobos"}
    publish("city", together(city(), city(**mars)))
    publish("orders", {"orders": [placed("earth"), placed("rover", city_id="mars")]})
    moved()
    assert (days("earth"), rules("rover")) == ([date(2026, 3, 6)], ["city_not_registered"])


def test_a_payment_in_another_currency_is_not_added() -> None:
    publish("city", city())
    life = delivered_life("mixed")
    life["payments"] += [life["payments"][0] | {"event_id": "pesos", "currency": "COP", "amount_cents": 500000}]
    publish("mixed", life)
    moved()
    assert (days("mixed"), rules("mixed")) == ([], ["payment_currency_is_not_the_citys"])


def test_an_order_that_nobody_answered_is_settled_once_and_not_built_at_every_run() -> None:
    publish("city", city())
    publish("two", {"orders": [placed("asked", 0), placed("later", 30 * 60)]})
    moved()
    assert [row["outcome"] for row in silver() if row["order_id"] == "asked"] == ["unanswered"]
    assert bronze_to_silver().business_dates == []
