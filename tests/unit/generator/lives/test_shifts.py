"""Shifts: each begins and ends once, breaks lie between, and nobody is offered an order in one."""

from __future__ import annotations

from functools import cache

import pandas as pd

from generator.city.city import load_city
from generator.day import generate_day
from tests.unit.generator.generated_days import FRIDAY, friday


@cache
def busy() -> pd.DataFrame:
    """Shift events of a day with four times the couriers: rare things happen on it."""
    tables = generate_day(load_city("futian"), FRIDAY, 3000, seed=7)
    return tables["courier_shifts"].to_pandas().sort_values(["courier_id", "event_time"], ignore_index=True)


def test_a_shift_starts_once_and_is_ended_or_dropped_out_of_once() -> None:
    kinds = busy().groupby("courier_id")["event_type"].agg(list)
    ends = kinds.map(lambda told: (told.count("started"), told.count("ended") + told.count("dropped_out")))
    assert (ends == (1, 1)).all()
    assert kinds.map(lambda told: told[0] == "started" and told[-1] in ("ended", "dropped_out")).all()


def test_a_pause_is_resumed_or_the_shift_ends_in_it() -> None:
    following = busy()["event_type"].shift(-1)
    assert set(following[busy()["event_type"] == "paused"]) <= {"resumed", "ended", "dropped_out"}
    assert set(busy()["event_type"].shift()[busy()["event_type"] == "resumed"]) == {"paused"}


def test_who_works_long_has_a_break_and_few_drop_out() -> None:
    ends = busy()["event_type"].isin(["ended", "dropped_out"])
    start, end = (busy()[at].set_index("courier_id")["event_time"] for at in (busy()["event_type"] == "started", ends))
    paused = busy()[busy()["event_type"] == "paused"].groupby("courier_id").size().reindex(start.index, fill_value=0)
    hours = (end - start).dt.total_seconds() / 3600
    assert (paused[hours > 7.5] >= 1).mean() > 0.9
    assert (paused[hours < 6] >= 1).mean() < 0.1
    assert 0.001 < (busy()["event_type"] == "dropped_out").sum() / len(start) < 0.05


def test_nobody_is_offered_an_order_during_a_pause() -> None:
    shifts = friday()["courier_shifts"].to_pandas().sort_values(["courier_id", "event_time"])
    until = shifts["event_time"].shift(-1)
    pauses = shifts.assign(until=until)[shifts["event_type"] == "paused"]
    offers = friday()["courier_assignments"].to_pandas()
    both = offers[offers["event_type"] == "offered"].merge(pauses, on="courier_id", suffixes=("", "_paused"))
    assert len(both) > 50
    assert not ((both["event_time"] > both["event_time_paused"]) & (both["event_time"] < both["until"])).any()
