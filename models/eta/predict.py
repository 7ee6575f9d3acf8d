"""Forecasts the delivery time of orders from what is known when they are placed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.eta import history
from models.eta.encoding import cold_rows, drift_warnings, encode
from models.eta.features import order_time_features
from models.eta.model import EtaModel


@dataclass(frozen=True)
class Forecast:
    """`rows`, one an order: order_id, forecast_seconds, cold (restaurant or zone unknown to the model).

    `warnings` are sentences about columns that hold what training never held.
    """

    rows: pd.DataFrame
    warnings: tuple[str, ...]

    @property
    def cold_share(self) -> float | None:
        """Share of orders whose restaurant or zone is unknown; None without orders."""
        return float(self.rows["cold"].mean()) if len(self.rows) else None


def predict(model: EtaModel, orders: pd.DataFrame, earlier_orders: pd.DataFrame | None = None) -> Forecast:
    """Forecasts for `orders`, which together with `earlier_orders` hold all orders of the half hour before each.

    Raises ContractViolation naming a column that is missing or of another kind; unknown restaurants and zones are
    forecast as `other` and flagged.
    """
    known = orders if earlier_orders is None else pd.concat([earlier_orders, orders])
    features = order_time_features(known.reset_index(drop=True), model.document["time_zone"])
    return forecast(model, features.iloc[len(known) - len(orders) :])


def forecast(model: EtaModel, features: pd.DataFrame) -> Forecast:
    """Forecasts from rows of `order_time_features`."""
    encoding = model.encoding
    means = model.restaurant_history.mean_seconds(features["restaurant_id"])
    rows = features.assign(**{history.COLUMN: means})
    seconds = model.booster.predict(encode(rows, encoding)) if len(rows) else np.empty(0)
    cold = cold_rows(rows, encoding)
    result = pd.DataFrame({"order_id": rows["order_id"].to_numpy(), "forecast_seconds": seconds, "cold": cold})
    return Forecast(result, drift_warnings(rows, encoding))
