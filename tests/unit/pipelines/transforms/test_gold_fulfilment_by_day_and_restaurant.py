"""What became of the orders, by restaurant: both rates by name, every loss in one class."""

from __future__ import annotations

import pytest

from pipelines.transforms.gold_fulfilment_by_day_and_restaurant import (
    gold_fulfilment_by_day_and_restaurant as transform,
)
from tests.unit.pipelines.transforms.gold_by_example import DAY, days_later, order, several, twenty_placed


def test_twenty_placed_give_both_rates_by_name(gold) -> None:
    (row,) = gold(transform, *twenty_placed())
    assert row == {
        "city_id": "berlin",
        "business_date": DAY,
        "restaurant_id": "r1",
        "restaurant_name": "Soup",
        "orders_placed": 20,
        "orders_delivered": 16,
        "orders_open": 0,
        "customer_before_acceptance": 1,
        "customer_after_acceptance": 1,
        "restaurant_rejected": 1,
        "no_courier": 1,
        "unanswered": 0,
        "delivery_failed": 0,
        "fulfilment_rate": pytest.approx(0.80),  # 16 / 20
        "fulfilment_rate_without_early_customer_cancellations": pytest.approx(16 / 19),  # 84.2 %
    }


def test_an_open_order_is_open_and_not_lost(gold) -> None:
    (row,) = gold(transform, order("delivered"), order("open"))
    assert (row["orders_placed"], row["orders_open"], row["fulfilment_rate"]) == (2, 1, 0.5)
    assert sum(row[name] for name in ("unanswered", "delivery_failed", "no_courier", "restaurant_rejected")) == 0


def test_where_every_order_was_cancelled_early_there_is_no_second_rate(gold) -> None:
    (row,) = gold(transform, order("customer_before_acceptance"))
    assert row["fulfilment_rate"] == 0
    assert row["fulfilment_rate_without_early_customer_cancellations"] is None


def test_restaurants_days_and_cities_are_rows_of_their_own(gold) -> None:
    rows = gold(
        transform,
        *several(2, restaurant_id="r1"),
        order("restaurant_rejected", restaurant_id="r2", restaurant_name="Tea"),
        order("delivered", business_date=days_later(1)),
        order("unanswered", city_id="bogota", currency="COP"),
    )
    told = [
        (r["city_id"], r["business_date"], r["restaurant_id"], r["orders_placed"], r["orders_delivered"]) for r in rows
    ]
    assert told == [
        ("berlin", DAY, "r1", 2, 2),
        ("berlin", DAY, "r2", 1, 0),
        ("berlin", days_later(1), "r1", 1, 1),
        ("bogota", DAY, "r1", 1, 0),
    ]


def test_no_orders_give_no_rows(gold) -> None:
    assert gold(transform) == []
