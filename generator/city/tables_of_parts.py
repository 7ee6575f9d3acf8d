"""A distribution as a short table: the mean of each of its equal parts, in ascending order; fitted, drawn from, edited.

A table of 64 numbers says "the lowest 64th of the orders took 5.0 minutes on average, the next 5.2, …". Between the
middles of two parts values are drawn evenly, so a value that many orders share fills several parts and is kept.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

MOST_PARTS = 64  # a distribution function is then met within 1/64, a quarter of what 1,000 orders can tell anyway
LEAST_IN_PART = 5  # so no number of a table is one order's or one courier's


def parts_of(values: np.ndarray, most: int = MOST_PARTS, digits: int = 3) -> tuple[float, ...]:
    """Means of up to `most` equal parts of the values, each of at least LEAST_IN_PART of them (one part if fewer)."""
    known = np.sort(values[np.isfinite(values)])
    if len(known) == 0:
        raise ValueError("a distribution is fitted to at least one value")
    count = int(np.clip(len(known) // LEAST_IN_PART, 1, most))
    edges = np.linspace(0, len(known), count + 1)
    # parts share values at their edges by weight, so that they are equal whatever the number of values
    total = np.interp(edges, np.arange(len(known) + 1), np.concatenate([[0.0], np.cumsum(known)]))
    return tuple(round(float(v), digits) for v in np.maximum.accumulate(np.diff(total) / np.diff(edges)))


def drawn_from(table: Sequence[float], uniform: np.ndarray) -> np.ndarray:
    """The values at levels `uniform` (0 to 1) of a table of parts; the outermost parts reach half their width further.

    Neither end passes zero: what is tabled here are durations and distances.
    """
    parts = np.asarray(table, dtype=np.float64)
    if len(parts) == 1:
        return np.full(np.shape(uniform), parts[0])
    low, high = parts[0] - (parts[1] - parts[0]) / 2, parts[-1] + (parts[-1] - parts[-2]) / 2
    levels = np.concatenate([[0.0], (np.arange(len(parts)) + 0.5) / len(parts), [1.0]])
    return np.asarray(np.interp(uniform, levels, np.concatenate([[max(low, 0.0)], parts, [high]])))
