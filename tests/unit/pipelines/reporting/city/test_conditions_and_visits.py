import numpy as np
import pandas as pd
import pytest

from pipelines.reporting.city.conditions import by_half_hour, late_by_rain
from pipelines.reporting.city.visits import funnel

SPEEDS = pd.DataFrame(
    {"at": [1800.0, 1800.0, 2100.0], "speed_kmh": [20.0, 40.0, 30.0], "free_flow_kmh": [40.0, 40.0, 30.0],
     "observed_vehicles": [3, 1, 5]}
)  # fmt: skip
WEATHER = pd.DataFrame({"at": [0.0, 900.0], "rain_mm_per_hour": [2.0, 4.0], "temperature_c": [8.0, 10.0]})


def test_speed_is_weighted_by_vehicles_and_an_interval_belongs_to_the_half_hour_before_its_end():
    found = by_half_hour(SPEEDS, WEATHER, 0.0, 3600.0)
    assert found["speed_share"].tolist() == pytest.approx([(3 * 20 + 40) / (4 * 40), 1.0])


def test_a_half_hour_of_which_nothing_was_told_is_blank_and_not_dry():
    found = by_half_hour(SPEEDS, WEATHER, 0.0, 3600.0)
    assert found["rain_mm_per_hour"].iloc[0] == 3.0
    assert np.isnan(found["rain_mm_per_hour"].iloc[1])


def test_late_orders_are_counted_by_the_weather_at_their_placement():
    half_hours = pd.DataFrame({"at": [0.0, 1800.0], "rain_mm_per_hour": [0.0, 1.0]})
    orders = pd.DataFrame({"placed": [10.0, 1900.0, 2000.0, 9e9, 20.0], "is_late": [False, True, False, True, None]})
    assert late_by_rain(orders, half_hours) == (1, 2, 0, 1)


def visits(**sessions):
    rows = [(name, kind, 100.0 + n) for name, kinds in sessions.items() for n, kind in enumerate(kinds.split())]
    return pd.DataFrame(rows, columns=["session_id", "event_type", "at"])


def test_a_visit_counts_at_every_step_up_to_its_last():
    found = funnel(
        visits(a="opened", b="opened searched abandoned", c="opened viewed", d="opened viewed added_to_basket",
               e="opened viewed added_to_basket checked_out"),
        0.0, 1_000.0,
    )  # fmt: skip
    assert found.reached == (5, 3, 2, 1)
    assert (found.left_at_once, found.left_after_search, found.left) == (1, 1, (2, 1, 1))


def test_a_step_whose_event_is_missing_was_passed_all_the_same():
    assert funnel(visits(a="checked_out"), 0.0, 1_000.0).reached == (1, 1, 1, 1)


def test_visits_that_began_on_another_day_are_not_counted():
    assert funnel(visits(a="opened viewed"), 101.0, 1_000.0).reached == (0, 0, 0, 0)
