"""Starts a notebook run as a process of its own and waits for its result.

One process a run, no shared event loop: it works from threads, and from a cell of a notebook that is itself running.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pipelines.runs.environment import KERNEL_START_SECONDS, run_environment
from pipelines.runs.parameters import checked_parameters
from pipelines.runs.result import RunError, RunResult
from pipelines.settings import PROJECT_DIR, settings

# Beside its limit a run's process has to start the kernel, stop it and write its files.
GRACE_SECONDS = KERNEL_START_SECONDS + 60


def launch_notebook(
    notebook: Path | str,
    parameters: Mapping[str, object] | None = None,
    *,
    output: Path,
    timeout_seconds: int | None = None,
    environment: Mapping[str, str] | None = None,
    on_process: Callable[[subprocess.Popen[bytes]], None] = lambda process: None,
) -> RunResult:
    """Run `notebook` with `parameters` and wait for it. A notebook that fails is a result with `error` set.

    The executed notebook is written to `output`, with its result, parameters and log beside it. `timeout_seconds`, for
    the whole notebook, defaults to the setting `step_timeout_seconds`; `environment` replaces this process's variables.
    `on_process` is called with the started process, so that a caller can stop it: its kernel goes with it.

    Raises UsageError, before anything starts, for a parameter that is not declared or a value of the wrong form.
    """
    notebook = Path(notebook).resolve()
    checked = checked_parameters(notebook, parameters or {})
    target = output.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    limit = timeout_seconds or settings().step_timeout_seconds
    parameters_file, result_file = target.with_suffix(".parameters.json"), target.with_suffix(".result.json")
    parameters_file.write_text(json.dumps(checked))
    for stale in (result_file, target):
        stale.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pipelines.runs.execute", "--owned"]
    command += ["--notebook", str(notebook), "--output", str(target), "--timeout-seconds", str(limit)]
    command += ["--parameters-json-file", str(parameters_file), "--result-json-file", str(result_file)]
    command += ["--launched-at", repr(time.time())]
    with target.with_suffix(".log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=PROJECT_DIR,
            env=run_environment(os.environ if environment is None else environment),
            stdin=subprocess.PIPE,  # held open: its end tells the process that its owner is gone
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C reaches the runner, which stops its runs in order
        )
    on_process(process)
    status = _wait(process, limit + GRACE_SECONDS)
    if result_file.exists():
        return RunResult.read(result_file)
    return RunResult("failed", notebook, target, checked, error=_without_result(status, target.with_suffix(".log")))


def _wait(process: subprocess.Popen[bytes], limit_seconds: float) -> int:
    try:
        return process.wait(limit_seconds)
    except BaseException as stopped:  # a time-out, or Ctrl-C in the waiting thread
        stop_process(process)
        if isinstance(stopped, subprocess.TimeoutExpired):
            return process.wait()
        raise
    finally:
        if process.stdin:
            with contextlib.suppress(BrokenPipeError):
                process.stdin.close()


def stop_process(process: subprocess.Popen[bytes], patience_seconds: float = 5) -> None:
    """Ask a run to stop; kill it if it does not. Its kernel goes with it either way."""
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(patience_seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _without_result(status: int, log: Path) -> RunError:
    tail: list[Any] = log.read_text(errors="replace").strip().splitlines()[-1:] or ["its log is empty"]
    if status < 0:
        return RunError("process_died", f"the run's process was killed by signal {-status}", signal=-status)
    return RunError(
        "process_died", f"the run's process exited with status {status}: {tail[0]} ({log})", exit_status=status
    )
