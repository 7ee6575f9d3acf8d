"""What a map itself says of the country it lies in: its addresses, its phone numbers, its boundaries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml

from generator.city.city_parts import Bounds

# Keys that tell of a country: of each kind of sign the first key that a thing has counts.
ADDRESS_KEYS = ("addr:country", "is_in:country_code")
PHONE_KEYS = ("phone", "contact:phone", "mobile", "contact:mobile")
BOUNDARY_KEYS = ("ISO3166-1:alpha2", "ISO3166-1", "ISO3166-2")
SIGN_KEYS = (*ADDRESS_KEYS, *PHONE_KEYS)
CELL_DEGREES = 0.02  # about 2 km; signs are counted by cells, for the part of a map that becomes a city

_CODE = re.compile(r"([A-Za-z]{2})(?:-[A-Za-z0-9]{1,3})?")  # DE, or its part DE-BY
_CALLING_CODES = Path(__file__).resolve().parent / "calling_codes.yaml"

Cell = tuple[int, int]


class Vote(NamedTuple):
    """Countries (ISO 3166-1), one of which the map says it lies in, and how often it says so, in words."""

    countries: tuple[str, ...]
    said: str


@dataclass
class CountrySigns:
    """Counts of what addresses (country code) and phone numbers (calling code, without its +) say, by cell; and the
    countries of boundaries, which an extract also holds of the neighbours."""

    addresses: Counter[tuple[str, Cell]] = field(default_factory=Counter)
    phones: Counter[tuple[str, Cell]] = field(default_factory=Counter)
    boundaries: set[str] = field(default_factory=set)

    def take(self, tags: Mapping[str, str], lat: float, lng: float) -> None:
        """Count what a thing of the map says."""
        cell = int(lat // CELL_DEGREES), int(lng // CELL_DEGREES)
        if found := _CODE.fullmatch(_first(tags, ADDRESS_KEYS)):
            self.addresses[found[1].upper(), cell] += 1
        if code := calling_code(_first(tags, PHONE_KEYS)):
            self.phones[code, cell] += 1

    def take_boundary(self, tags: Mapping[str, str]) -> None:
        """Note the country of a boundary, which crosses the map somewhere."""
        if found := _CODE.fullmatch(_first(tags, BOUNDARY_KEYS)):
            self.boundaries.add(found[1].upper())

    def votes(self, bounds: Bounds) -> Iterator[Vote]:
        """What most addresses, then what most phone numbers say within the bounds (anywhere, where none are within),
        then what boundaries name."""
        if most := _most_said(self.addresses, bounds):
            code, count, total = most
            yield Vote((code,), f"{count:,} of {total:,} addresses of the map say {code}")
        if most := _most_said(self.phones, bounds):
            code, count, total = most
            countries = _countries_by_calling_code()[code]
            yield Vote(countries, f"{count:,} of {total:,} phone numbers of the map begin with +{code}")
        if self.boundaries:
            countries = tuple(sorted(self.boundaries))
            yield Vote(countries, f"boundaries of the map name {', '.join(countries)}")


def _first(tags: Mapping[str, str], keys: tuple[str, ...]) -> str:
    return next((str(tags.get(key)).strip() for key in keys if tags.get(key)), "")


def _most_said(signs: Counter[tuple[str, Cell]], bounds: Bounds) -> tuple[str, int, int] | None:
    """What more than half of them say, how often, and of how many; None where nothing is."""
    near = {sign: count for sign, count in signs.items() if _touches(sign[1], bounds)}
    counts: Counter[str] = Counter()
    for (said, _), count in (near or signs).items():
        counts[said] += count
    most = counts.most_common(1)
    return (*most[0], counts.total()) if most and 2 * most[0][1] > counts.total() else None


def _touches(cell: tuple[int, int], bounds: Bounds) -> bool:
    south, west = cell[0] * CELL_DEGREES, cell[1] * CELL_DEGREES
    return (
        south <= bounds.max_lat
        and south + CELL_DEGREES >= bounds.min_lat
        and west <= bounds.max_lng
        and west + CELL_DEGREES >= bounds.min_lng
    )


def calling_code(phone: str) -> str:
    """The calling code of an international number, without its +; empty for a national or unknown one."""
    digits = re.sub(r"[\s()./-]", "", phone)
    if not digits.startswith("+"):
        return ""
    known = _countries_by_calling_code()
    return next((digits[1:end] for end in range(5, 1, -1) if digits[1:end] in known), "")


@cache
def _countries_by_calling_code() -> dict[str, tuple[str, ...]]:
    told = yaml.safe_load(_CALLING_CODES.read_text(encoding="utf-8"))
    return {code: tuple(countries) for code, countries in told.items()}
