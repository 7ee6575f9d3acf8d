"""What the user says of a city instead of leaving it to the map, and whether that can be."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from zoneinfo import available_timezones

from generator.from_osm.extract import Box
from pipelines.errors import UsageError

LONGEST_NAME, LONGEST_ID = 80, 40  # that a profile takes


@dataclass(frozen=True)
class Wishes:
    """The options of `dishpatch city build`; None leaves it to the map."""

    name: str | None = None
    time_zone: str | None = None
    currency: str | None = None
    box: Box | None = None

    def check(self) -> None:
        """UsageError names the option that no city can have."""
        if self.name is not None:
            _check_name(self.name)
        if self.time_zone is not None and self.time_zone not in available_timezones():
            near = get_close_matches(self.time_zone, sorted(available_timezones()), 1)
            meant = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"--time-zone {self.time_zone}: no such IANA time zone; {meant}give one such as Europe/Berlin"
            )
        if self.currency is not None and not _is_currency(self.currency):
            raise UsageError(f"--currency {self.currency}: no ISO 4217 code; give three capitals such as EUR")

    def name_of(self, source: Path) -> str:
        """The city's name on one line; without a wish, by its file."""
        return one_line(self.name) if self.name is not None else readable(source)


def one_line(told: str) -> str:
    """The text with every run of spaces and line breaks as one space."""
    return " ".join(told.split())


def _check_name(name: str) -> None:
    line = one_line(name)
    if not line:
        raise UsageError("--name: is empty; give the city's name, or leave the option away")
    if len(line) > LONGEST_NAME:
        raise UsageError(f"--name {line}: has {len(line)} characters; give at most {LONGEST_NAME}")
    if not line.isprintable():
        odd = next(letter for letter in line if not letter.isprintable())
        raise UsageError(f"--name {line!a}: holds {odd!a}, which cannot be printed; leave it away")


def _is_currency(code: str) -> bool:
    try:
        from babel.numbers import list_currencies
    except ImportError:
        return re.fullmatch("[A-Z]{3}", code) is not None
    return code in list_currencies()


def readable(source: Path) -> str:
    """A name from the file's: `helsinki_centre-latest.osm.pbf` is Helsinki Centre."""
    words = re.split(r"[\W_]+", source.name.split(".")[0].removesuffix("-latest"))
    return " ".join(word.capitalize() for word in words if word)[:LONGEST_NAME].strip() or "City"


def city_id_of(name: str) -> str:
    """An id that fits into ids, topics and file names: lower-case ASCII letters and digits, joined by underscores."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain)[:LONGEST_ID].strip("_") or "city"
