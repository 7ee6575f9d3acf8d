"""Where a map lies in the world: its time zone and currency, guessed from the nearest named place of each time zone."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from generator.roads.travel import straight_metres
from pipelines.errors import UsageError

_PLACE = re.compile(r"([+-]\d+)([+-]\d+)")


class Whereabouts(NamedTuple):
    """IANA time zone, and ISO codes of country and currency; an empty currency where none is known."""

    time_zone: str
    country: str
    currency: str


def whereabouts(lat: float, lng: float) -> Whereabouts:
    """The guess for a place; near a border it can be the neighbour's. UsageError without the list of time zones."""
    try:
        text = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    except (ModuleNotFoundError, OSError) as error:
        raise UsageError(f"the list of time zones cannot be read ({error}); give --time-zone and --currency") from error
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    places = np.array([_degrees(row[1]) for row in rows])
    nearest = rows[int(np.argmin(straight_metres(places[:, 0], places[:, 1], lat, lng)))]
    return Whereabouts(nearest[2], nearest[0], _currency(nearest[0]))


def _degrees(told: str) -> tuple[float, float]:
    """Degrees of a place written as +DDMM+DDDMM or +DDMMSS+DDDMMSS."""
    found = _PLACE.fullmatch(told)
    assert found is not None, told
    return _axis(found[1], 2), _axis(found[2], 3)


def _axis(told: str, digits: int) -> float:
    parts = told[1 : 1 + digits], told[1 + digits : 3 + digits], told[3 + digits :] or "0"
    value = float(parts[0]) + float(parts[1]) / 60 + float(parts[2]) / 3600
    return -value if told[0] == "-" else value


def _currency(country: str) -> str:
    try:
        from babel.numbers import get_territory_currencies
    except ImportError:
        return ""
    current = get_territory_currencies(country)
    return str(current[0]) if current else ""
