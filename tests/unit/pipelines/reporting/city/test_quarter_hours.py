import numpy as np
import pandas as pd
import pytest

from pipelines.reporting.city.quarter_hours import by_quarter, mean_level

NO_TIME = pd.DataFrame({"courier_id": [], "activity": [], "begins": [], "ends": []})
BOUNDS = np.array([0.0, 900.0, 1800.0])


def orders(**columns):
    usual = {"assigned": float("nan"), "ended": float("nan"), "is_preorder": False, "outcome": "delivered"}
    return pd.DataFrame([usual | dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)])


def test_the_mean_level_is_the_time_that_intervals_share_with_each_span():
    begins, ends = np.array([0.0, 450.0, -900.0]), np.array([900.0, 1350.0, 225.0])
    assert mean_level(begins, ends, BOUNDS).tolist() == [1.0 + 0.5 + 0.25, 0.5]


def test_an_interval_without_an_end_goes_on_and_one_without_a_beginning_never_was():
    nan = float("nan")
    assert mean_level(np.array([900.0, nan]), np.array([nan, 900.0]), BOUNDS).tolist() == [0.0, 1.0]


@pytest.mark.parametrize("seed", range(5))
def test_the_mean_level_is_what_counting_second_by_second_gives(seed):
    random = np.random.default_rng(seed)
    begins = random.integers(0, 1700, 40).astype(float)
    ends = begins + random.integers(0, 900, 40)
    seconds = np.arange(1800) + 0.5
    going_on = ((begins[:, None] < seconds) & (seconds < ends[:, None])).sum(axis=0)
    counted = going_on.reshape(2, 900).mean(axis=1)
    assert mean_level(begins, ends, BOUNDS) == pytest.approx(counted)


def test_orders_are_open_until_they_end_and_those_that_never_ended_stay_open():
    told = orders(placed=[0.0, 900.0], ended=[900.0, float("nan")], outcome=["delivered", "open"])
    found = by_quarter(told, NO_TIME, BOUNDS)
    assert found["placed"].tolist() == [1, 1]
    assert found["open_orders"].tolist() == [1.0, 1.0]


def test_a_preorder_is_open_from_its_courier_and_an_unknown_end_is_not_counted():
    told = orders(placed=[0.0, 0.0], assigned=[900.0, float("nan")], ended=[1800.0, float("nan")],
                  is_preorder=[True, False], outcome=["delivered", "unanswered"])  # fmt: skip
    assert by_quarter(told, NO_TIME, BOUNDS)["open_orders"].tolist() == [0.0, 1.0]


def test_couriers_are_on_shift_whether_busy_or_idle():
    time = pd.DataFrame(
        {"courier_id": ["a", "a"], "activity": ["idle", "to_customer"], "begins": [0.0, 450.0], "ends": [450.0, 900.0]}
    )
    found = by_quarter(orders(placed=[0.0], ended=[1.0]), time, BOUNDS)
    assert (found["on_shift"].tolist(), found["busy"].tolist()) == ([1.0, 0.0], [0.5, 0.0])
