"""Runs a flow: each step a process of its own, as many at once as the flow and the setting allow.

A failed step stops what depends on it and nothing else. Whatever happens, the ledger says how each run ended and a
report that could not be made is replaced by a page that says why.
"""

from __future__ import annotations

import logging
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from uuid import uuid4

from pipelines import flow
from pipelines.errors import UsageError
from pipelines.flow import Step
from pipelines.runs import reports
from pipelines.runs.flow_run import FlowRun, NoProgress, Outcome, Progress, Request
from pipelines.runs.launch import launch_notebook, stop_process
from pipelines.runs.ledger import Ledger
from pipelines.runs.parameters import declared_parameters
from pipelines.runs.result import RunError, RunResult
from pipelines.runs.schedule import Schedule, Task
from pipelines.runs.targets import StepNotRun, run_targets
from pipelines.settings import settings

Targets = Callable[[date | None, str | None], Sequence[tuple[str, date]]]


def run_flow(
    request: Request | None = None,
    *,
    steps: Sequence[Step] = flow.STEPS,
    jobs: int | None = None,
    targets: Targets = run_targets,
    progress: Progress | None = None,
) -> FlowRun:
    """Run the requested part of `steps`, at most `jobs` (default: setting `parallel_steps`) at once.

    Ctrl-C stops the runs that are under way and gives a FlowRun with `interrupted`. Raises UsageError, before
    anything starts, for an unknown step or a notebook that is not there or whose parameters cannot be read.
    """
    request = request or Request()
    chosen = flow.selected(steps, from_steps=request.from_steps, only=request.only)
    missing = [str(step.notebook) for step in chosen if not step.notebook.is_file()]
    if missing:
        raise UsageError(f"The flow names notebooks that do not exist: {', '.join(missing)}; see pipelines/flow.py")
    for step in chosen:
        declared_parameters(step.notebook)  # refuses a notebook whose parameters cannot be read
    with Ledger.open() as ledger:
        run = _Run(request, Schedule(steps, chosen), ledger, progress or NoProgress(), targets)
        return run.execute(jobs or settings().parallel_steps)


