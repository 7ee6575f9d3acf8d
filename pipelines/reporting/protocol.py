"""What a notebook and its report agree on: tags, MIME types and the error a breach of the rules raises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.errors import DishpatchError

FIGURES_MIME = "application/vnd.dishpatch.figures+json"
NOTICE_MIME = "application/vnd.dishpatch.notice+json"  # {"state": "empty" | "partial" | "bad", "title", "text"}
TABLE_MIME = "application/vnd.dishpatch.table+json"  # {"columns": [{"name", "numeric"}], "rows": [[text]]}
FRAME_MIME = "application/vnd.dataresource+json"  # what pandas shows with display.html.table_schema
JSON_MIME = "application/json"
SVG_MIME = "image/svg+xml"

TAGS = ("summary", "tile", "attention", "finding", "table", "definition", "quality")
MAX_REPORT_BYTES = 300_000


class RenderError(DishpatchError):
    """A notebook breaks a rule of reports; the message names the cell and the remedy."""


def output_text(value: Any) -> str:
    """A MIME value as one string; notebooks may store it as a list of lines."""
    return "".join(value) if isinstance(value, list) else str(value)


def published_figures(cells: list[Mapping[str, Any]]) -> dict[str, Any]:
    """All figures the cells published, later ones winning; {} where none did."""
    figures: dict[str, Any] = {}
    for cell in cells:
        for output in cell.get("outputs", []):
            payload = output.get("data", {}).get(FIGURES_MIME)
            if isinstance(payload, Mapping):
                inner = payload.get("figures")
                figures.update(inner if isinstance(inner, Mapping) else payload)
    return figures
