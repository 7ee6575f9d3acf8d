"""What a flow run is asked for and what comes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Protocol

from pipelines.runs.ledger import RunStatus
from pipelines.runs.result import RunResult
from pipelines.runs.schedule import Task


@dataclass(frozen=True)
class Request:
    """What a flow run was asked to do. `business_date` None: all that changed, and each city's latest day."""

    business_date: date | None = None
    city_id: str | None = None
    from_steps: tuple[str, ...] = ()
    only: tuple[str, ...] = ()

    def rerun_command(self, failed_steps: Sequence[str]) -> str:
        """The command that resumes at the failed steps, for the same day and city."""
        option = "--only" if self.only else "--from"
        words = ["dishpatch run", *(f"{option} {name}" for name in dict.fromkeys(failed_steps))]
        words += [f"--date {self.business_date}"] if self.business_date else []
        words += [f"--city {self.city_id}"] if self.city_id else []
        return " ".join(words)


@dataclass(frozen=True)
class Outcome:
    """How one task ended. `result` is None for a task that was not started; `report` is the page published for it."""

    task: Task
    run_id: str
    status: RunStatus
    result: RunResult | None = None
    report: Path | None = None


@dataclass(frozen=True)
class FlowRun:
    """A finished flow run: one outcome a task, in the order they ended."""

    flow_run_id: str
    request: Request
    outcomes: tuple[Outcome, ...]
    seconds: float
    resume_command: str  # takes up where this run failed or was stopped
    interrupted: bool = False

    @property
    def succeeded(self) -> bool:
        return not self.interrupted and all(outcome.status in ("succeeded", "skipped") for outcome in self.outcomes)

    @property
    def failures(self) -> tuple[Outcome, ...]:
        return tuple(outcome for outcome in self.outcomes if outcome.status == "failed")


class Progress(Protocol):
    """Told what happens, in the main thread."""

    def planned(self, tasks: int) -> None: ...
    def started(self, task: Task) -> None: ...
    def ended(self, outcome: Outcome) -> None: ...


class NoProgress:
    """Says nothing."""

    def planned(self, tasks: int) -> None: ...
    def started(self, task: Task) -> None: ...
    def ended(self, outcome: Outcome) -> None: ...
