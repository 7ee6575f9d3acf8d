"""One notebook run on its own, recorded in the ledger like a step of a flow."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

from pipelines.runs.launch import launch_notebook
from pipelines.runs.ledger import Ledger
from pipelines.runs.parameters import checked_parameters
from pipelines.runs.result import RunError, RunResult
from pipelines.settings import settings


def run_notebook(
    notebook: Path | str,
    parameters: Mapping[str, object] | None = None,
    *,
    output: Path | None = None,
    timeout_seconds: int | None = None,
) -> RunResult:
    """Run `notebook` with `parameters` in a process of its own and wait for it; several threads may at once.

    A notebook that fails is a result with `error` set. `output` defaults to a new folder under reports/runs,
    `timeout_seconds`, for the whole notebook, to the setting `step_timeout_seconds`.

    Raises UsageError, before anything starts, for a parameter that is not declared or a value of the wrong form.
    """
    notebook = Path(notebook).resolve()
    checked = checked_parameters(notebook, parameters or {})
    run_id = f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{uuid4().hex[:6]}"
    target = (output or settings().reports_dir / "runs" / run_id / notebook.name).resolve()
    city_id, business_date = (str(checked.get(name) or "") or None for name in ("city_id", "business_date"))
    with Ledger.open() as ledger:
        ledger.queue(run_id, run_id, notebook.stem, city_id, business_date)
        ledger.start(run_id, notebook, checked, target)
        try:
            result = launch_notebook(notebook, checked, output=target, timeout_seconds=timeout_seconds)
        except BaseException:
            stopped = RunError("interrupted", "the run was stopped before it was done")
            ledger.finish(run_id, RunResult("failed", notebook, target, checked, error=stopped))
            raise
        ledger.finish(run_id, result)
    return result
