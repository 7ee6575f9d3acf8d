"""Couriers of a day and the trips they make: where each courier is, when each is free, what became of each order."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from scipy.special import ndtri

from generator.city.lives_profile import Lives
from generator.lives.placed import seconds_of, traits
from generator.roads.travel import Spots, TravelTimes, vehicle_codes
from generator.signals.legs import Leg

Decision = tuple[int, str, float, int, str, str | None]


@dataclass(frozen=True)
class Trips:
    """One element an order; seconds since 1970, NaN for what did not happen.

    `courier` is a row of the sorted couriers, -1 where none was assigned; `done` is the hand-off or, if `failed`, its
    failure; `given_up` is when the platform stopped looking. `handed_lat` and `handed_lng`: where the courier said to
    be at `near` and `done`; NaN for the door. `visits` counts couriers taken off at the restaurant. `decisions`:
    (order, event type, second, courier row, decided by, reason) in the order they were made; `legs`: every ride, also
    those that came to nothing.
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
    visits: np.ndarray
    decisions: list[Decision] = field(default_factory=list)
    legs: list[Leg] = field(default_factory=list)

    @classmethod
    def none_yet(cls, size: int) -> Trips:
        assigned, arrived, picked, near, done, given_up, lat, lng = (np.full(size, np.nan) for _ in range(8))
        failed, visits = np.zeros(size, dtype=bool), np.zeros(size, dtype=np.int64)
        return cls(np.full(size, -1), assigned, arrived, picked, near, done, failed, given_up, lat, lng, visits)

    def forget(self, order: int, at: float) -> None:
        """The order's courier is taken off at `at`, before the pick-up: what was to come does not happen."""
        self.visits[order] += bool(self.arrived[order] <= at)
        self.courier[order], self.failed[order] = -1, False
        for times in (self.assigned, self.arrived, self.picked, self.near, self.done):
            times[order] = np.nan
        self.decisions[:] = [each for each in self.decisions if each[0] != order or each[2] <= at]

    def decided(self) -> pd.DataFrame:
        """The decisions, one row each: order, event_type, at, courier, decided_by, reason."""
        names = ("order", "event_type", "at", "courier", "decided_by", "reason")
        columns = zip(*self.decisions, strict=True) if self.decisions else ((),) * len(names)
        return pd.DataFrame(
            {name: np.array(values, dtype=_kind(name)) for name, values in zip(names, columns, strict=True)}
        )

    def ridden(self) -> list[Leg]:
        """The rides as they were: an order that was called delivered on the way is not in hand for the rest of it."""
        called = set(np.flatnonzero(np.isfinite(self.handed_lat)).tolist())
        return [
            leg._replace(until=float(self.done[leg.order]))
            if leg.order in called and leg.start == self.picked[leg.order]
            else leg
            for leg in self.legs
        ]


def _kind(name: str) -> type:
    return {"order": np.int64, "courier": np.int64, "at": np.float64}.get(name, object)


def _lasting(ids: list[str], concern: str) -> np.ndarray:
    """A standard normal number that each courier keeps; the outermost hundredths are cut."""
    return np.asarray(ndtri(np.clip(traits(ids, concern), 0.01, 0.99)))


class Fleet:
    """Where couriers are, when each is free, and how they ride. Sorted by courier_id, then start of shift.

    `pauses`: (row, since, until) of breaks taken and vehicles repaired, in seconds since 1970. A break is due at
    `pauses_at` of the couriers' frame, where it has the column, and begins once no order is in hand. `silences`: (row,
    since, until) in which a phone is switched off.
    """

    def __init__(self, couriers: pd.DataFrame, lives: Lives, travel: TravelTimes) -> None:
        couriers = couriers.sort_values(["courier_id", "starts_at"], kind="stable").reset_index(drop=True)
        self.ids = couriers["courier_id"].astype(str).tolist()
        self.strangers: list[str] = []  # named by a dispatcher outside, not on this day's shifts: rows after all others
        self.vehicles = couriers["vehicle"].astype(str).tolist()
        self.codes = vehicle_codes(self.vehicles)
        lat, lng = (couriers[axis].to_numpy(dtype=np.float64) for axis in ("lat", "lng"))
        self.spots, self.start_lat, self.start_lng = travel.spots(lat, lng).copied(), lat, lng
        self.starts, self.ends = seconds_of(couriers["starts_at"]), seconds_of(couriers["ends_at"])
        self.free = self.starts.copy()
        self.pauses: list[tuple[int, float, float]] = []
        self.silences: list[tuple[int, float, float]] = []
        self._due = self._breaks(couriers)
        self.pace = np.exp(lives.riding.courier_spread * _lasting(self.ids, "courier pace"))
        spread = lives.dispatch.temper_spread
        self.temper = np.exp(spread * _lasting(self.ids, "courier temper") - spread**2 / 2)  # of declining, mean 1

    def __len__(self) -> int:
        return len(self.codes)

    @staticmethod
    def _breaks(couriers: pd.DataFrame) -> list[tuple[float, int, float]]:
        """Breaks as (due, row, seconds), the last one first."""
        if "pauses_at" not in couriers:
            return []
        due, lasts = seconds_of(couriers["pauses_at"]), couriers["pause_seconds"].to_numpy(dtype=np.float64)
        return sorted(
            ((float(due[n]), int(n), float(lasts[n])) for n in np.flatnonzero(np.isfinite(due))), reverse=True
        )

    def pause(self, courier: int, since: float, seconds: float) -> None:
        """The courier takes no offer for a while."""
        self.pauses.append((courier, since, since + seconds))
        self.free[courier] = since + seconds

    def advance(self, now: float) -> None:
        """Begin the breaks that are due by `now`, each a second after the courier is free: out of a repair, say."""
        while self._due and self._due[-1][0] <= now:
            due, courier, seconds = self._due.pop()
            self.pause(courier, max(due, float(self.free[courier]) + 1.0), seconds)

    def idle(self, now: float, asked: frozenset[int]) -> np.ndarray:
        """Rows of couriers who are on shift, free, and have not been asked for this order; `now` never goes back."""
        self.advance(now)
        found = np.flatnonzero((self.free <= now) & (self.ends > now))
        return found[~np.isin(found, list(asked))] if asked else found

    def next_free(self, now: float) -> float:
        """When the next courier becomes free on shift after `now`; infinite if none will."""
        coming = self.free[(self.free > now) & (self.ends > self.free)]
        return float(coming.min()) if len(coming) else np.inf

    def is_at(self, courier: int, where: Spots) -> None:
        """The courier is now at this one place."""
        self.spots.put(courier, where)
