"""How a figure is written: one function a kind, each taking a number (or None) and giving text.

A missing figure is an en dash, never zero. Thousands carry a comma, units a narrow no-break space, a loss a true
minus sign; direction is an arrow. Rates come in as fractions of one, durations as seconds or minutes as named.
"""

from __future__ import annotations

import math
from datetime import date, datetime

NARROW = "\u202f"  # narrow no-break space: between a number and its unit
MINUS = "\u2212"
BLANK = "–"

_ORDINALS = {1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", 6: "sixth", 7: "seventh"}
_WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def is_blank(value: object) -> bool:
    """True for None, NaN, NaT and pandas.NA."""
    if value is None:
        return True
    try:
        return bool(value != value)
    except TypeError:  # pandas.NA refuses to say
        return True


def number(value: float | None, decimals: int = 0) -> str:
    """`3,412`, `−1.5`; a figure that rounds to zero has no minus."""
    if value is None or is_blank(value) or math.isinf(value):
        return BLANK
    text = f"{abs(value):,.{decimals}f}"
    negative = value < 0 and float(text.replace(",", "")) != 0
    return f"{MINUS if negative else ''}{text}"


def percent(share: float | None, decimals: int = 1) -> str:
    """A fraction of one as `92.4 %`."""
    return BLANK if is_blank(share) else f"{number((share or 0.0) * 100, decimals)}{NARROW}%"


def points(difference: float | None, decimals: int = 1) -> str:
    """A difference of two fractions of one as `1.1 points`, without sign."""
    if difference is None or is_blank(difference):
        return BLANK
    text = number(abs(difference) * 100, decimals)
    return f"{text} point" if text in ("1", "1.0") else f"{text} points"


def minutes(seconds: float | None, decimals: int = 0) -> str:
    """Seconds as `29 min`."""
    return BLANK if seconds is None or is_blank(seconds) else f"{number(seconds / 60, decimals)}{NARROW}min"


def money(cents: int | None, currency: str) -> str:
    """Minor units as `COP 1,234.50`; amounts of two currencies are written side by side, never added."""
    return BLANK if cents is None or is_blank(cents) else f"{currency}{NARROW}{number(cents / 100, 2)}"


def arrow(difference: float | None, text: str) -> str:
    """`↑ 1.1 points`; no difference is said in words."""
    if difference is None or is_blank(difference):
        return BLANK
    if text.lstrip("0.,") == "" or text.startswith(("0 ", "0.0 ", "0.00 ", f"0{NARROW}", f"0.0{NARROW}")):
        return "unchanged"
    return f"{'↑' if difference > 0 else '↓'} {text}"


def between(low: float | None, high: float | None, decimals: int = 0) -> str:
    """A range with an en dash: `93.4–94.2`."""
    return f"{number(low, decimals)}–{number(high, decimals)}"


def word(count: int) -> str:
    """Small counts in words: `two`; from thirteen on in digits."""
    return _WORDS[count] if 0 <= count < len(_WORDS) else number(count)


def ordinal(count: int) -> str:
    """`third`, `9th`."""
    if count in _ORDINALS:
        return _ORDINALS[count]
    suffix = "th" if 10 <= count % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(count % 10, "th")
    return f"{count}{suffix}"


def plural(count: int, one: str, many: str | None = None) -> str:
    """`1 order`, `3,412 orders`."""
    return f"{number(count)} {one if count == 1 else many or one + 's'}"


def long_date(day: date) -> str:
    """`Tuesday 10 March 2026`."""
    return f"{day:%A} {day.day} {day:%B %Y}"


def short_date(day: date) -> str:
    """`Tue 3 March`."""
    return f"{day:%a} {day.day} {day:%B}"


def hour(local_hour: int) -> str:
    """`18:00`, 24 hours, local."""
    return f"{int(local_hour):02d}:00"


def clock(moment: datetime, day: date | None = None) -> str:
    """`23:59`; with another day than the report's, `Mon 23:58`."""
    return f"{moment:%H:%M}" if day is None or moment.date() == day else f"{moment:%a %H:%M}"
