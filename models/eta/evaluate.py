"""How far the model and the hour-and-zone median are off on a day neither has seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import pandas as pd

from models.eta.baseline import median_forecast
from models.eta.features import TARGET
from models.eta.model import EtaModel
from models.eta.predict import predict
from models.eta.train import measured_rows
from pipelines.errors import UsageError

CLOSE_MINUTES = 5  # an order this near its forecast is one the customer was told the truth about

# A difference smaller than this many standard errors is not called one.
STANDARD_ERRORS = 2.0

Verdict = Literal["better", "no different", "worse"]


@dataclass(frozen=True)
class Evaluation:
    """`scored`, one row a measured order: order_id, placed_at, local_hour, zone_id, zone_name, error_minutes
    (forecast − truth), model_minutes and median_minutes (absolute errors), cold. `document` is for the registry."""

    scored: pd.DataFrame
    document: dict[str, Any]


def evaluate(model: EtaModel, orders: pd.DataFrame, business_date: date) -> Evaluation:
    """The model's errors on the measured orders of `business_date`.

    `orders` holds every order of that day and those of the day before it, which only count as recent orders.
    Raises UsageError where the model was trained on that day or a later one.
    """
    trained_to = model.document["training"]["to"]
    if trained_to >= str(business_date):
        raise UsageError(
            f"Model {model.version} was trained on days to {trained_to}, so its error on {business_date} says nothing; "
            f"run 'dishpatch run --only train_eta' for {business_date} first"
        )
    scored, warnings = _scored(model, orders, business_date)
    return Evaluation(scored, {**_identity(model, business_date), **_figures(scored), "warnings": list(warnings)})


def not_evaluated(business_date: date, reason: str) -> dict[str, Any]:
    """The document of a day for which there was no model, with the same keys."""
    empty = pd.DataFrame(columns=["local_hour", "error_minutes", "model_minutes", "median_minutes", "cold"])
    names = ("model_version", "model_sha256", "train_from", "train_to", "train_rows")
    return {
        "business_date": str(business_date),
        **dict.fromkeys(names),
        **_figures(empty),
        "warnings": [],
        "status": "not_enough_days",
        "reason": reason,
    }


def verdict(scored: pd.DataFrame) -> Verdict:
    """Whether the model's absolute errors are smaller than the median's on the same orders, beyond chance.

    Paired: the mean difference against its standard error. Orders of one rush are alike, so true chance is somewhat
    larger than this counts; a near miss is called no different.
    """
    difference = scored["model_minutes"] - scored["median_minutes"]
    error = difference.std() / math.sqrt(len(difference)) if len(difference) > 1 else math.nan
    if not error > 0 or abs(difference.mean()) <= STANDARD_ERRORS * error:
        return "no different"
    return "better" if difference.mean() < 0 else "worse"


def by_group(scored: pd.DataFrame, columns: list[str], min_rows: int = 1) -> pd.DataFrame:
    """Rows a group: `columns`, n, mae_minutes, median_mae_minutes, bias_minutes; groups under `min_rows` left out."""
    groups = scored.groupby(columns, as_index=False).agg(
        n=("model_minutes", "size"),
        mae_minutes=("model_minutes", "mean"),
        median_mae_minutes=("median_minutes", "mean"),
        bias_minutes=("error_minutes", "mean"),
    )
    return groups[groups["n"] >= min_rows].reset_index(drop=True)


def _scored(model: EtaModel, orders: pd.DataFrame, business_date: date) -> tuple[pd.DataFrame, tuple[str, ...]]:
    today = pd.to_datetime(orders["business_date"]).dt.date == business_date
    given = predict(model, orders[today], orders[~today])
    measured = measured_rows(orders[today])
    rows = measured.merge(given.rows, on="order_id", validate="one_to_one")
    error_seconds = rows["forecast_seconds"] - rows[TARGET].astype("float64")
    median_error_seconds = rows[TARGET].astype("float64") - median_forecast(model.document["baseline"], rows)
    scored = rows[["order_id", "placed_at", "local_hour", "zone_id", "zone_name", "cold"]].assign(
        error_minutes=error_seconds / 60,
        model_minutes=error_seconds.abs() / 60,
        median_minutes=median_error_seconds.abs() / 60,
    )
    return scored, given.warnings


def _identity(model: EtaModel, business_date: date) -> dict[str, Any]:
    training = model.document["training"]
    return {
        "business_date": str(business_date),
        "model_version": model.version,
        "model_sha256": model.sha256,
        "train_from": training["from"],
        "train_to": training["to"],
        "train_rows": training["rows"],
    }


def _figures(scored: pd.DataFrame) -> dict[str, Any]:
    evaluated = len(scored) > 0
    return {
        "n": len(scored),
        "mae_minutes": _rounded(scored["model_minutes"].mean()),
        "median_mae_minutes": _rounded(scored["median_minutes"].mean()),
        "bias_minutes": _rounded(scored["error_minutes"].mean()),
        "share_within_5_minutes": _rounded((scored["model_minutes"] <= CLOSE_MINUTES).mean()),
        "median_share_within_5_minutes": _rounded((scored["median_minutes"] <= CLOSE_MINUTES).mean()),
        "cold_share": _rounded(scored["cold"].mean()),
        "verdict": verdict(scored) if evaluated else None,
        "by_hour": _records(by_group(scored, ["local_hour"])),
        "status": "evaluated" if evaluated else "no_deliveries",
        "reason": None if evaluated else "no order of the day has a measured delivery time",
    }


def _records(hours: pd.DataFrame) -> list[dict[str, Any]]:
    whole = hours.astype({"local_hour": "int64", "n": "int64"})
    kept = whole[["local_hour", "n", "mae_minutes", "median_mae_minutes"]].round(4)
    return [{str(name): value for name, value in row.items()} for row in kept.to_dict("records")]


def _rounded(value: Any) -> float | None:
    """Four decimals: finer than any use, and equal on machines whose last bits differ."""
    return None if pd.isna(value) else round(float(value), 4)
