"""What is known of an order at the moment it is placed, as columns a model can learn from.

Only `ORDER_TIME_COLUMNS` of silver.orders are ever looked at: the first thing every function here does is to take
them and leave the rest (courier, vehicle, kitchen and delivery times), so a later fact cannot reach the model.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from pipelines.errors import ContractViolation

RECENT_MINUTES = 30  # long enough to hold a few orders of a quiet zone, short enough to see a rush begin

# Columns of silver.orders that exist when the order is placed, by the kind of value they must hold.
ORDER_TIME_COLUMNS: dict[str, str] = {
    "order_id": "text",
    "business_date": "date",
    "local_hour": "number",
    "placed_at": "instant",
    "zone_id": "text",
    "restaurant_zone_id": "text",
    "restaurant_id": "text",
    "distance_m": "number",
    "basket_value_cents": "number",
    "item_count": "number",
}
TARGET = "delivery_seconds"

NUMERIC = (
    "local_hour",
    "local_minute",
    "weekday",
    "is_weekend",
    "distance_m",
    "basket_value_cents",
    "item_count",
    "zone_orders_30min",
    "restaurant_orders_30min",
)
CATEGORICAL = ("zone_id", "restaurant_zone_id", "restaurant_id")


def check_columns(frame: pd.DataFrame, kinds: dict[str, str]) -> None:
    """Raise ContractViolation for the first column that is missing or of another kind than `kinds` says."""
    for column, kind in kinds.items():
        if column not in frame.columns:
            raise ContractViolation(
                f"models/eta: column {column} is missing from the orders ({len(frame)} rows); "
                "read it from silver/orders, a delivery time cannot be foretold without it"
            )
        if not _KINDS[kind](frame[column]):
            raise ContractViolation(
                f"models/eta: column {column} is {frame[column].dtype}, expected {kind}; "
                "hand over the columns as silver/orders has them"
            )


def order_time_features(orders: pd.DataFrame, time_zone: str) -> pd.DataFrame:
    """One row an order, same index: order_id, business_date, placed_at, NUMERIC (float64) and CATEGORICAL (text).

    `orders` holds every order placed in the period, whatever became of it, and those of the half hour before: the
    counts of recent orders are of these rows. `time_zone` is the city's IANA name. `local_minute` counts wall-clock
    minutes since midnight; `weekday` is that of the business day (0 Monday), so the hours after midnight belong to
    the evening before.

    Raises ContractViolation naming a column that is missing, of another kind, or infinite.
    """
    check_columns(orders, ORDER_TIME_COLUMNS)
    known = orders[list(ORDER_TIME_COLUMNS)]
    placed = pd.to_datetime(known["placed_at"], utc=True)
    local = placed.dt.tz_convert(time_zone)
    day = pd.to_datetime(known["business_date"])
    features = pd.DataFrame({"order_id": known["order_id"], "business_date": day.dt.date, "placed_at": placed})
    features["local_hour"] = known["local_hour"]
    features["local_minute"] = local.dt.hour * 60 + local.dt.minute
    features["weekday"] = day.dt.day_of_week
    features["is_weekend"] = day.dt.day_of_week >= 5
    for column in ("distance_m", "basket_value_cents", "item_count"):
        features[column] = known[column]
    features["zone_orders_30min"] = recent_orders(known["zone_id"], placed)
    features["restaurant_orders_30min"] = recent_orders(known["restaurant_id"], placed)
    features = features.astype(dict.fromkeys(NUMERIC, "float64"))
    _refuse_infinite(features)
    return features.assign(**{column: known[column] for column in CATEGORICAL})


def recent_orders(group: pd.Series, placed_at: pd.Series, minutes: int = RECENT_MINUTES) -> np.ndarray:
    """For each order, how many others of its group were placed in the `minutes` before it; NaN without a group.

    Orders of the very same instant do not count each other: neither was known when the other was placed.
    """
    codes, _ = pd.factorize(group)
    times = placed_at.dt.as_unit("us").astype("int64").to_numpy()
    if not len(times):
        return np.empty(0)
    window = minutes * 60 * 1_000_000
    # Groups are laid end to end on one time line, further apart than the window, so one sorted array serves all.
    line = (times - times.min()) + codes.astype("int64") * (int(times.max() - times.min()) + window + 1)
    ordered = np.sort(line)
    counts = np.searchsorted(ordered, line, side="left") - np.searchsorted(ordered, line - window, side="left")
    return np.where(codes < 0, np.nan, counts.astype("float64"))


def _refuse_infinite(features: pd.DataFrame) -> None:
    for column in NUMERIC:
        infinite = np.isinf(features[column])
        if infinite.any():
            order = features.loc[infinite, "order_id"].iloc[0]
            raise ContractViolation(
                f"models/eta: column {column} is infinite (order {order}); mend the row in silver/orders"
            )


def _is_text(values: pd.Series) -> bool:
    # An all-null column comes as object or as a null type; it is text without a value.
    return pd.api.types.is_string_dtype(values) or bool(values.isna().all())


def _is_number(values: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(values) and not pd.api.types.is_bool_dtype(values)


def _is_date(values: pd.Series) -> bool:
    inferred = pd.api.types.infer_dtype(values, skipna=False)
    return inferred in ("date", "datetime64", "datetime") or values.empty


_KINDS: dict[str, Callable[[pd.Series], bool]] = {
    "text": _is_text,
    "number": _is_number,
    "date": _is_date,
    "instant": lambda values: bool(pd.api.types.is_datetime64_any_dtype(values)),
}
