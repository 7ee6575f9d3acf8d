"""A flow run for the eyes: progress while it goes, a table when it is done. The caller owns the console."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar
from rich.table import Table

from pipelines.flow import Step, dependencies
from pipelines.runs.flow_run import FlowRun, Outcome, Progress
from pipelines.runs.ledger import RunRecord
from pipelines.runs.schedule import Task

_NOT_STAGES = ("account", "dataset", "adds_up")
_COLOURS = {"succeeded": "green", "failed": "red", "not_started": "yellow", "running": "cyan"}


@contextmanager
def watched(console: Console) -> Iterator[Progress]:
    """A progress bar on a terminal, else one line for each step that ends."""
    if not console.is_terminal:
        yield _Lines(console)
        return
    columns = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    with Bar(*columns, console=console, transient=True) as bar:
        yield _OnTerminal(bar)


class _Lines:
    def __init__(self, console: Console) -> None:
        self._console = console
        self._planned = self._ended = 0

    def planned(self, tasks: int) -> None:
        self._planned = tasks

    def started(self, task: Task) -> None: ...

    def ended(self, outcome: Outcome) -> None:
        self._ended += 1
        self._console.print(f"[{self._ended}/{self._planned}] {_line(outcome)}", markup=False, soft_wrap=True)


class _OnTerminal:
    def __init__(self, bar: Bar) -> None:
        self._bar, self._id = bar, bar.add_task("starting", total=None)
        self._running: list[Task] = []

    def planned(self, tasks: int) -> None:
        self._bar.update(self._id, total=tasks)

    def started(self, task: Task) -> None:
        self._running.append(task)
        self._describe()

    def ended(self, outcome: Outcome) -> None:
        if outcome.task in self._running:
            self._running.remove(outcome.task)
        self._bar.advance(self._id)
        self._bar.console.print(_line(outcome), markup=False)
        self._describe()

    def _describe(self) -> None:
        self._bar.update(self._id, description=escape(", ".join(map(str, self._running)) or "…"))


def _line(outcome: Outcome) -> str:
    result = outcome.result
    words = f"{outcome.task}: {outcome.status.replace('_', ' ')}"
    if result is None:
        return words
    if result.error:
        return f"{words}: {result.error}"
    return f"{words} in {seconds(result.start_up_seconds)} start-up + {seconds(result.work_seconds)} work"


def summary_table(run: FlowRun) -> Table:
    """Each run's status, start-up and work seconds, peak memory and first published figure."""
    table = _table("step", "status", "start-up", "work", "memory", "key figure", right=(2, 3, 4))
    for outcome in run.outcomes:
        result = outcome.result
        table.add_row(
            escape(str(outcome.task)),
            status_text(outcome.status),
            seconds(result.start_up_seconds) if result else "–",
            seconds(result.work_seconds) if result else "–",
            memory(result.peak_memory_bytes) if result else "–",
            escape(key_figure(result.figures)) if result else "–",
        )
    return table


def steps_text(steps: Sequence[Step]) -> str:
    """The flow in running order: what each step does, waits for, reads and writes."""
    by_name = {step.name: step for step in steps}
    lines = []
    for number, (name, needs) in enumerate(dependencies(steps).items(), start=1):
        step = by_name[name]
        each = " (each city and day)" if step.per_city else ""
        lines += [f"{number:>2}. {name}{each}: {step.summary}"]
        lines += [f"      reads   {_shortened(step.inputs)}", f"      writes  {_shortened(step.writes)}"]
        lines += [f"      after   {', '.join(needs)}"] if needs else []
    return "\n".join(lines)


def runs_table(runs: Sequence[RunRecord]) -> Table:
    """Runs of the ledger, one a row."""
    table = _table("run", "status", "started (UTC)", "start-up", "work", "memory", "key figure", right=(3, 4, 5))
    for run in runs:
        table.add_row(
            run.run_id,
            status_text(run.status),
            (run.started_at or "–")[:19].replace("T", " "),
            seconds(run.start_up_seconds),
            seconds(run.work_seconds),
            memory(run.peak_memory_bytes),
            escape(str(run.error) if run.error else key_figure(run.figures)),
        )
    return table


def rows_tables(totals: Sequence[Mapping[str, Any]]) -> list[Table]:
    """Rows at each stage, a table an account, a line a dataset. `totals` is as `Reconciliation.totals()` gives it."""
    tables = []
    for account in dict.fromkeys(str(total["account"]) for total in totals):
        lines = [total for total in totals if total["account"] == account]
        stages = list(dict.fromkeys(name for line in lines for name in line if name not in _NOT_STAGES))
        counts = {str(line["dataset"]): {stage: line.get(stage) for stage in stages} for line in lines}
        if len(stages) > len(lines):  # few datasets through many stages read better downwards
            counts = {stage: {name: counts[name][stage] for name in counts} for stage in stages}
        columns = list(next(iter(counts.values())))
        table = _table(account, *(column.replace("_", " ") for column in columns), right=range(1, len(columns) + 1))
        for name, cells in counts.items():
            table.add_row(name, *("–" if cells[column] is None else f"{cells[column]:,}" for column in columns))
        tables.append(table)
    return tables


def _table(*headings: str, right: Sequence[int] = ()) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for index, heading in enumerate(headings):
        table.add_column(
            heading, justify="right" if index in right else "left", overflow="fold", no_wrap=heading == "run"
        )
    return table


def _shortened(datasets: Sequence[str]) -> str:
    """Datasets by layer; 'bronze/* (8)' where there are more than three of one."""
    layers: dict[str, list[str]] = {}
    for dataset in datasets:
        layers.setdefault(dataset.split("/")[0], []).append(dataset)
    return ", ".join(f"{layer}/* ({len(own)})" if len(own) > 3 else ", ".join(own) for layer, own in layers.items())


def status_text(status: str) -> str:
    """The status in rich markup."""
    words, colour = status.replace("_", " "), _COLOURS.get(status)
    return f"[{colour}]{words}[/]" if colour else words


def seconds(value: float | None) -> str:
    """'2.1 s', or a dash."""
    return "–" if value is None else f"{value:.1f} s"


def memory(value: int | None) -> str:
    """'103 MiB', or a dash."""
    return "–" if value is None else f"{value / 2**20:.0f} MiB"


def key_figure(figures: dict[str, Any]) -> str:
    """The number a step published first: 'rows_written 12,000'."""
    for name, value in figures.items():
        if isinstance(value, int | float) and not isinstance(value, bool):
            return f"{name} {value:,}"
    return "–"


def console_for(stream: Any) -> Console:
    """A console on `stream`; NO_COLOR, by https://no-color.org, is honoured when it is set and not empty.

    A file or pipe has no width of its own: tables there get room for the longest step name and a figure.
    """
    width = None if stream.isatty() else 140
    return Console(file=stream, width=width, no_color=bool(os.environ.get("NO_COLOR")) or None, highlight=False)
