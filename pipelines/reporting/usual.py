"""The usual range of a figure and whether a day leaves it.

Usual is the 10th to the 90th percentile (linear) of up to 28 days before the day; with fewer than `MIN_DAYS` days
that have the figure there is no usual range, and nothing is coloured by it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from pipelines.reporting.numbers import is_blank

HISTORY_DAYS = 28
MIN_DAYS = 5  # the 10th and 90th percentile of four values are its extremes

State = Literal["usual", "good", "late", "bad", "unknown", "empty"]
Direction = Literal["up", "down"]


@dataclass(frozen=True)
class Usual:
    """p10, median and p90 of the days before, in the figure's own unit, and how many days had one."""

    low: float
    median: float
    high: float
    days: int


@dataclass(frozen=True)
class Limit:
    """A business limit in the figure's own unit: a floor where `good_when` is up, a ceiling where it is down."""

    value: float
    name: str


def usual_range(history: Iterable[float | None]) -> Usual | None:
    """The usual range of a figure's values of the days before; None with fewer than MIN_DAYS of them."""
    values = np.array([float(v) for v in history if v is not None and not is_blank(v)][-HISTORY_DAYS:])
    if len(values) < MIN_DAYS:
        return None
    low, median, high = np.percentile(values, [10, 50, 90])
    return Usual(float(low), float(median), float(high), len(values))


def beyond(value: float, limit: Limit | None, good_when: Direction | None) -> bool:
    """True where the figure is on the wrong side of its limit."""
    if limit is None or good_when is None:
        return False
    return value < limit.value if good_when == "up" else value > limit.value


def state_of(value: float | None, usual: Usual | None, limit: Limit | None, good_when: Direction | None) -> State:
    """How a figure stands: bad beyond a limit; outside its usual range late on the wrong side, else good."""
    if value is None or is_blank(value):
        return "empty"
    if beyond(value, limit, good_when):
        return "bad"
    if usual is None:
        return "unknown"
    if usual.low <= value <= usual.high:
        return "usual"
    better = good_when is not None and (value > usual.high) == (good_when == "up")
    return "good" if better else "late"


def days_outside(history: Sequence[float | None], value: float, worse: Direction) -> int:
    """How many days in a row, this one included, left the usual range of the days before each, on the worse side.

    `history` runs from the oldest day to the day before. A day without the figure ends the row.
    """
    values = [*history, value]
    for back in range(1, len(values) + 1):
        usual = usual_range(values[: len(values) - back])
        current = values[-back]
        if usual is None or current is None or is_blank(current):
            return back - 1
        if not (current > usual.high if worse == "up" else current < usual.low):
            return back - 1
    return len(values)