@dataclass
class _Run:
    """One flow run under way. Everything but `_execute_task` happens in the main thread."""

    request: Request
    schedule: Schedule
    ledger: Ledger
    progress: Progress
    targets: Targets
    flow_run_id: str = field(
        default_factory=lambda: f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{uuid4().hex[:6]}"
    )
    outcomes: dict[Task, Outcome] = field(default_factory=dict)
    run_ids: dict[Task, str] = field(default_factory=dict)
    processes: dict[Task, subprocess.Popen[bytes]] = field(default_factory=dict)
    stopping: bool = False
    not_run: tuple[str, ...] = ()  # steps outside of this run without which it cannot go on

    def execute(self, jobs: int) -> FlowRun:
        """Run all tasks; always leaves each of them closed in the ledger."""
        began = time.monotonic()
        self._queue(list(self.schedule.status))
        with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="step") as pool:
            running: dict[Future[Outcome], Task] = {}
            try:
                self._loop(pool, running, jobs)
            except KeyboardInterrupt:
                self._stop(running)
            except BaseException:  # a defect: still no run is left open, no process behind
                self._stop(running)
                self._close_unstarted()
                raise
        self._close_unstarted()
        resume = self.request.rerun_command((*self.not_run, *self.schedule.resume_steps()))
        seconds = time.monotonic() - began
        return FlowRun(self.flow_run_id, self.request, tuple(self.outcomes.values()), seconds, resume, self.stopping)

    def _loop(self, pool: ThreadPoolExecutor, running: dict[Future[Outcome], Task], jobs: int) -> None:
        while True:
            self._start_ready(pool, running, jobs)
            if self.schedule.awaits_targets:
                self._expand()
                self._start_ready(pool, running, jobs)
            if not running:
                return
            ended, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in ended:
                self._ended(running.pop(future), future.result())

    def _start_ready(self, pool: ThreadPoolExecutor, running: dict[Future[Outcome], Task], jobs: int) -> None:
        for task in self.schedule.ready()[: jobs - len(running)]:
            self._start(pool, running, task)

    def _queue(self, tasks: Sequence[Task]) -> None:
        for task in tasks:
            day = str(task.business_date) if task.business_date else None
            self.run_ids[task] = ".".join(filter(None, [self.flow_run_id, task.step.name, task.city_id, day]))
            self.ledger.queue(self.run_ids[task], self.flow_run_id, task.step.name, task.city_id, day)
        self.progress.planned(len(self.schedule.status))

    def _expand(self) -> None:
        """Look up cities and days. After a failure above them they only name the reports that cannot be made.

        If they cannot be looked up, the per-city steps fail and the other steps go on.
        """
        pairs: Sequence[tuple[str, date]] = []
        error: RunError | None = None
        try:
            pairs = self.targets(self.request.business_date, self.request.city_id)
        except StepNotRun as failure:
            self.not_run = (failure.step,)
            error = RunError("not_runnable", str(failure))
        except Exception as failure:  # the warehouse's driver raises its own kinds
            error = RunError("not_runnable", f"the cities and days to run for could not be looked up: {failure}")
        tasks = self.schedule.expand(pairs, looked_up=error is None)
        self._queue(tasks)
        for task in tasks:
            if error is not None and self.schedule.status[task] == "queued":
                result = RunResult("failed", task.step.notebook, Path(), error=error)
                self._ended(task, Outcome(task, self.run_ids[task], "failed", result))

    def _start(self, pool: ThreadPoolExecutor, running: dict[Future[Outcome], Task], task: Task) -> None:
        output = settings().reports_dir / "runs" / self.flow_run_id / f"{self.run_ids[task].split('.', 1)[1]}.ipynb"
        parameters = self._parameters(task)
        self.schedule.start(task)
        self.ledger.start(self.run_ids[task], task.step.notebook, parameters, output)
        self.progress.started(task)
        running[pool.submit(self._execute_task, task, parameters, output)] = task

    def _parameters(self, task: Task) -> dict[str, object]:
        """What the runner offers, as far as the notebook declares it."""
        day = task.business_date or self.request.business_date
        offered = {
            "business_date": str(day) if day else "",
            "city_id": task.city_id or self.request.city_id or "",
            "run_id": self.flow_run_id,
        }
        declared = declared_parameters(task.step.notebook)
        return {name: value for name, value in offered.items() if name in declared}

    def _execute_task(self, task: Task, parameters: dict[str, object], output: Path) -> Outcome:
        """In a thread of the pool: wait for the run's process, then publish its report."""
        began = time.monotonic()
        run_id = self.run_ids[task]

        def keep(process: subprocess.Popen[bytes]) -> None:
            self.processes[task] = process
            if self.stopping:
                stop_process(process)

        try:
            result = launch_notebook(task.step.notebook, parameters, output=output, on_process=keep)
        except Exception as error:  # no disk, no process: this step failed, the others go on
            refused = RunError("not_runnable", f"the run could not be started: {type(error).__name__}: {error}")
            result = RunResult("failed", task.step.notebook, output, parameters, error=refused)
        if not (result.succeeded and task.step.report):
            return Outcome(task, run_id, result.status, result)
        try:
            report = reports.publish_report(task, run_id, result, time.monotonic() - began)
        except Exception as error:  # a broken rule, or a defect of the template: the report is what failed
            not_rendered = RunError(
                "not_rendered", f"the report could not be rendered: {type(error).__name__}: {error}"
            )
            return Outcome(task, run_id, "failed", replace(result, status="failed", error=not_rendered))
        return Outcome(task, run_id, "succeeded", result, report)

    def _ended(self, task: Task, outcome: Outcome) -> None:
        self.schedule.finish(task, outcome.status == "succeeded")
        if outcome.status == "failed" and not self.stopping:
            outcome = replace(outcome, report=self._failure_page(task, outcome))
        self.outcomes[task] = outcome
        if outcome.result is not None:
            self.ledger.finish(outcome.run_id, outcome.result, outcome.report)
        self.progress.ended(outcome)

    def _failure_page(self, task: Task, failed: Outcome | None) -> Path | None:
        if failed is None or failed.result is None or failed.result.error is None:
            return None
        if not task.step.report or task.city_id is None:
            return None
        rerun = self.request.rerun_command([failed.task.step.name])
        try:
            return reports.publish_failure(task, self.run_ids[task], failed.task, failed.result.error, rerun)
        except Exception:  # the page is the lesser trouble; the failure itself is in the ledger
            logging.getLogger(__name__).exception("The page that says why %s failed could not be written", task)
            return None

    def _stop(self, running: dict[Future[Outcome], Task]) -> None:
        """Ctrl-C: end the runs under way, kernels included, and record them as interrupted."""
        self.stopping = True
        self.schedule.stop()
        for task in running.values():
            if task in self.processes:
                stop_process(self.processes[task])
        for future, task in running.items():
            self._ended(task, future.result())

    def _close_unstarted(self) -> None:
        for task, status in self.schedule.status.items():
            if status not in ("not_started", "skipped"):
                continue
            cause = self.schedule.failed_upstream(task)
            report = None if cause is None or self.stopping else self._failure_page(task, self.outcomes.get(cause))
            self.ledger.close_unstarted(self.run_ids[task], "skipped" if status == "skipped" else "not_started", report)
            self.outcomes[task] = Outcome(task, self.run_ids[task], status, report=report)
            self.progress.ended(self.outcomes[task])
