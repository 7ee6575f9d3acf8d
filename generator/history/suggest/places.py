"""The city of a draft: its area as the pick-ups show it, the rest asked for."""

from __future__ import annotations

from typing import Any

import numpy as np

from generator.history.blanks import blank
from generator.history.suggest.looks import Look
from generator.history.values import SIGN_OF

# Around the middle 96 % of all positions: wide enough for towns beside, narrow enough to catch a swapped pair.
TAILS, MARGIN_DEGREES = (0.02, 0.98), 0.1
LIMITS = {"lat": 90.0, "lng": 180.0}
FEW = 200  # of fewer positions all count but those far from the rest: swapped, or their sign lost
FAR_DEGREES, FAR_SPREADS = 5.0, 8.0  # from the middle: a region is narrower, or its positions are spread as widely


def city_of(looks: list[Look], roles: dict[str, Look], comments: dict[str, str]) -> dict[str, Any]:
    """One city as a mapping has it: bounds and currency where the file shows them, blanks for what it cannot say."""
    codes = {SIGN_OF.get(x.currency, x.currency) for x in looks if x.currency}
    codes |= {w.upper() for w in roles["currency"].words} if "currency" in roles else set()
    known = sorted(c for c in codes if len(c) == 3 and c.isalpha())
    city: dict[str, Any] = {
        "city_id": blank("a short id, e.g. lisbon"),
        "name": blank("its name, e.g. Lisbon"),
        "time_zone": blank("IANA time zone of the local times, e.g. Europe/Lisbon"),
        "currency": known[0] if len(known) == 1 else blank("ISO 4217 code, e.g. EUR"),
        "bounds": _bounds(roles),
    }
    if "pickup_lat" in roles:
        comments["cities.0.bounds"] = "as the pick-ups show it; a pick-up outside is set aside"
    return city


def _bounds(roles: dict[str, Look]) -> dict[str, Any]:
    bounds: dict[str, Any] = {}
    for short, lat_or_lng in (("lat", "pickup_lat"), ("lng", "pickup_lng")):
        edge = {"lat": "latitude", "lng": "longitude"}[short]
        numbers = _degrees(roles[lat_or_lng], LIMITS[short]) if lat_or_lng in roles else np.array([])
        if not len(numbers):
            bounds[f"min_{short}"] = blank(f"least {edge} of the service area")
            bounds[f"max_{short}"] = blank(f"greatest {edge} of the service area")
            continue
        least, most = np.quantile(numbers, TAILS) if len(numbers) > FEW else _ends(numbers)
        bounds[f"min_{short}"] = max(round(float(least) - MARGIN_DEGREES, 2), -LIMITS[short])
        bounds[f"max_{short}"] = min(round(float(most) + MARGIN_DEGREES, 2), LIMITS[short])
    return bounds


def _ends(numbers: np.ndarray) -> tuple[float, float]:
    """Least and greatest of the numbers that lie near the rest."""
    apart = np.abs(numbers - np.median(numbers))
    near = numbers[apart <= max(FAR_DEGREES, FAR_SPREADS * float(np.median(apart)))]
    return float(near.min()), float(near.max())


def _degrees(look: Look, limit: float) -> np.ndarray:
    """Readable degrees that exist and are not near zero."""
    good = look.cells[look.cells.str.fullmatch(r"-?\d{1,3}(\.\d+)?")].astype("float64").to_numpy()
    kept: np.ndarray = good[(np.abs(good) > 0.02) & (np.abs(good) <= limit)]
    return kept
