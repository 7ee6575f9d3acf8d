"""A city's streets: the compact network file, and its building from OSMnx GraphML.

The file is a NumPy archive: node_lat, node_lng (float64 degrees), edge_from, edge_to (unsigned), edge_metres and
edge_kmh (float32); its graph is strongly connected, so every place reaches every other. Bends of edge n, where they are
known, are shape_lat and shape_lng from shape_first[n] until before shape_first[n + 1].
"""

from __future__ import annotations

import gzip
import xml.etree.ElementTree as ET
import zipfile
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

from pipelines.errors import UsageError

# Speed of cars by kind of street, lights included, where the map states no limit. Delivery couriers use paths too;
# what a car cannot use is slow for it rather than closed, because the car is left at the next kerb.
STREET_KMH = {
    "motorway": 70.0,
    "trunk": 55.0,
    "primary": 38.0,
    "secondary": 32.0,
    "tertiary": 27.0,
    "living_street": 12.0,
}
PATH_KMH = {"footway": 8.0, "path": 8.0, "pedestrian": 8.0, "steps": 5.0, "cycleway": 10.0, "track": 10.0}
OTHER_STREET_KMH = 20.0  # residential, service, unclassified

# What NumPy raises for a file that is empty, cut off, no archive, an archive of something else, or a single array.
UNREADABLE = (OSError, ValueError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error)
MAKE_ANEW = "make the city anew with `dishpatch city build`, which writes this file"

_GRAPHML = "{http://graphml.graphdrawing.org/xmlns}"


@dataclass(frozen=True)
class Network:
    """Nodes and directed edges of a street network."""

    node_lat: np.ndarray
    node_lng: np.ndarray
    edge_from: np.ndarray
    edge_to: np.ndarray
    edge_metres: np.ndarray
    edge_kmh: np.ndarray
    shape_first: np.ndarray | None = None
    shape_lat: np.ndarray | None = None
    shape_lng: np.ndarray | None = None

    def save(self, path: Path) -> None:
        np.savez_compressed(path, **{name: array for name, array in vars(self).items() if array is not None})


@cache
def load_network(path: Path) -> Network:
    """The network of a file; UsageError if it is not one or not strongly connected."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            network = Network(**{name: archive[name] for name in archive.files})
        graph = graph_of(network, network.edge_metres)
    except UNREADABLE as error:
        raise UsageError(f"{path}: not a street network ({error}); {MAKE_ANEW}") from error
    parts = connected_components(graph, connection="strong", return_labels=False)
    if parts != 1:
        raise UsageError(
            f"{path}: the network falls into {parts} parts that do not reach each other, and a city needs one that is "
            f"connected; {MAKE_ANEW}"
        )
    return network


def graph_of(network: Network, weights: np.ndarray) -> csr_matrix:
    """Weights of the edges as a sparse matrix, from node (row) to node (column)."""
    size = len(network.node_lat)
    return csr_matrix((weights, (network.edge_from, network.edge_to)), shape=(size, size))


def read_graphml(path: Path) -> Network:
    """The network of a (gzipped) OSMnx GraphML file; of parallel edges the shortest is kept, loops are dropped."""
    content = path.read_bytes()
    root = ET.fromstring(gzip.decompress(content) if path.suffix == ".gz" else content)
    names = {key.get("id"): key.get("attr.name") for key in root.iter(f"{_GRAPHML}key")}
    nodes = {str(n.get("id")): {names[d.get("key")]: d.text or "" for d in n} for n in root.iter(f"{_GRAPHML}node")}
    places = {node: place for place, node in enumerate(nodes)}
    shortest: dict[tuple[int, int], tuple[float, float]] = {}
    for edge in root.iter(f"{_GRAPHML}edge"):
        data = {names[d.get("key")]: d.text or "" for d in edge}
        pair = places[str(edge.get("source"))], places[str(edge.get("target"))]
        found = float(data["length"]), _street_kmh(data.get("highway", ""), data.get("maxspeed", ""))
        if pair[0] != pair[1] and found < shortest.get(pair, (np.inf, 0.0)):
            shortest[pair] = found
    pairs, values = np.array(list(shortest), dtype=np.uint16), np.array(list(shortest.values()), dtype=np.float32)
    lat, lng = (np.array([float(n[axis]) for n in nodes.values()]) for axis in ("y", "x"))
    return Network(lat, lng, pairs[:, 0], pairs[:, 1], values[:, 0], values[:, 1])


def _street_kmh(highway: str, limit: str) -> float:
    kinds = [kind.strip(" '[]").removesuffix("_link") for kind in highway.split(",")]
    known = STREET_KMH | PATH_KMH
    usual = max(known.get(kind, OTHER_STREET_KMH) for kind in kinds)
    return min(usual, float(limit)) if limit.isdigit() else usual
