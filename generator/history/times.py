"""Times of a user's file into UTC instants: declared formats, clock times without a day, and the change of clocks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from generator.history.mapping import Mapping, has_date
from generator.history.mapping_parts import SERIAL_FORMATS, TimeRules
from generator.history.values import ODD_SPACES

NO_TIME = np.datetime64("NaT", "us")
ISO_DAY = r"\d{4}-\d\d-\d\d"
ISO = ISO_DAY + r"(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?"
OFFSET = r" ?(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)"
# What no order's time lies beyond: a year read from the wrong digits, a serial number read by the wrong calendar.
EARLIEST, LATEST = np.datetime64("2000-01-01", "us"), np.datetime64("2100-01-01", "us")
# Day 0 of the two calendars of spreadsheets, in the count that 1900's false leap day has pushed on by one.
DAY_ZERO = {"excel": np.datetime64("1899-12-30", "us"), "excel_1904": np.datetime64("1904-01-01", "us")}
CLOCK_CODES = ("%H", "%I", "%c", "%X", "%T", "%R", "%r")
MICROSECONDS = {"epoch_s": 1_000_000, "epoch_ms": 1_000, "epoch_us": 1}


@dataclass
class Times:
    """Instants of one column: `utc` is datetime64[us] (NaT where missing or bad). The masks say why a cell is bad
    (`unreadable`, `skipped`: no such local time) or that a rule settled it (`shifted`, `repeated`)."""

    utc: np.ndarray
    unreadable: np.ndarray
    masks: dict[str, np.ndarray] = field(default_factory=dict)


def read_times(
    cells: pd.Series,
    time_format: str | None,
    mapping: Mapping,
    zone: ZoneInfo,
    day: date | None,
    day_after: np.ndarray | None = None,
    clock: tuple[np.ndarray, timedelta] | None = None,
) -> Times:
    """UTC instants of text cells.

    Without a format: ISO 8601, where an offset in the text wins over the mapping's clock. A format without a date is a
    clock time of `day`, or of the day after it where the mask `day_after` says so (see `next_day`). Serial dates of
    spreadsheets are local, Unix times are UTC. A time before 2000 or from 2100 on is unreadable. `clock`: the rows that
    say a day alone, and the time of it that is taken.
    """
    naive, utc = parse(cells, time_format, day)
    for found in (naive, utc):
        with np.errstate(invalid="ignore"):
            found[(found < EARLIEST) | (found >= LATEST)] = NO_TIME
    if day_after is not None:
        naive[day_after] += np.timedelta64(1, "D")
    if clock is not None:
        naive[clock[0]] += np.timedelta64(clock[1])
    unreadable = cells.notna().to_numpy() & np.isnat(naive) & np.isnat(utc)
    times = Times(utc, unreadable)
    local = ~np.isnat(naive)
    if mapping.clock == "utc":
        times.utc[local] = naive[local]
    else:
        localise(times, naive, zone, mapping.times)
    return times


def parse(cells: pd.Series, time_format: str | None, day: date | None) -> tuple[np.ndarray, np.ndarray]:
    """(times without an offset, instants whose text has one), each datetime64[us] and NaT where it is not that."""
    nothing = np.full(len(cells), NO_TIME)
    if time_format in SERIAL_FORMATS:
        return _serial(cells, str(time_format))
    cells = cells.str.replace(ODD_SPACES, " ", regex=True)
    if time_format is not None and "%p" in time_format:  # 6:41 p.m. is 6:41 PM
        cells = cells.str.replace(r"(?i)\b([ap])\.\s?m\.", r"\1m", regex=True)
    if time_format is None:
        return _iso(cells)
    if "%z" in time_format:
        stamps = pd.to_datetime(cells.astype(object), format=time_format, utc=True, errors="coerce")
        return nothing, stamps.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    if has_date(time_format):
        return _to_naive(cells, time_format), nothing
    if day is None:
        raise ValueError("a clock time needs a day")  # the mapping and the command line are checked before
    clock = _to_naive(day.isoformat() + " " + cells, "%Y-%m-%d " + time_format)
    return clock, nothing


def _iso(cells: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """ISO 8601 as programs write it: a blank for the T and before the offset, UTC for Z, fractions to nanoseconds."""
    naive, utc = np.full(len(cells), NO_TIME), np.full(len(cells), NO_TIME)
    plain = cells.str.fullmatch(ISO).fillna(False).to_numpy(dtype=bool)
    naive[plain] = _to_naive(_microseconds(cells[plain]), "ISO8601")
    offset = ~plain & cells.str.fullmatch(ISO + OFFSET).fillna(False).to_numpy(dtype=bool)
    parts = cells[offset].str.extract(rf"^(.*?){OFFSET.replace('(?:', '(', 1)}$")
    zones = parts[1].replace({"UTC": "Z", "GMT": "Z"})
    stamps = pd.to_datetime(
        (_microseconds(parts[0]) + zones).astype(object), format="ISO8601", utc=True, errors="coerce"
    )
    utc[offset] = stamps.dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    return naive, utc


def _microseconds(cells: pd.Series) -> pd.Series:
    return cells.str.replace(r"[.,](\d{1,6})\d*$", r".\1", regex=True)


def day_alone(cells: pd.Series, time_format: str | None) -> np.ndarray:
    """Mask of cells that say a day and no time of it, which reading them would take for midnight.

    Serial days of spreadsheets say so only where no cell has a fraction: midnight is a time, too.
    """
    if time_format is None:
        found = cells.str.fullmatch(ISO_DAY)
    elif time_format in DAY_ZERO:
        found = cells.str.fullmatch(r"\d{4,6}(?:\.0*)?")
        found = found if found.fillna(True).all() else found & False
    else:
        has_clock = time_format in SERIAL_FORMATS or any(code in time_format for code in CLOCK_CODES)
        found = cells.notna() & (not has_clock)
    alone: np.ndarray = found.fillna(False).to_numpy(dtype=bool)
    return alone


def _serial(cells: pd.Series, time_format: str) -> tuple[np.ndarray, np.ndarray]:
    """Days since a spreadsheet's day 0 (local, to the nearest millisecond), or Unix time (UTC)."""
    found, nothing = np.full(len(cells), NO_TIME), np.full(len(cells), NO_TIME)
    if time_format in DAY_ZERO:
        good = cells.str.fullmatch(r"\d{4,6}(?:\.\d+)?").fillna(False).to_numpy(dtype=bool)
        millis = np.rint(cells[good].astype("float64").to_numpy() * 86_400_000).astype(np.int64)
        found[good] = DAY_ZERO[time_format] + (millis * 1000).astype("timedelta64[us]")
        return found, nothing
    good = cells.str.fullmatch(r"\d{1,16}(?:\.\d{1,6})?").fillna(False).to_numpy(dtype=bool)
    numbers = cells[good].str.split(".", n=1, expand=True).reindex(columns=[0, 1])
    scale = MICROSECONDS[time_format]
    whole = numbers[0].astype("float64").clip(upper=4.2e15 / scale).astype("int64").to_numpy() * scale
    part = np.rint(("0." + numbers[1].fillna("0")).astype("float64").to_numpy() * scale).astype(np.int64)
    found[good] = np.datetime64(0, "us") + (whole + part).astype("timedelta64[us]")
    return nothing, found


