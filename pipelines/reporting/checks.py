"""The rules that a finished report keeps, checked on its markup: it opens offline, runs nothing, reads in order."""

from __future__ import annotations

from collections.abc import Mapping
from html.parser import HTMLParser
from typing import Any

from pipelines.reporting.protocol import MAX_REPORT_BYTES, RenderError

_FORBIDDEN = frozenset(
    (
        "script",
        "iframe",
        "object",
        "embed",
        "base",
        "form",
        "input",
        "button",
        "video",
        "audio",
        "source",
        "foreignobject",
    )
)
_ADDRESSES = frozenset(
    ("src", "href", "xlink:href", "srcset", "poster", "data", "action", "formaction", "background", "cite", "ping")
)


class _Auditor(HTMLParser):
    """Walks the markup and remembers the first breach, with the cell it came from."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.level = 0
        self.cell = "the template"
        self.breach: str | None = None
        self.in_style = False

    def _break(self, what: str) -> None:
        self.breach = self.breach or f"{self.cell}: {what}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {k: v or "" for k, v in attrs}
        self.cell = f"cell {values['data-cell']}" if "data-cell" in values else self.cell
        if tag in _FORBIDDEN:
            self._break(f"the report would hold <{tag}>; a report runs and loads nothing.")
        if len(tag) == 2 and tag[0] == "h" and tag[1].isdigit():
            if int(tag[1]) > self.level + 1:
                self._break(f"heading {tag} follows h{self.level}; a heading may not skip a level.")
            self.level = int(tag[1])
        if (
            tag in ("img", "svg")
            and values.get("aria-hidden") != "true"
            and not (values.get("alt") or values.get("aria-label"))
        ):
            self._break(f"<{tag}> has no alt text; say chart kind, what is compared and the extreme values.")
        self.in_style = self.in_style or tag == "style"
        for name, value in values.items():
            self._attribute(name, value)

    def _attribute(self, name: str, value: str) -> None:
        if name.startswith("on"):
            self._break(f"attribute {name} would run a script; a report runs nothing.")
        if name in _ADDRESSES and not value.startswith(("#", "data:,")):
            self._break(f"the report would load {value[:80]!r}; a report makes no request.")
        if name == "style":
            self._css(value)

    def _css(self, text: str) -> None:
        folded = text.lower().replace(" ", "").replace("'", "").replace('"', "")
        if "@import" in folded or folded.replace("url(#", "").count("url("):
            self._break("the style would load something; a report makes no request.")

    def handle_data(self, data: str) -> None:
        if self.in_style:
            self._css(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "style":
            self.in_style = False


def check_report(markup: str) -> None:
    """Raise RenderError where the finished HTML breaks a rule of reports."""
    size = len(markup.encode())
    if size > MAX_REPORT_BYTES:
        raise RenderError(
            f"{heaviest_cell(markup)} makes the report {size:,} bytes; at most {MAX_REPORT_BYTES:,}. "
            "Draw fewer marks or shorten its table."
        )
    auditor = _Auditor()
    auditor.feed(markup)
    auditor.close()
    if auditor.breach:
        raise RenderError(auditor.breach)


def heaviest_cell(markup: str) -> str:
    """`cell <id>` whose part of the page is longest; the page itself where no part is marked."""
    parts = markup.split('data-cell="')[1:]
    return f"cell {max(parts, key=len).split(chr(34), 1)[0]}" if parts else "the template"


def check_headings(cells: list[Mapping[str, Any]]) -> None:
    """Raise RenderError where a Markdown heading of the notebook skips a level; a report's outline follows them."""
    level = 0
    for number, cell in enumerate(cells, start=1):
        if cell.get("cell_type") != "markdown":
            continue
        fenced = False
        for line in str(cell.get("source", "")).splitlines():
            fenced = fenced != line.startswith("```")
            depth = len(line) - len(line.lstrip("#"))
            if fenced or not 1 <= depth <= 6 or not line[depth:].startswith(" "):
                continue
            if depth > level + 1:
                raise RenderError(
                    f"cell {cell.get('id', number)} (number {number}): heading {line.strip()!r} skips a level; "
                    f"use {'#' * (level + 1)}."
                )
            level = depth
