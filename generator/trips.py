"""Couriers of a day and the trips they make: where each courier is, when each is free, what became of each order."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from generator.lives_profile import Lives
from generator.placed import seconds_of
from generator.streams import Streams
from generator.travel import Spots, TravelTimes, vehicle_codes

Decision = tuple[int, str, float, int, str, str | None]


@dataclass(frozen=True)
class Trips:
    """One element an order; seconds since 1970, NaN for what did not happen.

    `courier` is a row of the sorted couriers, -1 where none was assigned; `done` is the hand-off or, if `failed`, its
    failure; `given_up` is when the platform stopped looking. `handed_lat` and `handed_lng`: where the courier said to
    be at `near` and `done`; NaN for the door. `decisions`: (order, event type, second, courier row, decided by, reason)
    in the order they were made.
    """

    courier: np.ndarray
    assigned: np.ndarray
    arrived: np.ndarray
    picked: np.ndarray
    near: np.ndarray
    done: np.ndarray
    failed: np.ndarray
    given_up: np.ndarray
    handed_lat: np.ndarray
    handed_lng: np.ndarray
    decisions: list[Decision] = field(default_factory=list)

    @classmethod
    def none_yet(cls, size: int) -> Trips:
        assigned, arrived, picked, near, done, given_up, lat, lng = (np.full(size, np.nan) for _ in range(8))
        failed = np.zeros(size, dtype=bool)
        return cls(np.full(size, -1), assigned, arrived, picked, near, done, failed, given_up, lat, lng)

    def decided(self) -> pd.DataFrame:
        """The decisions, one row each: order, event_type, at, courier, decided_by, reason."""
        names = ("order", "event_type", "at", "courier", "decided_by", "reason")
        columns = zip(*self.decisions, strict=True) if self.decisions else ((),) * len(names)
        return pd.DataFrame(
            {name: np.array(values, dtype=_kind(name)) for name, values in zip(names, columns, strict=True)}
        )


def _kind(name: str) -> type:
    return {"order": np.int64, "courier": np.int64, "at": np.float64}.get(name, object)


class Fleet:
    """Where couriers are, when each is free, and how they ride. Sorted by courier_id, then start of shift."""

    def __init__(self, couriers: pd.DataFrame, lives: Lives, streams: Streams, travel: TravelTimes) -> None:
        couriers = couriers.sort_values(["courier_id", "starts_at"], kind="stable").reset_index(drop=True)
        self.ids = couriers["courier_id"].astype(str).tolist()
        self.vehicles = couriers["vehicle"].astype(str).tolist()
        self.codes = vehicle_codes(self.vehicles)
        lat, lng = (couriers[axis].to_numpy(dtype=np.float64) for axis in ("lat", "lng"))
        self.spots = travel.spots(lat, lng).copied()
        self.starts, self.ends = seconds_of(couriers["starts_at"]), seconds_of(couriers["ends_at"])
        self.free = self.starts.copy()
        drawn = streams.of("courier/pace").standard_normal(len(couriers))
        self.pace = np.exp(lives.riding.courier_spread * drawn)

    def __len__(self) -> int:
        return len(self.ids)

    def idle(self, now: float, asked: frozenset[int]) -> np.ndarray:
        """Rows of couriers who are on shift, free, and have not been asked for this order."""
        found = np.flatnonzero((self.free <= now) & (self.ends > now))
        return found[~np.isin(found, list(asked))] if asked else found

    def next_free(self, now: float) -> float:
        """When the next courier becomes free on shift after `now`; infinite if none will."""
        coming = self.free[(self.free > now) & (self.ends > self.free)]
        return float(coming.min()) if len(coming) else np.inf

    def is_at(self, courier: int, where: Spots) -> None:
        """The courier is now at this one place."""
        self.spots.put(courier, where)
