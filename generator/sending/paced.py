"""Send generated days to Kafka at the pace of a clock: each event when it would have been handed over.

Guarantee: that of `Slices`; a run killed at any line and begun again goes on where it was, and nothing is lost or sent
twice. The clock does not run while nobody runs: it goes on from the instant up to which everything was sent. Where
Kafka is slower than the pace, events go out late and in larger transactions; how late is measured, and none is dropped.
In memory are the days that have events to come, and of those before the day at hand only these events.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from generator.city.business_day import business_day_us
from generator.sending.files import name_of, write_truth
from generator.sending.pace import MICROS, Pace, Pending
from generator.sending.plan import OnSlice, Plan, fingerprint
from generator.sending.publish import publish_city
from pipelines.movers.events_in_slices import Slices, slices_of
from pipelines.settings import settings

MOST_ROWS = 100_000  # of a transaction, when it has to catch up: seconds of sending, well within the broker's limit


@dataclass(frozen=True)
class Batching:
    """An event waits at most `linger_ms` (real time) for others of its partition; a message has at most `events`."""

    linger_ms: int = 1_000
    events: int = 10_000


@dataclass
class Paced:
    """What a run did. Lateness is in real seconds, from when a slice was due until Kafka had it."""

    rows: int = 0
    slices: int = 0
    late_seconds: float = 0.0
    latest_seconds: float = 0.0
    held: int = 0
    held_until: datetime | None = None


def publish_paced(
    plan: Plan,
    factor: float,
    batching: Batching | None = None,
    on_slice: OnSlice | None = None,
    pace_of: Callable[[float, int], Pace] = Pace,
) -> Paced:
    """Publish the plan's days `factor` times as fast as reality, from the start of the first that is not there.

    Events due after the last day's end are held: a later run of the same plan with a later `last` sends them when they
    are due, `publish_plan` at once. `on_slice(day, rows, late_seconds)` is told after each transaction.
    """
    batching = batching or Batching()
    publish_city(plan.city)
    told, pending, pace = Paced(), Pending(), None
    with slices_of(plan.producer_id, fingerprint(plan), batching.events) as sink:
        position = max((sink.through_us(day.isoformat()) for day in plan.days), default=0)
        for day in plan.days:
            unit, (start, end) = day.isoformat(), business_day_us(plan.city, day)
            if not sink.is_complete(unit):
                made = plan.hand_over(day)
                events = dict(made.topics)
                write_truth(made, settings().data_dir, name_of(plan, unit))
                pending.add(unit, events, sink.through_us(unit))
            if end <= position or (sink.is_complete(unit) and pace is None):
                continue
            position = max(position, start)
            pace = pace or pace_of(factor, position)
            tell = partial(on_slice, unit) if on_slice else None
            _run(sink, pending, pace, (position, end), batching, told, tell)
            position = end
            pending.let_go()
    last = pending.last_us
    told.held = pending.rows
    told.held_until = datetime.fromtimestamp(last / MICROS, UTC) if last is not None else None
    return told


def _run(
    sink: Slices,
    pending: Pending,
    pace: Pace,
    span: tuple[int, int],
    batching: Batching,
    told: Paced,
    on_slice: Callable[[int, float], None] | None,
) -> None:
    """Send what is due within the span, slice by slice; a slice is what falls due while an event may linger."""
    position, end = span
    step = max(1, int(batching.linger_ms * 1000 * pace.factor))
    while position < end:
        first = pending.first_us
        until = min(end, max(position + step, pace.now_us())) if first is not None and first < end else end
        if first is not None and until <= first < end:
            until = min(end, first + step)
        until = pending.until_with(MOST_ROWS, until)
        pace.wait(until)
        parts = pending.due(until)
        if parts:
            rows = sink.send(parts, until, set(parts) - pending.units)
            late = max(0.0, pace.behind_seconds(until))
            told.rows, told.slices = told.rows + rows, told.slices + 1
            told.late_seconds, told.latest_seconds = told.late_seconds + late * rows, max(told.latest_seconds, late)
            if on_slice:
                on_slice(rows, late)
        position = until
