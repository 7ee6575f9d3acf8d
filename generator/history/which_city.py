"""Which of a mapping's cities a file is of, told by where its orders are picked up."""

from __future__ import annotations

import pandas as pd

from generator.city.city import City
from generator.history.rules import inside, near_zero
from pipelines.errors import ImportRefused, UsageError

# A city is recognised when at least this share of the readable pick-ups lies in its area; the rest are then set aside
# row by row. Areas do not overlap, so that half is unambiguous.
LEAST_SHARE = 0.5


def find_city(cities: list[City], lat: pd.Series, lng: pd.Series, wanted: str | None = None) -> City:
    """The city of the pick-ups; `wanted` names it instead. A mapping's only city needs no recognition.

    UsageError: `wanted` is not in the mapping. ImportRefused: the pick-ups are of none of the cities; the message says
    where they are, and whether latitude and longitude look swapped.
    """
    by_id = {c.city_id: c for c in cities}
    if wanted is not None:
        if wanted not in by_id:
            raise UsageError(f"the mapping has no city {wanted!r}; it has {', '.join(by_id)}")
        return by_id[wanted]
    if len(cities) == 1:
        return cities[0]
    known = lat.notna() & lng.notna() & ~near_zero(lat, lng)
    at_lat, at_lng = lat[known], lng[known]
    if at_lat.empty:
        raise ImportRefused(
            "no row has a readable pick-up position, so the city is not known; see the mapping's columns"
        )
    shares = {c.city_id: float(inside(at_lat, at_lng, c.bounds).mean()) for c in cities}
    best = max(shares, key=lambda city_id: shares[city_id])
    if shares[best] >= LEAST_SHARE:
        return by_id[best]
    swapped = [c.name for c in cities if inside(at_lng, at_lat, c.bounds).mean() >= LEAST_SHARE]
    hint = f"; latitude and longitude look swapped, then it is {swapped[0]}" if swapped else ""
    raise ImportRefused(
        f"the pick-ups (median {at_lat.median():.4f}/{at_lng.median():.4f}) are of none of the mapping's cities "
        f"{', '.join(by_id)}{hint}. Add the city to the mapping"
    )
