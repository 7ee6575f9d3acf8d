"""An executed notebook becomes one HTML file that opens offline, runs nothing and asks for nothing.

The tag protocol is in reports/README.md; the page in reports/templates. A file is replaced in one step, so a reader
sees the old report or the new one, never half of one.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import nbformat

from pipelines.reporting.checks import check_headings, check_report
from pipelines.reporting.document import failed_cell, read_document
from pipelines.reporting.page import failure_page, report_page
from pipelines.reporting.protocol import FIGURES_MIME, RenderError

__all__ = ["RenderError", "render_failure", "render_report"]


def render_report(notebook_path: Path, output_html: Path, context: dict[str, object]) -> Path:
    """Render an executed notebook; gives `output_html`.

    `context` may hold title, city_id, city_name, time_zone, business_date, run_id, parameters, inputs (dataset ->
    version), duration_seconds, code_version, notebook, step, rerun; what is missing is left out. A notebook with a
    failed cell becomes the failure page. Raises RenderError, naming the cell, where a rule of reports is broken; the
    file that was there stays.
    """
    notebook = nbformat.read(notebook_path, as_version=4)  # type: ignore[no-untyped-call]
    cells: list[Any] = list(notebook.cells)
    failure = failed_cell(cells)
    if failure:
        return render_failure(output_html, {"notebook": str(notebook_path.name), **context, **failure})
    check_headings(cells)
    meta = notebook.metadata.get("dishpatch", {})
    known: dict[str, Any] = {"notebook": notebook_path.name, **context}
    known["inputs"] = {**_published_inputs(cells), **dict(known.get("inputs") or {})}
    known["title"] = known.get("title") or meta.get("title")
    page = report_page(read_document(cells, meta), known)
    check_report(page)
    return _write(output_html, page)


def render_failure(output_html: Path, context: dict[str, object]) -> Path:
    """Render the failed state under the report's own file name; gives `output_html`.

    `context` may hold title, city_id, business_date, run_id, step, cell, cause, kept and rerun (the command).
    """
    page = failure_page(context)
    check_report(page)
    return _write(output_html, page)


def _published_inputs(cells: list[Any]) -> dict[str, Any]:
    inputs: dict[str, Any] = {}
    for cell in cells:
        for output in cell.get("outputs", []):
            payload = output.get("data", {}).get(FIGURES_MIME)
            if isinstance(payload, dict) and isinstance(payload.get("inputs"), dict):
                inputs.update(payload["inputs"])
    return inputs


def _write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path
