"""Local times become instants; what the change of clocks skipped or repeated is settled by the mapping's rule."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from generator.history.check import check_files
from pipelines.errors import UsageError
from tests.unit.generator.history.examples import GOOD, HEADER, TOWN, check, mapping, outcomes, write

SKIPPED = GOOD.replace("2026-03-06 12:00:00", "2026-03-08 02:30:00")  # clocks go forward in New York
TWICE = GOOD.replace("2026-03-06 12:00:00", "2026-11-01 01:30:00")  # clocks go back


def placed(folder: Path, row: str, **changes: object) -> str:
    return str(check(folder, HEADER, row, **changes).orders["placed_at"][0])


def test_local_times_are_the_citys_and_offsets_in_the_text_win(tmp_path: Path) -> None:
    assert placed(tmp_path, GOOD) == "2026-03-06 17:00:00+00:00"
    assert placed(tmp_path, GOOD.replace("12:00:00", "12:00:00Z")) == "2026-03-06 12:00:00+00:00"
    assert placed(tmp_path, GOOD.replace("12:00:00", "12:00:00+0530")) == "2026-03-06 06:30:00+00:00"
    assert placed(tmp_path, GOOD, clock="utc") == "2026-03-06 12:00:00+00:00"


@pytest.mark.parametrize("text", ["12:00:00 +0530", "12:00:00+05:30", "06:30:00 UTC", "06:30:00.1234567Z", "06:30Z"])
def test_offsets_are_read_as_exports_write_them(tmp_path: Path, text: str) -> None:
    assert placed(tmp_path, GOOD.replace("12:00:00", text)).startswith("2026-03-06 06:30:00")


@pytest.mark.parametrize(
    ("text", "time_format"),
    [("2026-03-06", None), ("06.03.2026", "%d.%m.%Y"), ("46087", "excel")],
)
def test_a_placement_that_is_a_day_alone_needs_the_mappings_word(
    tmp_path: Path, text: str, time_format: str | None
) -> None:
    row, column = GOOD.replace("2026-03-06 12:00:00", text), {"column": "placed", "format": time_format}
    refused = check(tmp_path, HEADER, row, columns={"placed_at": column})
    assert outcomes(refused) == {2: ("rejected", "placed_at_has_no_clock_time")}
    settled = check(tmp_path, HEADER, row, columns={"placed_at": column | {"default_time": "12:30"}})
    assert str(settled.orders["placed_at"][0]) == "2026-03-06 17:30:00+00:00"
    assert settled.found["orders"].notes() == {"placed_at is a day alone: 12:30 was taken": 1}


def test_a_later_time_that_is_a_day_alone_is_its_midnight_and_counted(tmp_path: Path) -> None:
    columns = {"delivered_at": {"column": "done"}, "placed_at": {"column": "placed"}}
    checked = check(tmp_path, f"{HEADER},done", f"{GOOD},2026-03-07", columns=columns)
    assert checked.found["orders"].notes()["delivered_at is a day alone: its midnight was taken"] == 1


def test_fractions_of_a_second_are_kept_to_the_microsecond(tmp_path: Path) -> None:
    assert placed(tmp_path, GOOD.replace("12:00:00", "12:00:00.000001")) == "2026-03-06 17:00:00.000001+00:00"


def test_a_declared_format_is_the_only_one_read(tmp_path: Path) -> None:
    columns = {"placed_at": {"column": "placed", "format": "%m/%d/%y %I:%M %p"}}
    midnight = GOOD.replace("2026-03-06 12:00:00", "3/11/26 12:07 AM")
    checked = check(tmp_path, HEADER, midnight, GOOD.replace("001", "002"), columns=columns)
    assert str(checked.orders["placed_at"][0]) == "2026-03-11 04:07:00+00:00"
    assert outcomes(checked) == {3: ("rejected", "placed_at_unreadable")}


@pytest.mark.parametrize("text", ["2026-13-01 12:00", "yesterday", "06/03/2026", "2026-02-30 12:00"])
def test_a_time_that_is_no_time_rejects_its_row(tmp_path: Path, text: str) -> None:
    checked = check(tmp_path, HEADER, GOOD.replace("2026-03-06 12:00:00", text))
    assert outcomes(checked) == {2: ("rejected", "placed_at_unreadable")}


def test_a_time_that_the_clocks_skipped_is_set_aside_by_default(tmp_path: Path) -> None:
    assert outcomes(check(tmp_path, HEADER, SKIPPED)) == {2: ("quarantined", "placed_at_does_not_exist")}


def test_a_skipped_time_is_moved_forward_by_the_gap_where_the_mapping_says_so(tmp_path: Path) -> None:
    checked = check(tmp_path, HEADER, SKIPPED, times={"nonexistent": "shift"})
    assert str(checked.orders["placed_at"][0]) == "2026-03-08 07:30:00+00:00"  # 03:30 summer time
    assert outcomes(checked) == {2: ("flagged", "placed_at_did_not_exist")}


def test_a_time_that_was_twice_is_set_aside_or_settled_as_the_mapping_says(tmp_path: Path) -> None:
    assert outcomes(check(tmp_path, HEADER, TWICE)) == {2: ("quarantined", "placed_at_exists_twice")}
    for rule, instant in (("first", "2026-11-01 05:30:00+00:00"), ("second", "2026-11-01 06:30:00+00:00")):
        checked = check(tmp_path, HEADER, TWICE, times={"ambiguous": rule})
        assert str(checked.orders["placed_at"][0]) == instant
        assert outcomes(checked) == {2: ("flagged", "placed_at_existed_twice")}


CLOCK = {
    "placed_at": {"column": "placed", "format": "%H:%M:%S"},
    "ready_at": {"column": "ready", "format": "%H:%M:%S"},
}
CLOCK_HEADER = f"{HEADER},ready"


def clock_row(placed_at: str, ready_at: str) -> str:
    return GOOD.replace("2026-03-06 12:00:00", placed_at) + f",{ready_at}"


def clock_check(folder: Path, row: str, **changes: object) -> pd.DataFrame:
    changes = {"day": "2026-03-06", "columns": CLOCK} | changes
    return check(folder, CLOCK_HEADER, row, **changes).orders


def test_a_clock_time_after_midnight_belongs_to_the_next_day(tmp_path: Path) -> None:
    orders = clock_check(tmp_path, clock_row("23:50:00", "00:20:00"))
    assert str(orders["ready_at"][0]) == "2026-03-07 05:20:00+00:00"


def test_a_clock_time_little_earlier_than_placement_is_a_contradiction_not_the_next_day(tmp_path: Path) -> None:
    checked = check(tmp_path, CLOCK_HEADER, clock_row("23:50:00", "23:40:00"), day="2026-03-06", columns=CLOCK)
    assert outcomes(checked) == {2: ("quarantined", "ready_before_placement")}


def test_how_much_earlier_means_the_next_day_is_the_mappings_to_say(tmp_path: Path) -> None:
    row = clock_row("17:00:00", "02:00:00")
    assert str(clock_check(tmp_path, row)["ready_at"][0]) == "2026-03-07 07:00:00+00:00"
    assert clock_check(tmp_path, row, next_day_after_hours=18).empty


def test_the_next_day_has_its_own_change_of_clocks(tmp_path: Path) -> None:
    row = clock_row("23:50:00", "02:30:00")
    checked = check(tmp_path, CLOCK_HEADER, row, day="2026-03-07", columns=CLOCK)
    assert outcomes(checked) == {2: ("quarantined", "ready_at_does_not_exist")}


def test_files_without_dates_need_a_day_and_files_with_dates_refuse_one(tmp_path: Path) -> None:
    path = write(tmp_path, CLOCK_HEADER, clock_row("23:50:00", "23:55:00"))
    with pytest.raises(UsageError, match="--date"):
        check_files(mapping(columns=CLOCK), path, None)
    by_option = check_files(mapping(columns=CLOCK, day="2026-03-06"), path, None, date(2026, 3, 9))
    assert str(by_option.orders["placed_at"][0]) == "2026-03-10 03:50:00+00:00"
    with pytest.raises(UsageError, match="leave --date out"):
        check_files(mapping(), write(tmp_path, HEADER, GOOD), None, date(2026, 3, 9))


def test_an_order_after_midnight_counts_for_the_evening_before(tmp_path: Path) -> None:
    rows = [
        GOOD.replace("001", str(n)).replace("12:00:00", at) for n, at in enumerate(("03:59:59", "04:00:00", "23:59:59"))
    ]
    checked = check(tmp_path, HEADER, *rows, cities=[TOWN | {"day_cut_hour": 4}])
    assert checked.business_dates() == {"2026-03-05": 1, "2026-03-06": 2}
