"""From what a notebook says and how its run went to the finished HTML of a report or of a failure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from html import escape
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipelines.reporting import numbers as n
from pipelines.reporting.document import fill
from pipelines.reporting.source_state import badge, counted
from pipelines.reporting.tables import written
from pipelines.settings import PROJECT_DIR

TEMPLATES = PROJECT_DIR / "reports" / "templates"
QUALITY_CAPTION = (
    "State of each source when the report ran. Complete: rows that keep every rule, as a share of rows received. "
    "Quarantined: rows set aside because they broke a rule."
)
_URGENCY = {"act": ("bad", "Act today"), "look": ("late", "Look into"), "data": ("none", "Data")}
_ANSI = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
_CAUSE_CHARS = 1_500  # a stack of SQL would push the re-run command off the first screen


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


@cache
def _stylesheet() -> Markup:
    css = (TEMPLATES / "tokens.css").read_text(encoding="utf-8")
    return Markup(re.sub(r"/\*.*?\*/\n?", "", css, flags=re.DOTALL))


def report_page(document: Mapping[str, Any], context: Mapping[str, Any]) -> str:
    """The report's HTML. Texts are escaped by the template; plots were cleaned by `report_svg`."""
    sections = _sections(document)
    summary = str(document["summary"])
    values = _masthead(context, document["figures"])
    where = "metadata.dishpatch of the notebook"
    extra = [
        {"full": False, **i, "value": fill(str(i["value"]), document["figures"], where)}
        for i in document["meta"].get("docket", [])
    ]
    values |= {
        "summary": emphasised(summary),
        "description": summary.replace("**", "") or values["title"],
        "docket": [*values["docket"][:-1], *(i for i in extra if i["value"].strip()), *values["docket"][-1:]],
        "badge": badge(document["quality"]),
        "tiles": document["tiles"],
        "headings": {"figures": _heading(document, "figures", _figures_title(len(document["tiles"])))},
        "keys": {d["key"] for d in document["definitions"]},
        "attention": _attention(document["attention"]),
        "attention_note": _attention_note(document["attention"]),
        "sections": sections,
        "quality": document["quality"],
        "quality_note": counted(document["quality"]),
        "quality_caption": QUALITY_CAPTION,
        "definitions": document["definitions"],
        "inputs": _inputs(context.get("inputs") or {}),
        "params": _params(context),
    }
    values["contents"] = _contents(values)
    return _environment().get_template("report.html.j2").render(values)


def failure_page(context: Mapping[str, Any]) -> str:
    """The HTML that stands in a report's place after a failed run."""
    values = _masthead(context, {})
    day = values["date_text"]
    cause = _ANSI.sub("", str(context.get("cause") or "unknown; see the run ledger")).strip()
    facts = [
        ("Step", context.get("step")),
        ("Cell", context.get("cell")),
        ("Cause", cause if len(cause) <= _CAUSE_CHARS else f"{cause[:_CAUSE_CHARS]} …"),
        ("Kept", context.get("kept") or "Nothing of this run was published; tables written before it stand."),
    ]
    values |= {
        "headline": f"No report for {day}: a step failed" if day else "No report: a step failed",
        "description": f"A step failed: {cause[:120]}",
        "facts": [(k, str(v)) for k, v in facts if v],
        "rerun": str(context.get("rerun") or context.get("re_run") or ""),
    }
    return _environment().get_template("failure.html.j2").render(values)


def emphasised(markdown: str) -> Markup:
    """Escaped text in which `**…**` is strong: all of Markdown that a sentence needs."""
    text = re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", escape(markdown))
    return Markup(text)


def _masthead(context: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, Any]:
    day = _as_date(context.get("business_date"))
    zone = str(context.get("time_zone") or figures.get("time_zone") or "UTC")
    now = context.get("generated_at")
    moment = (now if isinstance(now, datetime) else datetime.now(UTC)).astimezone(ZoneInfo(zone))
    docket = [{"label": "Generated", "value": f"{n.short_date(moment.date())}, {moment:%H:%M %Z}", "full": False}]
    docket.append({"label": "Run", "value": str(context.get("run_id") or "not recorded"), "full": True})
    return {
        "css": _stylesheet(),
        "title": str(context.get("title") or "Report"),
        "city": str(context.get("city_name") or figures.get("city_name") or context.get("city_id") or ""),
        "business_date": day.isoformat() if day else "",
        "date_text": n.long_date(day) if day else "",
        "run_id": str(context.get("run_id") or ""),
        "docket": docket,
    }


