"""Where couriers rode with an order: distinct rides on each stretch of street, or in each H3 cell. Pure.

A stretch or cell with few rides would show the way to single homes; those are for the caller to leave out.
"""

from __future__ import annotations

import h3
import numpy as np
import pandas as pd
from scipy.spatial import cKDTree

from pipelines.reporting.city.streets import Streets

METRES_A_DEGREE = 111_195.0
OFF_STREET_METRES = 35.0  # a position farther from any street is not counted: an error, or a yard
STEP_METRES = 25.0  # between places that are looked up, along streets and along rides
LONGEST_GAP_SECONDS = 90.0  # a longer silence is not bridged: the way taken is not known
LONGEST_JUMP_METRES = 800.0
MOST_POSITIONS = 150_000  # more add nothing that a map shows; then every n-th courier is drawn
CELL_RESOLUTION = 10  # about 130 m across


def sampled(positions: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Positions with an order, of every n-th courier where there are too many, and the share of couriers kept."""
    carrying = positions.dropna(subset=["order_id", "lat", "lng", "at"])
    every = -(-len(carrying) // MOST_POSITIONS)
    if every <= 1:
        return carrying, 1.0
    couriers = np.sort(carrying["courier_id"].unique())
    kept = couriers[::every]
    return carrying[carrying["courier_id"].isin(kept)], len(kept) / len(couriers)


def ways(positions: pd.DataFrame) -> pd.DataFrame:
    """Places along each ride, no farther than STEP_METRES apart between positions that follow each other.

    `positions`: courier_id, order_id, lat, lng, at. Columns: order_id, lat, lng.
    """
    ordered = positions.sort_values(["order_id", "courier_id", "at"], kind="stable")
    lat, lng, at = (ordered[c].to_numpy(float) for c in ("lat", "lng", "at"))
    order, courier = pd.factorize(ordered["order_id"])[0], pd.factorize(ordered["courier_id"])[0]
    same = (order[1:] == order[:-1]) & (courier[1:] == courier[:-1])
    east = np.diff(lng) * np.cos(np.radians(lat[:-1]))
    metres = np.hypot(np.diff(lat), east) * METRES_A_DEGREE
    near = same & (np.diff(at) <= LONGEST_GAP_SECONDS) & (metres <= LONGEST_JUMP_METRES)
    pieces = np.ones(len(lat), dtype=np.int64)  # places from a position until before the next one
    pieces[:-1][near] = np.maximum(np.ceil(metres[near] / STEP_METRES).astype(np.int64), 1)
    start = np.repeat(np.arange(len(lat)), pieces)
    part = (np.arange(len(start)) - np.repeat(np.cumsum(pieces) - pieces, pieces)) / pieces[start]
    following = np.minimum(start + 1, max(len(lat) - 1, 0))
    return pd.DataFrame(
        {
            "order_id": ordered["order_id"].to_numpy()[start],
            "lat": lat[start] + part * (lat[following] - lat[start]),
            "lng": lng[start] + part * (lng[following] - lng[start]),
        }
    )


def rides_on_streets(places: pd.DataFrame, streets: Streets) -> np.ndarray:
    """Distinct orders whose ride covered at least half of each stretch, one number a stretch.

    A ride that only crosses a street has a place or two on it, and does not count there.
    """
    if places.empty:
        return np.zeros(len(streets), dtype=np.int64)
    scale = float(np.cos(np.radians(streets.node_lat.mean())))
    lat, lng, stretch = _along(streets, scale)
    tree = cKDTree(np.column_stack([lat, lng * scale]))
    wanted = np.column_stack([places["lat"], places["lng"] * scale])
    off, nearest = tree.query(wanted, distance_upper_bound=OFF_STREET_METRES / METRES_A_DEGREE)
    on = np.isfinite(off)
    order = pd.factorize(places["order_id"])[0][on].astype(np.int64)
    pairs, seen = np.unique(order * len(streets) + stretch[nearest[on]], return_counts=True)
    along = np.bincount(stretch, minlength=len(streets))  # places on a stretch are as far apart as those of a ride
    covered = pairs[seen * 2 >= along[pairs % len(streets)]] % len(streets)
    return np.bincount(covered, minlength=len(streets))


def _along(streets: Streets, scale: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Latitude and longitude of places along all stretches at most STEP_METRES apart, and their stretches."""
    bends = np.diff(streets.bend_first)
    first = np.concatenate([[0], np.cumsum(bends + 2)])
    lat, lng = np.empty(first[-1]), np.empty(first[-1])
    for axis, nodes, inner in ((lat, streets.node_lat, streets.bend_lat), (lng, streets.node_lng, streets.bend_lng)):
        axis[first[:-1]], axis[first[1:] - 1] = nodes[streets.ends[:, 0]], nodes[streets.ends[:, 1]]
        is_end = np.zeros(first[-1], dtype=bool)
        is_end[first[:-1]] = is_end[first[1:] - 1] = True
        axis[~is_end] = inner
    stretch = np.repeat(np.arange(len(streets)), bends + 2)
    start = np.flatnonzero(stretch[1:] == stretch[:-1])
    metres = np.hypot(np.diff(lat), np.diff(lng) * scale)[start] * METRES_A_DEGREE
    pieces = np.maximum(np.ceil(metres / STEP_METRES).astype(np.int64), 1)
    at = np.repeat(start, pieces)
    # at the middle of each piece: an end would be as near to every street that meets there
    part = (np.arange(len(at)) - np.repeat(np.cumsum(pieces) - pieces, pieces) + 0.5) / np.repeat(pieces, pieces)
    return lat[at] + part * (lat[at + 1] - lat[at]), lng[at] + part * (lng[at + 1] - lng[at]), stretch[at]


def rides_in_cells(places: pd.DataFrame) -> pd.Series:
    """Distinct orders whose ride touched each H3 cell, by cell; where the city's streets are not known."""
    cells = [h3.latlng_to_cell(a, b, CELL_RESOLUTION) for a, b in zip(places["lat"], places["lng"], strict=True)]
    return places.assign(cell=cells).groupby("cell")["order_id"].nunique()
