"""What a notebook calls to show something that the report understands.

Each function displays one cell output. In JupyterLab the same output reads as a plain picture or table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import pandas as pd
from IPython.display import display

from pipelines.reporting.frames import records
from pipelines.reporting.numbers import is_blank
from pipelines.reporting.protocol import JSON_MIME, NOTICE_MIME, SVG_MIME, TABLE_MIME
from pipelines.reporting.tables import Table, table_from_records


def _show(data: dict[str, Any]) -> None:
    display(data, raw=True)  # type: ignore[no-untyped-call]


def show_sentence(markdown: str) -> None:
    """Show one sentence; `**…**` is strong, anything else is text."""
    _show({"text/markdown": markdown, "text/plain": markdown})


def show_json(payload: Mapping[str, Any] | Sequence[Any]) -> None:
    """Show tiles, attention lines or the state of sources."""
    _show({JSON_MIME: payload, "text/plain": repr(payload)})


def show_plots(*svgs: str) -> None:
    """Show a plot as SVG; a wide one as two drawings, 752 and 360 units wide."""
    for svg in svgs:
        _show({SVG_MIME: svg, "text/plain": "plot"})


def show_notice(title: str, text: str, state: Literal["empty", "partial", "bad"] = "empty") -> None:
    """Say that something is missing, in words, where a figure would stand."""
    _show({NOTICE_MIME: {"state": state, "title": title, "text": text}, "text/plain": f"{title}. {text}"})


def show_table(
    frame: pd.DataFrame, *, columns: Mapping[str, str] | None = None, units: Mapping[str, str] | None = None
) -> None:
    """Show a data frame: `columns` gives headings, `units` is "%" for fractions of one or a word for the heading."""
    show_ready_table(as_table(frame, columns=columns, units=units), frame)


def show_ready_table(table: Table, frame: pd.DataFrame | None = None) -> None:
    """Show a table whose cells are text already."""
    _show({TABLE_MIME: table, "text/plain": repr(table) if frame is None else frame.to_string(index=False)})


def as_table(
    frame: pd.DataFrame, *, columns: Mapping[str, str] | None = None, units: Mapping[str, str] | None = None
) -> Table:
    """A data frame as a table of text, one row a row, numbers written as reports write them."""
    rows = [
        {k: None if is_blank(v) else getattr(v, "item", lambda v=v: v)() for k, v in row.items()}
        for row in records(frame.astype(object))
    ]
    return table_from_records(rows, [str(c) for c in frame.columns], {"columns": columns, "units": units})
