"""From a report step's executed notebook to its published page, or to the page that says why there is none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

from pipelines.runs.ledger import code_version
from pipelines.runs.result import RunError, RunResult
from pipelines.runs.schedule import Task
from pipelines.settings import PROJECT_DIR, settings


def report_path(task: Task) -> Path:
    """reports/published/<report>/<city_id>/<business_date>.html."""
    return settings().reports_dir / "published" / task.step.name / str(task.city_id) / f"{task.business_date}.html"


def publish_report(task: Task, run_id: str, result: RunResult, duration_seconds: float) -> Path:
    """Render a succeeded report; replaces an earlier page in one step. Raises RenderError where a rule is broken."""
    from pipelines.runs.render import render_report

    context = _context(task, run_id) | {
        "parameters": result.parameters,
        "inputs": result.inputs,
        "duration_seconds": duration_seconds,
        "rerun": f"dishpatch run --only {task.step.name} --city {task.city_id} --date {task.business_date}",
    }
    return render_report(result.output, report_path(task), context)


def publish_failure(task: Task, run_id: str, failed: Task, error: RunError, rerun: str) -> Path:
    """Render the failed state in the report's place: `failed`, at or above `task`, and its error say why."""
    from pipelines.runs.render import render_failure

    context = _context(task, run_id) | {"step": str(failed), "cause": error.message, "rerun": rerun}
    if error.cell is not None:
        context["cell"] = f"{error.cell} [{error.source_line}]"
    return render_failure(report_path(task), context)


def _context(task: Task, run_id: str) -> dict[str, object]:
    return {
        "title": _title(task),
        "city_id": task.city_id,
        "business_date": str(task.business_date),
        "run_id": run_id,
        "code_version": code_version(),
        "notebook": _within_project(task.step.notebook),
        "step": task.step.name,
    }


def _title(task: Task) -> str:
    """The notebook's own title, from its metadata; else the step's name."""
    fallback = task.step.name.replace("_", " ").capitalize()
    if not task.step.notebook.exists():
        return fallback
    document = nbformat.read(task.step.notebook, as_version=4)  # type: ignore[no-untyped-call]
    own: dict[str, Any] = document.metadata.get("dishpatch", {})
    return str(own.get("title") or fallback)


def _within_project(path: Path) -> str:
    return str(path.relative_to(PROJECT_DIR)) if path.is_relative_to(PROJECT_DIR) else path.name
