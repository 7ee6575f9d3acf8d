"""The loop: time goes on by ticks; tell what happened, hear what the dispatcher says, live on.

At a pace (`factor`) the clock does not wait: what the dispatcher says is followed from the tick after it was heard, so
a slow dispatcher acts late. In lock-step (`factor` None) the clock waits for the dispatcher's answer to each tick, so
the same dispatcher gives the same day on any machine. An order that nobody is sent for is given up when the platform's
patience ends.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import pyarrow as pa

from generator.city.business_day import business_day_us
from generator.closed_loop.instructions import instructions_of
from generator.closed_loop.living_day import LivingDay
from generator.sending.pace import MICROS, Pace
from generator.sending.plan import OnSlice, Plan
from pipelines.movers.events_in_slices import Parts

TICK_SECONDS = 10.0  # simulated; couriers answer an offer within about half a minute


class Exchange(Protocol):
    """Where the city tells and hears."""

    def tell(self, parts: Parts, until_us: int, complete: Collection[str]) -> int:
        """Make the events known, and that the simulated clock shows `until_us`; rows sent."""
        ...

    def hear(self, until_us: int | None) -> pa.Table | None:
        """New rows of courier_assignments, None for none; waits for the answer to `until_us` unless that is None."""
        ...


@dataclass
class Looped:
    """What a run did. `ignored` are instructions about orders that the city does not have."""

    rows: int = 0
    ticks: int = 0
    instructions: int = 0
    ignored: int = 0
    latest_seconds: float = 0.0


def run_closed_loop(
    plan: Plan,
    exchange: Exchange,
    factor: float | None,
    tick_seconds: float = TICK_SECONDS,
    on_slice: OnSlice | None = None,
    pace_of: Callable[[float, int], Pace] = Pace,
) -> Looped:
    """Live every day of the plan; what is due after a day's end is told with the day's last tick."""
    told, pace = Looped(), None
    for day in plan.days:
        start, end = business_day_us(plan.city, day)
        if factor is not None:
            pace = pace or pace_of(factor, start)
        _live(plan, day, exchange, pace, (start, end, int(tick_seconds * MICROS)), told, on_slice)
    return told


def _live(
    plan: Plan,
    day: date,
    exchange: Exchange,
    pace: Pace | None,
    span: tuple[int, int, int],
    told: Looped,
    on_slice: OnSlice | None,
) -> None:
    living, (now, end, tick) = LivingDay(plan, day), span
    while now < end:
        now = min(end, now + tick if pace else living.next_tick(now, tick))
        if pace:
            pace.wait(now)
            told.latest_seconds = max(told.latest_seconds, pace.behind_seconds(now))
        rows = exchange.tell(living.tell(now), now, ())
        told.rows, told.ticks = told.rows + rows, told.ticks + 1
        if on_slice:
            on_slice(living.unit, rows, max(0.0, pace.behind_seconds(now)) if pace else 0.0)
        heard = exchange.hear(None if pace else now)
        if heard is not None:
            instructions = instructions_of(heard, plan.city.city_id, plan.producer_id, now / MICROS)
            told.instructions += len(instructions)
            living.hear(instructions)
    rest = living.tell((living.ahead.last_us or now) + 1)
    told.rows += exchange.tell(rest, now, (living.unit,))
    told.ignored += living.ignored
