"""Which run may start now: the state of one flow, without processes, clocks or files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from pipelines.flow import TARGETS_DATASET, Step, dependencies, upstream, writer_of
from pipelines.runs.ledger import RunStatus


@dataclass(frozen=True)
class Task:
    """One run to be: a step, and for per-city steps the city and its business date."""

    step: Step
    city_id: str | None = None
    business_date: date | None = None

    def __str__(self) -> str:
        return " ".join(str(part) for part in (self.step.name, self.city_id, self.business_date) if part)


class Schedule:
    """The tasks of the selected steps and their status. Per-city steps become tasks by `expand`."""

    def __init__(self, steps: Sequence[Step], chosen: Sequence[Step]) -> None:
        self._chosen = tuple(chosen)
        names = {step.name for step in chosen}
        # Over the whole flow, so that two chosen steps keep their order when one between them is left out.
        self._needs = {name: ups & names for name, ups in upstream(dependencies(steps)).items() if name in names}
        writer = writer_of(TARGETS_DATASET, steps)
        self._targets_after = writer if writer in names else None
        self._expanded = not any(step.per_city for step in chosen)
        self.status: dict[Task, RunStatus] = {Task(step): "queued" for step in chosen if not step.per_city}

    @property
    def per_city_steps(self) -> tuple[Step, ...]:
        return tuple(step for step in self._chosen if step.per_city)

    @property
    def awaits_targets(self) -> bool:
        """Whether the cities and days can be looked up now and have not been."""
        return not self._expanded and not self._is_open(self._targets_after)

    @property
    def targets_failed(self) -> bool:
        """Whether the step that writes what targets are looked up in did not succeed."""
        return self._targets_after is not None and self._status_of(self._targets_after, None) != "succeeded"

    @property
    def done(self) -> bool:
        return self._expanded and not any(status in ("queued", "running") for status in self.status.values())

    def expand(self, targets: Sequence[tuple[str, date]], *, looked_up: bool = True) -> list[Task]:
        """Add the per-city tasks; those whose upstream already failed are `not_started` at once.

        With no targets each per-city step is one task without a city: `not_started` after a failure, else `skipped`;
        or `queued`, for the caller to fail, if the targets could not be `looked_up`.
        """
        self._expanded = True
        pairs: Sequence[tuple[str | None, date | None]] = list(targets) or [(None, None)]
        added = [Task(step, city, day) for step in self.per_city_steps for city, day in pairs]
        self.status |= dict.fromkeys(added, "queued")
        self._close_blocked()
        if not targets and looked_up:
            self.status |= {task: "skipped" for task in added if self.status[task] == "queued"}
        return added

    def ready(self) -> list[Task]:
        """Queued tasks all of whose upstream tasks have succeeded, in the order of the flow."""
        return [
            task
            for task, status in self.status.items()
            if status == "queued"
            and all(self._status_of(up, task) == "succeeded" for up in self._needs[task.step.name])
        ]

    def start(self, task: Task) -> None:
        self.status[task] = "running"

    def finish(self, task: Task, succeeded: bool) -> None:
        """Record how a task ended; whatever depends on a failed one is `not_started`."""
        self.status[task] = "succeeded" if succeeded else "failed"
        self._close_blocked()

    def stop(self) -> None:
        """Nothing more will start."""
        self._expanded = True
        self.status |= {task: "not_started" for task, status in self.status.items() if status == "queued"}

    def resume_steps(self) -> tuple[str, ...]:
        """Names of the steps that did not succeed and that do not wait for another such step."""
        open_names = {task.step.name for task, status in self.status.items() if status in ("failed", "not_started")}
        return tuple(
            step.name for step in self._chosen if step.name in open_names and not self._needs[step.name] & open_names
        )

    def failed_upstream(self, task: Task) -> Task | None:
        """The failed task because of which `task` was not started (itself, if it failed); None if there is none."""
        names = self._needs[task.step.name] | {task.step.name}
        for other, status in self.status.items():
            if status == "failed" and other.step.name in names and _concerns(other, task):
                return other
        return None

    def _close_blocked(self) -> None:
        for task, status in self.status.items():
            if status == "queued" and any(
                self._status_of(up, task) in ("failed", "not_started") for up in self._needs[task.step.name]
            ):
                self.status[task] = "not_started"

    def _is_open(self, name: str | None) -> bool:
        return name is not None and self._status_of(name, None) in ("queued", "running")

    def _status_of(self, name: str, dependant: Task | None) -> RunStatus | None:
        """Status of step `name` as it concerns `dependant`: for a per-city step, its run for the same city."""
        for task, status in self.status.items():
            if task.step.name == name and (dependant is None or _concerns(task, dependant)):
                return status
        return None


def _concerns(task: Task, dependant: Task) -> bool:
    same = (task.city_id, task.business_date) == (dependant.city_id, dependant.business_date)
    return same or not (task.step.per_city and dependant.step.per_city)
