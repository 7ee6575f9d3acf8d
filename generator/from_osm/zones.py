"""The parts of a mapped city: H3 zones with names, and the places round which restaurants and homes crowd."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import count

import h3
import numpy as np

from generator.city.city_parts import Hub, Zone
from generator.from_osm.driving import Streets
from generator.from_osm.extract import NAMING_PLACES, Extract, Place
from generator.roads.travel import straight_metres

FINEST_ZONES, COARSEST_ZONES = 8, 5  # about 0.7 and 250 square kilometres a zone
MOST_ZONES = 60  # more names than a report can show
HUB_RESOLUTION, HOME_RESOLUTION = 9, 8  # cells of about 200 and 530 m from middle to corner
MOST_HUBS, MOST_HOMES = 12, 60
HUB_REACH_METRES, HOME_REACH_METRES = 300.0, 450.0
FEWEST_EATERIES = 10  # with fewer the map says too little of where people eat


@dataclass(frozen=True)
class Zones:
    """`resolution` of H3, and the named cells in which the network has nodes."""

    resolution: int
    zones: tuple[Zone, ...]


def zones_of(lat: np.ndarray, lng: np.ndarray, places: list[Place]) -> Zones:
    """The cells of the nodes, as fine as the number of zones allows, each named after its place or the nearest one."""
    for resolution in range(FINEST_ZONES, COARSEST_ZONES - 1, -1):
        cells = sorted(_cells(lat, lng, resolution))
        if len(cells) <= MOST_ZONES:
            break
    names = [_name(cell, resolution, places) for cell in cells]
    twice = {name for name, times in Counter(names).items() if times > 1}
    taken = set(names)
    zones = []
    for cell, name in zip(cells, names, strict=True):
        told = name
        if name in twice:
            told = next(each for n in count(1) if (each := f"{name} {n}") not in taken)
            taken.add(told)
        zones.append(Zone(zone_id=cell, name=told))
    return Zones(resolution, tuple(zones))


def _cells(lat: np.ndarray, lng: np.ndarray, resolution: int) -> Counter[str]:
    return Counter(h3.latlng_to_cell(a, b, resolution) for a, b in zip(lat, lng, strict=True))


def _name(cell: str, resolution: int, places: list[Place]) -> str:
    """Name of the most fitting place in the cell, else direction and name of the nearest one, else `Zone`."""
    if not places:
        return "Zone"
    middle = h3.cell_to_latlng(cell)
    metres = [float(straight_metres(middle[0], middle[1], place.lat, place.lng)) for place in places]
    inside = [n for n, place in enumerate(places) if h3.latlng_to_cell(place.lat, place.lng, resolution) == cell]
    if inside:
        order = NAMING_PLACES if resolution == FINEST_ZONES else ("town", "village", *NAMING_PLACES)
        return places[min(inside, key=lambda n: (order.index(places[n].kind), metres[n]))].name
    nearest = places[int(np.argmin(metres))]
    north, east = middle[0] - nearest.lat, (middle[1] - nearest.lng) * np.cos(np.radians(middle[0]))
    side = ("north" if north > 0 else "south") if abs(north) > abs(east) else ("east" if east > 0 else "west")
    return f"{nearest.name} {side}"


def food_streets(extract: Extract, streets: Streets) -> tuple[Hub, ...]:
    """Where restaurants crowd: where the map has them, else at its named places, else where homes are."""
    if len(extract.eateries) >= FEWEST_EATERIES:
        lat, lng = (np.array([getattr(e, axis) for e in extract.eateries]) for axis in ("lat", "lng"))
        return _hubs(lat, lng, np.ones(len(lat)), HUB_RESOLUTION, MOST_HUBS, HUB_REACH_METRES)
    if extract.places:
        weights = {"city": 8.0, "town": 4.0, "suburb": 3.0, "village": 1.0}
        known = sorted(extract.places, key=lambda p: -weights.get(p.kind, 0.5))[:MOST_HUBS]
        return tuple(
            Hub(
                lat=round(p.lat, 5), lng=round(p.lng, 5), weight=weights.get(p.kind, 0.5), reach_metres=HUB_REACH_METRES
            )
            for p in known
        )
    return home_hubs(streets)[:MOST_HUBS]


def home_hubs(streets: Streets) -> tuple[Hub, ...]:
    """Where people live: weight is the length of streets of housing, in kilometres; all streets where none is known."""
    counted = streets.is_housing if streets.is_housing.any() else np.ones(len(streets.start), dtype=bool)
    lat, lng = streets.lat[streets.start[counted]], streets.lng[streets.start[counted]]
    return _hubs(lat, lng, streets.metres[counted] / 1000, HOME_RESOLUTION, MOST_HOMES, HOME_REACH_METRES)


def _hubs(
    lat: np.ndarray, lng: np.ndarray, weight: np.ndarray, resolution: int, most: int, reach_metres: float
) -> tuple[Hub, ...]:
    """The heaviest cells, each at the weighted middle of what lies in it."""
    cells = np.array([h3.latlng_to_cell(a, b, resolution) for a, b in zip(lat, lng, strict=True)])
    names, which = np.unique(cells, return_inverse=True)
    total = np.bincount(which, weight)
    middle = [np.bincount(which, weight * axis) / total for axis in (lat, lng)]
    heaviest = np.lexsort((names, -total))[:most]
    return tuple(
        Hub(
            lat=round(float(middle[0][n]), 5),
            lng=round(float(middle[1][n]), 5),
            weight=round(float(total[n]), 2) or 0.01,
            reach_metres=reach_metres,
        )
        for n in heaviest
    )
