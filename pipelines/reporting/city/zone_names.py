"""Zones in words: where each lies, and a letter for those that have no name of their own. Pure."""

from __future__ import annotations

import h3
import numpy as np
import pandas as pd

from pipelines.reporting import numbers as n
from pipelines.reporting.city.ridden import METRES_A_DEGREE
from pipelines.transforms.silver_orders import short_cell

COMPASS = ("north", "north-east", "east", "south-east", "south", "south-west", "west", "north-west")
NEAR_KM = 0.3  # nearer than a few streets, a direction says nothing
WHOLE_KM_FROM = 2.0  # from here on whole kilometres are exact enough


def with_places(zones: pd.DataFrame, demand_cells: pd.Series) -> pd.DataFrame:
    """`places.zones` with lat and lng (where its orders lie, NaN if it is no cell), label and where.

    `label` is what the map writes: the zone's name, or a letter by its orders where silver could only give it the
    digits of its cell. `where` says how such a zone lies to the middle of all orders; missing for one with a name.
    """
    middles = [middle_of(zone, demand_cells) for zone in zones["zone_id"].astype(str)]
    found = zones.assign(lat=[m[0] for m in middles], lng=[m[1] for m in middles])
    nameless = [
        bool(is_cell) and name == short_cell(zone)
        for zone, name, is_cell in zip(found["zone_id"], found["name"], found["is_cell"], strict=True)
    ]
    found["label"] = found["name"].where(~np.array(nameless, dtype=bool), None)
    found.loc[nameless, "label"] = [letter(place) for place in range(sum(nameless))]
    found["where"] = pd.Series(None, index=found.index, dtype=object)
    if any(nameless):
        found.loc[nameless, "where"] = _whereabouts(found)[nameless]
        found.loc[nameless, "name"] = "zone " + found.loc[nameless, "label"]
    return found


def letter(place: int) -> str:
    """A, B, … Z, AA, AB, …"""
    return (letter(place // 26 - 1) if place >= 26 else "") + chr(ord("A") + place % 26)


def middle_of(zone_id: str, demand_cells: pd.Series) -> tuple[float, float]:
    """Where the orders of a zone lie on average; the middle of its cell if none is shown; NaN if it is no cell."""
    if not h3.is_valid_cell(zone_id):
        return float("nan"), float("nan")
    resolution = h3.get_resolution(zone_id)
    own = {c: k for c, k in demand_cells.items() if h3.get_resolution(c) >= resolution}
    own = {c: k for c, k in own.items() if h3.cell_to_parent(c, resolution) == zone_id}
    if not own:
        lat, lng = h3.cell_to_latlng(zone_id)
        return float(lat), float(lng)
    centres = np.array([h3.cell_to_latlng(c) for c in own])
    lat, lng = np.average(centres, axis=0, weights=list(own.values()))
    return float(lat), float(lng)


def _whereabouts(zones: pd.DataFrame) -> np.ndarray:
    """`1.2 km north-east of the middle` for each zone, from the mean of all zones by orders."""
    known = zones.dropna(subset=["lat", "lng"])
    lat, lng = np.average(known[["lat", "lng"]], axis=0, weights=known["orders"])
    north = (zones["lat"].to_numpy(float) - lat) * METRES_A_DEGREE / 1000
    east = (zones["lng"].to_numpy(float) - lng) * METRES_A_DEGREE / 1000 * np.cos(np.radians(lat))
    return np.array([in_words(a, b) for a, b in zip(north, east, strict=True)], dtype=object)


def in_words(north_km: float, east_km: float) -> str | None:
    """`1.2 km north-east of the middle` or `in the middle`; None where the place is not known."""
    away = float(np.hypot(north_km, east_km))
    if np.isnan(away):
        return None
    if away < NEAR_KM:
        return "in the middle"
    eighth = round(float(np.degrees(np.arctan2(east_km, north_km))) / 45) % 8
    return f"{n.number(away, 0 if away >= WHOLE_KM_FROM else 1)}{n.NARROW}km {COMPASS[eighth]} of the middle"
