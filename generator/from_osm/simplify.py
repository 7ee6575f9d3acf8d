"""Fewer nodes for the same streets: bends become the shape of an edge, junctions and regular stops stay nodes.

Distances between the nodes that stay are exactly those of the streets as drawn. Travel keeps tables of all pairs of
nodes, so their number is bounded here: stops lie as close together as the bound allows.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from generator.from_osm.driving import Streets
from generator.roads.network import Network

MOST_NODES = 3_000  # tables of all pairs then take 16 bytes x 9 million = 144 MB
STOP_SPACINGS_METRES = (100.0, 150.0, 200.0, 300.0, 400.0, 600.0, 1_000.0)

Links = list[dict[int, tuple[float, float]]]  # for each node: metres and seconds to each node it leads to


def junctions(streets: Streets) -> np.ndarray:
    """Whether each node is more than a bend: a crossing, a dead end, or where one-way traffic begins or ends."""
    size = len(streets.lat)
    pairs = np.unique(np.sort(np.column_stack([streets.start, streets.end]), axis=1), axis=0)
    neighbours = np.bincount(pairs.ravel(), minlength=size)
    leaving, coming = (np.bincount(ends, minlength=size) for ends in (streets.start, streets.end))
    return np.asarray((neighbours != 2) | (leaving != coming) | (leaving == 0))


def simplified(streets: Streets, most_nodes: int = MOST_NODES) -> Network:
    """The network of junctions and stops; all junctions are kept, even beyond `most_nodes`: narrow the area first."""
    links = _links(streets)
    at_junction = junctions(streets)
    if not at_junction.any():
        at_junction[0] = True  # a single ring road
    chains = _chains(links, at_junction)
    for spacing in STOP_SPACINGS_METRES:
        kept = _with_stops(at_junction, chains, links, spacing)
        if kept.sum() <= most_nodes:
            break
    return _network(streets, kept, list(_edges(links, kept)))


def _links(streets: Streets) -> Links:
    links: Links = [{} for _ in range(len(streets.lat))]
    rows = zip(
        streets.start.tolist(), streets.end.tolist(), streets.metres.tolist(), streets.seconds.tolist(), strict=True
    )
    for start, end, metres, seconds in rows:
        links[start][end] = (metres, seconds)
    return links


def _walk(links: Links, start: int, first: int, stays: np.ndarray) -> list[int]:
    """Nodes from `start` over `first` along bends until one that stays, both included."""
    nodes = [start, first]
    while not stays[nodes[-1]]:
        ahead = [node for node in links[nodes[-1]] if node != nodes[-2]]
        nodes.append(ahead[0] if ahead else nodes[-2])
    return nodes


def _chains(links: Links, stays: np.ndarray) -> list[list[int]]:
    """Each run between two nodes that stay, once even if it is open both ways; runs without a bend come first."""
    runs = [_walk(links, int(start), first, stays) for start in np.flatnonzero(stays) for first in links[start]]
    once = {tuple(min(run, run[::-1])): None for run in runs}
    return sorted((list(run) for run in once), key=len)


def _with_stops(stays: np.ndarray, chains: list[list[int]], links: Links, spacing: float) -> np.ndarray:
    """Junctions and stops about `spacing` apart; at least so many that no two runs join the same two nodes."""
    kept, joined = stays.copy(), set[tuple[int, int]]()
    for run in chains:
        ends = (min(run[0], run[-1]), max(run[0], run[-1]))
        least = 2 if ends[0] == ends[1] else int(ends in joined)
        joined.add(ends)
        bends = run[1:-1]
        along = np.cumsum([_metres(links, a, b) for a, b in pairwise(run)])
        wanted = min(max(least, int(along[-1] // spacing)), len(bends))
        if wanted:
            goals = along[-1] * np.arange(1, wanted + 1) / (wanted + 1)
            kept[[bends[place] for place in _nearest_bends(along[:-1], goals)]] = True
    return kept


def _nearest_bends(along: np.ndarray, goals: np.ndarray) -> np.ndarray:
    """Places of different bends, the ones after each goal or, where they run out, the last ones."""
    places = np.searchsorted(along, goals)
    places = np.maximum.accumulate(places - np.arange(len(goals))) + np.arange(len(goals))
    return np.asarray(np.minimum(places, len(along) - len(goals) + np.arange(len(goals))))


def _metres(links: Links, start: int, end: int) -> float:
    return (links[start].get(end) or links[end][start])[0]


def _edges(links: Links, kept: np.ndarray) -> Iterator[tuple[list[int], float, float]]:
    """Each directed edge between kept nodes: nodes it passes, metres, seconds; the quickest between the same two."""
    for start in np.flatnonzero(kept):
        best: dict[int, tuple[list[int], float, float]] = {}
        for first in links[start]:
            run = _walk(links, int(start), first, kept)
            legs = [links[a].get(b, (np.inf, np.inf)) for a, b in pairwise(run)]
            metres, seconds = (sum(leg[n] for leg in legs) for n in (0, 1))
            if run[-1] != start and np.isfinite(seconds) and seconds < best.get(run[-1], ([], 0.0, np.inf))[2]:
                best[run[-1]] = (run, metres, seconds)
        yield from best.values()


def _network(streets: Streets, kept: np.ndarray, edges: list[tuple[list[int], float, float]]) -> Network:
    number = np.cumsum(kept) - 1
    kind = np.uint16 if kept.sum() <= np.iinfo(np.uint16).max else np.uint32
    start, end = (number[[run[place] for run, *_ in edges]].astype(kind) for place in (0, -1))
    metres, seconds = (np.array([edge[n] for edge in edges]) for n in (1, 2))
    bends = np.array([node for run, *_ in edges for node in run[1:-1]], dtype=np.int64)
    return Network(
        streets.lat[kept],
        streets.lng[kept],
        start,
        end,
        metres.astype(np.float32),
        (metres / seconds * 3.6).astype(np.float32),
        shape_first=np.concatenate([[0], np.cumsum([len(run) - 2 for run, *_ in edges])]).astype(np.uint32),
        shape_lat=streets.lat[bends].astype(np.float32),
        shape_lng=streets.lng[bends].astype(np.float32),
    )
