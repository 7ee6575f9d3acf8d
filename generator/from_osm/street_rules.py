"""What a driver may do on a way of OpenStreetMap: whether to drive there, in which direction, and how fast.

The readings follow the map's own documentation of the keys highway, access, oneway and maxspeed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from generator.roads.network import OTHER_STREET_KMH, STREET_KMH

DRIVEN = frozenset({*STREET_KMH, "unclassified", "residential", "road"})
CLOSED = frozenset({"no", "private", "agricultural", "forestry", "emergency", "military"})
# The most particular key that is present decides.
ACCESS_KEYS = ("motorcar", "motor_vehicle", "vehicle", "access")
ONE_WAY, AGAINST = frozenset({"yes", "true", "1"}), frozenset({"-1", "reverse"})
CHANGING = frozenset({"reversible", "alternating"})  # open one way at a time, by hour or by light

KMH_PER_MPH = 1.609
# Limits told by words, as `FI:urban`; the numbers are those of most countries of Europe.
LIMIT_WORDS = {"walk": 7.0, "living_street": 10.0, "urban": 50.0, "rural": 80.0, "trunk": 100.0, "motorway": 120.0}
OPEN_ROAD_KMH = 60.0  # above this limit a road is without lights, and its traffic runs near the limit
OPEN_ROAD_PART = 0.8


def is_driven(tags: Mapping[str, str]) -> bool:
    """Whether cars drive here: a street for through traffic or housing, not a car park's aisle, and not closed."""
    kind = str(tags.get("highway", "")).removesuffix("_link")
    if kind not in DRIVEN or tags.get("area") == "yes":
        return False
    told = [tags.get(key) for key in ACCESS_KEYS if tags.get(key)]
    return not told or told[0] not in CLOSED


def direction(tags: Mapping[str, str]) -> tuple[bool, bool]:
    """Whether the way is open in the direction it is drawn, and against it."""
    told = str(tags.get("oneway", ""))
    if told in AGAINST:
        return False, True
    if told in CHANGING:
        return False, False
    implied = tags.get("junction") in ("roundabout", "circular") or tags.get("highway") in ("motorway", "motorway_link")
    return True, not (told in ONE_WAY or (implied and told != "no"))


def kmh(tags: Mapping[str, str], way: str) -> float:
    """Usual speed of cars `forward` or `backward`: by the kind of street, lights included, never above its limit."""
    kind = str(tags.get("highway", "")).removesuffix("_link")
    usual = STREET_KMH.get(kind, OTHER_STREET_KMH)
    limit = speed_limit(str(tags.get(f"maxspeed:{way}") or tags.get("maxspeed") or ""))
    if limit is None:
        return usual
    return OPEN_ROAD_PART * limit if limit > OPEN_ROAD_KMH else min(usual, limit)


def speed_limit(told: str) -> float | None:
    """Kilometres per hour of a maxspeed value, the least of several; None where it says none."""
    limits = [_one_limit(part.strip().lower()) for part in told.split(";")]
    known = [limit for limit in limits if limit]
    return min(known) if known else None


def _one_limit(text: str) -> float | None:
    number = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(km/h|kmh|kph|mph)?", text)
    if number:
        return float(number[1]) * (KMH_PER_MPH if number[2] == "mph" else 1.0)
    return LIMIT_WORDS.get(text.rpartition(":")[2])
