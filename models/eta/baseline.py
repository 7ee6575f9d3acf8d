"""The forecast to beat: the median delivery time of the hour and zone on the training days."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

# Below this many deliveries a cell's median is noise, and the hour's is the better guess; the gold tables draw the
# line at five as well.
MIN_CELL_ROWS = 5


def hour_and_zone_medians(rows: pd.DataFrame) -> dict[str, Any]:
    """Medians in seconds of rows with local_hour, zone_id and delivery_seconds, as JSON can hold them.

    {"all", "by_hour": {hour: seconds}, "by_hour_and_zone": {zone_id: {hour: seconds}}}; thin cells are left out.
    """
    target = "delivery_seconds"
    by_zone: dict[str, dict[str, float]] = {}
    for (zone, hour), seconds in _medians(rows.groupby(["zone_id", "local_hour"])[target]).items():
        by_zone.setdefault(str(zone), {})[str(int(hour))] = seconds
    by_hour = _medians(rows.groupby("local_hour")[target])
    return {
        "all": float(rows[target].median()),
        "by_hour": {str(int(hour)): seconds for hour, seconds in by_hour.items()},
        "by_hour_and_zone": by_zone,
    }


def median_forecast(medians: dict[str, Any], rows: pd.DataFrame) -> np.ndarray:
    """Seconds for each row: the median of its hour and zone, else of its hour, else of all."""
    hours = rows["local_hour"].astype("int64").astype(str)
    cells = {(zone, hour): s for zone, by in medians["by_hour_and_zone"].items() for hour, s in by.items()}
    by_cell = pd.Series(list(zip(rows["zone_id"], hours, strict=True)), index=rows.index, dtype=object).map(cells)
    return by_cell.fillna(hours.map(medians["by_hour"])).fillna(medians["all"]).to_numpy("float64")


def _medians(groups: Any) -> dict[Any, float]:
    medians = groups.median()[groups.size() >= MIN_CELL_ROWS]
    return {key: float(seconds) for key, seconds in medians.items()}
