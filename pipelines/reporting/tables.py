"""Tables between a notebook's output and a report: headings, alignment and the numbers' writing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from pipelines.reporting import numbers as n
from pipelines.reporting.protocol import FRAME_MIME, JSON_MIME, TABLE_MIME, RenderError

Table = dict[str, Any]  # {"columns": [{"name": str, "numeric": bool}], "rows": [[str]]}


def table_from_output(data: Mapping[str, Any], meta: Mapping[str, Any], where: str) -> Table | None:
    """The table an output's MIME bundle holds, written for reading; None where it holds none.

    `meta` may carry `columns` (column -> heading) and `units` (column -> "%", fractions of one, or a word such as
    "min" that joins the heading). Raises RenderError for a data frame shown as HTML only.
    """
    if TABLE_MIME in data:
        return dict(data[TABLE_MIME])
    if FRAME_MIME in data:
        frame = data[FRAME_MIME]
        names = [f["name"] for f in frame["schema"]["fields"] if f["name"] != "index"]
        return table_from_records(frame["data"], names, meta)
    if isinstance(data.get(JSON_MIME), list) and all(isinstance(r, Mapping) for r in data[JSON_MIME]):
        records = data[JSON_MIME]
        return table_from_records(records, list(dict.fromkeys(k for r in records for k in r)), meta)
    if "text/html" in data and "<table" in "".join(data["text/html"]):
        raise RenderError(f"{where}: the table came as HTML; show it with pipelines.reporting.display.show_table.")
    return None


def table_from_records(records: Sequence[Mapping[str, Any]], names: Sequence[str], meta: Mapping[str, Any]) -> Table:
    """A table of the named columns; a column is numeric where every value it has is a number."""
    headings, units = meta.get("columns") or {}, meta.get("units") or {}
    numeric = {c: _is_numeric([r.get(c) for r in records]) for c in names}
    return {
        "columns": [{"name": _heading(c, headings, units), "numeric": numeric[c]} for c in names],
        "rows": [[written(r.get(c), units.get(c)) for c in names] for r in records],
    }


def _is_numeric(values: Sequence[Any]) -> bool:
    known = [v for v in values if not n.is_blank(v)]
    return bool(known) and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in known)


def _heading(column: str, headings: Mapping[str, str], units: Mapping[str, str]) -> str:
    name = headings.get(column) or (column.replace("_", " ").capitalize() if column.islower() else column)
    unit = units.get(column)
    return f"{name}, {unit}" if unit and unit != "%" else name


def written(value: Any, unit: str | None = None) -> str:
    """One cell's text: counts grouped, other numbers with one decimal, dates as `Tue 3 March`, blank as an en dash."""
    if n.is_blank(value):
        return n.BLANK
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        if unit == "%":
            return n.percent(float(value))
        return n.number(value, 0 if isinstance(value, int) else 1)
    if isinstance(value, datetime):
        return f"{n.short_date(value.date())} {value:%H:%M}"
    return n.short_date(value) if isinstance(value, date) else str(value)
