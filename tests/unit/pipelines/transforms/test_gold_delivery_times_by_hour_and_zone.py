"""Waiting and lateness by hour and zone: linear percentiles, none under five, pre-orders by lateness only."""

from __future__ import annotations

import pytest

from pipelines.transforms.gold_delivery_times_by_hour_and_zone import gold_delivery_times_by_hour_and_zone as transform
from tests.unit.pipelines.transforms.gold_by_example import DAY, delivered, order


def test_median_and_90th_percentile_interpolate_linearly(gold) -> None:
    (row,) = gold(transform, *(delivered(minutes) for minutes in (20, 30, 40, 50, 60, 70)))
    assert row == {
        "city_id": "berlin",
        "business_date": DAY,
        "local_hour": 12,
        "zone_id": "z1",
        "zone_name": "Mitte",
        "orders_delivered": 6,
        "deliveries_measured": 6,
        "deliveries_excluded": 0,
        "delivery_seconds_sum": 270 * 60,
        "delivery_seconds_median": pytest.approx(45 * 60),  # between 40 and 50 minutes
        "delivery_seconds_p90": pytest.approx(65 * 60),  # rank 0.9 x 5 = 4.5: between 60 and 70 minutes
        "deliveries_with_promise": 0,
        "deliveries_late": 0,
    }


@pytest.mark.parametrize(("n", "median"), [(4, None), (5, 30 * 60)])
def test_under_five_measured_deliveries_there_is_no_percentile(gold, n: int, median: float | None) -> None:
    (row,) = gold(transform, *(delivered(30) for _ in range(n)))
    assert (row["deliveries_measured"], row["delivery_seconds_sum"]) == (n, n * 30 * 60)
    assert (row["delivery_seconds_median"], row["delivery_seconds_p90"]) == (median, median)


def test_a_flagged_delivery_is_delivered_counted_as_excluded_and_out_of_the_percentiles(gold) -> None:
    late = delivered(None, flags="dropoff_confirmed_late")
    (row,) = gold(transform, late, *(delivered(30) for _ in range(5)))
    assert (row["orders_delivered"], row["deliveries_measured"], row["deliveries_excluded"]) == (6, 5, 1)
    assert row["delivery_seconds_median"] == 30 * 60


def test_preorders_count_by_lateness_only(gold) -> None:
    late = delivered(None, is_preorder=True, is_late=True)
    on_time = delivered(None, is_preorder=True, is_late=False)
    (row,) = gold(transform, late, on_time)
    assert (row["deliveries_with_promise"], row["deliveries_late"]) == (2, 1)
    assert (row["deliveries_measured"], row["deliveries_excluded"]) == (0, 0)
    assert (row["delivery_seconds_sum"], row["delivery_seconds_median"]) == (None, None)


def test_lateness_is_known_only_of_deliveries_with_a_promise(gold) -> None:
    (row,) = gold(transform, delivered(30, is_late=True), delivered(30, is_late=False), delivered(30, is_late=None))
    assert (row["deliveries_with_promise"], row["deliveries_late"], row["orders_delivered"]) == (2, 1, 3)


def test_what_was_not_delivered_is_in_no_duration(gold) -> None:
    assert gold(transform, order("delivery_failed", delivery_seconds=60.0), order("open")) == []


def test_hours_zones_and_cities_are_not_mixed(gold) -> None:
    rows = gold(
        transform,
        delivered(10, local_hour=9),
        delivered(20, zone_id="z2", zone_name="Wedding"),
        delivered(40, city_id="bogota"),
    )
    told = [(r["city_id"], r["local_hour"], r["zone_name"], r["delivery_seconds_sum"]) for r in rows]
    assert told == [
        ("berlin", 12, "Wedding", 20 * 60),
        ("berlin", 9, "Mitte", 10 * 60),
        ("bogota", 12, "Mitte", 40 * 60),
    ]
