"""Where a map lies in the world: its time zone and currency.

The country is what the map itself says, else that of the time zone given, else that of the nearest place that names a
time zone; within the country, the nearest such place tells the time zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import numpy as np

from generator.city.city_parts import Bounds
from generator.from_osm.country_signs import CountrySigns, Vote
from generator.roads.travel import straight_metres
from pipelines.errors import UsageError

_PLACE = re.compile(r"([+-]\d+)([+-]\d+)")
# The south of Hainan is 1,900 km from Shanghai, which names its time zone; what would be much further is a foreign
# phone number, or a mother country's code in its dependency.
FARTHEST_METRES = 2_500_000
# A village whose place would otherwise take the south of Germany; its clock is Berlin's.
_PASSED_OVER = ("Europe/Busingen",)


class Whereabouts(NamedTuple):
    """IANA time zone, ISO codes of country and currency (empty: none known), and what the country is known by."""

    time_zone: str
    country: str
    currency: str
    known_by: str = ""


class _Row(NamedTuple):
    country: str
    time_zone: str
    lat: float
    lng: float


def whereabouts(lat: float, lng: float, signs: CountrySigns, bounds: Bounds, time_zone: str | None) -> Whereabouts:
    """The guess for a map with its middle at a place; `time_zone`: the one given, if any.

    With an empty `known_by` only the position told, and near a border it can be the neighbour's. UsageError without the
    list of time zones.
    """
    rows = _rows()
    places = np.array([(row.lat, row.lng) for row in rows])
    turned = lng + (places[:, 1] - lng + 180) % 360 - 180  # the short way round the earth
    metres = straight_metres(places[:, 0], turned, lat, lng)
    for vote in _votes(signs, bounds, rows, time_zone):
        of_vote = np.array([row.country in vote.countries for row in rows])
        if of_vote.any() and metres[of_vote].min() <= FARTHEST_METRES:
            nearest = rows[int(np.argmin(np.where(of_vote, metres, np.inf)))]
            return Whereabouts(nearest.time_zone, nearest.country, _currency(nearest.country), vote.said)
    nearest = rows[int(np.argmin(metres))]
    return Whereabouts(nearest.time_zone, nearest.country, _currency(nearest.country))


def _votes(signs: CountrySigns, bounds: Bounds, rows: list[_Row], time_zone: str | None) -> Iterator[Vote]:
    yield from signs.votes(bounds)
    for row in rows:
        if row.time_zone == time_zone:
            yield Vote((row.country,), f"time zone {time_zone} is that of {row.country}")


@cache
def _rows() -> list[_Row]:
    try:
        text = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    except (ModuleNotFoundError, OSError) as error:
        raise UsageError(f"the list of time zones cannot be read ({error}); give --time-zone and --currency") from error
    told = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return [_Row(row[0], row[2], *_degrees(row[1])) for row in told if row[2] not in _PASSED_OVER]


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
