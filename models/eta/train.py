"""Trains the delivery-time model on days strictly before the one it will be judged on.

LightGBM with the absolute error as objective, because the figure reported is the mean absolute error; the number of
trees is chosen on the last training day and the model is then fitted again on all of them.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import lightgbm as lgb
import numpy as np
import pandas as pd

from models.eta import history
from models.eta.baseline import hour_and_zone_medians
from models.eta.encoding import Encoding, encode, fit_encoding, hidden_rows
from models.eta.features import TARGET, check_columns, order_time_features
from models.eta.model import FORMAT, EtaModel
from pipelines.errors import UsageError
from pipelines.reporting.numbers import plural


@dataclass(frozen=True)
class TrainingParameters:
    """What shapes the model. The defaults are small on purpose: a week of one city is tens of thousands of rows."""

    learning_rate: float = 0.05
    leaves: int = 15
    min_leaf_rows: int = 50
    max_trees: int = 600
    patience_trees: int = 40  # without a better last training day
    seed: int = 20
    threads: int = 2  # fixed: sums of floats depend on how work is split


def measured_rows(orders: pd.DataFrame) -> pd.DataFrame:
    """Rows with a delivery time (delivered, wanted now, not flagged), in order of placement however they came."""
    check_columns(orders, {TARGET: "number"})
    return orders[orders[TARGET].notna()].sort_values(["placed_at", "order_id"])


def why_not_enough(orders: pd.DataFrame, min_days: int, min_rows: int) -> str | None:
    """Why these earlier orders cannot train a model, as a sentence; None if they can."""
    measured = measured_rows(orders)
    days, rows = measured["business_date"].nunique(), len(measured)
    if days >= min_days and rows >= min_rows:
        return None
    found = f"{plural(days, 'earlier day')} with {plural(rows, 'measured delivery', 'measured deliveries')}"
    return f"{found}; training needs {min_days} days and {min_rows} deliveries"


def train(
    orders: pd.DataFrame,
    *,
    city_id: str,
    time_zone: str,
    evaluation_date: date,
    first_date: date | None = None,
    parameters: TrainingParameters | None = None,
    inputs: dict[str, int | str] | None = None,
) -> EtaModel:
    """The model of all measured orders before `evaluation_date`.

    `orders` is silver.orders of one city with no row of that day or later; rows before `first_date` only count as
    recent orders. Raises UsageError for a row that is too late, ContractViolation for a column that is missing.
    """
    parameters = parameters or TrainingParameters()
    _refuse_later_rows(orders, evaluation_date)
    rows = training_rows(orders, time_zone, first_date)
    trees, validation = _choose_trees(rows, parameters)
    booster, encoding = _fit(rows, parameters, trees)
    document = {
        "format": FORMAT,
        "city_id": city_id,
        "time_zone": time_zone,
        "columns": list(encoding.columns),
        "levels": encoding.levels,
        "medians": encoding.medians,
        "dropped_columns": encoding.dropped,
        "restaurant_history": asdict(history.history_of(rows)),
        "baseline": hour_and_zone_medians(rows),
        "training": _window(rows),
        "parameters": {**asdict(parameters), "trees": trees},
        "validation": validation,
        "lightgbm": lgb.__version__,
    }
    return EtaModel(booster.model_to_string(), document, dict(inputs or {}))


def training_rows(orders: pd.DataFrame, time_zone: str, first_date: date | None = None) -> pd.DataFrame:
    """Features and target of the measured orders, in order of placement, each day seeing only days before it."""
    features = order_time_features(orders, time_zone)
    measured = measured_rows(orders)
    rows = features.loc[measured.index].assign(**{TARGET: measured[TARGET].astype("float64")})
    if first_date is not None:
        rows = rows[rows["business_date"] >= first_date]
    return rows.assign(**{history.COLUMN: history.earlier_days_mean(rows)}).reset_index(drop=True)


def _refuse_later_rows(orders: pd.DataFrame, evaluation_date: date) -> None:
    latest = pd.to_datetime(orders["business_date"]).max().date()
    if latest >= evaluation_date:
        raise UsageError(
            f"models/eta: an order of {latest} was handed over to train a model judged on {evaluation_date}; "
            "read only business dates before that day"
        )


def _choose_trees(rows: pd.DataFrame, parameters: TrainingParameters) -> tuple[int, dict[str, Any]]:
    """The number of trees that was best on the last training day, learned from the days before it."""
    last = rows["business_date"].max()
    earlier, later = rows[rows["business_date"] < last], rows[rows["business_date"] == last]
    later = later.assign(**{history.COLUMN: history.history_of(earlier).mean_seconds(later["restaurant_id"])})
    booster, _ = _fit(earlier, parameters, parameters.max_trees, judge=later)
    seconds = float(booster.best_score["judge"]["l1"])
    return booster.best_iteration, {
        "business_date": str(last),
        "rows": len(later),
        "mae_minutes": round(seconds / 60, 4),
    }


def _fit(
    rows: pd.DataFrame, parameters: TrainingParameters, trees: int, judge: pd.DataFrame | None = None
) -> tuple[lgb.Booster, Encoding]:
    encoding = fit_encoding(rows)
    hidden = hidden_rows(rows["order_id"])
    # An unknown restaurant has no history either, so its hidden rows carry the city's mean.
    unknown = hidden["restaurant_id"] & rows[history.COLUMN].notna().to_numpy()
    shown = rows.assign(**{history.COLUMN: np.where(unknown, _city_means(rows), rows[history.COLUMN])})
    data = _dataset(encode(shown, encoding, hidden=hidden), rows[TARGET], encoding)
    stop: list[Any] = [lgb.early_stopping(parameters.patience_trees, verbose=False)] if judge is not None else []
    booster = lgb.train(
        _lightgbm_parameters(parameters),
        data,
        num_boost_round=trees,
        valid_sets=[] if judge is None else [data.create_valid(encode(judge, encoding), judge[TARGET].to_numpy())],
        valid_names=[] if judge is None else ["judge"],
        callbacks=stop,
    )
    return booster, encoding


def _city_means(rows: pd.DataFrame) -> np.ndarray:
    """For each row the mean of all rows of strictly earlier days; NaN on the first day."""
    days = rows.groupby("business_date")[TARGET].agg(["sum", "size"]).sort_index().cumsum().shift()
    return rows["business_date"].map(days["sum"] / days["size"]).to_numpy("float64")


def _dataset(matrix: np.ndarray, target: pd.Series, encoding: Encoding) -> lgb.Dataset:
    return lgb.Dataset(
        matrix,
        target.to_numpy("float64"),
        feature_name=list(encoding.columns),
        categorical_feature=encoding.categorical_positions,
        free_raw_data=False,
    )


def _lightgbm_parameters(p: TrainingParameters) -> dict[str, Any]:
    return {
        "objective": "regression_l1",
        "metric": "l1",
        "learning_rate": p.learning_rate,
        "num_leaves": p.leaves,
        "min_data_in_leaf": p.min_leaf_rows,
        "min_data_per_group": p.min_leaf_rows,
        "seed": p.seed,
        "num_threads": p.threads,
        "deterministic": True,
        "force_row_wise": True,  # else it times both ways and picks one, which may differ from run to run
        "verbosity": -1,
    }


def _window(rows: pd.DataFrame) -> dict[str, Any]:
    content = hashlib.sha256(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes()).hexdigest()
    return {
        "from": str(rows["business_date"].min()),
        "to": str(rows["business_date"].max()),
        "days": int(rows["business_date"].nunique()),
        "rows": len(rows),
        "rows_sha256": content,
    }
