"""Plans, their fingerprints, and days as files."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generator.city import load_city
from generator.day import generate_day
from generator.demo import LAST_DEMO_DAY, demo_plan
from generator.publish import Plan, fingerprint, write_plan
from generator.scenario import load_scenario
from pipelines.commands.generate import chosen_days
from pipelines.errors import UsageError

FIRST, LAST = date(2026, 11, 20), date(2026, 11, 21)


def plan() -> Plan:
    return Plan(load_city("futian"), FIRST, LAST, 40, 7)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_files_hold_every_event_once_under_the_utc_date_it_happened(tmp_path: Path) -> None:
    rows = write_plan(plan(), tmp_path)
    days = [generate_day(load_city("futian"), day, 40, 7) for day in plan().days]
    for dataset in days[0]:
        files = sorted((tmp_path / dataset).glob("event_date=*/*.parquet"))
        read = [pq.ParquetFile(file).read() for file in files]
        want = pa.concat_tables([day[dataset] for day in days])
        assert sorted(pa.concat_tables(read)["event_id"].to_pylist()) == sorted(want["event_id"].to_pylist())
        assert rows[dataset] == want.num_rows
        for file, table in zip(files, read, strict=True):
            dates = {moment.date().isoformat() for moment in table["event_time"].to_pylist()}
            assert dates == {file.parent.name.removeprefix("event_date=")}


def test_writing_again_gives_the_same_bytes_and_no_leftovers(tmp_path: Path) -> None:
    write_plan(plan(), tmp_path)
    first = contents(tmp_path)
    write_plan(plan(), tmp_path)
    assert contents(tmp_path) == first
    assert all(name.endswith(".parquet") for name in first)


def test_one_day_alone_writes_the_same_files_as_within_a_range(tmp_path: Path) -> None:
    write_plan(plan(), tmp_path / "range")
    write_plan(replace(plan(), first=LAST), tmp_path / "alone")
    of_range = contents(tmp_path / "range")
    alone = contents(tmp_path / "alone")
    assert alone
    assert all(of_range[name] == content for name, content in alone.items())


def test_progress_is_told_every_row_but_the_registration(tmp_path: Path) -> None:
    told: dict[str, int] = {}
    rows = write_plan(plan(), tmp_path, lambda day, n: told.update({day: told.get(day, 0) + n}))
    assert list(told) == ["2026-11-20", "2026-11-21"]
    assert sum(told.values()) == sum(rows.values()) - rows["cities"]


@pytest.mark.parametrize(
    "other",
    [
        {"orders_per_day": 41},
        {"seed": 8},
        {"scenario": load_scenario("rainy_sunday")},
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
        (date(26, 1, 1), LAST, None, None, "check the years"),
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
