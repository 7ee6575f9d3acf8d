"""Classes of counts for the ramp, from the least that may be shown: each begins at about as many times the last."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from pipelines.reporting import numbers as n

_ROUND = np.array([b * 10**e for e in range(7) for b in (1, 2, 3, 5)])


def class_edges(least: int, most: float, classes: int) -> list[int]:
    """Lower edges of up to `classes` classes, round from the second on, rising; the first is `least`."""
    steps = np.geomspace(least, max(most, least + 1), classes + 1)[1:-1]
    rounded = [int(_ROUND[np.abs(np.log(_ROUND / step)).argmin()]) for step in steps]
    return [least, *sorted({edge for edge in rounded if least < edge <= most})]


def class_of(counts: np.ndarray, edges: Sequence[int]) -> np.ndarray:
    """Class of each count, -1 under the first edge."""
    return np.asarray(np.searchsorted(np.asarray(edges), counts, side="right") - 1)


def class_names(edges: Sequence[int]) -> list[str]:
    """`5–9`, `10–19`, … and `80+` for the last."""
    spans = [n.between(a, b - 1) if b - 1 > a else n.number(a) for a, b in pairwise(edges)]
    return [*spans, f"{n.number(edges[-1])}+"]
