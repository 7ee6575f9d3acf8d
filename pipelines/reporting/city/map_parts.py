"""What the maps of a report are made of: streets, cells, restaurants, legends."""

from __future__ import annotations

from collections.abc import Sequence

import h3
import numpy as np
import pandas as pd

from pipelines.reporting import numbers as n
from pipelines.reporting import plot_style as ps
from pipelines.reporting.city import drawing as dr
from pipelines.reporting.city.classes import class_names
from pipelines.reporting.city.frame import Frame
from pipelines.reporting.city.street_lines import HALF, Lines

LARGEST_DOT, SMALLEST_DOT = 8.0, 1.6  # radius, units
MOST_DOTS = 300  # restaurants drawn, those with most orders: about 12 KB of a drawing


def street_path(lines: Lines, colour: str, width: float, more: str = "") -> str:
    """Streets as one path; `width` in units."""
    drawn = dr.path(lines.path, stroke=colour, width=width * HALF, more=f'stroke-linecap="round" {more}'.strip())
    return f'<g transform="scale({1 / HALF})">{drawn}</g>' if drawn else ""


def cell_outlines(cells: Sequence[str], frame: Frame) -> str:
    """The H3 cells as one path."""
    shapes = []
    for cell in cells:  # h3 has no vectorised call
        lat, lng = np.array(h3.cell_to_boundary(cell)).T
        shapes.append(dr.outline(frame.x(lng), frame.y(lat)))
    return "".join(shapes)


def cells_by_class(cells: pd.Series, classes: np.ndarray, colours: Sequence[str], frame: Frame) -> list[str]:
    """Cells filled by class, a hair of paper between them."""
    return [
        dr.path(
            cell_outlines([str(c) for c in cells.index[classes == level]], frame),
            fill=colour, stroke=ps.PAPER, width=0.6,
        )
        for level, colour in enumerate(colours)
    ]  # fmt: skip


def dot_radius(orders: np.ndarray, most: float) -> np.ndarray:
    """Radius of a restaurant's dot: its area follows its orders."""
    return np.asarray(np.maximum(LARGEST_DOT * np.sqrt(orders / max(most, 1.0)), SMALLEST_DOT))


def dots(shops: pd.DataFrame, frame: Frame) -> str:
    """The MOST_DOTS restaurants with most orders, the smallest on top so that none is hidden."""
    known = shops.dropna(subset=["lat", "lng"]).sort_values("orders", ascending=False, kind="stable").head(MOST_DOTS)
    x, y = frame.x(known["lng"].to_numpy(float)), frame.y(known["lat"].to_numpy(float))
    radius = dot_radius(known["orders"].to_numpy(float), float(shops["orders"].max()) if len(shops) else 1.0)
    inside = frame.holds(x, y)
    circles = [dr.circle(*place) for place in zip(x[inside], y[inside], radius[inside], strict=True)]
    return dr.group(circles, f'fill="{ps.INK}" fill-opacity=".82" stroke="{ps.PAPER}" stroke-width=".8"')


def ramp_legend(
    x: float, y: float, width: float, edges: Sequence[int], colours: Sequence[str], title: str
) -> list[str]:
    """Boxes of the ramp's classes with their counts, under a title; 40 units high."""
    each = width / max(len(edges), 1)
    parts = [dr.text(x, y + 10, title, size=11)]
    for place, (name, colour) in enumerate(zip(class_names(edges), colours, strict=False)):
        parts.append(dr.rect(x + place * each, y + 16, each - 1, 8, colour))
        parts.append(dr.text(x + (place + 0.5) * each, y + 36, name, size=11, anchor="middle"))
    return parts


def line_legend(
    x: float, y: float, width: float, edges: Sequence[int], colours: Sequence[str], widths: Sequence[float], title: str
) -> list[str]:
    """As `ramp_legend`, with lines as thick as they are drawn."""
    each = width / max(len(edges), 1)
    parts = [dr.text(x, y + 10, title, size=11)]
    for place, (name, colour, thick) in enumerate(zip(class_names(edges), colours, widths, strict=False)):
        start = x + place * each
        parts.append(dr.path(f"M{dr.num(start)} {dr.num(y + 20)}h{dr.num(each - 6)}", stroke=colour, width=thick))
        parts.append(dr.text(start + each / 2 - 3, y + 36, name, size=11, anchor="middle"))
    return parts


def dot_legend(x: float, y: float, most: int) -> list[str]:
    """Three dots with the orders that they stand for, in a row of about 190 units."""
    sizes = sorted({max(most, 1), max(most // 4, 1), max(most // 16, 1)})
    radius = dot_radius(np.array(sizes, dtype=float), float(most))
    parts, at = [dr.text(x, y + 10, "Restaurants, sized by orders", size=11)], x + 8
    circles = []
    for size, r in zip(sizes, radius, strict=True):
        circles.append(dr.circle(at, y + 24, float(r)))
        parts.append(dr.text(at + float(r) + 4, y + 28, n.number(size), size=11))
        at += float(r) * 2 + 34
    return [*parts, dr.group(circles, f'fill="{ps.INK}" fill-opacity=".82"')]
