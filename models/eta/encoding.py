"""From feature columns to the matrix LightGBM sees, and what of it must be kept with the model.

Categories become codes of a stored list; 0 is `other`, the declared place of what is rare or was never seen. A share
of training rows is sent there too, so that the trees have learned what to expect of an unknown restaurant or zone
instead of routing it wherever a missing value goes.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.eta.features import CATEGORICAL, NUMERIC
from models.eta.history import COLUMN as RESTAURANT_MEAN

OTHER_CODE = 0
# Below this many training rows a category's own mean is mostly noise; its rows are `other`.
MIN_CATEGORY_ROWS = 20
# Share of training rows whose category is hidden as `other`, chosen by a hash of the order so that it is repeatable.
HIDDEN_SHARE = 0.05
# A column whose values differ by less than this part of their size differs by rounding only.
RELATIVE_SPREAD = 1e-9
# With fewer dates than this no weekday is sure to have been seen twice, and `weekday` is only another name of a date.
WEEKDAY_DATES = 14

CONSTANT, BUT_FOR_ROUNDING, NO_VALUE = CONSTANT_REASONS = ("constant", "constant but for rounding", "no value")


@dataclass(frozen=True)
class Encoding:
    """Columns of the matrix in order, levels of each category (code = position + 1), and what was left out and why."""

    columns: tuple[str, ...]
    levels: dict[str, list[str]]
    medians: dict[str, float]  # stands in for a missing number
    dropped: dict[str, dict[str, object]]  # column -> {"reason", "value"}

    @property
    def categorical_positions(self) -> list[int]:
        return [i for i, column in enumerate(self.columns) if column in self.levels]


def fit_encoding(features: pd.DataFrame) -> Encoding:
    """The encoding of training rows (NUMERIC, CATEGORICAL, the restaurant mean); constant columns are left out."""
    numeric = (*NUMERIC, RESTAURANT_MEAN)
    dropped = {c: found for c in numeric if (found := _constant(features[c]))}
    dates = features["business_date"].nunique()
    if dates < WEEKDAY_DATES:
        reason = f"{dates} training dates, under {WEEKDAY_DATES}: a weekday would stand for a single date"
        dropped["weekday"] = {"reason": reason, "value": None}
    levels: dict[str, list[str]] = {}
    for column in CATEGORICAL:
        counts = features[column].value_counts()
        levels[column] = sorted(str(level) for level in counts[counts >= MIN_CATEGORY_ROWS].index)
        if len(counts) == 1 and not features[column].isna().any():
            dropped[column] = {"reason": CONSTANT, "value": str(counts.index[0])}
    return Encoding(
        tuple(c for c in (*numeric, *CATEGORICAL) if c not in dropped),
        levels,
        {c: float(features[c].median()) for c in numeric if c not in dropped},
        dropped,
    )


def encode(features: pd.DataFrame, encoding: Encoding, *, hidden: dict[str, np.ndarray] | None = None) -> np.ndarray:
    """Matrix of float64, rows as in `features`, columns as in `encoding`. `hidden` marks rows to encode as `other`."""
    matrix = np.empty((len(features), len(encoding.columns)))
    for i, column in enumerate(encoding.columns):
        if column not in encoding.levels:
            values = features[column].to_numpy("float64")
            # Only the first training day lacks a restaurant mean, and LightGBM has a branch for it.
            matrix[:, i] = (
                values if column == RESTAURANT_MEAN else np.where(np.isnan(values), encoding.medians[column], values)
            )
            continue
        codes = category_codes(features[column], encoding.levels[column])
        matrix[:, i] = codes if hidden is None else np.where(hidden[column], OTHER_CODE, codes)
    return matrix


def category_codes(values: pd.Series, levels: list[str]) -> np.ndarray:
    """Code of each value: its position in `levels` plus one, or OTHER_CODE."""
    codes: np.ndarray = pd.Index(levels, dtype=object).get_indexer(pd.Index(values, dtype=object)) + 1
    return codes


def hidden_rows(order_id: pd.Series) -> dict[str, np.ndarray]:
    """For each category, which training rows are shown to the model as `other`: HIDDEN_SHARE of them, at least one.

    The hash is salted by the column's name, so that an unknown zone and an unknown restaurant are learned apart.
    """
    count = math.ceil(HIDDEN_SHARE * len(order_id))
    values = order_id.to_numpy(dtype=object)
    hidden = {}
    for column in CATEGORICAL:
        hashes = pd.util.hash_array(values, hash_key=column[:16].ljust(16, "_"), categorize=False)
        hidden[column] = np.isin(np.arange(len(values)), np.argsort(hashes, kind="stable")[:count])
    return hidden


def cold_rows(features: pd.DataFrame, encoding: Encoding) -> np.ndarray:
    """True where the restaurant, its zone or the customer's zone is `other` to the model: the forecast is a guess."""
    cold = np.zeros(len(features), dtype=bool)
    for column, levels in encoding.levels.items():
        known = [str(encoding.dropped[column]["value"])] if column in encoding.dropped else levels
        cold |= category_codes(features[column], known) == OTHER_CODE
    return cold


def drift_warnings(features: pd.DataFrame, encoding: Encoding) -> tuple[str, ...]:
    """One sentence for each column that holds what training never held: a new value of a constant, a missing number."""
    found = []
    for column, why in encoding.dropped.items():
        if why["reason"] not in CONSTANT_REASONS:
            continue
        changed = ~_equals(features[column], why["value"])
        if changed.any():
            example = features[column][changed].iloc[0]
            was = "without a value" if why["value"] is None else f"{why['value']}"
            found.append(
                f"{column} was {was} in all training rows and is left out; "
                f"{int(changed.sum())} of {len(features)} orders have another value, such as {example}"
            )
    for column in encoding.medians:
        missing = int(features[column].isna().sum())
        if missing:
            found.append(f"{column} is missing in {missing} of {len(features)} orders; the training median stands in")
    return tuple(found)


def _constant(values: pd.Series) -> dict[str, object] | None:
    known = values.dropna()
    if known.empty:
        return {"reason": NO_VALUE, "value": None}
    low, high = float(known.min()), float(known.max())
    if high - low > RELATIVE_SPREAD * max(abs(low), abs(high)):
        return None
    return {"reason": CONSTANT if high == low else BUT_FOR_ROUNDING, "value": low}


def _equals(values: pd.Series, value: object) -> np.ndarray:
    if value is None:
        return values.isna().to_numpy(dtype=bool)
    if isinstance(value, float):
        return np.asarray(np.isclose(values.to_numpy("float64"), value, rtol=RELATIVE_SPREAD, atol=0.0), dtype=bool)
    return np.asarray(values == value, dtype=bool)
