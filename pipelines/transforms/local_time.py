"""The business's day: local days with a cut hour, from UTC instants. Right on days of 23 and 25 hours."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd


def local_clock(instants: pd.Series[pd.Timestamp], time_zone: str) -> pd.Series[pd.Timestamp]:
    """Wall-clock time (naive) of UTC instants in a zone."""
    return instants.dt.tz_convert(ZoneInfo(time_zone)).dt.tz_localize(None)


def business_dates(instants: pd.Series[pd.Timestamp], time_zone: str, day_cut_hour: int) -> pd.Series[Any]:
    """Business date of each UTC instant: the wall clock's day, before the cut hour the day before."""
    return (local_clock(instants, time_zone) - pd.Timedelta(hours=day_cut_hour)).dt.date


def business_day_utc(day: date, time_zone: str, day_cut_hour: int) -> tuple[datetime, datetime]:
    """First instant of a business day and of the next, in UTC."""
    zone = ZoneInfo(time_zone)
    start = datetime.combine(day, time(day_cut_hour), zone).astimezone(UTC)
    end = datetime.combine(day + timedelta(days=1), time(day_cut_hour), zone).astimezone(UTC)
    return start, end


def cities_by_id(cities: pd.DataFrame) -> dict[str, dict[str, Any]]:
    """The columns of each registered city, by city_id (the frame's index)."""
    rows = cities.to_dict("index").items()
    return {str(city_id): {str(k): v for k, v in columns.items()} for city_id, columns in rows}


def with_business_date(frame: pd.DataFrame, cities: pd.DataFrame) -> pd.DataFrame:
    """`frame` (city_id, event_time, …) with the business date of event_time; its UTC date in an unregistered city."""
    frame = frame.reset_index(drop=True)
    if frame.empty:  # an empty column of times may have come without its type
        return frame.assign(business_date=pd.Series(dtype=object))
    frame["business_date"] = pd.Series(frame["event_time"].dt.date, dtype=object)
    registered = cities_by_id(cities)
    for city_id, rows in frame.groupby("city_id").groups.items():
        if city_id in registered:
            city = registered[str(city_id)]
            dates = business_dates(frame["event_time"].loc[rows], city["time_zone"], int(city["day_cut_hour"]))
            frame.loc[rows, "business_date"] = dates
    return frame
