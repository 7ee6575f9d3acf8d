"""The streets a delivery can use both ways round: the largest strongly connected driving network of an extract."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from generator.from_osm.extract import Extract
from generator.roads.travel import straight_metres
from pipelines.errors import UsageError

LEAST_NODES = 20  # fewer make no town to deliver in


@dataclass(frozen=True)
class Streets:
    """Nodes (degrees) and directed edges as drawn: metres, seconds of a car, and whether homes stand along it."""

    lat: np.ndarray
    lng: np.ndarray
    start: np.ndarray
    end: np.ndarray
    metres: np.ndarray
    seconds: np.ndarray
    is_housing: np.ndarray

    @property
    def kilometres(self) -> float:
        """Length of the streets, each counted once even if it is open both ways."""
        ends = np.sort(np.column_stack([self.start, self.end]), axis=1)
        _, first = np.unique(ends, axis=0, return_index=True)
        return float(self.metres[first].sum() / 1000)

    def within(self, kept: np.ndarray) -> Streets:
        """The nodes marked in `kept` and the edges between them."""
        number = np.cumsum(kept) - 1
        edges = kept[self.start] & kept[self.end]
        return Streets(
            self.lat[kept],
            self.lng[kept],
            number[self.start[edges]],
            number[self.end[edges]],
            self.metres[edges],
            self.seconds[edges],
            self.is_housing[edges],
        )

    def largest_part(self) -> Streets:
        """Its largest strongly connected part: from every node one can drive to every other and back."""
        size = len(self.lat)
        graph = coo_matrix((np.ones(len(self.start)), (self.start, self.end)), shape=(size, size))
        _, part = connected_components(graph.tocsr(), connection="strong")
        return self.within(part == np.bincount(part).argmax())


def driving_streets(extract: Extract) -> Streets:
    """All driving streets of the extract; of parallel edges the quickest is kept, loops are dropped."""
    number = {ref: n for n, ref in enumerate(extract.positions)}
    place = np.array(list(extract.positions.values()), dtype=np.float64)
    drawn = [[number[ref] for ref in way.nodes] for way in extract.ways]
    start = np.array([n for nodes in drawn for n in nodes[:-1]], dtype=np.int64)
    end = np.array([n for nodes in drawn for n in nodes[1:]], dtype=np.int64)
    steps = [len(nodes) - 1 for nodes in drawn]
    forward, backward, housing = (
        np.repeat(np.array([getattr(way, name) for way in extract.ways], dtype=np.float64), steps)
        for name in ("forward_kmh", "backward_kmh", "is_housing")
    )
    kmh = np.concatenate([forward, backward])
    start, end = np.concatenate([start, end]), np.concatenate([end, start])
    metres = np.maximum(straight_metres(*place[start].T, *place[end].T), 0.1)
    is_open = (kmh > 0) & (start != end)
    seconds = metres / np.where(is_open, kmh, 1.0) * 3.6
    order = np.lexsort((seconds, end, start))
    order = order[is_open[order]]
    first = np.concatenate([[True], (np.diff(start[order]) != 0) | (np.diff(end[order]) != 0)])[: len(order)]
    kept = order[first]
    housing = np.concatenate([housing, housing])[kept] > 0
    return Streets(place[:, 0], place[:, 1], start[kept], end[kept], metres[kept], seconds[kept], housing)


def largest_network(streets: Streets, source: str) -> Streets:
    """The largest strongly connected part; UsageError where it is too small to deliver in."""
    if not len(streets.start):
        raise UsageError(f"{source}: no street can be driven in any direction; take a larger extract")
    found = streets.largest_part()
    if len(found.lat) < LEAST_NODES:
        raise UsageError(
            f"{source}: the largest network in which every street reaches every other has {len(found.lat)} nodes, "
            f"at least {LEAST_NODES} are needed; take a larger extract"
        )
    return found
