"""The two maps: where orders go and who cooks them, and where couriers ride."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from pipelines.reporting import numbers as n
from pipelines.reporting import plot_style as ps
from pipelines.reporting.city import drawing as dr
from pipelines.reporting.city import map_parts as parts
from pipelines.reporting.city.classes import class_edges, class_of
from pipelines.reporting.city.day import PRIVATE
from pipelines.reporting.city.frame import Extent, Frame
from pipelines.reporting.city.places import Demand
from pipelines.reporting.city.street_lines import street_lines
from pipelines.reporting.city.streets import Streets
from pipelines.reporting.frames import records
from pipelines.reporting.plots import short_name

MAP_WIDTH, MAP_HEIGHT = 500.0, 480.0  # of the wide drawing; beside it the zones are listed
NARROW_HEIGHT = 400.0
STREETS_WIDE, STREETS_NARROW = 7_000, 3_500  # stretches drawn at most: about 60 and 30 KB
MAIN_STREET_KMH = 30.0
RIDE_COLOURS, RIDE_WIDTHS = ps.RAMP[1:], (1.2, 1.9, 2.7, 3.6)
CREDIT = "Streets © OpenStreetMap contributors"
_ZONES_LISTED = 9


def demand_map(
    width: int, extent: Extent, demand: Demand, zones: pd.DataFrame, shops: pd.DataFrame, streets: Streets | None
) -> str:
    """Orders by cell, streets, restaurants and names of zones; the wide drawing lists the zones beside the map."""
    wide = width > ps.NARROW_UNITS
    frame = extent.fitted(0, 0, MAP_WIDTH if wide else width, MAP_HEIGHT if wide else NARROW_HEIGHT)
    edges = class_edges(PRIVATE, float(demand.cells.max()) if len(demand.cells) else PRIVATE, len(ps.RAMP))
    layers = [
        *parts.cells_by_class(demand.cells, class_of(demand.cells.to_numpy(), edges), ps.RAMP, frame),
        *_streets(streets, frame, STREETS_WIDE if wide else STREETS_NARROW),
        dr.path(parts.cell_outlines(_cells(zones), frame), stroke=ps.MUTED, width=1, more='stroke-dasharray="1.5 3"'),
        parts.dots(shops, frame),
        *parts.zone_names(zones, demand.cells, frame, _ZONES_LISTED if wide else 6),
    ]
    drawn = [dr.clipped(f"city-{width}", frame.left, frame.top, frame.width, frame.height, layers)]
    most = int(shops["orders"].max()) if len(shops) else 0
    if wide:
        drawn += [*_zone_list(zones, 532, width), *_credit(streets, frame)]
        drawn += parts.ramp_legend(532, 330, width - 532, edges, ps.RAMP, "Orders by cell")
        drawn += parts.dot_legend(532, 390, most)
        return dr.document(width, max(frame.height + 18, 440), drawn)
    below = frame.height + 18
    drawn += [*_credit(streets, frame), *parts.ramp_legend(0, below, 300, edges, ps.RAMP, "Orders by cell")]
    drawn += parts.dot_legend(0, below + 46, most)
    return dr.document(width, below + 82, drawn)


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


def _zone_list(zones: pd.DataFrame, left: float, right: float) -> list[str]:
    """Zones by orders: name, bar, orders and late share."""
    shown = records(zones.head(_ZONES_LISTED))
    drawn = [dr.text(left, 12, "Orders by zone", colour=ps.INK, bold=True)]
    drawn.append(dr.text(right, 12, "late", size=11, anchor="end"))
    most = max((row["orders"] for row in shown), default=1)
    for place, row in enumerate(shown):
        y = 34 + 32 * place
        drawn.append(dr.text(left, y, short_name(row["name"], 22), colour=ps.INK))
        drawn.append(dr.text(right, y, n.percent(row["late_share"], 0), colour=ps.INK, anchor="end"))
        length = max(150 * row["orders"] / most, 1)
        drawn.append(dr.rect(left, y + 5, length, 8, ps.NEUTRAL))
        drawn.append(dr.text(left + length + 5, y + 13, n.number(row["orders"]), size=11))
    return drawn


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
