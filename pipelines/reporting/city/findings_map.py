"""Where the day happened: orders, restaurants and zones on a map, and the streets that couriers rode."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pipelines.reporting import numbers as n
from pipelines.reporting import plot_style as ps
from pipelines.reporting.city import map_plots, places, ridden, zone_names
from pipelines.reporting.city.classes import class_names, class_of
from pipelines.reporting.city.day import FEW, PRIVATE, CityDay
from pipelines.reporting.city.frame import Extent
from pipelines.reporting.city.map_parts import MOST_DOTS
from pipelines.reporting.city.streets import Streets
from pipelines.reporting.display import as_table
from pipelines.reporting.finding import Finding, empty_finding
from pipelines.reporting.frames import records
from pipelines.reporting.tables import Table

_NAMED = 5  # zones that the alt text names
MOST_ROWS = 40  # of the zones' table
NO_STREETS = "The streets of this city are not known."


def map_extent(day: CityDay) -> Extent | None:
    """What both maps show; None where no place of the day is known."""
    if day.orders.empty:
        return None
    shops = places.restaurants_of_day(day.orders, day.restaurants)
    return places.extent(places.demand(day.orders), shops, day.bounds)


def map_finding(day: CityDay, streets: Streets | None) -> Finding:
    """Orders by cell and zone, restaurants by their orders, streets where the city has them."""
    subject, extent = "Where orders go", map_extent(day)
    if day.orders.empty:
        return empty_finding("map", subject, "No orders were placed", "There is nothing to show on a map.")
    if extent is None:
        text = "No restaurant’s position and no place with enough orders is known."
        return empty_finding("map", subject, "No place is known", text)
    demand = places.demand(day.orders)
    zones = zone_names.with_places(places.zones(day.orders), demand.cells)
    shops = places.restaurants_of_day(day.orders, day.restaurants)
    svgs = tuple(
        map_plots.demand_map(width, extent, demand, zones, shops, streets) for width in (ps.WIDE_UNITS, ps.NARROW_UNITS)
    )
    return Finding(
        "map", _map_title(zones, subject), _map_say(demand, zones, shops, streets), _map_alt(zones, shops), svgs,
        _zone_table(zones),
    )  # fmt: skip


def _zone_table(zones: pd.DataFrame) -> Table:
    """The zones by orders; those without a name with their place and their cell."""
    nameless = zones["where"].notna().any()
    columns = {"label": "Zone", **({"where": "Where", "zone_id": "H3 cell"} if nameless else {}),
               "orders": "Orders", "share": "Share of orders", "restaurants": "Restaurants in it",
               "late_share": "Late share", "median_minutes": "Median, min"}  # fmt: skip
    return as_table(_listed(zones)[list(columns)], columns=columns, units={"share": "%", "late_share": "%"})


def _listed(zones: pd.DataFrame) -> pd.DataFrame:
    """The zones with most orders, and the others as one row."""
    others = zones.iloc[MOST_ROWS:]
    if others.empty:
        return zones
    sums = others[["orders", "share", "restaurants"]].sum().to_dict()
    rest = pd.DataFrame([{**sums, "label": f"{n.number(len(others))} other zones"}])
    both = pd.concat([zones.head(MOST_ROWS), rest], ignore_index=True)
    return both.astype({"orders": int, "restaurants": int})


def _map_title(zones: pd.DataFrame, subject: str) -> str:
    first = records(zones)[0]
    if zones["orders"].sum() < FEW or len(zones) < 2 or zones["orders"].iloc[1] == first["orders"]:
        return subject
    where = "" if n.is_blank(first["where"]) else f", {first['where']}"
    return f"{n.percent(first['share'], 0)} of the orders went to {first['name']}{where}"


def _map_say(demand: places.Demand, zones: pd.DataFrame, shops: pd.DataFrame, streets: Streets | None) -> str:
    top = int(np.ceil(len(shops) / 10))
    share = shops["orders"].head(top).sum() / shops["orders"].sum()
    said = ""
    if shops["orders"].sum() >= FEW and len(shops) >= 10:
        busiest = n.plural(top, "busiest restaurant")
        said = f"The {busiest} of {n.number(len(shops))} cooked {n.percent(share, 0)} of them. "
    if len(shops) > MOST_DOTS:
        said += f"The {n.number(MOST_DOTS)} restaurants with most orders are drawn. "
    blank = demand.orders - int(demand.cells.sum())
    if blank:
        lie = f"{n.plural(blank, 'order lies', 'orders lie')} there"
        said += f"Cells of fewer than {n.word(PRIVATE)} orders stay blank, so that no home shows ({lie}). "
    if zones["where"].notna().any():
        said += "Zones without a name bear letters by their orders and are told from the middle of the day’s orders. "
    return (said + ("" if streets is not None else NO_STREETS)).strip()


def _map_alt(zones: pd.DataFrame, shops: pd.DataFrame) -> str:
    most = "; ".join(f"{r['name']} {n.number(r['orders'])}" for r in records(zones.head(_NAMED)))
    said = f"Map of the city: orders by H3 cell, deeper where more. Most by zone: {most}."
    top = shops.head(1)
    for row in records(top):
        largest = f"{row['name']}, {n.plural(row['orders'], 'order')}"
        said += f" {n.plural(len(shops), 'restaurant')} as dots; the largest is {largest}."
    return said


def rides_finding(day: CityDay, streets: Streets | None) -> Finding:
    """Streets by the rides that went along them, from couriers' positions with an order in hand."""
    subject, extent = "Where couriers rode", map_extent(day)
    positions, share = ridden.sampled(day.within(day.positions))
    if positions.empty:
        mapped = extent is not None
        text = "The map of orders shows where they went, not the way there." if mapped else "No ride can be drawn."
        return empty_finding("rides", subject, "No positions of couriers arrived", text)
    if extent is None:
        return empty_finding("rides", subject, "No place is known", "There is no map to draw rides on.")
    ways = ridden.ways(positions)
    of_some = "" if share == 1 else f" Of every {n.number(round(1 / share))} couriers one is drawn."
    if streets is None:
        return _rides_in_cells(ways, extent, subject, of_some)
    rides = ridden.rides_on_streets(ways, streets)
    if (rides >= PRIVATE).sum() == 0:
        text = f"No stretch of street had {n.word(PRIVATE)} rides; fewer would show the way to single homes."
        return empty_finding("rides", subject, "Too few rides to draw", text)
    metres = streets_metres(streets)
    table = as_table(
        _by_class(rides, metres),
        columns={"rides": "Rides along a stretch", "stretches": "Stretches", "km": "Street, km"},
    )
    concentrated = half_of_riding(rides, metres)
    orders = positions["order_id"].nunique()
    title = subject
    if orders >= FEW:
        title = f"Half of all riding went along {n.percent(concentrated, 0)} of the streets"
    busiest = n.number(int(rides.max()))
    carried = f"{n.plural(orders, 'order')} carried; the busiest stretch saw {busiest} of them.{of_some}"
    least = n.word(PRIVATE)
    alt = f"Map of streets, thicker and darker where more rides went: from {least} to {busiest} along a stretch."
    return Finding("rides", title, carried, alt, (map_plots.rides_map(extent, streets, rides),), table)


