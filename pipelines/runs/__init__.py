"""Notebooks as runs: one process each, checked parameters, figures and status kept outside the notebook file.

`run_notebook(notebook, parameters) -> RunResult` is the one call most callers need. It works from a script, from
threads and from a cell in JupyterLab, because every run is a process of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pipelines.runs.result import RunResult
    from pipelines.runs.single import run_notebook

__all__ = ["RunResult", "run_notebook"]


def __getattr__(name: str) -> Any:
    """Load on first use, so that `from pipelines.runs.publish import publish` in a notebook stays light."""
    if name == "run_notebook":
        from pipelines.runs.single import run_notebook

        return run_notebook
    if name == "RunResult":
        from pipelines.runs.result import RunResult

        return RunResult
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
