"""Kitchens under load: how long orders took beside how many others their kitchen had in hand. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import binomtest

from pipelines.reporting.city.day import FEW

CLASSES = ("alone", "1 other", "2 others", "3 others", "4 or 5", "6 or more")
_EDGES = (1, 2, 3, 4, 6)
_EACH = 5  # orders of one kitchen on each side before its two medians are compared
BY_CHANCE = 0.05  # so seldom at most would kitchens that load does not touch lean one way as clearly


@dataclass(frozen=True)
class KitchenComparison:
    """Each kitchen with itself: median over `kitchens` of minutes more when it had more than its median in hand.

    In `longer` of them it was more, in `even` of them no different.
    """

    kitchens: int
    minutes_more: float
    longer: int = 0
    even: int = 0

    @property
    def leans(self) -> bool:
        """Whether so many kitchens lean one way that chance seldom does it (sign test, two-sided)."""
        uneven = self.kitchens - self.even
        return uneven > 0 and float(binomtest(self.longer, uneven).pvalue) <= BY_CHANCE


def preparations(orders: pd.DataFrame, responses: pd.DataFrame) -> pd.DataFrame:
    """One row an order that was cooked: restaurant_id, begins, ready, minutes, beside.

    `orders`: order_id, restaurant_id, is_preorder, accepted, ready; `responses`: order_id, event_type, at. An order
    begins with `preparing`, or with its acceptance where the source does not tell and it was wanted at once. `beside`
    counts the other orders that the same kitchen had begun and not finished at that moment.
    """
    told = responses[responses["event_type"] == "preparing"].groupby("order_id")["at"].min()
    begins = orders["order_id"].map(told).astype(float)
    begins = begins.fillna(orders["accepted"].astype(float).where(~orders["is_preorder"].astype(bool)))
    found = pd.DataFrame({"restaurant_id": orders["restaurant_id"], "begins": begins, "ready": orders["ready"]})
    found = found[found["ready"].astype(float) > found["begins"]].reset_index(drop=True)
    found["minutes"] = (found["ready"] - found["begins"]) / 60
    return found.assign(beside=_beside(found))


def _beside(cooked: pd.DataFrame) -> np.ndarray:
    """Orders begun up to each order's beginning less those ready by then, in the same kitchen, itself left out."""
    if cooked.empty:
        return np.zeros(0, dtype=np.int64)
    kitchen = pd.factorize(cooked["restaurant_id"])[0]
    first = float(cooked["begins"].min())
    apart = float(cooked["ready"].max()) - first + 1.0  # kitchens one after the other on one line of time
    begins = cooked["begins"].to_numpy(float) - first + kitchen * apart
    ready = cooked["ready"].to_numpy(float) - first + kitchen * apart
    begun = np.searchsorted(np.sort(begins), begins, side="right")
    finished = np.searchsorted(np.sort(ready), begins, side="right")
    return np.asarray(begun - finished - 1)


def by_load(cooked: pd.DataFrame) -> pd.DataFrame:
    """One row a class of `beside` with at least FEW orders, from alone to many: name, orders, median, p90 (minutes)."""
    group = np.digitize(cooked["beside"], _EDGES)
    minutes = cooked["minutes"].groupby(group)
    found = pd.DataFrame({"orders": minutes.count(), "median": minutes.median(), "p90": minutes.quantile(0.9)})
    found.insert(0, "name", [CLASSES[int(g)] for g in found.index])
    return found[found["orders"] >= FEW].reset_index(drop=True)


def compared_with_itself(cooked: pd.DataFrame) -> KitchenComparison:
    """Busy against quiet within each kitchen, so that slow dishes of popular kitchens are not taken for load."""
    usual = cooked.groupby("restaurant_id")["beside"].transform("median")
    is_busy = cooked["beside"] > usual
    busy, quiet = (
        cooked[rows].groupby("restaurant_id")["minutes"].agg(["count", "median"]) for rows in (is_busy, ~is_busy)
    )
    more = (busy.loc[busy["count"] >= _EACH, "median"] - quiet.loc[quiet["count"] >= _EACH, "median"]).dropna()
    median = float(more.median()) if len(more) else float("nan")
    return KitchenComparison(len(more), median, int((more > 0).sum()), int((more == 0).sum()))
