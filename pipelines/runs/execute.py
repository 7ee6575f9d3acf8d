"""Executes one notebook in this process: `python -m pipelines.runs.execute --notebook … --output … …`.

Parameters come by file, not by argument, so that they show in no process list. The result is one JSON file, written
whole or not at all. When the owner closes this process's standard input (with `--owned`) or sends SIGTERM, the kernel
is killed and the run ends as interrupted: no kernel outlives its runner.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

# jsonschema, under nbformat, imports this parser of international addresses where it is installed: 1.5 s of the 1.8 s
# that `import nbformat` takes, in every run, for a format that notebooks do not have. None: "not installed".
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

import nbformat  # noqa: E402
import papermill  # noqa: E402

from pipelines.errors import DishpatchError  # noqa: E402
from pipelines.runs.engine import ENGINE_NAME, CellFailed, Watch  # noqa: E402
from pipelines.runs.environment import KERNEL_NAME, KERNEL_START_SECONDS, run_environment  # noqa: E402
from pipelines.runs.memory import PeakMemory  # noqa: E402
from pipelines.runs.parameters import checked_parameters  # noqa: E402
from pipelines.runs.publish import FIGURES_MIME  # noqa: E402
from pipelines.runs.result import RunError, RunResult  # noqa: E402
from pipelines.settings import PROJECT_DIR  # noqa: E402


class NotebookExecution:
    """One notebook, its kernel and its result."""

    def __init__(self, notebook: Path, output: Path, parameters: Mapping[str, Any], launched_at: float) -> None:
        self.notebook, self.output, self.parameters = notebook, output, dict(parameters)
        self.launched_at = launched_at
        self.memory = PeakMemory()
        self.kernel_pid: int | None = None
        self.watch = Watch(timeout_seconds=0, on_kernel=self._kernel_started)

    def execute(self, timeout_seconds: int) -> RunResult:
        """Run every cell, at most `timeout_seconds` in all once the kernel is ready.

        A failed notebook is a result, not an exception.
        """
        self.watch.timeout_seconds = timeout_seconds
        try:
            papermill.execute_notebook(
                _literal_path(self.notebook),
                _literal_path(self.output),
                parameters=self.parameters,
                engine_name=ENGINE_NAME,
                kernel_name=KERNEL_NAME,
                language="python",
                progress_bar=False,
                start_timeout=KERNEL_START_SECONDS,
                watch=self.watch,
                kernel_cwd=str(PROJECT_DIR),
            )
        except CellFailed as failed:
            return self.result("failed", failed.error)
        except RuntimeError as error:  # what nbclient raises when a kernel does not start
            return self.result("failed", RunError("kernel_died", f"the kernel did not start: {error}"))
        return self.result("succeeded")

    def result(self, status: Literal["succeeded", "failed"], error: RunError | None = None) -> RunResult:
        """The result so far, with what the output notebook had published."""
        watch, published = self.watch, published_in(self.watch.notebook)
        ready_at = watch.imports_done_at or watch.kernel_ready_at
        done_at = watch.last_cell_done_at
        return RunResult(
            status=status,
            notebook=self.notebook,
            output=self.output,
            parameters=self.parameters,
            start_up_seconds=round(ready_at - self.launched_at, 3) if ready_at else None,
            work_seconds=round(max(0.0, done_at - ready_at), 3) if ready_at and done_at else None,
            peak_memory_bytes=self.memory.stop(),
            error=error,
            **published,
        )

    def kill_kernel(self) -> None:
        """End the kernel and whatever it started: it leads its own process group."""
        if self.kernel_pid is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.kernel_pid, signal.SIGKILL)

    def _kernel_started(self, pid: int) -> None:
        self.kernel_pid = pid
        self.memory.watch(pid)


def published_in(executed: nbformat.NotebookNode | None) -> dict[str, dict[str, Any]]:
    """Figures, inputs and outputs published in an executed notebook, in that order, later ones winning.

    From memory, not from the output file: nbformat sorts names there, and the first figure is the one summaries show.
    """
    published: dict[str, dict[str, Any]] = {"figures": {}, "inputs": {}, "outputs": {}}
    cells = executed.cells if executed is not None else []
    for cell in cells:
        for shown in cell.get("outputs", []):
            for part, values in shown.get("data", {}).get(FIGURES_MIME, {}).items():
                published[part].update(values)
    return published


def _literal_path(path: Path) -> str:
    """papermill fills `{name}` in a path with parameters; a folder's braces are meant as they stand."""
    return str(path).replace("{", "{{").replace("}", "}}")


def _watch_owner(execution: NotebookExecution, result_file: Path, owned: bool) -> None:
    lock = threading.Lock()

    def stop(*_: object) -> None:
        if not lock.acquire(blocking=False):
            return
        execution.kill_kernel()
        execution.result("failed", RunError("interrupted", "the run was stopped before it was done")).write(result_file)
        os._exit(130)

    def wait_for_end_of_input() -> None:
        # The bare descriptor: a thread inside sys.stdin's lock would abort the interpreter at its exit.
        while os.read(0, 1024):
            pass
        stop()

    signal.signal(signal.SIGTERM, stop)
    if owned:
        threading.Thread(target=wait_for_end_of_input, name="owner", daemon=True).start()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m pipelines.runs.execute", description=__doc__)
    parser.add_argument("--notebook", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--parameters-json-file", type=Path, required=True)
    parser.add_argument("--result-json-file", type=Path, required=True)
    parser.add_argument("--timeout-seconds", type=int, required=True)
    parser.add_argument("--launched-at", type=float, default=time.time(), help="seconds since the epoch")
    parser.add_argument("--owned", action="store_true", help="stop when standard input ends")
    return parser.parse_args()


def main() -> int:
    """Exit status 0 if the notebook succeeded, 1 if not, 2 if it could not be run as asked."""
    arguments = _arguments()
    os.environ.update(run_environment(os.environ))
    # Names are checked here; papermill's own reading of the cell only warns, and wrongly where a default holds a "=".
    logging.getLogger("papermill").setLevel(logging.ERROR)
    given = json.loads(arguments.parameters_json_file.read_text())
    try:
        parameters = checked_parameters(arguments.notebook, given)
    except DishpatchError as error:
        refused = RunError("not_runnable", str(error))
        RunResult("failed", arguments.notebook, arguments.output, error=refused).write(arguments.result_json_file)
        return error.exit_code
    execution = NotebookExecution(arguments.notebook, arguments.output, parameters, arguments.launched_at)
    _watch_owner(execution, arguments.result_json_file, arguments.owned)
    result = execution.execute(arguments.timeout_seconds)
    result.write(arguments.result_json_file)
    return 0 if result.succeeded else 1


if __name__ == "__main__":
    sys.exit(main())
