"""Kernels and runners that die, hang or are stopped: the run is failed, its cell named, nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import psutil
import pytest

from pipelines.flow import Step
from pipelines.runs import run_notebook
from pipelines.runs.flow_run import Request
from pipelines.runs.ledger import Ledger
from pipelines.runs.runner import run_flow
from pipelines.settings import Settings

pytestmark = [pytest.mark.fault, pytest.mark.notebook, pytest.mark.usefixtures("own_folders")]

WriteNotebook = Callable[..., Path]
IMPORTS = ("imports", "import os, signal, time\nfrom pipelines.runs.publish import publish")
MEBIBYTE = 2**20


def cell_statuses(notebook: Path) -> list[str]:
    return [cell.metadata.papermill.status for cell in nbformat.read(notebook, as_version=4).cells]


def wait_for(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


def test_a_kernel_killed_after_a_publish_fails_the_run_and_a_rerun_resumes(
    write_notebook: WriteNotebook, tmp_path: Path
) -> None:
    """As out-of-memory does it: the ledger knows cell, signal and peak, and nothing downstream starts."""
    marker = tmp_path / "killed_once"
    kill = f"""kept = bytearray(200 * 2**20)
time.sleep(0.5)
if not os.path.exists({str(marker)!r}):
    open({str(marker)!r}, "w").close()
    os.kill(os.getpid(), signal.SIGKILL)"""
    steps = (
        Step("first", write_notebook("first", IMPORTS, 'publish({"rows": 3})', kill, "done = 1"), (), ("x/first",), ""),
        Step("second", write_notebook("second", "x = 1"), ("x/first",), ("x/second",), ""),
        Step("third", write_notebook("third", "x = 1"), ("x/second",), ("x/third",), ""),
    )
    run = run_flow(steps=steps)
    with Ledger.open() as ledger:
        records = {record.step: record for record in ledger.runs(run.flow_run_id)}
    assert {step: record.status for step, record in records.items()} == {
        "first": "failed",
        "second": "not_started",
        "third": "not_started",
    }
    error = records["first"].error
    assert error is not None
    assert (error.kind, error.cell, error.signal) == ("kernel_died", 3, signal.SIGKILL)
    assert error.source_line == "kept = bytearray(200 * 2**20)"
    assert (records["first"].peak_memory_bytes or 0) > 200 * MEBIBYTE
    assert records["first"].figures == {"rows": 3}
    assert cell_statuses(Path(records["first"].output_path or "")) == ["completed", "completed", "failed", "pending"]
    assert run.resume_command == "dishpatch run --from first"

    again = run_flow(Request(from_steps=("first",)), steps=steps)
    assert again.succeeded
    assert len(again.outcomes) == 3


def test_a_kernel_that_exits_names_its_status(write_notebook: WriteNotebook) -> None:
    result = run_notebook(write_notebook("step", IMPORTS, "os._exit(7)"))
    assert str(result.error) == "cell 2 [os._exit(7)]: the kernel exited with status 7"
    assert result.error is not None
    assert (result.error.exit_status, result.error.signal) == (7, None)


def test_a_run_past_its_limit_is_stopped_in_the_cell_it_was_in(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    """The limit is the notebook's: it counts the cells before, and takes the processes a cell started."""
    child = tmp_path / "child.pid"
    hang = f"""child = subprocess.Popen(["sleep", "600"])
open({str(child)!r}, "w").write(str(child.pid))
time.sleep(600)"""
    notebook = write_notebook("step", ("imports", "import subprocess, time"), "time.sleep(1)", hang, "done = 1")
    began = time.monotonic()
    result = run_notebook(notebook, timeout_seconds=8)
    assert time.monotonic() - began < 90
    assert result.error is not None
    assert (result.error.kind, result.error.cell) == ("timeout", 3)
    assert "not done after 8 s" in result.error.message
    assert cell_statuses(result.output) == ["completed", "completed", "failed", "pending"]
    wait_for(lambda: not psutil.pid_exists(int(child.read_text())))


def test_a_kernel_killed_between_cells_fails_the_next_cell(write_notebook: WriteNotebook) -> None:
    later = "import threading\nthreading.Timer(0.3, os.kill, (os.getpid(), signal.SIGKILL)).start()"
    result = run_notebook(write_notebook("step", IMPORTS, later, "time.sleep(60)"))
    assert result.error is not None
    assert (result.error.kind, result.error.cell, result.error.signal) == ("kernel_died", 3, signal.SIGKILL)


RUNNER = """
import json, pathlib, signal, sys
from pipelines.flow import Step
from pipelines.runs.runner import run_flow
first, second = map(pathlib.Path, sys.argv[1:3])
steps = Step("first", first, (), ("x/first",), ""), Step("second", second, ("x/first",), ("x/second",), "")
run = run_flow(steps=steps)
print(json.dumps({"interrupted": run.interrupted, "resume": run.resume_command}))
"""


@pytest.fixture
def hanging_flow(write_notebook: WriteNotebook, tmp_path: Path) -> tuple[subprocess.Popen[str], int]:
    """A runner in a process of its own, its first step hanging in cell 2; and the process id of that step's kernel."""
    pid_file = tmp_path / "kernel.pid"
    note = f"""with open("{pid_file}.part", "w") as file:
    file.write(str(os.getpid()))
os.replace("{pid_file}.part", "{pid_file}")
time.sleep(600)"""
    first, second = write_notebook("first", IMPORTS, note), write_notebook("second", "x = 1")
    runner = subprocess.Popen([sys.executable, "-c", RUNNER, first, second], stdout=subprocess.PIPE, text=True)
    wait_for(pid_file.exists, 60)
    return runner, int(pid_file.read_text())


def ledger_statuses() -> dict[str, str]:
    with Ledger.open() as ledger:
        return {record.step: record.status for record in ledger.runs()}


def test_a_killed_runner_leaves_no_kernel_and_its_runs_are_shown_as_failed(
    hanging_flow: tuple[subprocess.Popen[str], int],
) -> None:
    runner, kernel = hanging_flow
    assert ledger_statuses() == {"first": "running", "second": "queued"}
    runner.kill()
    runner.communicate()
    wait_for(lambda: not psutil.pid_exists(kernel))
    assert ledger_statuses() == {"first": "failed", "second": "not_started"}


def test_ctrl_c_stops_the_kernel_and_marks_the_ledger(hanging_flow: tuple[subprocess.Popen[str], int]) -> None:
    runner, kernel = hanging_flow
    os.kill(runner.pid, signal.SIGINT)
    said, _ = runner.communicate(timeout=30)
    assert json.loads(said) == {"interrupted": True, "resume": "dishpatch run --from first"}
    wait_for(lambda: not psutil.pid_exists(kernel), 5)
    assert ledger_statuses() == {"first": "failed", "second": "not_started"}
    with Ledger.open() as ledger:
        error = next(record.error for record in ledger.runs() if record.step == "first")
    assert error is not None
    assert error.kind == "interrupted"


def test_a_killed_run_process_is_a_failed_run(write_notebook: WriteNotebook, own_folders: Settings) -> None:
    """The process between runner and kernel: the kernel's parent."""
    notebook = write_notebook("step", IMPORTS, "os.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(60)")
    result = run_notebook(notebook)
    assert result.error is not None
    assert (result.error.kind, result.error.signal) == ("process_died", signal.SIGKILL)
    assert own_folders.ledger_file.exists()
