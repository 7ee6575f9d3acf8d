"""How good the delivery-time model was on a day: read from its registry, said in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import pandas as pd

from pipelines.connectors.object_store import get_bytes
from pipelines.reporting import numbers as n
from pipelines.reporting import plot_style as ps
from pipelines.reporting.display import as_table
from pipelines.reporting.finding import Finding, empty_finding
from pipelines.reporting.frames import highest, lowest
from pipelines.reporting.plots import pair_plot

_NAMES = ("model", "median")


def evaluation_key(city_id: str, business_date: date | str) -> str:
    """Where evaluate_eta leaves its result in the lake's bucket."""
    return f"models/eta/{city_id}/evaluations/{business_date}.json"


def load_evaluation(city_id: str, business_date: date | str) -> dict[str, Any] | None:
    """evaluate_eta's result of a city's day; None where it has not run for it."""
    try:
        return dict(json.loads(get_bytes(evaluation_key(city_id, business_date))))
    except KeyError:
        return None


def eta_finding(evaluation: Mapping[str, Any] | None, day_cut_hour: int = 4) -> Finding:
    """The model's mean absolute error by hour beside the median of earlier days for hour and zone."""
    subject = "Delivery-time model"
    if evaluation is None:
        return empty_finding(
            "eta", subject, "There is no model for this city yet", "Nothing was predicted for this day."
        )
    if evaluation.get("status") != "evaluated" or evaluation.get("mae_minutes") is None:
        reason = str(evaluation.get("reason") or "Too few earlier days to learn from.")
        return empty_finding("eta", subject, "The model could not be judged on this day", reason)
    hours = pd.DataFrame(
        evaluation.get("by_hour") or [], columns=["local_hour", "n", "mae_minutes", "median_mae_minutes"]
    )
    drawn = hours.rename(columns={"mae_minutes": "first", "median_mae_minutes": "second"}).sort_values(
        "local_hour", key=lambda h: (h - day_cut_hour) % 24
    )
    if len(drawn) < 2:
        return empty_finding("eta", _title(evaluation), "Too few hours to draw", _say(evaluation))
    table = as_table(
        drawn.assign(local_hour=drawn["local_hour"].map(n.hour)),
        columns={"local_hour": "Hour", "n": "Deliveries", "first": "Model, min", "second": "Hour-and-zone median, min"},
    )
    alt = (
        f"Two lines by hour of the order, mean absolute error in minutes. Model: {_extremes(drawn, 'first')}. "
        f"Median of earlier days: {_extremes(drawn, 'second')}."
    )
    svgs = tuple(pair_plot(drawn, w, _NAMES) for w in (ps.WIDE_UNITS, ps.NARROW_UNITS))
    return Finding("eta", _title(evaluation), _say(evaluation), alt, svgs, table)


def _minutes(value: object) -> str:
    return f"{n.number(float(str(value)), 1)}{n.NARROW}min"


def _title(evaluation: Mapping[str, Any]) -> str:
    model, median = float(evaluation["mae_minutes"]), evaluation.get("median_mae_minutes")
    if median is None:
        return f"The model was off by {_minutes(model)} on average"
    gap = round(float(median) - model, 1)
    if gap == 0:
        return f"The model was as far off as the plain median: {_minutes(model)} on average"
    return f"The model was {_minutes(abs(gap))} {'nearer' if gap > 0 else 'farther off'} than the plain median"


def _say(evaluation: Mapping[str, Any]) -> str:
    median = evaluation.get("median_mae_minutes")
    beside = "" if median is None else f" beside {_minutes(median)} for the hour-and-zone median"
    judged = n.plural(int(evaluation.get("n") or 0), "delivery", "deliveries")
    said = f"Off by {_minutes(evaluation['mae_minutes'])} on average{beside}, over {judged}"
    span = [evaluation.get("train_from"), evaluation.get("train_to")]
    rows = evaluation.get("train_rows")
    if all(span) and rows:
        said += f"; learnt from {n.plural(int(rows), 'delivery', 'deliveries')} of {span[0]} to {span[1]}"
    return f"{said}."


def _extremes(hours: pd.DataFrame, column: str) -> str:
    known = hours.dropna(subset=[column])
    low, high = lowest(known, column), highest(known, column)
    return (
        f"lowest {n.number(low[column], 1)} at {n.hour(low['local_hour'])}, "
        f"highest {n.number(high[column], 1)} at {n.hour(high['local_hour'])}"
    )
