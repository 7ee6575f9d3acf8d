"""What the supervisor writes down and everyone else reads: plan and state, each a JSON file replaced in one step."""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

from pipelines.local.service import Launch

# The kernel gives start times in ticks since boot, and boot time moves a little when the clock is set.
CREATE_TIME_SLACK_SECONDS = 2.0


@dataclass(frozen=True)
class ProcessRecord:
    """One process of a service as its supervisor last saw it. `since` is UTC, ISO 8601."""

    pid: int
    create_time: float  # seconds since 1970, as psutil gives it
    argv: list[str]
    port: int
    since: str
    status: str = "running"  # running | exited | stopped
    exit_code: int | None = None
    signal: int | None = None
    log_sizes: dict[str, int] = field(default_factory=dict)  # bytes in each log before this start

    def ended(self, status: str, returncode: int | None) -> ProcessRecord:
        """The same process after its end; a negative return code is the signal that ended it."""
        signal = -returncode if returncode is not None and returncode < 0 else None
        code = returncode if signal is None else None
        return replace(self, status=status, exit_code=code, signal=signal, since=now())

    def process(self) -> psutil.Process | None:
        """The live process, if this pid is still the one that was recorded and not another program's."""
        return live_process(self.pid, self.create_time)


@dataclass(frozen=True)
class State:
    """The state file: who supervises, what ought to run, what each service's process is."""

    supervisor_pid: int
    supervisor_create_time: float
    wanted: bool  # True from `up` to `down`
    processes: Mapping[str, ProcessRecord] = field(default_factory=dict)

    def supervisor(self) -> psutil.Process | None:
        """The supervisor, if it is still alive."""
        return live_process(self.supervisor_pid, self.supervisor_create_time)

    def live(self) -> dict[str, psutil.Process]:
        """Processes of services that run now, supervised or not."""
        found = {name: record.process() for name, record in self.processes.items() if record.status == "running"}
        return {name: process for name, process in found.items() if process is not None}


def live_process(pid: int, create_time: float) -> psutil.Process | None:
    """The process with this pid and start time (seconds since 1970), None if it ended or the pid is another's."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - create_time) <= CREATE_TIME_SLACK_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.Error:
        return None


def create_time(pid: int) -> float:
    """Start time of a process, seconds since 1970; of one that has ended already, about now."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return time.time()


def now() -> str:
    """This instant, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def state_file(data_dir: Path) -> Path:
    return data_dir / "services" / "state.json"


def plan_file(data_dir: Path) -> Path:
    return data_dir / "services" / "plan.json"


def lock_file(data_dir: Path, name: str) -> Path:
    """Lock files: 'supervisor' is held as long as one lives, 'control' by each `up` and `down`."""
    return data_dir / "services" / f"{name}.lock"


def read_state(data_dir: Path) -> State | None:
    """The recorded state, or None before the first start."""
    try:
        stored = json.loads(state_file(data_dir).read_text())
    except FileNotFoundError:
        return None
    processes = {name: ProcessRecord(**record) for name, record in stored.pop("processes").items()}
    return State(processes=processes, **stored)


def write_state(data_dir: Path, state: State) -> None:
    _replace(state_file(data_dir), asdict(state))


def read_plan(data_dir: Path) -> list[Launch]:
    """What the supervisor is to run."""
    return [Launch(**entry) for entry in json.loads(plan_file(data_dir).read_text())]


def write_plan(data_dir: Path, plan: list[Launch]) -> None:
    _replace(plan_file(data_dir), [asdict(launch) for launch in plan])


def _replace(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(handle, "w") as file:
        json.dump(content, file, indent=1)
    Path(part).replace(path)
