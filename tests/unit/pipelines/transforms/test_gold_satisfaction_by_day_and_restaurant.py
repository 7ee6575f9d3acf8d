"""Ratings by restaurant: the mean from rows with its n, and none under ten."""

from __future__ import annotations

import pytest

from pipelines.transforms.gold_satisfaction_by_day_and_restaurant import (
    gold_satisfaction_by_day_and_restaurant as transform,
)
from tests.unit.pipelines.transforms.gold_by_example import DAY, order, several


def test_ten_reviews_of_twelve_deliveries_have_a_mean_and_a_share(gold) -> None:
    (row,) = gold(transform, *several(6, rating_overall=5), *several(4, rating_overall=3), *several(2))
    assert row == {
        "city_id": "berlin",
        "business_date": DAY,
        "restaurant_id": "r1",
        "restaurant_name": "Soup",
        "orders_delivered": 12,
        "reviews": 10,
        "rating_sum": 42,
        "rating_mean": pytest.approx(4.2),
        "share_reviewed": pytest.approx(10 / 12),
    }


def test_nine_reviews_have_a_sum_but_no_mean(gold) -> None:
    (row,) = gold(transform, *several(9, rating_overall=5))
    assert (row["reviews"], row["rating_sum"], row["rating_mean"]) == (9, 45, None)


def test_a_day_without_reviews_says_none(gold) -> None:
    (row,) = gold(transform, *several(3))
    assert (row["reviews"], row["rating_sum"], row["rating_mean"], row["share_reviewed"]) == (0, 0, None, 0)


def test_a_review_of_an_order_that_was_not_delivered_is_not_counted(gold) -> None:
    (row,) = gold(transform, order("delivered"), order("delivery_failed", rating_overall=1))
    assert (row["orders_delivered"], row["reviews"]) == (1, 0)


def test_the_same_restaurant_in_two_cities_is_two_rows(gold) -> None:
    rows = gold(transform, *several(2, rating_overall=4), *several(1, rating_overall=2, city_id="bogota"))
    assert [(r["city_id"], r["reviews"], r["rating_sum"]) for r in rows] == [("berlin", 2, 8), ("bogota", 1, 2)]
