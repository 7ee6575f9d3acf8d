"""Where generated days go, and how fast: one call for files, Kafka at once, and Kafka at a pace."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.closed_loop.run import TICK_SECONDS, Looped, run_closed_loop
from generator.sending.files import write_plan
from generator.sending.pace import factor_of
from generator.sending.paced import Batching, Paced, publish_paced
from generator.sending.plan import OnSlice, Plan, fingerprint
from generator.sending.publish import publish_city, publish_plan
from pipelines.errors import UsageError
from pipelines.movers.dispatch_exchange import ASSIGNMENTS, CityExchange, inbox_of, refuse_begun
from pipelines.movers.events_in_slices import slices_of

KAFKA = "kafka"
BUILT_IN, EXTERNAL = "builtin", "external"
ANSWER_SECONDS = 60.0  # a dispatcher that has not answered a tick by then is not there


@dataclass(frozen=True)
class Way:
    """`out`: `kafka` or a folder; `speed`: `max`, `realtime` or a factor; how events are batched when paced.

    `dispatch`: `builtin`, or `external` for a closed loop with ticks of `tick_seconds` (simulated).
    """

    out: str = KAFKA
    speed: str = "max"
    batching: Batching = field(default_factory=Batching)
    dispatch: str = BUILT_IN
    tick_seconds: float = TICK_SECONDS


@dataclass(frozen=True)
class Sent:
    """What a run sent or wrote. `rows` by dataset where days went out whole, `there`: days that were there before;
    `paced` where they went at a pace.
    """

    way: Way
    days: int
    events: int
    seconds: float
    rows: dict[str, int]
    there: int = 0
    paced: Paced | None = None
    looped: Looped | None = None

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        told: dict[str, Any] = {"out": self.way.out, "speed": self.way.speed, "days": self.days}
        told |= {"days_there": self.there, "events": self.events, "seconds": round(self.seconds, 3), "rows": self.rows}
        if self.paced:
            held_until = self.paced.held_until.isoformat() if self.paced.held_until else None
            told |= {"slices": self.paced.slices, "held": self.paced.held, "held_until": held_until}
            told |= {"mean_late_seconds": round(self.mean_late_seconds, 3)}
            told |= {"latest_seconds": round(self.paced.latest_seconds, 3)}
        if self.looped:
            told |= {name: value for name, value in vars(self.looped).items() if name != "rows"}
        return told

    @property
    def mean_late_seconds(self) -> float:
        """Of an event, from when its slice was due until Kafka had it."""
        return self.paced.late_seconds / self.paced.rows if self.paced and self.paced.rows else 0.0

    def summary(self) -> str:
        """One line for a person."""
        verb = "sent" if self.way.out == KAFKA else "written"
        days = f"{self.days:,} day{'s' * (self.days != 1)}"
        line = f"{verb}: {self.events:,} events of {days} to {self.way.out} in {self.seconds:,.1f} s"
        if self.there:
            line += f"; {self.there:,} of the days {'was' if self.there == 1 else 'were'} there before"
        if self.looped:
            line += f"; {self.looped.instructions:,} instructions heard in {self.looped.ticks:,} ticks"
            line += f", {self.looped.ignored:,} of orders that are not there" if self.looped.ignored else ""
        if not self.paced:
            return line
        line += f" at speed {self.way.speed}, {self.mean_late_seconds:.2f} s late on average,"
        line += f" {self.paced.latest_seconds:.2f} s at most"
        if self.paced.held and self.paced.held_until:
            until = f"{self.paced.held_until:%Y-%m-%d %H:%M} UTC"
            line += f"; {self.paced.held:,} events due after the last day, until {until}, are held: a later --to or"
            line += " --speed max sends them"
        return line


def send_plan(plan: Plan, way: Way, on_slice: OnSlice) -> Sent:
    """Generate and send the plan's days; `on_slice(day, rows, late seconds)` is told as rows go out.

    UsageError for a pace to files, or a speed that is none; ImportRefused and UsageError as `publish_plan` and
    `write_plan` say.
    """
    factor, begun = factor_of(way.speed), time.monotonic()
    if not way.out:
        raise UsageError(f"--out is empty; say {KAFKA}, or name a folder")
    if way.out != KAFKA and (factor is not None or way.dispatch == EXTERNAL):
        raise UsageError(f"--out {way.out}: files are written at once; a pace, or an external dispatcher, needs Kafka")
    if way.dispatch not in (BUILT_IN, EXTERNAL):
        raise UsageError(f"--dispatch {way.dispatch}: say {BUILT_IN} or {EXTERNAL}")
    if way.dispatch == EXTERNAL and plan.faults:
        raise UsageError(
            "--faults with --dispatch external: a dispatcher is judged on events as they are; leave one out"
        )
    if way.dispatch == EXTERNAL:
        looped = _in_loop(plan, way, factor, on_slice)
        return Sent(way, len(plan.days), looped.rows, time.monotonic() - begun, {}, looped=looped)
    if factor is not None:
        paced = publish_paced(plan, factor, way.batching, on_slice)
        return Sent(way, len(plan.days), paced.rows, time.monotonic() - begun, {}, paced=paced)

    told: Counter[str] = Counter()

    def on_rows(day: str, rows: int) -> None:
        told[day] += rows
        on_slice(day, rows, 0.0)

    rows = publish_plan(plan, on_rows) if way.out == KAFKA else write_plan(plan, Path(way.out), on_rows)
    there = sum(1 for rows_of_day in told.values() if rows_of_day == 0)
    return Sent(way, len(plan.days), sum(rows.values()), time.monotonic() - begun, rows, there)


def _in_loop(plan: Plan, way: Way, factor: float | None, on_slice: OnSlice) -> Looped:
    """Live the days with a dispatcher outside, over Kafka."""
    publish_city(plan.city)
    mark = f"external {fingerprint(plan)}"
    with slices_of(plan.producer_id, mark, way.batching.events) as sink, inbox_of(ASSIGNMENTS) as inbox:
        refuse_begun(sink, [day.isoformat() for day in plan.days])
        exchange = CityExchange(sink, inbox, plan.city.city_id, ANSWER_SECONDS)
        return run_closed_loop(plan, exchange, factor, way.tick_seconds, on_slice)
