"""The simulated clock of a paced run, and the events that wait for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from pipelines.errors import UsageError
from pipelines.movers.delivery import Delivery, RawMessage
from pipelines.movers.events_in_slices import Parts

MICROS = 1_000_000
FASTEST = 1_000_000.0  # a day in less than a tenth of a second: nothing publishes that fast, `max` is meant


def factor_of(speed: str) -> float | None:
    """Simulated seconds to a real one for `realtime`, a number such as `60` or `0.5`, or None for `max`."""
    if speed in ("max", "realtime"):
        return None if speed == "max" else 1.0
    try:
        factor = float(speed.removesuffix("x"))
    except ValueError:
        factor = np.nan
    if not 0 < factor <= FASTEST:
        raise UsageError(f"--speed {speed}: say realtime, max, or how many times as fast as reality, such as 60")
    return factor


class Pace:
    """Simulated time, µs since 1970: it begins at `start_us` now and runs `factor` times as fast as the real clock."""

    def __init__(
        self,
        factor: float,
        start_us: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.factor, self._start_us, self._clock, self._sleep = factor, start_us, clock, sleep
        self._begun = clock()

    def now_us(self) -> int:
        """What the simulated clock shows."""
        return self._start_us + int((self._clock() - self._begun) * self.factor * MICROS)

    def behind_seconds(self, until_us: int) -> float:
        """Real seconds since the simulated clock showed `until_us`; negative before."""
        return (self.now_us() - until_us) / MICROS / self.factor

    def wait(self, until_us: int) -> None:
        """Until the simulated clock shows `until_us`."""
        while (left := -self.behind_seconds(until_us)) > 0:
            self._sleep(left)


@dataclass
class _Queue:
    """A topic of a unit: rows (each table's in order of `produced_at`) and bare messages; what is due is cut off."""

    tables: list[pa.Table]
    produced_us: list[np.ndarray]
    messages: list[RawMessage]
    is_checked: bool
    places: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, given: pa.Table | Delivery, from_us: int) -> _Queue:
        delivery = given if isinstance(given, Delivery) else Delivery((given,))
        found = cls([], [], [m for m in delivery.messages if m.produced_us >= from_us], isinstance(given, pa.Table))
        found.messages.sort(key=lambda message: message.produced_us)
        for table in delivery.tables:
            produced = table.column("produced_at").cast(pa.int64()).to_numpy()
            order = np.argsort(produced, kind="stable")
            order = order[produced[order] >= from_us]
            found.tables.append(table.take(pa.array(order)))
            found.produced_us.append(produced[order])
        found.places = [0] * len(found.tables)
        return found

    @property
    def rows(self) -> int:
        return sum(len(at) - place for at, place in zip(self.produced_us, self.places, strict=True)) + len(
            self.messages
        )

    @property
    def instants(self) -> Iterator[tuple[int, int]]:
        """First and last `produced_at` of what is left of each part."""
        for at, place in zip(self.produced_us, self.places, strict=True):
            if place < len(at):
                yield int(at[place]), int(at[-1])
        if self.messages:
            yield self.messages[0].produced_us, self.messages[-1].produced_us

    def cut(self, until_us: int) -> pa.Table | Delivery | None:
        parts: list[pa.Table] = []
        for number, table in enumerate(self.tables):
            first, last = self.places[number], self._before(number, until_us)
            parts += [table.slice(first, last - first)] if last > first else []
            self.places[number] = last
        due = [message for message in self.messages if message.produced_us < until_us]
        self.messages = self.messages[len(due) :]
        if not parts and not due:
            return None
        return parts[0] if self.is_checked else Delivery((*parts, *due))

    def rows_before(self, until_us: int) -> int:
        rows = sum(self._before(number, until_us) - place for number, place in enumerate(self.places))
        return rows + sum(message.produced_us < until_us for message in self.messages)

    def let_go(self) -> None:
        for number, place in enumerate(self.places):
            rest = np.arange(place, len(self.produced_us[number]))
            self.tables[number] = self.tables[number].take(pa.array(rest))
            self.produced_us[number], self.places[number] = self.produced_us[number][rest].copy(), 0

    def _before(self, number: int, until_us: int) -> int:
        return max(self.places[number], int(np.searchsorted(self.produced_us[number], until_us)))


@dataclass
class Pending:
    """Events that are not due yet, by unit and topic."""

    _queues: dict[str, dict[str, _Queue]] = field(default_factory=dict)

    def add(self, unit: str, events: Mapping[str, pa.Table | Delivery], from_us: int) -> None:
        """Keep what of the unit has a `produced_at` of `from_us` or later."""
        queues = {topic: _Queue.of(given, from_us) for topic, given in events.items()}
        kept = {topic: queue for topic, queue in queues.items() if queue.rows}
        if kept:
            self._queues.setdefault(unit, {}).update(kept)

    def due(self, until_us: int) -> Parts:
        """Take out the rows before `until_us`; a unit whose rows are all gone is no longer in `units`."""
        parts: dict[str, Mapping[str, pa.Table | Delivery]] = {}
        for unit, queues in list(self._queues.items()):
            cut = {topic: queue.cut(until_us) for topic, queue in queues.items()}
            found = {topic: given for topic, given in cut.items() if given is not None}
            if found:
                parts[unit] = found
            self._queues[unit] = {topic: queue for topic, queue in queues.items() if queue.rows}
            if not self._queues[unit]:
                del self._queues[unit]
        return parts

    def let_go(self) -> None:
        """Free the memory of rows that were taken out: what waits for weeks is little of what a day brought."""
        for queue in self._each():
            queue.let_go()

    @property
    def units(self) -> set[str]:
        return set(self._queues)

    @property
    def rows(self) -> int:
        return sum(queue.rows for queue in self._each())

    @property
    def first_us(self) -> int | None:
        """`produced_at` of the earliest row that waits."""
        return min((first for queue in self._each() for first, _ in queue.instants), default=None)

    @property
    def last_us(self) -> int | None:
        """`produced_at` of the latest row that waits."""
        return max((last for queue in self._each() for _, last in queue.instants), default=None)

    def rows_before(self, until_us: int) -> int:
        return sum(queue.rows_before(until_us) for queue in self._each())

    def until_with(self, most_rows: int, until_us: int) -> int:
        """The latest instant up to `until_us` before which at most `most_rows` rows wait, but at least the first."""
        first = self.first_us
        if first is None or self.rows_before(until_us) <= most_rows:
            return until_us
        low, high = first + 1, until_us
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.rows_before(middle) <= most_rows else (low, middle)
        return low

    def _each(self) -> list[_Queue]:
        return [queue for queues in self._queues.values() for queue in queues.values()]
