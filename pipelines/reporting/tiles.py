"""A headline figure: what a notebook shows (`tile`) and how the report words and draws it (`tile_view`).

Units: "%" (value and history as fractions of one), "min" (in minutes), "" for counts, "stars" for ratings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.reporting import numbers as n
from pipelines.reporting.usual import HISTORY_DAYS, Direction, Limit, State, state_of, usual_range

_SPARK_WIDTH, _SPARK_HEIGHT = 160.0, 40.0
_DECIMALS = {"%": 1, "min": 0, "": 0, "stars": 2}


def tile(
    label: str,
    value: float | None,
    unit: str,
    *,
    history: Sequence[float | None] = (),
    compare: Mapping[str, float | None] | None = None,
    definition: str = "",
    explanation: str = "",
    good_when: Direction | None = None,
    limit: Limit | None = None,
    beside: Mapping[str, str] | None = None,
    few: str = "",
    empty: str = "No data arrived for this day",
    last_known: str = "",
) -> dict[str, Any]:
    """A tile as JSON. `history` runs from the oldest day to the day before; `beside` are more lines,
    name -> text; `few` says that the value rests on too few to be judged, and keeps it grey.
    """
    return {
        "label": label,
        "value": None if n.is_blank(value) else value,
        "unit": unit,
        "history": [None if n.is_blank(v) else v for v in history][-HISTORY_DAYS:],
        "compare": [[k, None if n.is_blank(v) else v] for k, v in (compare or {}).items()],
        "definition": definition,
        "explanation": explanation,
        "good_when": good_when,
        "limit": {"value": limit.value, "name": limit.name} if limit else None,
        "beside": [[k, v] for k, v in (beside or {}).items()],
        "few": few,
        "empty": empty,
        "last_known": last_known,
    }


def tile_view(data: Mapping[str, Any]) -> dict[str, Any]:
    """What the template needs of one tile: texts, state, comparison lines and the sparkline's marks."""
    unit, value = str(data.get("unit") or ""), data.get("value")
    value = None if n.is_blank(value) else float(str(value))
    history = [None if n.is_blank(v) else float(v) for v in data.get("history") or []][-HISTORY_DAYS:]
    limit = _limit(data.get("limit"), unit)
    good_when = data.get("good_when")
    usual = usual_range(history)
    few = str(data.get("few") or "")
    state: State = "unknown" if few and value is not None else state_of(value, usual, limit, good_when)
    amount, suffix = _amount(value, unit)
    return {
        "label": str(data.get("label", "")),
        "amount": amount,
        "suffix": suffix,
        "css": {"bad": "bad", "late": "late", "good": "good"}.get(state, "none"),
        "status": (few if value is not None else "")
        or _status(state, value, usual.high if usual else None, limit, good_when, bool(history)),
        "compare": [_comparison(k, value, v, unit) for k, v in _pairs(data.get("compare"))],
        "beside": [(str(k), str(v)) for k, v in _pairs(data.get("beside"))],
        "empty": f"{data.get('empty', 'No data arrived for this day')}." if value is None else "",
        "range": _range_text(value, history, unit, str(data.get("last_known") or "")),
        "spark": sparkline(history, value, (usual.low, usual.high) if usual else None, unit),
        "definition": str(data.get("definition") or ""),
        "explanation": str(data.get("explanation") or ""),
    }


def _pairs(raw: Any) -> list[tuple[str, Any]]:
    """Named values in their order: pairs, or a mapping (whose order a saved notebook loses)."""
    return list(raw.items()) if isinstance(raw, Mapping) else [(str(k), v) for k, v in raw or []]


def _limit(raw: Any, unit: str) -> Limit | None:
    if raw is None:
        return None
    if isinstance(raw, Mapping):
        return Limit(float(raw["value"]), str(raw.get("name") or "limit"))
    return Limit(float(raw), f"{in_unit(float(raw), unit)} limit")


