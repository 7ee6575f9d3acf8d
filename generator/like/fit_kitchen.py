"""How long kitchens take, how much of that is the restaurant's own, what load does, and what is promised."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from generator.city.tables_of_parts import parts_of
from generator.like.observed import Observed
from generator.like.quantities import between, counts_from
from generator.lives.kitchen import kitchen_load
from generator.lives.placed import seconds_of

WHOLE_STEP_SHARE = 0.95  # of the durations are whole minutes: then the kitchens' clocks tell whole minutes
LEAST_FOR_LOAD = 300  # orders; the slope of fewer is chance
LEAST_EXPONENT = 0.1  # twice the orders, 7 % longer: less is not worth a number


def fit_kitchen(observed: Observed) -> dict[str, Any]:
    """Values for `lives.kitchen`; none where the history has no ready times."""
    start = counts_from(observed)
    orders = observed.orders
    orders = orders[orders["scheduled_for"].isna() & orders["ready_at"].notna() & orders[f"{start}_at"].notna()]
    minutes = (orders["ready_at"] - orders[f"{start}_at"]).dt.total_seconds().round().to_numpy() / 60
    orders, minutes = orders[minutes > 0], minutes[minutes > 0]
    if len(minutes) == 0:
        return {}
    exponent, load = _load(orders, minutes, start)
    lasting, chance = _spreads(np.log(minutes), orders["restaurant_id"].to_numpy(dtype=object))
    whole = float((np.abs(minutes - minutes.round()) < 1e-6).mean())
    found: dict[str, Any] = {
        "usual_minutes": round(float(np.median(minutes)), 2),
        "restaurant_spread": lasting,
        "order_spread": chance,
        "load_exponent": exponent,
        "preparation_counts_from": start,
        "preparation_step_minutes": 1.0 if whole >= WHOLE_STEP_SHARE else 0.0,
        "preparation_minutes": parts_of(minutes / load**exponent),
    }
    if start == "preparing":
        found["begin_minutes"] = parts_of(between(orders["placed_at"], orders["preparing_at"], 60))
    return found


def fit_promise(observed: Observed) -> dict[str, Any]:
    """Values for `lives.promise`; none where the history has no promises."""
    orders = observed.orders[observed.orders["scheduled_for"].isna()]
    minutes = between(orders["placed_at"], orders["promised_at"], 60)
    return {"minutes": parts_of(minutes)} if len(minutes) else {}


def _load(orders: pd.DataFrame, minutes: np.ndarray, start: str) -> tuple[float, np.ndarray]:
    """Exponent of the kitchen's load on the duration, within restaurants; and each order's load. 0 where none shows."""
    restaurants = orders["restaurant_id"].astype(str).tolist()
    load = kitchen_load(restaurants, seconds_of(orders[f"{start}_at"]))
    frame = pd.DataFrame({"load": np.log(load), "took": np.log(minutes), "restaurant": restaurants})
    within = frame[["load", "took"]] - frame.groupby("restaurant")[["load", "took"]].transform("mean")
    square = float((within["load"] ** 2).sum())
    if len(frame) < LEAST_FOR_LOAD or square == 0:
        return 0.0, load
    slope = float((within["load"] * within["took"]).sum() / square)
    error = float((within["took"] - slope * within["load"]).std() / np.sqrt(square))
    shows = slope > max(LEAST_EXPONENT, 2 * error)
    return (round(min(slope, 1.0), 3) if shows else 0.0), load


def _spreads(logs: np.ndarray, restaurants: np.ndarray) -> tuple[float, float]:
    """Sigma between restaurants and between the orders of one, of log durations (one-way analysis of variance)."""
    frame = pd.DataFrame({"log": logs, "restaurant": restaurants})
    groups = frame.groupby("restaurant")["log"]
    count, means = groups.transform("count").to_numpy(), groups.transform("mean").to_numpy()
    whole = float(logs.var())
    repeated = count > 1
    if not repeated.any() or groups.ngroups < 2 or whole == 0:
        return round(float(np.sqrt(whole / 2)), 3), round(float(np.sqrt(whole / 2)), 3)
    within = float((((logs - means) ** 2) * count / np.maximum(count - 1, 1))[repeated].mean())
    lasting = np.clip(whole - within, 0.0, whole)
    spreads = np.minimum(np.sqrt([lasting, whole - lasting]), 2.0)
    return round(float(spreads[0]), 3), round(float(spreads[1]), 3)
