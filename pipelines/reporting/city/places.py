"""Where orders went and who cooked them: homes as H3 cells of many orders, zones, restaurants. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import h3
import numpy as np
import pandas as pd

from pipelines.reporting.city.day import FEW, PRIVATE
from pipelines.reporting.city.frame import Extent, extent_of

FINEST, COARSEST = 9, 6  # H3 resolutions: about 0.1 and 36 square km
COVERED = 0.75  # the finest cells that show this share of the orders are drawn
MOST_CELLS = 600  # and no more of them than this: about 20 KB of a drawing


@dataclass(frozen=True)
class Demand:
    """Orders by H3 cell of the drop-off: `cells` (cell -> orders, at least PRIVATE each) and what they leave out."""

    resolution: int
    cells: pd.Series
    orders: int

    @property
    def shown_share(self) -> float:
        """Orders that lie in a cell that is shown, as a share of all."""
        return float(self.cells.sum()) / self.orders if self.orders else 0.0


def demand(orders: pd.DataFrame) -> Demand:
    """Orders by cell at the finest resolution whose cells of PRIVATE orders and more hold most of them.

    Of more than MOST_CELLS cells those with most orders stay.
    """
    found = Demand(COARSEST, pd.Series(dtype=int), 0)
    for resolution in range(FINEST, COARSEST - 1, -1):
        fine = orders["dropoff_cell"].dropna().value_counts()
        parents = [h3.cell_to_parent(cell, resolution) for cell in fine.index]
        counts = fine.groupby(parents).sum().sort_values(ascending=False, kind="stable")
        found = Demand(resolution, counts[counts >= PRIVATE], int(counts.sum()))
        if found.shown_share >= COVERED and len(found.cells) <= MOST_CELLS:
            break
    return Demand(found.resolution, found.cells.head(MOST_CELLS), found.orders)


def zones(orders: pd.DataFrame) -> pd.DataFrame:
    """One row a zone of drop-offs, by orders, descending.

    Columns: zone_id, name, is_cell (of H3), orders, share, restaurants (that cook there), late_share and
    median_minutes (both NaN where fewer than FEW deliveries tell them).
    """
    by_zone = orders.groupby(["zone_id", "zone_name"], sort=False)
    judged = orders.dropna(subset=["is_late"])
    late = judged["is_late"].astype(float).groupby(judged["zone_id"]).agg(["mean", "count"])
    minutes = (orders["delivery_seconds"].astype(float) / 60).groupby(orders["zone_id"]).agg(["median", "count"])
    found = by_zone.size().rename("orders").reset_index().rename(columns={"zone_name": "name"})
    found["is_cell"] = [h3.is_valid_cell(zone) for zone in found["zone_id"]]
    found["share"] = found["orders"] / found["orders"].sum()
    found["late_share"] = found["zone_id"].map(late["mean"].where(late["count"] >= FEW))
    found["median_minutes"] = found["zone_id"].map(minutes["median"].where(minutes["count"] >= FEW))
    cooking = orders.groupby("restaurant_zone_id")["restaurant_id"].nunique()
    found["restaurants"] = found["zone_id"].map(cooking).fillna(0).astype(int)
    return found.sort_values(["orders", "name"], ascending=[False, True], ignore_index=True)


def restaurants_of_day(orders: pd.DataFrame, restaurants: pd.DataFrame) -> pd.DataFrame:
    """One row a restaurant with orders, by orders: restaurant_id, name, orders, lat, lng (NaN: position not told)."""
    grouped = orders.groupby("restaurant_id")
    found = pd.DataFrame({"name": grouped["restaurant_name"].first(), "orders": grouped.size()}).reset_index()
    found["name"] = found["name"].fillna(found["restaurant_id"])
    # the median: of a restaurant whose source told a wrong place once, the right one stays
    place = restaurants.groupby("restaurant_id")[["lat", "lng"]].median()
    found = found.join(place.astype(float), on="restaurant_id")
    return found.sort_values(["orders", "name"], ascending=[False, True], ignore_index=True)


def extent(
    demand_shown: Demand, restaurants: pd.DataFrame, bounds: tuple[float, float, float, float] | None
) -> Extent | None:
    """What the maps show: the cells with orders and the restaurants, within the service area if there is one.

    None where no place is known. Without a service area one place in a hundred may be wrong and is left outside.
    """
    corners = [corner for cell in demand_shown.cells.index for corner in h3.cell_to_boundary(cell)]
    known = restaurants.dropna(subset=["lat", "lng"])
    lat = np.concatenate([[c[0] for c in corners], known["lat"].to_numpy(float)])
    lng = np.concatenate([[c[1] for c in corners], known["lng"].to_numpy(float)])
    if bounds is None:
        return extent_of(lat, lng, outliers=0.01)
    inside = (lat >= bounds[0]) & (lat <= bounds[1]) & (lng >= bounds[2]) & (lng <= bounds[3])
    return extent_of(lat[inside], lng[inside])
