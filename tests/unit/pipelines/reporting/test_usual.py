import pytest

from pipelines.reporting.usual import Limit, days_outside, state_of, usual_range


def test_usual_runs_from_the_10th_to_the_90th_percentile():
    usual = usual_range(range(1, 12))
    assert (usual.low, usual.median, usual.high, usual.days) == (2.0, 6.0, 10.0, 11)


def test_four_days_give_no_usual_range():
    assert usual_range([1, 2, 3, 4]) is None


def test_days_without_the_figure_do_not_count():
    assert usual_range([1, None, 2, float("nan"), 3, 4]) is None


def test_only_the_last_28_days_count():
    assert usual_range([1000.0] * 10 + [1.0] * 28).high == 1.0


@pytest.mark.parametrize(
    ("value", "good_when", "state"),
    [(5, "up", "usual"), (1, "up", "late"), (99, "up", "good"), (99, "down", "late"),
     (1, "down", "good"), (99, None, "late"), (None, "up", "empty")],
)  # fmt: skip
def test_a_figure_outside_the_usual_range_stands_late_only_on_its_worse_side(value, good_when, state):
    assert state_of(value, usual_range(range(1, 12)), None, good_when) == state


def test_a_limit_counts_even_without_days_before():
    assert state_of(0.9, None, Limit(0.93, "target"), "up") == "bad"
    assert state_of(0.94, None, Limit(0.93, "target"), "up") == "unknown"


def test_a_run_of_worse_days_is_counted_back_from_the_day():
    assert days_outside([*[1.0, 1.1, 0.9, 1.0, 1.05], 5.0, 9.0], 30.0, "up") == 3
    assert days_outside([1.0, 1.1, 0.9, 1.0, 1.05], 1.0, "up") == 0
