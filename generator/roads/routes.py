"""Ways along a city's streets: the shortest and the fastest between any two nodes, with the edges they follow."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache, lru_cache
from pathlib import Path as FilePath

import numpy as np
from scipy.sparse.csgraph import dijkstra
from scipy.spatial import cKDTree

from generator.roads.network import Network, graph_of, load_network
from generator.roads.travel import METRES_PER_DEGREE

NO_EDGE = -1
CLOSED_FACTOR = 8.0  # a vehicle is pushed past the barriers at walking pace and waits at some of them

Area = tuple[float, float, float, float]  # least latitude, least longitude, greatest latitude, greatest longitude


@dataclass(frozen=True)
class Paths:
    """Several ways end to end: `edges` of way n are those from `first[n]` until before `first[n + 1]`, in order."""

    edges: np.ndarray
    first: np.ndarray


@dataclass(frozen=True)
class Ways:
    """Best ways by one measure between all nodes: its total, and the edge by which each way comes to its end."""

    total: np.ndarray  # float32 (nodes, nodes)
    last_edge: np.ndarray  # int32 (from node, to node); NO_EDGE from a node to itself

    def edges(self, start: int, end: int, edge_from: np.ndarray) -> np.ndarray:
        """Edges of one way in order, int64; none from a node to itself."""
        row, found, node = self.last_edge[start], [], end
        while node != start:
            edge = int(row[node])
            found.append(edge)
            node = int(edge_from[edge])
        return np.array(found[::-1], dtype=np.int64)

    def paths(self, start: np.ndarray, end: np.ndarray, edge_from: np.ndarray) -> Paths:
        """Edges of many ways at once: all ways take a step back together, so the loop is as long as the longest way."""
        node, open_ways = end.astype(np.int64).copy(), np.flatnonzero(start != end)
        steps: list[tuple[np.ndarray, np.ndarray]] = []
        while len(open_ways):
            edge = self.last_edge[start[open_ways], node[open_ways]]
            steps.append((open_ways, edge))
            node[open_ways] = edge_from[edge]
            open_ways = open_ways[node[open_ways] != start[open_ways]]
        which = np.concatenate([w for w, _ in steps[::-1]]) if steps else np.array([], dtype=np.int64)
        edges = np.concatenate([e for _, e in steps[::-1]]) if steps else np.array([], dtype=np.int64)
        first = np.concatenate([[0], np.cumsum(np.bincount(which, minlength=len(start)))])
        return Paths(edges[np.argsort(which, kind="stable")].astype(np.int64), first.astype(np.int64))


@dataclass(frozen=True)
class Routes:
    """All ways of a network: `shortest` by metres, for two-wheelers and walkers, and `fastest` by seconds, for cars."""

    network: Network
    shortest: Ways
    fastest: Ways
    _tree: cKDTree
    _lng_scale: float
    slower: np.ndarray  # how many times as long as usual each edge takes; 1 unless it is closed

    def nearest(self, lat: np.ndarray | float, lng: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
        """Nearest node of each place, and the straight metres to it."""
        lat, lng = np.broadcast_arrays(np.asarray(lat, dtype=np.float64), np.asarray(lng, dtype=np.float64))
        degrees, node = self._tree.query(np.stack([lat, lng * self._lng_scale], axis=-1))
        return np.asarray(node), np.asarray(degrees) * METRES_PER_DEGREE


@cache
def routes_of(path: FilePath) -> Routes:
    """All ways of the network file at `path`, worked out once a process."""
    network = load_network(path)
    scale = float(np.cos(np.radians(network.node_lat.mean())))
    tree = cKDTree(np.column_stack([network.node_lat, network.node_lng * scale]))
    seconds = network.edge_metres / (network.edge_kmh / 3.6).astype(np.float64)
    open_streets = np.ones(len(seconds))
    metres = network.edge_metres.astype(np.float64)
    return Routes(network, _ways(network, metres), _ways(network, seconds), tree, scale, open_streets)


@lru_cache(maxsize=4)
def detours_of(path: FilePath, area: Area) -> Routes:
    """As `routes_of`, but where streets with an end in the area are closed: whoever must go there pushes on foot."""
    usual, network = routes_of(path), load_network(path)
    south, west, north, east = area
    lat, lng = network.node_lat, network.node_lng
    inside = (lat >= south) & (lat <= north) & (lng >= west) & (lng <= east)
    slower = np.where(inside[network.edge_from] | inside[network.edge_to], CLOSED_FACTOR, 1.0)
    seconds = network.edge_metres / (network.edge_kmh / 3.6).astype(np.float64)
    shortest, fastest = (_ways(network, weights * slower) for weights in (network.edge_metres, seconds))
    return replace(usual, shortest=shortest, fastest=fastest, slower=slower)


def _ways(network: Network, weights: np.ndarray) -> Ways:
    total, before = dijkstra(graph_of(network, weights), return_predecessors=True)
    size = len(network.node_lat)
    pairs = network.edge_from.astype(np.int64) * size + network.edge_to
    order = np.argsort(pairs)
    wanted = np.maximum(before, 0).astype(np.int64) * size + np.arange(size)
    place = np.minimum(np.searchsorted(pairs[order], wanted), len(pairs) - 1)
    last_edge = np.where(before < 0, NO_EDGE, order[place]).astype(np.int32)
    return Ways(total.astype(np.float32), last_edge)
