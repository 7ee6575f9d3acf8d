"""The headline figures of a day, from the orders themselves and never from groups' figures."""

from __future__ import annotations

import pytest

from pipelines.transforms.gold_delivery_times_by_hour_and_zone import gold_delivery_times_by_hour_and_zone
from pipelines.transforms.gold_operations_by_day import gold_operations_by_day as transform
from tests.unit.pipelines.transforms.gold_by_example import DAY, days_later, delivered, order, several, twenty_placed

BIG = 2**53 + 1


def test_a_days_headline_figures(gold) -> None:
    (row,) = gold(
        transform,
        *(delivered(minutes, captured_cents=1500, rating_overall=4, is_late=False) for minutes in range(21, 31)),
        delivered(60, captured_cents=1500, is_late=True),
        order("no_courier"),
    )
    assert row == {
        "city_id": "berlin",
        "business_date": DAY,
        "currency": "EUR",
        "orders_placed": 12,
        "orders_delivered": 11,
        "orders_open": 0,
        "customer_before_acceptance": 0,
        "customer_after_acceptance": 0,
        "restaurant_rejected": 0,
        "no_courier": 1,
        "unanswered": 0,
        "delivery_failed": 0,
        "fulfilment_rate": pytest.approx(11 / 12),
        "fulfilment_rate_without_early_customer_cancellations": pytest.approx(11 / 12),
        "deliveries_measured": 11,
        "deliveries_excluded": 0,
        "delivery_seconds_median": pytest.approx(26 * 60),
        "delivery_seconds_p90": pytest.approx(30 * 60),
        "deliveries_with_promise": 11,
        "deliveries_late": 1,
        "late_share": pytest.approx(1 / 11),
        "reviews": 10,
        "rating_mean": 4,
        "share_reviewed": pytest.approx(10 / 11),
        "sales_cents": 16_500,
        "simulated_orders": 0,
        "simulated_lives": 0,
    }


def test_twenty_placed_give_80_percent_and_84_2_percent_by_name(gold) -> None:
    (row,) = gold(transform, *twenty_placed())
    assert row["fulfilment_rate"] == pytest.approx(0.80)
    assert row["fulfilment_rate_without_early_customer_cancellations"] == pytest.approx(0.842, abs=0.0005)


def test_a_later_refund_does_not_change_the_sales_of_the_placement_day(gold) -> None:
    may_first = several(4, captured_cents=1500)
    before = gold(transform, *may_first)
    refunded = [*may_first[:3], may_first[3] | {"refunded_cents": 1500, "payment_status": "refunded"}]
    after = gold(transform, *refunded)
    assert before[0]["sales_cents"] == after[0]["sales_cents"] == 6000


def test_big_sales_add_up_to_the_cent(gold) -> None:
    (row,) = gold(transform, order(captured_cents=BIG), order(captured_cents=BIG), order(captured_cents=0))
    assert row["sales_cents"] == 2 * BIG


def test_the_days_median_is_that_of_its_rows_and_not_of_its_zones_medians(gold) -> None:
    near = [delivered(20, zone_id="near") for _ in range(15)]
    far = [delivered(60, zone_id="far") for _ in range(5)]
    (day,) = gold(transform, *near, *far)
    zones = gold(gold_delivery_times_by_hour_and_zone, *near, *far)
    assert day["delivery_seconds_median"] == 20 * 60
    assert sorted(row["delivery_seconds_median"] for row in zones) == [20 * 60, 60 * 60]
    assert sum(row["delivery_seconds_sum"] for row in zones) == 600 * 60


def test_a_day_without_reviews_or_promises_says_none_and_not_zero(gold) -> None:
    (row,) = gold(transform, *several(3))
    assert (row["reviews"], row["rating_mean"], row["late_share"], row["delivery_seconds_median"]) == (
        0,
        None,
        None,
        None,
    )


def test_a_day_on_which_nothing_was_delivered_has_no_share_reviewed(gold) -> None:
    (row,) = gold(transform, order("unanswered"))
    assert (row["orders_delivered"], row["share_reviewed"], row["fulfilment_rate"]) == (0, None, 0)


def test_sales_of_which_no_payment_is_known_are_missing_and_not_zero(gold) -> None:
    (nothing_known,) = gold(transform, *several(3))
    assert nothing_known["sales_cents"] is None
    (nothing_captured,) = gold(transform, order(captured_cents=0), order(captured_cents=None))
    assert nothing_captured["sales_cents"] == 0


def test_simulated_orders_and_real_orders_with_simulated_lives_are_counted_apart(gold) -> None:
    (row,) = gold(
        transform,
        order(is_simulated=True, is_life_simulated=True),
        order(is_life_simulated=True),
        order(is_life_simulated=True),
        order(),
    )
    assert (row["simulated_orders"], row["simulated_lives"]) == (1, 2)


def test_two_cities_and_two_days_are_not_mixed(gold) -> None:
    rows = gold(
        transform,
        order(captured_cents=100),
        order(captured_cents=900, business_date=days_later(1)),
        order(captured_cents=4_200_000, city_id="bogota", currency="COP"),
    )
    assert [(r["city_id"], r["business_date"].day, r["currency"], r["sales_cents"]) for r in rows] == [
        ("berlin", 12, "EUR", 100),
        ("berlin", 13, "EUR", 900),
        ("bogota", 12, "COP", 4_200_000),
    ]
