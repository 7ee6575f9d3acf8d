"""The hours for which something holds: fixed local times, or weekdays and hours of whatever day is generated."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from pydantic import model_validator

from generator.city.city import City
from generator.city.city_parts import WEEKDAYS, Hours, Part, Weekday

Span = tuple[float, float]  # seconds since 1970 UTC, from and until


class Times(Part):
    """When a window holds: from `start` until before `end` (local), or on `weekdays` (all if none) within `hours`.

    Hours count from the midnight that begins the business day's date: 26 is two in the morning after.
    """

    start: datetime | None = None
    end: datetime | None = None
    weekdays: tuple[Weekday, ...] = ()
    hours: Hours | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Times:
        fixed, relative = (self.start, self.end), (self.weekdays, self.hours)
        if any(fixed) and any(relative):
            raise ValueError("give start and end, or weekdays and hours, not both")
        if (self.start is None) != (self.end is None):
            raise ValueError("start and end belong together; one of them is missing")
        if self.start and self.end:
            if self.start.tzinfo or self.end.tzinfo:
                raise ValueError("start and end are local times of the city; leave the offset away")
            if self.start >= self.end:
                raise ValueError(f"start {self.start} is not before end {self.end}")
        elif not any(relative):
            raise ValueError("say when: start and end, or weekdays, or hours")
        return self

    def span(self, city: City, day: date) -> Span | None:
        """Seconds since 1970 UTC, from and until, on the business day; None if it does not hold that day."""
        first, last = (instant(city, of, city.day_cut_hour) for of in (day, day + timedelta(days=1)))
        if self.start and self.end:
            span = _utc(city, self.start), _utc(city, self.end)
        elif self.weekdays and WEEKDAYS[day.weekday()] not in self.weekdays:
            return None
        elif self.hours:
            span = instant(city, day, self.hours[0]), instant(city, day, self.hours[1])
        else:
            span = first, last
        return span if span[0] < last and span[1] > first else None


def instant(city: City, day: date, hour: float) -> float:
    """Seconds since 1970 UTC at a local clock hour, counted from the midnight that begins `day`."""
    return _utc(city, datetime.combine(day, time(0)) + timedelta(hours=hour))


def _utc(city: City, local: datetime) -> float:
    return local.replace(tzinfo=city.zone_info).astimezone(UTC).timestamp()


def within(seconds: np.ndarray, span: Span | None) -> np.ndarray:
    """Whether each instant lies in the span."""
    if span is None:
        return np.zeros(np.shape(seconds), dtype=bool)
    return np.asarray((seconds >= span[0]) & (seconds < span[1]))
