"""The format of a column's times, told by all its values; where day and month cannot be told apart, both are said."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pandas as pd

from generator.history.times import parse

DATES = ["%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d"]
DAY_FIRST = ["%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d/%m/%y", "%d-%m-%y", "%d.%m.%y"]
MONTH_FIRST = [f.replace("%d", "%_").replace("%m", "%d").replace("%_", "%m") for f in DAY_FIRST]
CLOCKS = ["%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p"]
NAMED = ["%d %b %Y", "%b %d, %Y", "%d-%b-%Y", "%d %B %Y", "%B %d, %Y"]
TIME_NAME = re.compile(r"time|date|_at$|\bat\b|day|when|stamp|placed|created|accepted|delivered|picked", re.IGNORECASE)
# Digits of Unix times of the years 2001 to 2033, also as a data frame writes a column with a gap in it: 1790000000.0
EPOCHS = (
    (r"1\d{9}(?:\.\d+)?", "epoch_s"),
    (r"1\d{12}(?:\.\d+)?", "epoch_ms"),
    (r"1\d{15}(?:\.0*)?", "epoch_us"),
)
PLAIN_NUMBER = r"[-+]?\d+(?:[.,]\d*)?"
FEW = 200  # values that are tried by every format; only day against month is decided by all of them
SHARE = 0.6  # of the values that must be times by one format: the rest are wrong rows or markers


@dataclass(frozen=True)
class TimeGuess:
    """`formats`: the fitting ones (None is ISO 8601), several where day and month are interchangeable."""

    formats: tuple[str | None, ...]
    has_date: bool
    has_clock: bool
    has_offset: bool = False

    @property
    def is_ambiguous(self) -> bool:
        return len(self.formats) > 1


def guess_times(cells: pd.Series, name: str) -> TimeGuess | None:
    """How the cells (trimmed text, missing taken out) are times, or None; of many cells few are tried first."""
    few = cells.iloc[:: max(len(cells) // FEW, 1)]
    if few.empty or few.str.contains(r"\d").mean() < SHARE:
        return None
    if few.str.fullmatch(PLAIN_NUMBER).mean() > 1 - SHARE:  # no format but those of numbers can fit
        return _numbers(few, name)
    guess = _guess(few, name)
    return _guess(cells, name) if guess is not None and guess.is_ambiguous else guess


def _guess(cells: pd.Series, name: str) -> TimeGuess | None:
    iso = parse(cells, None, None)
    local, offset = (~pd.isna(found) for found in iso)
    if (local | offset).mean() >= SHARE:
        has_clock = bool(cells.str.contains(r"\d:\d").mean() > SHARE)
        return TimeGuess((None,), True, has_clock, bool(offset.mean() > local.mean()))
    if not _may_be_times(cells):
        return None
    clocks = _fitting(cells, CLOCKS, with_day=True)
    if clocks:
        return TimeGuess((clocks[0][1],), False, True)
    for dates in (DATES, NAMED, [*DAY_FIRST, *MONTH_FIRST]):
        for clock in ["", *(f" {c}" for c in CLOCKS)]:
            best = _fitting(cells, [d + clock for d in dates], with_day=False)
            if best:
                top = [f for share, f in best if share == best[0][0]]
                return TimeGuess(tuple(top[:2]), True, bool(clock))
    return None


def _may_be_times(cells: pd.Series) -> bool:
    """Whether enough cells have two numbers with a mark between, or a word beside one: others are no times, and every
    format tried on them takes its time."""
    return bool(cells.str.contains(r"\d[-/.: ]+(?:\d|[A-Za-z]{3})|[A-Za-z]{3,}[-. ]\d").mean() >= SHARE)


def shapes_of(cells: pd.Series) -> list[tuple[str, float]]:
    """(an example, share of the cells) of each way the cells are written, digits apart, most frequent first."""
    shapes = cells.str.replace(r"\d", "9", regex=True).str.replace(r"[A-Za-z]+", "a", regex=True)
    shares = shapes.value_counts(normalize=True)
    return [(str(cells[shapes == shape].iloc[0]), float(share)) for shape, share in shares.items()]


def _numbers(cells: pd.Series, name: str) -> TimeGuess | None:
    """Unix times by their digits; spreadsheets' serial dates by their size and a name that speaks of time."""
    if not TIME_NAME.search(name):
        return None
    for pattern, time_format in EPOCHS:
        if cells.str.fullmatch(pattern).mean() >= SHARE:
            return TimeGuess((time_format,), True, True, True)
    if cells.str.fullmatch(r"[345]\d{4}(\.\d+)?").mean() >= SHARE:
        return TimeGuess(("excel",), True, bool(cells.str.contains(".", regex=False).any()))
    return None


def _fitting(cells: pd.Series, formats: list[str], *, with_day: bool) -> list[tuple[float, str]]:
    """(share of cells, format) of those that fit enough cells, best first."""
    head = "2000-01-01 " if with_day else ""
    prefix = "%Y-%m-%d " if with_day else ""
    found = []
    for time_format in formats:
        naive = parse(head + cells, prefix + time_format, None)[0]
        share = float((~pd.isna(naive)).mean())
        if share >= SHARE:
            found.append((share, time_format))
    return sorted(found, key=lambda f: -f[0])