def _to_naive(cells: pd.Series, time_format: str) -> np.ndarray:
    stamps = pd.to_datetime(cells.astype(object), format=time_format, errors="coerce")
    found: np.ndarray = stamps.to_numpy().astype("datetime64[us]")
    return found


def localise(times: Times, naive: np.ndarray, zone: ZoneInfo, rules: TimeRules) -> None:
    """Fill `times.utc` from local clock times, by the mapping's rules where the clocks were changed."""
    local = pd.Series(naive)
    stamps = local.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    utc = stamps.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[us]")
    masks = {name: np.zeros(len(naive), dtype=bool) for name in ("skipped", "shifted", "twice", "repeated")}
    # A row loop over the few rows of a change of clocks: only they need both readings (PEP 495 folds).
    for position in np.flatnonzero(~np.isnat(naive) & np.isnat(utc)):
        first, second = (_instant(naive[position], zone, fold) for fold in (0, 1))
        if first > second:  # the clocks skipped this time
            masks["shifted" if rules.nonexistent == "shift" else "skipped"][position] = True
            chosen = first if rules.nonexistent == "shift" else None
        else:
            chosen = {"first": first, "second": second}.get(rules.ambiguous)
            masks["twice" if chosen is None else "repeated"][position] = True
        utc[position] = NO_TIME if chosen is None else np.datetime64(chosen.replace(tzinfo=None), "us")
    ours = ~np.isnat(naive)
    times.utc[ours] = utc[ours]
    times.masks = masks


def _instant(naive: np.datetime64, zone: ZoneInfo, fold: int) -> datetime:
    moment: datetime = naive.astype("datetime64[us]").item()
    return moment.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def next_day(
    cells: pd.Series, time_format: str, anchor: pd.Series, anchor_format: str | None, mapping: Mapping
) -> np.ndarray | None:
    """Mask of clock times that belong to the day after: on the clock earlier than their anchor by more than the
    mapping's `next_day_after_hours`. None where the anchor has a date of its own, so that nothing can be said.

    An order placed at 23:50 and ready at 00:20 was ready after midnight; placed at 23:50 and ready at 23:40 is wrong.
    """
    if anchor_format is None or has_date(anchor_format):
        return None
    base = date(2000, 1, 1)
    own, begin = parse(cells, time_format, base)[0], parse(anchor, anchor_format, base)[0]
    found: np.ndarray = (begin - own) > np.timedelta64(int(mapping.next_day_after_hours * 3600), "s")
    return found
