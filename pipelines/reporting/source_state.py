"""The state of a source in words: good, partial under 98 % complete, missing without an event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.reporting import numbers as n

COMPLETE_FROM = 0.98  # under it a source is partial: about one row in fifty is not in the figures

_WORDS = {"good": "Good", "partial": "Partial", "missing": "Missing", "none": "No data"}
_CSS = {"good": "good", "partial": "late", "missing": "bad", "none": "none"}


def source_view(item: Mapping[str, Any]) -> dict[str, Any]:
    """What the strip shows of one source; `complete` is a fraction of one or None where the source sent nothing."""
    item = {k: None if n.is_blank(v) else v for k, v in item.items()}  # a frame's missing text is NaN
    complete = None if item.get("complete") is None else float(item["complete"])
    state = item.get("state") or ("missing" if complete is None else "good" if complete >= COMPLETE_FROM else "partial")
    quarantined = item.get("quarantined")
    return {
        "source": str(item.get("source", "")),
        "state": state,
        "word": _WORDS[state],
        "css": _CSS[state],
        "mark": {"good": "f-n", "none": "f-n"}.get(state, _CSS[state]),
        "note": str(item.get("note") or ""),
        "last_event": str(item.get("last_event") or n.BLANK),
        "complete": n.percent(complete),
        "meter": round(96 * (complete or 0.0), 1),
        "quarantined": n.BLANK if quarantined is None else n.number(quarantined),
    }


def badge(sources: Sequence[Mapping[str, Any]]) -> tuple[str, str] | None:
    """(colour class, sentence) of the masthead's badge; None where the notebook says nothing about its sources."""
    if not sources:
        return None
    told = [f"{s['source'].lower()} {'missing' if s['state'] == 'missing' else s['complete']}"
            for s in sources if s["state"] in ("missing", "partial")]  # fmt: skip
    if all(s["state"] == "none" for s in sources):
        return "none", "No data for this day"
    if not told:
        count, empty = len(sources), sum(s["state"] == "none" for s in sources)
        if empty:
            kept = f"{n.word(count - empty)} source{'s' if count - empty > 1 else ''}"
            return "good", f"Complete: {kept} good, {n.word(empty)} without data"
        return "good", f"Complete: {'the source is' if count == 1 else f'all {n.word(count)} sources'} good"
    return "late", f"Partial: {', '.join(told)}"


def counted(sources: Sequence[Mapping[str, Any]]) -> str:
    """`Four sources good, one partial, one missing`."""
    parts = [(state, sum(s["state"] == state for s in sources)) for state in ("good", "partial", "missing", "none")]
    words = {"good": "good", "partial": "partial", "missing": "missing", "none": "without data"}
    said = [f"{n.word(c)} {'source ' if i == 0 and c == 1 else 'sources ' if i == 0 else ''}{words[s]}"
            for i, (s, c) in enumerate(p for p in parts if p[1])]  # fmt: skip
    return ", ".join(said)[:1].upper() + ", ".join(said)[1:]
