"""The business's day, by clock times an analyst can check with a calendar."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pandas as pd
import pytest

from pipelines.transforms.local_time import business_dates, business_day_utc, local_clock


def instants(*texts: str) -> pd.Series:
    return pd.Series(pd.to_datetime(list(texts), utc=True, format="ISO8601"))


def test_dinner_in_bogota_is_not_split_where_the_utc_day_ends() -> None:
    # 18:45, 19:00 and 21:30 in Bogotá (UTC-5) lie on both sides of midnight UTC
    dinner = instants("2026-06-12 23:45", "2026-06-13 00:00", "2026-06-13 02:30")
    assert list(business_dates(dinner, "America/Bogota", 4)) == [date(2026, 6, 12)] * 3
    assert list(local_clock(dinner, "America/Bogota").dt.hour) == [18, 19, 21]


def test_an_order_after_midnight_belongs_to_the_evening_before() -> None:
    # 00:30, 03:59:59 and 04:00 in Bogotá
    night = instants("2026-06-13 05:30", "2026-06-13 08:59:59", "2026-06-13 09:00")
    assert list(business_dates(night, "America/Bogota", 4)) == [
        date(2026, 6, 12),
        date(2026, 6, 12),
        date(2026, 6, 13),
    ]


@pytest.mark.parametrize(("cut_hour", "expected"), [(0, 13), (2, 13), (3, 12), (6, 12)])
def test_the_cut_hour_is_the_citys_own(cut_hour: int, expected: int) -> None:
    half_past_two = instants("2026-06-13 07:30")  # 02:30 in Bogotá
    assert list(business_dates(half_past_two, "America/Bogota", cut_hour)) == [date(2026, 6, expected)]


@pytest.mark.parametrize(("day", "hours"), [(date(2026, 3, 28), 23), (date(2026, 10, 24), 25), (date(2026, 6, 12), 24)])
def test_a_business_day_in_berlin_has_23_24_or_25_hours(day: date, hours: int) -> None:
    start, end = business_day_utc(day, "Europe/Berlin", 4)
    assert (end - start).total_seconds() == hours * 3600


def test_a_business_day_begins_at_the_cut_hour_of_the_wall_clock() -> None:
    summer, _ = business_day_utc(date(2026, 3, 29), "Europe/Berlin", 4)
    winter, _ = business_day_utc(date(2026, 3, 28), "Europe/Berlin", 4)
    assert winter == datetime(2026, 3, 28, 3, tzinfo=UTC)
    assert summer == datetime(2026, 3, 29, 2, tzinfo=UTC)


@pytest.mark.parametrize("day", [date(2026, 3, 28), date(2026, 3, 29), date(2026, 10, 24), date(2026, 10, 25)])
def test_first_and_last_microsecond_of_a_day_agree_with_the_day_of_each_instant(day: date) -> None:
    start, end = business_day_utc(day, "Europe/Berlin", 4)
    edges = pd.Series([pd.Timestamp(start), pd.Timestamp(end) - pd.Timedelta(microseconds=1)])
    assert list(business_dates(edges, "Europe/Berlin", 4)) == [day, day]


def test_the_hour_that_comes_twice_counts_as_two_hours_of_one_day() -> None:
    twice = instants("2026-10-25 00:30", "2026-10-25 01:30")  # 02:30 summer time, 02:30 winter time
    assert list(local_clock(twice, "Europe/Berlin").dt.hour) == [2, 2]
    assert list(business_dates(twice, "Europe/Berlin", 4)) == [date(2026, 10, 24)] * 2
