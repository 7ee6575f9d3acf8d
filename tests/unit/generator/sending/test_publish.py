"""Plans, their fingerprints, and which days a command means."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from generator.city.city import load_city
from generator.demo import LAST_DEMO_DAY, demo_plan
from generator.faults import load_faults
from generator.scenario.scenario import load_scenario
from generator.sending.plan import Plan, fingerprint
from pipelines.commands.generate import chosen_days
from pipelines.errors import UsageError

FIRST, LAST = date(2026, 11, 20), date(2026, 11, 21)


def plan() -> Plan:
    return Plan(load_city("futian"), FIRST, LAST, 40, 7)


@pytest.mark.parametrize(
    "other",
    [
        {"orders_per_day": 41},
        {"seed": 8},
        {"scenario": load_scenario("rainy_sunday")},
        {"faults": load_faults("usual")},
        {"city": load_city("futian").model_copy(update={"day_cut_hour": 5})},
    ],
)
def test_whatever_changes_a_days_events_changes_the_fingerprint(other: dict[str, object]) -> None:
    assert fingerprint(replace(plan(), **other)) != fingerprint(plan())  # type: ignore[arg-type]


def test_fingerprint_does_not_depend_on_the_range() -> None:
    assert fingerprint(replace(plan(), last=date(2026, 12, 31))) == fingerprint(plan())


def test_demo_days_end_on_a_fixed_sunday_with_the_sunday_before_among_them() -> None:
    days = demo_plan().days
    assert (len(days), days[0].weekday(), days[-1], days[-1].weekday()) == (8, 6, LAST_DEMO_DAY, 6)


def test_days_are_chosen_by_ends_or_by_number() -> None:
    assert chosen_days(FIRST, LAST, None, None) == (FIRST, LAST)
    assert chosen_days(None, None, 2, LAST) == (FIRST, LAST)


@pytest.mark.parametrize(
    ("start", "end", "days", "until", "said"),
    [
        (FIRST, None, None, None, "either --from"),
        (FIRST, LAST, 2, LAST, "either --from"),
        (LAST, FIRST, None, None, "before --from"),
        (None, None, 0, LAST, "at least one day"),
        (None, None, 10**9, LAST, "check the years"),
        (date(2010, 1, 1), LAST, None, None, "check the years"),
        (date(26, 1, 1), LAST, None, None, "0026-01-01 to .*: days lie from 2000"),
        (None, None, 3, date(1, 1, 1), "days lie from 2000"),
    ],
)
def test_contradictory_days_are_refused(
    start: date | None, end: date | None, days: int | None, until: date | None, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        chosen_days(start, end, days, until)


def test_unknown_scenario_lists_the_shipped_ones() -> None:
    with pytest.raises(UsageError, match=r"shipped: .*rainy_sunday"):
        load_scenario("sharknado")
