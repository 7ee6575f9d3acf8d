"""Days at a pace: what goes out when, what is held, and where a run goes on; Kafka is played by a list here."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pytest

from generator.city.business_day import business_day
from generator.city.city import load_city
from generator.sending import paced
from generator.sending.pace import MICROS, Pace
from generator.sending.paced import Batching, publish_paced
from generator.sending.plan import Plan
from pipelines.movers.events_in_slices import Parts
from tests.unit.generator.sending.test_pace import Clock

FIRST, LAST = date(2026, 11, 20), date(2026, 11, 21)
PLAN = Plan(load_city("futian"), FIRST, LAST, 30, 7)
FACTOR = 3600.0


class Sink:
    """What `Slices` is to `publish_paced`, in memory; sending takes `send_seconds` of the clock."""

    def __init__(self, clock: Clock, send_seconds: float = 0.0) -> None:
        self.clock, self.send_seconds = clock, send_seconds
        self.through: dict[str, int] = {}
        self.complete: set[str] = set()
        self.sent: list[tuple[float, int, Parts]] = []
        self.dies_at = -1

    def is_complete(self, unit: str) -> bool:
        return unit in self.complete

    def through_us(self, unit: str) -> int:
        return self.through.get(unit, 0)

    def send(self, parts: Parts, until_us: int, complete: Collection[str]) -> int:
        if len(self.sent) == self.dies_at:
            raise KeyboardInterrupt
        self.clock.seconds += self.send_seconds
        self.sent.append((self.clock.seconds, until_us, parts))
        self.through.update(dict.fromkeys(parts, until_us))
        self.complete.update(complete)
        return sum(rows.num_rows for part in parts.values() for rows in part.values())

    @property
    def ids(self) -> list[str]:
        tables = [rows for _, _, parts in self.sent for part in parts.values() for rows in part.values()]
        return [each for table in tables for each in table.column("event_id").to_pylist()]


@pytest.fixture
def sink(monkeypatch: pytest.MonkeyPatch) -> Sink:
    made = Sink(Clock())

    @contextmanager
    def slices(*_: object) -> Iterator[Sink]:
        yield made

    monkeypatch.setattr(paced, "slices_of", slices)
    monkeypatch.setattr(paced, "publish_city", lambda _: {})
    return made


def run(sink: Sink, plan: Plan = PLAN, batching: Batching | None = None) -> paced.Paced:
    return publish_paced(plan, FACTOR, batching, pace_of=lambda f, us: Pace(f, us, sink.clock, sink.clock.sleep))


def produced(parts: Parts) -> list[int]:
    tables = [rows for part in parts.values() for rows in part.values()]
    return [at for table in tables for at in table.column("produced_at").cast(pa.int64()).to_pylist()]


def all_ids(*days: date) -> list[str]:
    return [i for day in days for t in PLAN.generate(day).events.values() for i in t.column("event_id").to_pylist()]


def test_each_event_goes_out_when_it_is_due_and_none_twice(sink: Sink) -> None:
    told = run(sink, batching=Batching(linger_ms=500))
    start, end = (int(at * MICROS) for at in (business_day(PLAN.city, FIRST)[0], business_day(PLAN.city, LAST)[1]))
    for wall, until, parts in sink.sent:
        simulated = start + (wall - 1000.0) * FACTOR * MICROS
        assert simulated == pytest.approx(until, abs=1000)
        lingered = [until - at for at in produced(parts) if at >= start]
        assert all(0 < waited <= 0.5 * FACTOR * MICROS for waited in lingered)
    assert len(set(sink.ids)) == len(sink.ids) == told.rows
    assert told.rows + told.held == len(all_ids(FIRST, LAST))
    assert told.latest_seconds < 0.001
    assert sink.clock.slept == pytest.approx((end - start) / MICROS / FACTOR, abs=0.01)


def test_what_is_due_after_the_last_day_is_held_until_a_later_run(sink: Sink) -> None:
    told = run(sink, replace(PLAN, last=FIRST))
    assert told.held > 0
    assert told.held_until is not None
    assert told.held_until.timestamp() > business_day(PLAN.city, FIRST)[1]
    assert FIRST.isoformat() not in sink.complete
    run(sink)
    held = set(all_ids(FIRST)) - set(sink.ids)
    assert len(set(sink.ids)) == len(sink.ids)
    assert len(held) < told.held  # the second day brought most of it


def test_a_run_that_died_goes_on_where_it_was(sink: Sink) -> None:
    for dies_at in (2, 3, 9, 25):
        sink.dies_at = dies_at
        with pytest.raises(KeyboardInterrupt):
            run(sink)
    sink.dies_at = -1
    told = run(sink)
    assert len(set(sink.ids)) == len(sink.ids) == len(all_ids(FIRST, LAST)) - told.held


def test_where_kafka_is_slower_than_the_pace_events_are_late_in_larger_slices_and_none_is_lost(sink: Sink) -> None:
    sink.send_seconds = 3.0  # three simulated hours
    told = run(sink, batching=Batching(linger_ms=100))
    assert told.slices < 2 * 48 / 3 + 2
    assert 3.0 <= told.latest_seconds < 12.0
    assert len(set(sink.ids)) == len(sink.ids) == len(all_ids(FIRST, LAST)) - told.held
