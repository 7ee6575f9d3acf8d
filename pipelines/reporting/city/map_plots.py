"""The two maps: where orders go and who cooks them, and where couriers ride."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipelines.reporting import plot_style as ps
from pipelines.reporting.city import drawing as dr
from pipelines.reporting.city import map_parts as parts
from pipelines.reporting.city import zone_list
from pipelines.reporting.city.classes import class_edges, class_of
from pipelines.reporting.city.day import PRIVATE
from pipelines.reporting.city.frame import Extent, Frame
from pipelines.reporting.city.map_labels import zone_labels
from pipelines.reporting.city.places import Demand
from pipelines.reporting.city.street_lines import street_lines
from pipelines.reporting.city.streets import Streets

MAP_WIDTH, MAP_HEIGHT = 500.0, 480.0  # at most, where the zones are listed beside the map
NARROW_HEIGHT = 400.0
FLAT = 1.6  # times as wide as high: beside such a map half of the drawing would be blank, so the list goes under it
GAP = 32.0  # units between the map and the list beside it
STREETS_WIDE, STREETS_NARROW = 7_000, 3_500  # stretches drawn at most: about 60 and 30 KB
MAIN_STREET_KMH = 30.0
RIDE_COLOURS, RIDE_WIDTHS = ps.RAMP[1:], (1.2, 1.9, 2.7, 3.6)
# The licence of the streets asks to be named where they are shown; the address tells its terms.
CREDIT = "© OpenStreetMap contributors, openstreetmap.org/copyright"


def demand_map(
    width: int, extent: Extent, demand: Demand, zones: pd.DataFrame, shops: pd.DataFrame, streets: Streets | None
) -> str:
    """Orders by cell, streets, restaurants and names of zones, and the zones as a list.

    The list stands beside the map where the drawing is wide and the city is not flat, else under it.
    """
    wide = width > ps.NARROW_UNITS
    beside = wide and extent.aspect < FLAT
    across = float(np.clip(MAP_HEIGHT * extent.aspect, ps.NARROW_UNITS, MAP_WIDTH)) if beside else float(width)
    frame = extent.fitted(0, 0, across, MAP_HEIGHT if wide else NARROW_HEIGHT)
    edges = class_edges(PRIVATE, float(demand.cells.max()) if len(demand.cells) else PRIVATE, len(ps.RAMP))
    layers = [
        *parts.cells_by_class(demand.cells, class_of(demand.cells.to_numpy(), edges), ps.RAMP, frame),
        *_streets(streets, frame, STREETS_WIDE if wide else STREETS_NARROW),
        dr.path(parts.cell_outlines(_cells(zones), frame), stroke=ps.MUTED, width=1, more='stroke-dasharray="1.5 3"'),
        parts.dots(shops, frame),
    ]
    drawn = [dr.clipped(f"city-{width}", frame.left, frame.top, frame.width, frame.height, layers)]
    drawn += [*zone_labels(zones, frame, zone_list.MOST), *_credit(streets, frame)]
    most = int(shops["orders"].max()) if len(shops) else 0
    if beside:
        left = across + GAP
        drawn += zone_list.zone_list(zones, left, width, 12)
        drawn += parts.ramp_legend(left, 330, width - left, edges, ps.RAMP, "Orders by cell")
        drawn += parts.dot_legend(left, 390, most)
        return dr.document(width, max(frame.height + 18, 440), drawn)
    below = frame.height + 18
    drawn += parts.ramp_legend(0, below, 300, edges, ps.RAMP, "Orders by cell")
    drawn += parts.dot_legend(*((400, below) if wide else (0, below + 46)), most)
    top = below + (70 if wide else 112)
    columns = 3 if wide else 1
    drawn += zone_list.zone_list(zones, 0, width, top, columns)
    return dr.document(width, top + zone_list.height(zones, columns), drawn)


def _cells(zones: pd.DataFrame) -> list[str]:
    return [str(z) for z, valid in zip(zones["zone_id"], zones["is_cell"], strict=True) if valid]


def _streets(streets: Streets | None, frame: Frame, most: int) -> Iterator[str]:
    """Thin and grey, main streets a little thicker."""
    if streets is None:
        return
    main = streets.kmh >= MAIN_STREET_KMH
    first = street_lines(streets, frame, most, main)
    rest = most - sum(len(line) for line in first.lines)
    yield parts.street_path(street_lines(streets, frame, max(rest, 0), ~main), ps.AXIS, 0.5, 'opacity=".6"')
    yield parts.street_path(first, ps.AXIS, 1.1, 'opacity=".8"')


def _credit(streets: Streets | None, frame: Frame) -> list[str]:
    return (
        [] if streets is None else [dr.text(frame.left + frame.width, frame.height + 12, CREDIT, size=11, anchor="end")]
    )


def ride_edges(rides: np.ndarray) -> list[int]:
    """Lower edges of the classes of rides."""
    return class_edges(PRIVATE, float(rides.max(initial=0)), len(RIDE_COLOURS))


def rides_map(extent: Extent, streets: Streets, rides: np.ndarray, width: int = ps.NARROW_UNITS) -> str:
    """Streets as thick and dark as many rides went along them; those under PRIVATE rides are as grey as all streets."""
    frame = extent.fitted(0, 0, width, NARROW_HEIGHT)
    edges = ride_edges(rides)
    level = class_of(rides, edges)
    layers = [parts.street_path(street_lines(streets, frame, STREETS_NARROW, level < 0), ps.RULE, 0.6)]
    for place in range(len(edges)):
        lines = street_lines(streets, frame, STREETS_NARROW, level == place)
        layers.append(parts.street_path(lines, RIDE_COLOURS[place], RIDE_WIDTHS[place]))
    drawn = [dr.clipped(f"rides-{width}", 0, 0, frame.width, frame.height, layers), *_credit(streets, frame)]
    below = frame.height + 18
    drawn += parts.line_legend(0, below, width * 0.75, edges, RIDE_COLOURS, RIDE_WIDTHS, "Rides along a stretch")
    return dr.document(width, below + 42, drawn)


def ride_cells_map(extent: Extent, rides: pd.Series, width: int = ps.NARROW_UNITS) -> str:
    """As `rides_map` where the streets are not known: cells of at least PRIVATE rides."""
    frame = extent.fitted(0, 0, width, NARROW_HEIGHT)
    shown = rides[rides >= PRIVATE]
    edges = class_edges(PRIVATE, float(shown.max()) if len(shown) else PRIVATE, len(RIDE_COLOURS))
    layers = parts.cells_by_class(shown, class_of(shown.to_numpy(), edges), RIDE_COLOURS, frame)
    below = frame.height + 8
    legend = parts.ramp_legend(0, below, width * 0.75, edges, RIDE_COLOURS, "Rides through a cell")
    return dr.document(width, below + 42, [dr.clipped(f"rides-{width}", 0, 0, width, frame.height, layers), *legend])
