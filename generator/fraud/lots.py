"""Which orders a pattern may turn to fraud, and which of them it does: each pattern has a lot of orders of its own.

Fraud does not add orders, it takes the place of some, so that ids, numbers and chances of all the others stay as they
are. The lots do not overlap: turning one pattern off changes no choice of another.
"""

from __future__ import annotations

import numpy as np

from generator.fraud.profile import Several
from generator.streams import Streams

# Share of a day's orders that each pattern may choose from; a burst needs many within minutes.
LOTS = {"stolen_card": 0.4, "promotion_ring": 0.2, "account_takeover": 0.2, "collusion": 0.2}


def lot(pattern: str, size: int, streams: Streams) -> np.ndarray:
    """Positions, ascending, of the day's `size` orders that the pattern may choose from."""
    edges = np.cumsum(list(LOTS.values()))
    drawn = np.searchsorted(edges, streams.of("fraud/lot").random(size) * edges[-1], side="right")
    return np.flatnonzero(drawn == list(LOTS).index(pattern))


def some(pattern: str, expected: float, of: np.ndarray, streams: Streams) -> np.ndarray:
    """About `expected` (Poisson) of the positions `of`, ascending, each at most once."""
    count = int(streams.of(f"fraud/{pattern}/count").poisson(expected))
    return np.sort(streams.of(f"fraud/{pattern}/which").choice(of, min(count, len(of)), replace=False))


def bursts(
    pattern: str, expected: float, orders: Several, seconds: float, of: np.ndarray, at: np.ndarray, streams: Streams
) -> list[np.ndarray]:
    """Positions of several orders each, close in time and by time: about `expected` in all, so many `orders` a burst.

    `at`: seconds of each order of the day. A burst takes what its time offers: fewer in the dead of night.
    """
    count = int(streams.of(f"fraud/{pattern}/count").poisson(expected / orders.mean))
    starts = streams.of(f"fraud/{pattern}/start").random(count)
    sizes = streams.of(f"fraud/{pattern}/size").integers(orders.least, orders.most + 1, count)
    random, left, found = streams.of(f"fraud/{pattern}/which"), np.ones(len(of), dtype=bool), []
    for start, size in zip(starts, sizes, strict=True):  # one after another: what a burst took is gone
        free = np.flatnonzero(left)
        if len(free) == 0:
            break
        first = free[int(start * len(free))]
        near = free[(at[of[free]] >= at[of[first]]) & (at[of[free]] <= at[of[first]] + seconds)]
        taken = random.permutation(near)[: int(size)]
        taken = taken[np.argsort(at[of[taken]], kind="stable")]
        left[taken] = False
        found.append(of[taken])
    return found