def _rides_in_cells(ways: pd.DataFrame, extent: Extent, subject: str, of_some: str) -> Finding:
    rides = ridden.rides_in_cells(ways)
    if (rides >= PRIVATE).sum() == 0:
        text = f"No cell had {n.word(PRIVATE)} rides; fewer would show the way to single homes."
        return empty_finding("rides", subject, "Too few rides to draw", text)
    table = as_table(
        pd.DataFrame({"cells": [int((rides >= PRIVATE).sum())], "most": [int(rides.max())]}),
        columns={"cells": "Cells drawn", "most": "Most rides through one"},
    )
    say = f"Through the busiest cell went {n.plural(int(rides.max()), 'ride')}.{of_some} {NO_STREETS}"
    alt = (
        f"Map of H3 cells, darker where more rides went: from {n.word(PRIVATE)} to {n.number(int(rides.max()))} a cell."
    )
    return Finding("rides", subject, say, alt, (map_plots.ride_cells_map(extent, rides),), table)


def streets_metres(streets: Streets) -> np.ndarray:
    """Straight metres between the ends of each stretch."""
    scale = np.cos(np.radians(streets.node_lat.mean()))
    (a, b) = streets.ends.T
    north, east = streets.node_lat[a] - streets.node_lat[b], (streets.node_lng[a] - streets.node_lng[b]) * scale
    return np.asarray(np.hypot(north, east) * ridden.METRES_A_DEGREE)


def half_of_riding(rides: np.ndarray, metres: np.ndarray) -> float:
    """Least share of all street length that carries half of the metres ridden."""
    order = np.argsort(-rides, kind="stable")
    ridden_metres = np.cumsum(rides[order] * metres[order])
    needed = int(np.searchsorted(ridden_metres, ridden_metres[-1] / 2)) + 1
    return float(metres[order][:needed].sum() / metres.sum())


def _by_class(rides: np.ndarray, metres: np.ndarray) -> pd.DataFrame:
    """Stretches and kilometres by class of rides, those under PRIVATE first and together."""
    edges = map_plots.ride_edges(rides)
    names = [f"under {PRIVATE}", *class_names(edges)]
    level = class_of(rides, edges) + 1
    return pd.DataFrame(
        {
            "rides": names,
            "stretches": [int((level == k).sum()) for k in range(len(names))],
            "km": [float(metres[level == k].sum() / 1000) for k in range(len(names))],
        }
    )
