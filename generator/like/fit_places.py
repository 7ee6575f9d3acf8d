"""Where orders come from and go to: shares of H3 cells that hold enough orders, and how far one is from another."""

from __future__ import annotations

import h3
import numpy as np
import pandas as pd

from generator.city.city import Customers
from generator.city.measured_parts import DAY_PARTS, DropOffCell, PickUpCell
from generator.city.tables_of_parts import parts_of
from generator.like.observed import Observed
from generator.like.quantities import clock_hours, trip_km

# H3 resolutions. Restaurants crowd into streets, and where they are is no secret: cells of 0.1 square km. Customers'
# cells have 0.7 square km, as many homes as a village. The coarsest have 250.
FINEST_PICK_UP, FINEST_DROP_OFF, COARSEST = 9, 8, 5
LEAST_ORDERS = 5  # a cell with fewer is not told apart from its neighbours: nobody's address shows
MOST_CELLS = 300  # nor one with less than such a part of all orders: the profile stays readable
PRIOR_ORDERS = 40.0  # as many orders of the whole city's day are mixed into each cell's, so that few tell little
MOST_CUSTOMERS = 60_000  # invented; more make a day slower and no likelier
# Of a history without positions: nine ways in the shipped city, from the tenth to the ninetieth part of its orders.
USUAL_TRIP_KM = (0.6, 1.0, 1.3, 1.6, 1.9, 2.2, 2.6, 3.1, 4.0)
LEAST_UNNAMED = 3_000  # fewer would leave most quarters of a wide city without a door
ORDERS_EACH = 0.5  # orders of a day to one customer on the books, where the history does not name customers


def cells_of(lat: pd.Series, lng: pd.Series, finest_resolution: int) -> np.ndarray:
    """H3 cell of each known place, as fine as it holds LEAST_ORDERS of them and 1/MOST_CELLS of all; "" for none."""
    finest = [h3.latlng_to_cell(a, b, finest_resolution) for a, b in zip(lat, lng, strict=True)]
    if not finest:
        return np.array([], dtype=object)
    cells, chosen = np.array(finest, dtype=object), np.full(len(finest), "", dtype=object)
    enough = max(LEAST_ORDERS, len(cells) / MOST_CELLS)
    for resolution in range(finest_resolution, COARSEST - 1, -1):
        open_ones = chosen == ""
        distinct = pd.unique(cells[open_ones])
        parents = {cell: h3.cell_to_parent(cell, resolution) for cell in distinct}
        here = pd.Series(cells[open_ones]).map(parents)
        counts = here.map(here.value_counts())
        chosen[open_ones] = np.where(counts >= enough, here, "")
    if (chosen == "").all():  # fewer orders than a cell needs: one cell for all of them
        chosen[:] = h3.latlng_to_cell(lat.median(), lng.median(), COARSEST)
    return chosen


def fit_pick_ups(observed: Observed) -> tuple[tuple[PickUpCell, ...], float]:
    """Cells of the restaurants, and the spread of the log of popularity among those of one cell."""
    orders = observed.orders[observed.orders[["pickup_lat", "pickup_lng"]].notna().all(axis="columns")]
    if orders.empty:
        count = max(1, int(observed.orders["restaurant_id"].nunique()))
        return (PickUpCell(cell=_middle(observed), restaurants=count, share=1.0),), 1.0
    cells = cells_of(orders["pickup_lat"], orders["pickup_lng"], FINEST_PICK_UP)
    hours = clock_hours(orders["placed_at"], observed)
    part = np.searchsorted(DAY_PARTS, hours, side="right") - 1
    frame = pd.DataFrame({"cell": cells, "restaurant": orders["restaurant_id"], "part": part})
    frame = frame[frame["cell"] != ""]
    parts = np.bincount(frame["part"], minlength=len(DAY_PARTS)) / len(frame)
    found = []
    for cell, rows in frame.groupby("cell", sort=True):
        usual = parts * PRIOR_ORDERS
        mixed = (np.bincount(rows["part"], minlength=len(DAY_PARTS)) + usual) / (len(rows) + PRIOR_ORDERS)
        factors = np.divide(mixed, parts, out=np.ones_like(mixed), where=parts > 0)
        found.append(
            PickUpCell(
                cell=str(cell),
                restaurants=int(rows["restaurant"].nunique()),
                share=round(len(rows) / len(frame), 6),
                by_part_of_day=tuple(round(float(f), 3) for f in factors),
            )
        )
    return tuple(found), _popularity_sigma(frame)


def _popularity_sigma(frame: pd.DataFrame) -> float:
    """Sigma of log-normal popularity within a cell: how much more counts differ than chance (Poisson) makes them."""
    counts = frame.groupby(["cell", "restaurant"]).size()
    means = counts.groupby("cell").transform("mean")
    excess = float(((counts - means) ** 2 - means).sum() / (means**2).sum())
    return round(float(np.sqrt(np.log1p(np.clip(excess, 0.0, np.expm1(4.0))))), 3)


def fit_customers(observed: Observed, orders_per_day: int) -> Customers:
    """Cells in which customers live, how many there are, how far their orders come."""
    orders = observed.orders
    known = orders[orders[["dropoff_lat", "dropoff_lng"]].notna().all(axis="columns")]
    cells = pd.Series(cells_of(known["dropoff_lat"], known["dropoff_lng"], FINEST_DROP_OFF))
    shares = cells[cells != ""].value_counts(normalize=True).sort_index()
    if shares.empty:
        shares = pd.Series({_middle(observed): 1.0})
    ways = trip_km(orders)
    named = orders["customer_id"].dropna()
    unnamed = max(round(orders_per_day / ORDERS_EACH), LEAST_UNNAMED)
    count = named.nunique() if len(named) > len(orders) / 2 else unnamed
    per_customer = named.value_counts()
    excess = per_customer.var() - per_customer.mean() if len(per_customer) > 1 else np.nan
    spread = np.sqrt(np.log1p(max(excess, 0.0) / per_customer.mean() ** 2)) if np.isfinite(excess) else 1.0
    return Customers(
        count=int(np.clip(count, 50, MOST_CUSTOMERS)),
        activity_sigma=round(float(min(spread, 2.0)), 3),
        cells=tuple(DropOffCell(cell=str(c), share=round(float(s), 6)) for c, s in shares.items()),
        trip_km=parts_of(ways if len(ways) else np.array(USUAL_TRIP_KM)),
    )


def _middle(observed: Observed) -> str:
    """The coarsest cell at the middle of the city: where everything is, of a history that does not say where."""
    bounds = observed.city.bounds
    middle = (bounds.min_lat + bounds.max_lat) / 2, (bounds.min_lng + bounds.max_lng) / 2
    return str(h3.latlng_to_cell(*middle, COARSEST))
