"""A city's file of streets, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from generator.city.city import CITIES_DIR
from generator.roads.network import load_network
from pipelines.errors import UsageError

GOOD = (CITIES_DIR / "futian" / "network.npz").read_bytes()


def one_way_street() -> dict[str, np.ndarray]:
    return {
        "node_lat": np.array([1.0, 1.01]),
        "node_lng": np.array([2.0, 2.0]),
        "edge_from": np.array([0]),
        "edge_to": np.array([1]),
        "edge_metres": np.array([1112.0]),
        "edge_kmh": np.array([30.0]),
    }


def with_edge_nowhere() -> dict[str, np.ndarray]:
    return one_way_street() | {"edge_to": np.array([7])}


@pytest.mark.parametrize(
    "content", [b"", b"<html>not found</html>", GOOD[:5000], GOOD[:2000] + bytes(99) + GOOD[2099:]]
)
def test_a_file_that_is_no_network_is_answered_with_the_command_that_makes_one(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "network.npz"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"network\.npz: not a street network .*`dishpatch city build`"):
        load_network(path)


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"x": np.zeros(3)}, "not a street network"),
        (with_edge_nowhere(), "not a street network"),
        (one_way_street(), "falls into 2 parts"),
    ],
)
def test_arrays_that_are_no_network_are_refused(tmp_path: Path, arrays: dict[str, np.ndarray], said: str) -> None:
    path = tmp_path / "network.npz"
    np.savez_compressed(path, **arrays)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=f"{said}.*`dishpatch city build`"):
        load_network(path)


def test_a_single_array_is_no_network(tmp_path: Path) -> None:
    path = tmp_path / "array.npy"
    np.save(path, np.zeros(3))
    with pytest.raises(UsageError, match="not a street network"):
        load_network(path)