def _as_date(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        return None


def _figures_title(count: int) -> str:
    return "The figure" if count == 1 else f"The day in {n.word(count)} figures"


def _heading(document: Mapping[str, Any], section: str, default: str) -> dict[str, str]:
    given = (document["meta"].get("sections") or {}).get(section, {})
    texts = {k: fill(str(given.get(k, "")), document["figures"], f"section {section}") for k in ("title", "note")}
    return {"title": texts["title"] or default, "note": texts["note"]}


def _sections(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Blocks by section, in the order in which sections first appear; neighbours of a kind form a group."""
    sections: dict[str, dict[str, Any]] = {}
    for block in document["blocks"]:
        key = re.sub(r"[^a-z0-9-]+", "-", block["section"].lower())
        default = "Evidence" if key == "evidence" else block["section"].replace("_", " ").capitalize()
        section = sections.setdefault(key, {"id": key, **_heading(document, block["section"], default), "groups": []})
        if not section["groups"] or section["groups"][-1]["kind"] != block["kind"]:
            section["groups"].append({"kind": block["kind"], "blocks": []})
        svgs = [Markup(s) for s in block.get("svgs", [])]
        section["groups"][-1]["blocks"].append({"caption": "", "subtitle": "", "say": "", **block, "svgs": svgs})
    if not sections and not document["tiles"] and document["figures"]:
        sections["evidence"] = _published(document)
    return list(sections.values())


def _published(document: Mapping[str, Any]) -> dict[str, Any]:
    """The figures a step published, as a table: what a notebook without tagged cells has to say."""
    rows = [[k, written(v)] for k, v in document["figures"].items() if not isinstance(v, Mapping | list)]
    table = {"columns": [{"name": "Figure", "numeric": False}, {"name": "Value", "numeric": True}], "rows": rows}
    block = {
        "kind": "table",
        "caption": "Figures that the step published",
        "table": table,
        "notice": None,
        "title": "",
        "cell": "",
    }
    return {
        "id": "evidence",
        "title": "Figures of this run",
        "note": "",
        "groups": [{"kind": "table", "blocks": [block]}],
    }


def _attention(attention: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if attention is None:
        return None
    lines = []
    for line in attention["lines"]:
        css, word = _URGENCY.get(str(line.get("urgency")), _URGENCY["data"])
        texts = {k: str(line.get(k) or "") for k in ("where", "kind", "what", "since", "size", "look")}
        lines.append({**texts, "css": css, "word": word})
    quiet = {"state": "empty", "title": "Nothing needs attention", "text": attention["caption"]}
    return {**attention, "lines": lines, "notice": attention["notice"] or (None if lines else quiet)}


def _attention_note(attention: Mapping[str, Any] | None) -> str:
    if not attention or not attention["lines"]:
        return ""
    words = {"act": "to act on today", "look": "to look into", "data": "about data"}
    counts = [(sum(str(i.get("urgency")) == key for i in attention["lines"]), text) for key, text in words.items()]
    said = ", ".join(f"{n.word(c)} {text}" for c, text in counts if c)
    return said[:1].upper() + said[1:]


def _inputs(inputs: Mapping[str, Any]) -> dict[str, Any]:
    rows = [
        [str(name), f"v{n.NARROW}{n.number(v)}" if isinstance(v, int) else str(v)] for name, v in sorted(inputs.items())
    ]
    return {"columns": [{"name": "Table", "numeric": False}, {"name": "Version", "numeric": True}], "rows": rows}


def _params(context: Mapping[str, Any]) -> list[tuple[str, str]]:
    parameters = context.get("parameters") or {}
    told = (
        "; ".join(f"{k} = {v}" for k, v in parameters.items()) if isinstance(parameters, Mapping) else str(parameters)
    )
    took = context.get("duration_seconds")
    facts: Sequence[tuple[str, Any]] = (
        ("Notebook", context.get("notebook")),
        ("Parameters", told),
        ("Code", context.get("code_version")),
        ("Took", None if n.is_blank(took) else f"{n.number(float(str(took)), 1)}{n.NARROW}s"),
        ("Times", "Local to the city; run id and stored times are UTC"),
    )
    return [(name, str(text)) for name, text in facts if text]


def _contents(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    fixed = [("figures", "Figures", values["tiles"]), ("attention", "Attention", values["attention"])]
    own = [
        (s["id"], "Evidence" if s["id"] == "evidence" else s["id"].replace("-", " ").capitalize(), True)
        for s in values["sections"]
    ]
    rest = [
        ("quality", "Data", values["quality"]),
        ("definitions", "Definitions", values["definitions"]),
        ("lineage", "Lineage", True),
    ]
    return [(i, text) for i, text, there in [*fixed, *own, *rest] if there]
