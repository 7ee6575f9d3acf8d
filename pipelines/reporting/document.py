"""From an executed notebook to what the template shows: cells by tag, texts filled, plots cleaned, tables written."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pipelines.reporting import numbers as n
from pipelines.reporting.protocol import (
    JSON_MIME,
    NOTICE_MIME,
    SVG_MIME,
    TAGS,
    RenderError,
    output_text,
    published_figures,
)
from pipelines.reporting.source_state import source_view
from pipelines.reporting.svg import report_svg, width_of
from pipelines.reporting.tables import table_from_output
from pipelines.reporting.tiles import tile_view

_PLACEHOLDER = re.compile(r"\{([A-Za-z_][\w.]*)(?::(\w+))?\}")
_NARROW_PLOT = 500  # units; between the two drawings of a wide figure, 360 and 752
_FORMATS: dict[str, Any] = {
    "percent": n.percent,
    "points": n.points,
    "minutes": lambda v: f"{n.number(v, 1)}{n.NARROW}min",
    "count": n.number,
    "date": lambda v: n.short_date(v) if not isinstance(v, str) else v,
}

Cell = Mapping[str, Any]


def fill(template: str, figures: Mapping[str, Any], where: str) -> str:
    """`template` with each `{name}` or `{name:percent}` replaced by a published figure; dots step into mappings.

    Raises RenderError where the notebook published no such figure.
    """

    def value(match: re.Match[str]) -> str:
        found: Any = figures
        for part in match[1].split("."):
            if not isinstance(found, Mapping) or part not in found:
                raise RenderError(f"{where}: {{{match[1]}}} names no published figure; publish {match[1]!r}.")
            found = found[part]
        if match[2]:
            if match[2] not in _FORMATS:
                raise RenderError(f"{where}: unknown format {match[2]!r}; use one of {', '.join(sorted(_FORMATS))}.")
            return str(_FORMATS[match[2]](found))
        if found is None:
            return n.BLANK
        if isinstance(found, float):
            return n.number(found, 1)
        return n.number(found) if isinstance(found, int) and not isinstance(found, bool) else str(found)

    return _PLACEHOLDER.sub(value, template)


def cell_name(cell: Cell, number: int) -> str:
    """How errors name a cell: its id and its number among all cells, from 1."""
    return f"cell {cell.get('id', number)} (number {number})"


def failed_cell(cells: list[Cell]) -> dict[str, str] | None:
    """The first cell that ended in an error: {"cell", "cause"}; None where none did."""
    for number, cell in enumerate(cells, start=1):
        for output in cell.get("outputs", []):
            if output.get("output_type") == "error":
                cause = f"{output.get('ename', 'Error')}: {output.get('evalue', '')}"
                return {"cell": f"{number} of {len(cells)}, {cell.get('id', '')}".rstrip(", "), "cause": cause}
    return None


def read_document(cells: list[Cell], notebook_meta: Mapping[str, Any]) -> dict[str, Any]:
    """Everything the notebook says, by kind: summary, tiles, attention, sections, quality, definitions, figures."""
    figures = published_figures(cells)
    document: dict[str, Any] = {"summary": "", "tiles": [], "attention": None, "quality": [], "definitions": []}
    document |= {"figures": figures, "blocks": [], "meta": notebook_meta}
    for number, cell in enumerate(cells, start=1):
        tags = [t for t in cell.get("metadata", {}).get("tags", []) if t in TAGS]
        if tags:
            _READERS[tags[0]](cell, dict(cell["metadata"].get("dishpatch", {})), cell_name(cell, number), document)
    return document


def _bundles(cell: Cell) -> list[Mapping[str, Any]]:
    kinds = ("display_data", "execute_result")
    return [o["data"] for o in cell.get("outputs", []) if o.get("output_type") in kinds and o.get("data")]


def _json(cell: Cell, where: str) -> Any:
    for data in _bundles(cell):
        if JSON_MIME in data:
            return data[JSON_MIME]
    raise RenderError(f"{where}: no JSON output; show it with pipelines.reporting.display.show_json.")


def _summary(cell: Cell, meta: dict[str, Any], where: str, document: dict[str, Any]) -> None:
    for data in _bundles(cell):
        text = output_text(data.get("text/markdown", data.get("text/plain", ""))).strip()
        if text:
            document["summary"] = text
            return
    raise RenderError(f"{where}: no sentence; show it with pipelines.reporting.display.show_sentence.")


def _tile(cell: Cell, meta: dict[str, Any], where: str, document: dict[str, Any]) -> None:
    payload = _json(cell, where)
    for item in payload if isinstance(payload, list) else [payload]:
        given = {k: v for k, v in meta.items() if k in ("label", "definition", "good_when", "explanation", "unit")}
        view = tile_view({**given, **{k: v for k, v in item.items() if v not in (None, "")}})
        if not view["label"]:
            raise RenderError(f"{where}: a tile without a label; put it in metadata.dishpatch.label.")
        document["tiles"].append({**view, "cell": cell.get("id", "")})


def _attention(cell: Cell, meta: dict[str, Any], where: str, document: dict[str, Any]) -> None:
    caption = fill(str(meta.get("caption", "")), document["figures"], where)
    if not caption:
        raise RenderError(f"{where}: the attention table has no caption; put it in metadata.dishpatch.caption.")
    notice = next((d[NOTICE_MIME] for d in _bundles(cell) if NOTICE_MIME in d), None)
    lines = [] if notice else list(_json(cell, where))
    document["attention"] = {"caption": caption, "lines": lines, "notice": notice, "cell": cell.get("id", "")}


def _finding(cell: Cell, meta: dict[str, Any], where: str, document: dict[str, Any]) -> None:
    bundles = _bundles(cell)
    notice = next((d[NOTICE_MIME] for d in bundles if NOTICE_MIME in d), None)
    plots = [output_text(d[SVG_MIME]) for d in bundles if SVG_MIME in d]
    table = next((t for d in bundles if (t := table_from_output(d, meta, where))), None)
    empty = notice is not None and not plots
    needed = ("title",) if empty else ("title", "subtitle", "alt", "say")
    missing = [name for name in needed if not str(meta.get(name) or "").strip()]
    if missing:
        raise RenderError(f"{where}: the finding has no {', '.join(missing)}; put it in metadata.dishpatch.")
    if not empty and (not plots or table is None):
        raise RenderError(
            f"{where}: a finding shows a plot and then its table; {'the table' if plots else 'the plot'} is missing."
        )
    used = (*needed, "caption") if meta.get("caption") else needed
    texts = {name: fill(str(meta[name]), document["figures"], where) for name in used}
    blank = [name for name in needed if not texts[name].strip()]
    if blank:
        raise RenderError(f"{where}: the finding's {', '.join(blank)} is empty once filled; publish a text for it.")
    svgs = [_plot(svg, texts["alt"], f"{cell.get('id', 'c')}-{i}", where, len(plots)) for i, svg in enumerate(plots)]
    document["blocks"].append(
        {
            **texts,
            "kind": "finding",
            "wide": bool(meta.get("wide")) and not empty,
            "svgs": svgs,
            "table": table,
            "notice": notice,
            "section": str(meta.get("section", "evidence")),
            "cell": cell.get("id", ""),
        }
    )


def _plot(svg: str, alt: str, prefix: str, where: str, drawings: int) -> str:
    css = "" if drawings == 1 else ("narrow" if width_of(svg) < _NARROW_PLOT else "wide")
    return report_svg(svg, alt=alt, prefix=prefix, where=where, css_class=css)


def _table(cell: Cell, meta: dict[str, Any], where: str, document: dict[str, Any]) -> None:
    caption = fill(str(meta.get("caption") or ""), document["figures"], where)
    if not caption.strip():
        raise RenderError(f"{where}: the table has no caption; put it in metadata.dishpatch.caption.")
    bundles = _bundles(cell)
    notice = next((d[NOTICE_MIME] for d in bundles if NOTICE_MIME in d), None)
    table = next((t for d in bundles if (t := table_from_output(d, meta, where))), None)
    if table is None and notice is None:
        raise RenderError(f"{where}: no table; show it with pipelines.reporting.display.show_table.")
    document["blocks"].append(
        {
            "kind": "table",
            "caption": caption,
            "table": table,
            "notice": notice,
            "title": fill(str(meta.get("title") or ""), document["figures"], where),
            "section": str(meta.get("section", "evidence")),
            "cell": cell.get("id", ""),
        }
    )


def _definition(cell: Cell, meta: dict[str, Any], where: str, document: dict[str, Any]) -> None:
    if not meta.get("key"):
        raise RenderError(f"{where}: the definition has no key; put it in metadata.dishpatch.key.")
    head, _, rest = output_text(cell.get("source", "")).strip().partition("\n")
    text = fill(" ".join(rest.split()), document["figures"], where)
    term = str(meta.get("label") or head.lstrip("# ").strip())
    document["definitions"].append({"key": meta["key"], "term": term, "text": text, "table": meta.get("table", "")})


def _quality(cell: Cell, meta: dict[str, Any], where: str, document: dict[str, Any]) -> None:
    payload = _json(cell, where)
    if isinstance(payload, Mapping):
        payload = [{"source": name, **values} for name, values in payload.items()]
    document["quality"].extend({**source_view(item), "cell": cell.get("id", "")} for item in payload)


_READERS = {
    "summary": _summary,
    "tile": _tile,
    "attention": _attention,
    "finding": _finding,
    "table": _table,
    "definition": _definition,
    "quality": _quality,
}
