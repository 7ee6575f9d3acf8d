from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pytest

from models.eta.features import CATEGORICAL, NUMERIC, ORDER_TIME_COLUMNS, order_time_features
from pipelines.errors import ContractViolation
from tests.unit.models.synthetic import TIME_ZONE, silver_orders


def few_orders() -> pd.DataFrame:
    """Five orders around the cut hour of Bogota (04:00 local is 09:00 UTC), three of them of one restaurant."""
    placed = ["2026-03-07 08:50", "2026-03-07 09:05", "2026-03-07 09:15", "2026-03-07 09:15", "2026-03-07 09:35"]
    return pd.DataFrame(
        {
            "order_id": list("abcde"),
            "business_date": [date(2026, 3, 6)] + [date(2026, 3, 7)] * 4,
            "local_hour": [3, 4, 4, 4, 4],
            "placed_at": pd.to_datetime(placed, utc=True),
            "zone_id": ["z1", "z1", "z1", "z1", "z2"],
            "restaurant_zone_id": "z1",
            "restaurant_id": ["r1", "r1", "r2", "r1", "r1"],
            "distance_m": [900.0, 1_000.0, 1_100.0, 1_200.0, 1_300.0],
            "basket_value_cents": [1_000, 2_000, 3_000, 4_000, 5_000],
            "item_count": [1, 2, 3, 4, 5],
        }
    )


def test_recent_orders_count_across_the_cut_hour_and_never_the_same_instant() -> None:
    features = order_time_features(few_orders(), TIME_ZONE)
    assert features["zone_orders_30min"].tolist() == [0, 1, 2, 2, 0]
    # e: of r1, those of 09:05 (exactly 30 min before) and 09:15
    assert features["restaurant_orders_30min"].tolist() == [0, 1, 0, 2, 2]


def test_recent_orders_do_not_depend_on_the_order_of_the_rows() -> None:
    orders = silver_orders(days=2)
    shuffled = orders.sample(frac=1, random_state=3)
    expected = order_time_features(orders, TIME_ZONE)
    pd.testing.assert_frame_equal(order_time_features(shuffled, TIME_ZONE).loc[orders.index], expected)


def test_clock_features_are_local_and_weekday_is_the_business_days() -> None:
    first = order_time_features(few_orders(), TIME_ZONE).iloc[0]
    assert (first["local_hour"], first["local_minute"]) == (3, 3 * 60 + 50)
    assert (first["weekday"], first["is_weekend"]) == (4, 0)  # Friday's business day, though the wall says Saturday


def test_nothing_that_happens_after_placement_reaches_a_feature() -> None:
    orders = silver_orders(days=2)
    later = orders.copy()
    for column in set(orders.columns) - set(ORDER_TIME_COLUMNS):
        later[column] = later[column].sample(frac=1, random_state=1).to_numpy()
    only_known = orders[list(ORDER_TIME_COLUMNS)]
    expected = order_time_features(orders, TIME_ZONE)
    pd.testing.assert_frame_equal(order_time_features(later, TIME_ZONE), expected)
    pd.testing.assert_frame_equal(order_time_features(only_known, TIME_ZONE), expected)
    assert set(expected.columns) == {"order_id", "business_date", "placed_at", *NUMERIC, *CATEGORICAL}


@pytest.mark.parametrize("column", list(ORDER_TIME_COLUMNS))
def test_a_missing_column_is_refused_by_name(column: str) -> None:
    with pytest.raises(ContractViolation, match=rf"column {column} is missing"):
        order_time_features(few_orders().drop(columns=column), TIME_ZONE)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("distance_m", "900"),
        ("item_count", True),
        ("zone_id", 7),
        ("placed_at", "2026-03-07"),
        ("business_date", 20260307),
    ],
)
def test_a_column_of_another_kind_is_refused_by_name(column: str, value: object) -> None:
    with pytest.raises(ContractViolation, match=rf"column {column} is .*, expected"):
        order_time_features(few_orders().assign(**{column: value}), TIME_ZONE)


def test_an_infinite_number_is_refused_with_its_order() -> None:
    orders = few_orders()
    orders.loc[2, "distance_m"] = np.inf
    with pytest.raises(ContractViolation, match=r"distance_m is infinite \(order c\)"):
        order_time_features(orders, TIME_ZONE)
