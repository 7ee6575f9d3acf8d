"""A generation for the eyes: a bar on a terminal, a line a day elsewhere; one line at the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from generator.sending.plan import OnSlice

SHOWN_LATE_SECONDS = 1.0  # less is the waiting for others that batching means


@contextmanager
def watched(console: Console, days: int) -> Iterator[OnSlice]:
    """Yields what is to be told (day, rows, late seconds) as rows go out. Colours are rich's: none with NO_COLOR."""
    if console.is_terminal:
        columns = (TextColumn("generating"), BarColumn(), MofNCompleteColumn(), TextColumn("days  {task.fields[said]}"))
        with Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
            yield _OnTerminal(bar, bar.add_task("days", total=days, said=""))
    else:
        lines = _Lines(console, days)
        yield lines
        lines.close()


class _OnTerminal:
    def __init__(self, bar: Progress, task: TaskID) -> None:
        self._bar, self._task = bar, task
        self._seen: set[str] = set()
        self._rows = 0

    def __call__(self, day: str, rows: int, late_seconds: float = 0.0) -> None:
        self._seen.add(day)
        self._rows += rows
        late = f"  {late_seconds:,.0f} s behind" if late_seconds >= SHOWN_LATE_SECONDS else ""
        self._bar.update(self._task, completed=len(self._seen) - 1, said=f"{day}  {self._rows:,} events{late}")


class _Lines:
    """One line for each day that ended."""

    def __init__(self, console: Console, days: int) -> None:
        self._console, self._days, self._begun = console, days, time.monotonic()
        self._day, self._count, self._rows, self._latest = "", 0, 0, 0.0

    def __call__(self, day: str, rows: int, late_seconds: float = 0.0) -> None:
        if day != self._day:
            self.close()
            self._day, self._count, self._rows, self._latest = day, self._count + 1, 0, 0.0
        self._rows += rows
        self._latest = max(self._latest, late_seconds)

    def close(self) -> None:
        if self._day:
            late = f", at most {self._latest:,.1f} s late" if self._latest >= SHOWN_LATE_SECONDS else ""
            seconds = time.monotonic() - self._begun
            said = f"[{self._count}/{self._days}] {self._day}  {self._rows:,} events{late}  {seconds:,.1f} s"
            self._console.print(said, markup=False, soft_wrap=True, highlight=False)
