"""The papermill engine of the project: a cell that fails, hangs or takes its kernel down is the cell that is named.

Stock papermill marks the cell during which a kernel died `completed` and its error names no cell. Here every way to
fail ends in `CellFailed`, and the output notebook marks the cell `failed` and the later ones `pending`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jupyter_core.utils import run_sync
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_output
from papermill.clientwrap import PapermillNotebookClient
from papermill.engines import NBClientEngine, papermill_engines

from pipelines.runs.environment import OwnInterpreterManager
from pipelines.runs.result import RunError

ENGINE_NAME = "dishpatch"
IMPORTS_TAG = "imports"
INJECTED_TAG = "injected-parameters"


class CellFailed(Exception):
    """A cell that failed; `error` says which and how."""

    def __init__(self, error: RunError) -> None:
        super().__init__(str(error))
        self.error = error


@dataclass
class Watch:
    """What the engine tells its caller while it runs, and the limit it keeps. Instants are seconds since the epoch."""

    timeout_seconds: int  # of the whole notebook, from the moment its kernel is ready
    on_kernel: Callable[[int], None]  # called with the kernel's process id
    notebook: NotebookNode | None = None  # as executed so far
    kernel_ready_at: float | None = None
    imports_done_at: float | None = None
    last_cell_done_at: float | None = None


class StepClient(PapermillNotebookClient):  # type: ignore[misc]
    """Executes cell by cell until the deadline; keeps the time at which the imports were done."""

    def __init__(self, nb_man: Any, *, watch: Watch, **options: Any) -> None:
        super().__init__(nb_man, kernel_manager_class=OwnInterpreterManager, **options)
        self.watch = watch
        watch.notebook = nb_man.nb
        self.timeout_func = lambda cell: max(
            1, round((watch.kernel_ready_at or 0) + watch.timeout_seconds - time.time())
        )

    async def async_start_new_kernel(self, **options: Any) -> None:
        await super().async_start_new_kernel(**options)
        self.watch.on_kernel(self.km.provisioner.process.pid)

    start_new_kernel = run_sync(async_start_new_kernel)

    async def async_execute_cell(self, cell: NotebookNode, cell_index: int, **options: Any) -> NotebookNode:
        """Execute one cell; raises CellFailed for an exception, a time-out and a dead kernel alike."""
        self.watch.kernel_ready_at = self.watch.kernel_ready_at or time.time()
        try:
            executed: NotebookNode = await super().async_execute_cell(cell, cell_index, **options)
        except CellExecutionError as error:
            failed = self._error(cell_index, "exception", f"{error.ename}: {error.evalue}")
        except CellTimeoutError:
            self.shutdown_kernel = "immediate"
            limit = self.watch.timeout_seconds
            failed = self._error(cell_index, "timeout", f"the step was not done after {limit} s, its limit")
        except DeadKernelError:
            failed = await self._dead_kernel(cell_index)
        else:
            self._note_time(cell)
            return executed
        self.watch.last_cell_done_at = time.time()
        self._mark_failed(cell, cell_index, failed)
        raise CellFailed(failed)

    execute_cell = run_sync(async_execute_cell)

    def _note_time(self, cell: NotebookNode) -> None:
        if cell.cell_type == "code":
            self.watch.last_cell_done_at = time.time()
            if IMPORTS_TAG in cell.metadata.get("tags", []):
                self.watch.imports_done_at = self.watch.last_cell_done_at

    async def _dead_kernel(self, cell_index: int) -> RunError:
        status = await self.km.provisioner.poll()
        if status is not None and status < 0:
            how = f"killed by signal {-status}" + (" (out of memory, if nobody sent it)" if status == -9 else "")
            return self._error(cell_index, "kernel_died", f"the kernel was {how}", signal=-status)
        return self._error(cell_index, "kernel_died", f"the kernel exited with status {status}", exit_status=status)

    def _error(self, cell_index: int, kind: Any, message: str, **details: Any) -> RunError:
        cells = self.nb.cells
        injected = sum(INJECTED_TAG in cell.metadata.get("tags", []) for cell in cells[:cell_index])
        lines = cells[cell_index].source.strip().splitlines()
        return RunError(kind, message, cell=cell_index + 1 - injected, source_line=lines[0].strip(), **details)

    def _mark_failed(self, cell: NotebookNode, cell_index: int, error: RunError) -> None:
        self.nb_man.cell_exception(cell, cell_index=cell_index)
        if error.kind != "exception":  # the kernel could not say it itself
            text = [f"{error.kind}: {error.message}"]
            shown = new_output("error", ename=error.kind, evalue=error.message, traceback=text)  # type: ignore[no-untyped-call]
            cell.outputs.append(shown)


class StepEngine(NBClientEngine):  # type: ignore[misc]
    """papermill's own engine with the client above."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, watch: Watch, **options: Any) -> None:
        StepClient(nb_man, watch=watch, kernel_name=kernel_name, startup_timeout=options["start_timeout"]).execute(
            cwd=options["kernel_cwd"]
        )


papermill_engines.register(ENGINE_NAME, StepEngine)
