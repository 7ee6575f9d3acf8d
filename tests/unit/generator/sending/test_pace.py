"""The simulated clock, and the events that wait for it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.sending.pace import MICROS, Pace, Pending, factor_of
from pipelines.errors import UsageError


class Clock:
    """A real clock that only sleeping, and what is said to take long, move on."""

    def __init__(self) -> None:
        self.seconds, self.slept = 1000.0, 0.0

    def __call__(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds
        self.slept += seconds


def test_the_simulated_clock_runs_at_its_factor_and_waiting_ends_on_time() -> None:
    clock = Clock()
    pace = Pace(60, 5 * MICROS, clock, clock.sleep)
    clock.seconds += 2
    assert pace.now_us() == 125 * MICROS
    pace.wait(185 * MICROS)
    assert clock.slept == pytest.approx(1.0)
    pace.wait(100 * MICROS)  # is past
    assert clock.slept == pytest.approx(1.0)
    assert pace.behind_seconds(65 * MICROS) == pytest.approx(2.0)


@pytest.mark.parametrize(
    ("said", "factor"), [("max", None), ("realtime", 1.0), ("60", 60.0), ("0.5", 0.5), ("20x", 20)]
)
def test_a_speed_is_max_realtime_or_a_factor(said: str, factor: float | None) -> None:
    assert factor_of(said) == factor


@pytest.mark.parametrize("said", ["fast", "0", "-1", "nan", "inf", "1e9", ""])
def test_what_is_no_speed_is_refused(said: str) -> None:
    with pytest.raises(UsageError, match="say realtime, max, or how many times"):
        factor_of(said)


def events(produced_us: list[int]) -> pa.Table:
    return pa.table({"n": np.arange(len(produced_us)), "produced_at": pa.array(produced_us, pa.timestamp("us", "UTC"))})


@given(st.lists(st.integers(0, 50), max_size=30), st.lists(st.integers(0, 60), max_size=6), st.integers(0, 30))
def test_every_row_falls_due_once_and_in_time_whatever_the_slices(
    produced: list[int], cuts: list[int], from_us: int
) -> None:
    pending, seen = Pending(), list[tuple[int, int]]()
    pending.add("u", {"orders": events(produced), "reviews": events(produced[:3])}, from_us)
    before = -1
    for cut in [*sorted(cuts), 51]:
        rows = pending.due(cut).get("u", {}).get("orders")
        found = rows.column("produced_at").cast(pa.int64()).to_pylist() if rows else []
        assert all(before <= at < cut for at in found)
        seen += list(zip(rows.column("n").to_pylist(), found, strict=True)) if rows else []
        pending.let_go()
        before = cut
    assert sorted(seen) == [(n, at) for n, at in enumerate(produced) if at >= from_us]
    assert (pending.rows, pending.units, pending.first_us, pending.last_us) == (0, set(), None, None)


def test_a_slice_that_would_be_too_large_ends_earlier_but_never_empty() -> None:
    pending = Pending()
    pending.add("u", {"orders": events([1, 2, 3, 3, 3, 9])}, 0)
    assert pending.until_with(2, 100) == 3  # rows 1 and 2 lie before it
    pending.due(3)
    assert pending.until_with(2, 100) == 4  # three at once are not divided
    assert pending.until_with(9, 100) == 100
