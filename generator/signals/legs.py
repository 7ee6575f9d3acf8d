"""The rides of couriers: from where to where, when, and with which order in hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from generator.roads.travel import Spots

NO_ORDER = -1  # in hand


class Leg(NamedTuple):
    """One ride: `courier` is a row of the fleet, `order` one of the placed orders.

    It lasts from `start` to `end`; the order is in hand until `until`, which is earlier only if the courier says so
    wrongly. All in seconds since 1970 UTC.
    """

    courier: int
    order: int
    start: float
    end: float
    until: float
    from_lat: float
    from_lng: float
    to_lat: float
    to_lng: float

    @classmethod
    def between(cls, courier: int, order: int, times: tuple[float, float, float], start: Spots, end: Spots) -> Leg:
        """The leg between two places; `times` are start, end and until."""
        return cls(courier, order, *times, float(start.lat), float(start.lng), float(end.lat), float(end.lng))


@dataclass(frozen=True)
class Legs:
    """Legs as arrays, sorted by courier and start; columns as those of `Leg`."""

    courier: np.ndarray
    order: np.ndarray
    start: np.ndarray
    end: np.ndarray
    until: np.ndarray
    from_lat: np.ndarray
    from_lng: np.ndarray
    to_lat: np.ndarray
    to_lng: np.ndarray

    def __len__(self) -> int:
        return len(self.courier)

    @classmethod
    def of(cls, legs: list[Leg]) -> Legs:
        columns = np.array(legs, dtype=np.float64).reshape(-1, len(Leg._fields))
        columns = columns[np.lexsort((columns[:, 2], columns[:, 0]))]
        courier, order = (columns[:, n].astype(np.int64) for n in (0, 1))
        return cls(courier, order, *(columns[:, n] for n in range(2, len(Leg._fields))))

    def take(self, which: np.ndarray) -> Legs:
        """The legs at these places."""
        return Legs(*(getattr(self, name)[which] for name in Leg._fields))
