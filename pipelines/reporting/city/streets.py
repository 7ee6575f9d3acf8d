"""A city's streets as a report draws them: stretches without direction, from the network file of the city."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.city.city import load_city
from generator.roads.network import Network, load_network
from pipelines.errors import UsageError


@dataclass(frozen=True)
class Streets:
    """Stretches of street between nodes: `ends` (stretches, 2) are nodes, `kmh` the usual speed of cars.

    The bends of stretch n lie between its ends, from `bend_first[n]` until before `bend_first[n + 1]`, in order.
    """

    node_lat: np.ndarray
    node_lng: np.ndarray
    ends: np.ndarray
    kmh: np.ndarray
    bend_first: np.ndarray
    bend_lat: np.ndarray
    bend_lng: np.ndarray

    def __len__(self) -> int:
        return len(self.kmh)

    def points(self, stretch: int) -> tuple[np.ndarray, np.ndarray]:
        """Latitudes and longitudes along a stretch, its ends included."""
        bends = slice(self.bend_first[stretch], self.bend_first[stretch + 1])
        start, end = self.ends[stretch]
        lat = np.concatenate([[self.node_lat[start]], self.bend_lat[bends], [self.node_lat[end]]])
        lng = np.concatenate([[self.node_lng[start]], self.bend_lng[bends], [self.node_lng[end]]])
        return lat, lng


def streets_of(city_id: str) -> Streets | None:
    """The streets of a shipped city or of a folder that `dishpatch city build` wrote; None where there are none."""
    try:
        city = load_city(city_id) if city_id else None
    except UsageError:
        return None  # a city of imported history has no profile, and so no streets
    return undirected(load_network(city.network)) if city is not None and city.network is not None else None


def undirected(network: Network) -> Streets:
    """Each pair of neighbouring nodes once, by the first of its directed edges; the faster speed counts."""
    a, b = network.edge_from.astype(np.int64), network.edge_to.astype(np.int64)
    pair = np.minimum(a, b) * len(network.node_lat) + np.maximum(a, b)
    _, first, which = np.unique(pair, return_index=True, return_inverse=True)
    kmh = np.zeros(len(first))
    np.maximum.at(kmh, which, network.edge_kmh.astype(np.float64))
    starts, none = network.shape_first, np.array([], dtype=np.float64)
    if starts is None:
        starts = np.zeros(len(a) + 1, dtype=np.int64)
    lat, lng = (none if array is None else array for array in (network.shape_lat, network.shape_lng))
    counts = (starts[first + 1].astype(np.int64) - starts[first]).astype(np.int64)
    offset = np.repeat(starts[first] - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts)
    taken = (np.arange(counts.sum()) + offset).astype(np.int64)
    return Streets(
        network.node_lat,
        network.node_lng,
        np.column_stack([a[first], b[first]]),
        kmh,
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
        lat[taken],
        lng[taken],
    )
