"""The main job from nothing: services up, days of orders made, the flow run, the books reconciled."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pipelines.runs.flow_run import FlowRun, Progress, Request
from pipelines.runs.runner import run_flow

if TYPE_CHECKING:
    from pipelines.reconcile import Reconciliation

Say = Callable[[str, str], None]


@dataclass
class DemoRun:
    """What `make run` did. `seconds` is by phase, `produced` rows by dataset."""

    produced: dict[str, int] = field(default_factory=dict)
    flow: FlowRun | None = None
    reconciliation: Reconciliation | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    services_kept: bool = False


def run_demo(days: int, orders_per_day: int, seed: int, *, keep_up: bool, say: Say, progress: Progress) -> DemoRun:
    """Run the main job. Services that this call started are stopped again, data kept, unless `keep_up`.

    `say(subject, event)` is told of services and generated data, `progress` of the steps. Raises SetupError or
    ServiceError where the services do not start.
    """
    from generator.demo import publish_demo_days
    from pipelines import local
    from pipelines.reconcile import reconcile

    demo = DemoRun()
    demo.services_kept = keep_up or any(service.pid is not None for service in local.status())
    try:
        with _timed(demo, "services up"):
            local.up(say)
        with _timed(demo, "orders made"):
            demo.produced = publish_demo_days(days, orders_per_day, seed, _each_day(say))
        with _timed(demo, "flow"):
            demo.flow = run_flow(Request(), progress=progress)
        if not demo.flow.interrupted:
            with _timed(demo, "reconciled"):
                demo.reconciliation = reconcile()
    finally:
        if not demo.services_kept:
            with _timed(demo, "services stopped"):
                local.down(say)
    return demo


def _each_day(say: Say) -> Callable[[str, int], None]:
    """Says a day once, when its first rows go out; 0 rows mean that it was there before."""
    seen: set[str] = set()

    def on_rows(day: str, rows: int) -> None:
        if day not in seen:
            seen.add(day)
            say("orders", f"{day} is being published" if rows else f"{day} was published before")

    return on_rows


@contextmanager
def _timed(demo: DemoRun, phase: str) -> Iterator[None]:
    began = time.monotonic()
    try:
        yield
    finally:
        demo.seconds[phase] = time.monotonic() - began