def in_unit(value: float | None, unit: str, decimals: int | None = None) -> str:
    """A figure with its unit, as prose has it."""
    places = _DECIMALS.get(unit, 1) if decimals is None else decimals
    if unit == "%":
        return n.percent(value, places)
    text = n.number(value, places)
    return text if unit in ("", "stars") or n.is_blank(value) else f"{text}{n.NARROW}{unit}"


def _amount(value: float | None, unit: str) -> tuple[str, str]:
    text = in_unit(value, unit)
    amount, _, suffix = text.partition(n.NARROW)
    return amount, suffix


def _status(
    state: State, value: float | None, high: float | None, limit: Limit | None, good_when: str | None, history: bool
) -> str:
    if state == "bad" and limit:
        return f"{'Below' if good_when == 'up' else 'Above'} {limit.name}"
    if state in ("late", "good") and value is not None and high is not None:
        return "Above usual" if value > high else "Below usual"
    if state == "unknown" and not history:
        return "No days before"
    return {"usual": "As usual", "empty": "No data"}.get(state, "Too few days to judge")


def _comparison(name: str, value: float | None, other: float | None, unit: str) -> tuple[str, str]:
    """(name of what it is compared with, the difference in words)."""
    if value is None or other is None or n.is_blank(other):
        return f"vs {name}", n.BLANK
    difference = value - other
    if unit == "%":
        return f"vs {name}", n.arrow(difference, n.points(difference))
    if unit == "":
        share = None if other == 0 else difference / other
        if share is not None and share >= 10:  # thousands of per cent say less than how many times
            return f"vs {name}", n.arrow(share, f"{n.number(round(value / other))} times")
        return f"vs {name}", n.arrow(share, n.percent(None if share is None else abs(share)))
    decimals = 2 if unit == "stars" else 1
    text = n.number(abs(difference), decimals) + ("" if unit == "stars" else f"{n.NARROW}{unit}")
    return f"vs {name}", n.arrow(difference, text)


def _range_text(value: float | None, history: Sequence[float | None], unit: str, last_known: str) -> str:
    usual = usual_range(history)
    places = {"%": 1, "min": 1, "": 0, "stars": 2}.get(unit, 1)
    scale = 100 if unit == "%" else 1
    days = sum(v is not None for v in history)
    lead = last_known if value is None and last_known else n.plural(days, "day") + " before"
    if usual is None:
        return f"{lead}: not enough days for a usual range" if history else "Not enough days for a usual range"
    return f"{lead}, usual {n.between(usual.low * scale, usual.high * scale, places)}"


def sparkline(
    history: Sequence[float | None], value: float | None, band: tuple[float, float] | None, unit: str
) -> dict[str, Any] | None:
    """Marks of the sparkline, 160 × 40 units: path, usual band and last point; None with fewer than two values."""
    series = [*history, value]
    known = [v for v in series if v is not None]
    if len(known) < 2:
        return None
    low, high = min([*known, *(band or ())]), max([*known, *(band or ())])
    span = (high - low) or 1.0
    step = (_SPARK_WIDTH - 11.5) / max(len(series) - 1, 1)

    def y(v: float) -> float:
        return float(round(_SPARK_HEIGHT - 6 - (v - low) / span * (_SPARK_HEIGHT - 12), 1))

    path, pen_down = "", False
    for i, v in enumerate(series):
        path += "" if v is None else f"{'L' if pen_down else 'M'}{3 + i * step:.1f} {y(v)}"
        pen_down = v is not None
    last = "no value for the last day" if value is None else f"last day {in_unit(value, unit)}"
    ends = f"between {in_unit(min(known), unit)} and {in_unit(max(known), unit)}"
    return {
        "path": path,
        "x": round(3 + (len(series) - 1) * step, 1),
        "y": _SPARK_HEIGHT / 2 if value is None else y(value),
        "band": band and (y(band[1]), round(y(band[0]) - y(band[1]), 1)),
        "alt": f"{len(series)} days: {ends}, {last}",
    }
