"""Where people and restaurants are: doors beside nodes of the street network, each with the zone it lies in."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import h3
import numpy as np

from generator.city.cells import places_within
from generator.city.city import City
from generator.city.city_parts import Hub
from generator.roads.network import Network, load_network
from generator.roads.travel import METRES_PER_DEGREE, straight_metres
from pipelines.errors import UsageError

FROM_STREET_METRES = 25.0  # doors lie about this far from the node that stands for their street corner
FARTHEST_SPREADS = 4.0  # and never farther than so many times that
ROUND_ABOUT = 16  # directions in which the border of a zone is looked for
ANYWHERE = 0.05  # weight of a node far from every hub: a few are found everywhere
FINEST_QUARTERS = 9  # H3 cells of about 0.1 square kilometres, within which customers reach the same restaurants
MOST_QUARTERS = 800


@dataclass(frozen=True)
class Doors:
    """One element a door: degrees, the node of the network beside it, and its zone as an H3 number."""

    lat: np.ndarray
    lng: np.ndarray
    node: np.ndarray
    zone: np.ndarray


def doors(city: City, hubs: tuple[Hub, ...], count: int, random: np.random.Generator) -> Doors:
    """`count` doors crowded round the hubs, or anywhere along the streets; in the bounds and, if any are, a named zone.

    The first doors are the same whatever the count. UsageError if the city has no network.
    """
    network = load_network(network_of(city))
    weight = np.ones(len(network.node_lat))
    if hubs:
        lat, lng = network.node_lat, network.node_lng
        near = [h.weight * np.exp(-0.5 * (straight_metres(lat, lng, h.lat, h.lng) / h.reach_metres) ** 2) for h in hubs]
        weight = np.sum(near, axis=0) + ANYWHERE
    weight[_outside(city, network)] = 0.0
    drawn = random.random((count, 5))
    cumulated = np.cumsum(weight)
    node = np.minimum(np.searchsorted(cumulated, drawn[:, 0] * cumulated[-1], side="right"), len(weight) - 1)
    # two normal numbers of two uniform ones, after Box and Muller; so that a door takes a fixed number of draws
    metres = FROM_STREET_METRES * np.minimum(np.sqrt(-2 * np.log1p(-drawn[:, 1])), FARTHEST_SPREADS)
    return beside(city, node, metres, 2 * np.pi * drawn[:, 2])


def _outside(city: City, network: Network) -> np.ndarray:
    """Mask of nodes outside the bounds; UsageError where all are."""
    bounds, lat, lng = city.bounds, network.node_lat, network.node_lng
    outside = (lat < bounds.min_lat) | (lat > bounds.max_lat) | (lng < bounds.min_lng) | (lng > bounds.max_lng)
    if outside.all():
        raise UsageError(
            f"city {city.city_id}: its bounds are {bounds}, its streets lie from {lat.min():.3f}, {lng.min():.3f} to "
            f"{lat.max():.3f}, {lng.max():.3f}; mend `bounds` or `network`"
        )
    return np.asarray(outside)


def beside(city: City, node: np.ndarray, metres: np.ndarray, bearing: np.ndarray) -> Doors:
    """Doors at `metres` from nodes towards `bearing` (radians); at the node itself where that is not in the city."""
    network, bounds = load_network(network_of(city)), city.bounds
    east = np.sin(bearing) * metres / METRES_PER_DEGREE / np.cos(np.radians(network.node_lat[node]))
    lat = np.clip(network.node_lat[node] + np.cos(bearing) * metres / METRES_PER_DEGREE, bounds.min_lat, bounds.max_lat)
    lng = np.clip(network.node_lng[node] + east, bounds.min_lng, bounds.max_lng)
    inner, zone = _node_zones(network_of(city), city.zone_resolution)
    found = zone[node]
    near_border = np.flatnonzero(~inner[node])
    found[near_border] = zones_at(lat[near_border], lng[near_border], city.zone_resolution)
    named = np.array([h3.str_to_int(z.zone_id) for z in city.zones], dtype=np.int64)
    kept = np.isin(found, named) if len(named) else np.ones(len(found), dtype=bool)
    return Doors(
        np.round(np.where(kept, lat, network.node_lat[node]), 6),
        np.round(np.where(kept, lng, network.node_lng[node]), 6),
        node,
        np.where(kept, found, zone[node]),
    )


def doors_within(city: City, cells: list[str], which: np.ndarray, random: np.random.Generator) -> Doors:
    """Doors anywhere in the H3 cells `cells[which]`, within the city's bounds; no streets are needed, so no node."""
    (lat, lng), bounds = places_within(cells, which, random), city.bounds
    lat, lng = np.clip(lat, bounds.min_lat, bounds.max_lat), np.clip(lng, bounds.min_lng, bounds.max_lng)
    return Doors(lat, lng, np.full(len(lat), -1), zones_at(lat, lng, city.zone_resolution))


def network_of(city: City) -> Path:
    """The city's network file; UsageError if it has none."""
    if city.network is None:
        raise UsageError(
            f"city {city.city_id} has no street network, so nobody can be placed in it; give it the "
            "`network` that `dishpatch city build` writes, or `cells` of restaurants and customers"
        )
    return city.network


def zones_at(lat: np.ndarray, lng: np.ndarray, resolution: int) -> np.ndarray:
    """H3 cell of each place as a number, int64."""
    cells = [h3.str_to_int(h3.latlng_to_cell(a, b, resolution)) for a, b in zip(lat, lng, strict=True)]
    return np.array(cells, dtype=np.int64)


@cache
def _node_zones(path: Path, resolution: int) -> tuple[np.ndarray, np.ndarray]:
    """Whether each node's doors all lie in its own zone, and that zone.

    A zone is convex: if a ring of points round the node lies in it, so does all within the ring.
    """
    network = load_network(path)
    zone = zones_at(network.node_lat, network.node_lng, resolution)
    farthest = FROM_STREET_METRES * FARTHEST_SPREADS / np.cos(np.pi / ROUND_ABOUT)
    inner = np.ones(len(zone), dtype=bool)
    for angle in np.arange(ROUND_ABOUT) / ROUND_ABOUT * 2 * np.pi:
        lat = network.node_lat + np.cos(angle) * farthest / METRES_PER_DEGREE
        lng = network.node_lng + np.sin(angle) * farthest / METRES_PER_DEGREE / np.cos(np.radians(network.node_lat))
        inner &= zones_at(lat, lng, resolution) == zone
    return inner, zone


@cache
def quarters(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Quarter of each node, and latitude and longitude of each quarter's middle: small cells, but not too many."""
    network = load_network(path)
    for resolution in range(FINEST_QUARTERS, 0, -1):
        cells, quarter = np.unique(zones_at(network.node_lat, network.node_lng, resolution), return_inverse=True)
        if len(cells) <= MOST_QUARTERS:
            break
    size = np.bincount(quarter)
    return quarter, np.bincount(quarter, network.node_lat) / size, np.bincount(quarter, network.node_lng) / size
