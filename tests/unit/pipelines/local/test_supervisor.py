"""The supervisor with small real processes: starts, deaths, restarts, stops."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from pipelines.local import state
from pipelines.local.service import Launch

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
EXITS = [sys.executable, "-c", "print('cannot start', flush=True); raise SystemExit(3)"]


def launch(folder: Path, name: str, argv: list[str]) -> Launch:
    output = str(folder / f"{name}.out")
    return Launch(name, argv, str(folder), output, [output], port=1, leftovers=[str(folder / f"{name}.sock")])


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.05)


def records(folder: Path) -> dict[str, state.ProcessRecord]:
    recorded = state.read_state(folder)
    return dict(recorded.processes) if recorded else {}


def start(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "pipelines.local.supervisor", str(folder)], check=True, timeout=60)


def supervisor(folder: Path) -> psutil.Process:
    recorded = state.read_state(folder)
    assert recorded is not None
    process = recorded.supervisor()
    assert process is not None
    return process


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Path]:
    """A supervisor with two sleeping services and one that exits at once; the folder it works in."""
    plan = [launch(tmp_path, "one", SLEEP), launch(tmp_path, "two", SLEEP), launch(tmp_path, "ends", EXITS)]
    state.write_plan(tmp_path, plan)
    start(tmp_path)
    wait_for(lambda: {n: r.status for n, r in records(tmp_path).items()}.get("ends") == "exited")
    yield tmp_path
    recorded = state.read_state(tmp_path)
    assert recorded is not None
    for process in [recorded.supervisor(), *recorded.live().values()]:
        if process is not None:
            process.kill()


def test_an_exit_code_and_the_output_are_kept(running: Path) -> None:
    record = records(running)["ends"]
    assert (record.status, record.exit_code, record.signal) == ("exited", 3, None)
    assert (running / "ends.out").read_text() == "cannot start\n"


def test_a_killed_service_is_recorded_with_its_signal_within_a_second(running: Path) -> None:
    os.kill(records(running)["one"].pid, signal.SIGKILL)
    wait_for(lambda: records(running)["one"].status == "exited", seconds=1)
    assert (records(running)["one"].signal, records(running)["one"].exit_code) == (9, None)
    assert records(running)["two"].status == "running"


def test_hangup_starts_only_what_is_dead(running: Path) -> None:
    before = records(running)
    os.kill(before["one"].pid, signal.SIGKILL)
    wait_for(lambda: records(running)["one"].status == "exited")
    supervisor(running).send_signal(signal.SIGHUP)
    wait_for(lambda: records(running)["one"].status == "running")
    assert records(running)["one"].pid != before["one"].pid
    assert records(running)["two"].pid == before["two"].pid


def test_terminate_stops_all_records_it_and_removes_leftovers(running: Path) -> None:
    (running / "one.sock").touch()
    live = [records(running)[name].process() for name in ("one", "two")]
    process = supervisor(running)
    process.terminate()
    process.wait(20)
    assert not any(child.is_running() for child in live if child)
    recorded = state.read_state(running)
    assert recorded is not None
    assert recorded.wanted is False
    assert {name: record.status for name, record in recorded.processes.items() if name != "ends"} == {
        "one": "stopped",
        "two": "stopped",
    }
    assert not (running / "one.sock").exists()


def test_a_service_that_does_not_heed_sigterm_is_killed_after_its_own_time_to_stop(tmp_path: Path) -> None:
    deaf = [
        sys.executable,
        "-c",
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(600)",
    ]
    state.write_plan(tmp_path, [replace(launch(tmp_path, "deaf", deaf), stop_seconds=0.3)])
    start(tmp_path)
    wait_for(lambda: (tmp_path / "deaf.out").exists() and (tmp_path / "deaf.out").read_text() == "1\n")
    child = records(tmp_path)["deaf"].process()
    process = supervisor(tmp_path)
    process.terminate()
    process.wait(10)
    assert child is not None
    assert not child.is_running()
    assert records(tmp_path)["deaf"].status == "stopped"


def test_a_second_supervisor_of_the_same_folder_ends_and_disturbs_nothing(running: Path) -> None:
    first, before = supervisor(running).pid, records(running)
    start(running)
    time.sleep(7)  # longer than the second one waits for the lock
    assert supervisor(running).pid == first
    assert records(running) == before
    claimed = [p.pid for p in psutil.process_iter(["cmdline"]) if str(running) in (p.info["cmdline"] or [])]
    assert claimed == [first]


def test_a_recorded_pid_that_now_belongs_to_another_program_is_not_taken_for_the_service() -> None:
    other = state.ProcessRecord(os.getpid(), create_time=1.0, argv=[], port=1, since=state.now())
    assert other.process() is None
    own = state.ProcessRecord(os.getpid(), state.create_time(os.getpid()), argv=[], port=1, since=state.now())
    assert own.process() is not None
