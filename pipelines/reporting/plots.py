"""The chart forms of reports, each from a small frame to SVG text. What a mark means is the caller's decision.

Every function draws at one width; a wide figure is two calls, 752 and 360 units.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pipelines.reporting import numbers as n
from pipelines.reporting import plot_style as ps
from pipelines.reporting.frames import Row, records

Scale = Callable[[float], float]


_NAME_CHARS = 15  # what fits into 96 units of 12-unit text


def short_name(name: str, chars: int = _NAME_CHARS) -> str:
    """A label that fits beside its mark; the full name is in the table."""
    return name if len(name) <= chars else f"{name[: chars - 1].rstrip()}…"


def hours_plot(hours: pd.DataFrame, width: int, usual_name: str) -> str:
    """Orders by hour over late share by hour.

    Columns: local_hour, orders_placed, usual_orders, late_share, usual_late_share (fractions or missing) and accent
    (the hours the title is about).
    """
    with ps.style():
        fig = ps.figure(width, 320)
        positions = range(len(hours))
        left, inner = 30.0, width - 34.0
        top, bottom = ps.axes(fig, left, 22, inner, 126), ps.axes(fig, left, 184, inner, 110)
        fig.text(0, 1 - 10 / 320, "Orders placed", color=ps.INK, weight="bold")
        fig.text(0, 1 - 174 / 320, "Late, % of deliveries with a promise", color=ps.INK, weight="bold")
        _order_bars(top, hours, usual_name, width)
        _late_line(bottom, hours)
        every = 1 if width > ps.NARROW_UNITS or len(hours) <= 8 else 2
        bottom.set_xticks(list(positions)[::every], [f"{int(h):02d}" for h in hours["local_hour"]][::every])
        for ax in (top, bottom):
            ax.set_xlim(-0.6, len(hours) - 0.4)
        top.set_xticks([])
        return ps.to_svg(fig)


def _order_bars(ax: Axes, hours: pd.DataFrame, usual_name: str, width: int) -> None:
    ax.bar(range(len(hours)), hours["orders_placed"], width=0.68, color=ps.NEUTRAL)
    usual = hours["usual_orders"].astype(float)
    ps.value_axis(ax, float(max(hours["orders_placed"].max(), usual.max() if usual.notna().any() else 0)))
    known = [(i, v) for i, v in enumerate(usual) if v == v]
    for i, value in known:
        ax.plot([i - 0.46, i + 0.46], [value, value], color=ps.INK, linewidth=1.5, solid_capstyle="butt")
    if known:  # named over the first ticks, where a day's demand is low
        top = ax.get_ylim()[1]
        near = -(-60 // max(width // (len(hours) + 1), 1))  # bars that the label stands over
        over = max([*usual.iloc[:near].dropna(), *hours["orders_placed"].iloc[:near]]) + top * 0.05
        ax.text(-0.46, min(over, top * 0.92), usual_name, color=ps.INK, fontsize=11)


def _late_line(ax: Axes, hours: pd.DataFrame) -> None:
    late, usual = hours["late_share"].astype(float) * 100, hours["usual_late_share"].astype(float) * 100
    highest = max((s.max() for s in (late, usual) if s.notna().any()), default=0.0)
    ps.value_axis(ax, min(max(float(highest) * 1.12, 10.0), 100.0))
    positions = list(range(len(hours)))
    if usual.notna().any():
        ax.plot(positions, usual, color=ps.INK, linewidth=1.5)
        inner = slice(1, -2) if len(hours) > 4 else slice(None)
        apart = (late - usual).abs().fillna(0.0)
        apart.iloc[[i for i in positions if i not in positions[inner]]] = 0.0
        at = int(apart.to_numpy().argmax())  # named where the two lines are farthest apart, on the free side
        side = -0.11 if late.iloc[at] > usual.iloc[at] else 0.06
        y = max(float(usual.iloc[at]) + ax.get_ylim()[1] * side, 0.3)
        ax.text(min(max(at, 0.6), len(hours) - 1.6), y, "usual", color=ps.INK, fontsize=11, ha="center")
    ax.plot(positions, late, color=ps.NEUTRAL)
    ordinary = [i for i in positions if late.iloc[i] == late.iloc[i] and not hours["accent"].iloc[i]]
    ax.plot(ordinary, late.iloc[ordinary], "o", color=ps.NEUTRAL, markersize=6)
    accents = [i for i in positions if hours["accent"].iloc[i]]
    ax.plot(accents, late.iloc[accents], "^", color=ps.LATE, markersize=9, markeredgecolor="none")
    if accents:
        peak = max(accents, key=lambda i: late.iloc[i])
        label = n.percent(late.iloc[peak] / 100, 0)
        more: dict[str, Any] = {"textcoords": "offset points", "color": ps.LATE, "weight": "bold", "ha": "center"}
        ax.annotate(label, (peak, late.iloc[peak]), (0, 9), **more)


def range_plot(zones: pd.DataFrame, minutes_limit: float | None, limit_name: str) -> str:
    """Median ring to p90 mark by place, longest first.

    Columns: name, median, p90, usual_p90 (minutes, the last may be missing), state ("late", "bad" or anything else).
    """
    rows = len(zones)
    height = max(60 + 30 * rows, 120)
    with ps.style():
        fig = ps.figure(ps.NARROW_UNITS, height)
        ax = ps.canvas(fig)
        values = [
            *zones["median"],
            *zones["p90"],
            *zones["usual_p90"].dropna(),
            *([minutes_limit] if minutes_limit else []),
        ]
        low, high = _bounds(values)

        def x(value: float) -> float:
            return 112 + (value - low) / (high - low) * 190

        _range_axis(ax, low, high, height, x_of=x, limit=minutes_limit, limit_name=limit_name)
        for i, row in enumerate(records(zones)):
            y = 40 + 30 * i
            _range_row(ax, row, y, x, first=i == 0)
        return ps.to_svg(fig)


def _bounds(values: Sequence[float]) -> tuple[float, float]:
    _, step = ps.ceiling(max(max(values) - min(values), 1.0), 3)
    low = step * (min(values) // step)
    return low, max(step * -(-max(values) // step), low + step)


def _range_axis(
    ax: Axes, low: float, high: float, height: float, *, x_of: Scale, limit: float | None, limit_name: str
) -> None:
    _, step = ps.ceiling(high - low, 4)
    tick = low
    while tick <= high + 1e-9:
        ax.plot([x_of(tick)] * 2, [24, height - 20], color=ps.RULE, linewidth=1)
        if limit is None or abs(x_of(tick) - x_of(limit)) > 16:
            ax.text(x_of(tick), height - 4, n.number(tick, 0 if step >= 1 else 1), ha="center")
        tick += step
    if limit is not None:
        ax.plot([x_of(limit)] * 2, [18, height - 20], color=ps.INK, linewidth=1, linestyle=(0, (3, 3)))
        ax.text(x_of(limit), 12, limit_name, color=ps.INK, weight="bold", ha="center")
        ax.text(x_of(limit), height - 4, n.number(limit), color=ps.INK, weight="bold", ha="center")


def _range_row(ax: Axes, row: Row, y: float, x_of: Scale, *, first: bool) -> None:
    name, median, p90, usual, state = (row[k] for k in ("name", "median", "p90", "usual_p90", "state"))
    accent = ps.STATE_COLOUR.get(state) if state in ("late", "bad") else None
    ax.text(0, y + 4, short_name(name), color=ps.INK, weight="bold" if accent else "normal")
    ax.plot([x_of(median), x_of(p90)], [y, y], color=ps.NEUTRAL, linewidth=4, solid_capstyle="butt")
    if usual == usual:
        ax.plot([x_of(usual)] * 2, [y - 9, y + 9], color=ps.INK, linewidth=1.5)
    ax.plot(
        [x_of(median)], [y], "o", markersize=9, markerfacecolor=ps.PAPER, markeredgecolor=ps.NEUTRAL, markeredgewidth=2
    )
    marker, size = {"late": ("^", 11), "bad": ("D", 9)}.get(state, ("o", 9))
    ax.plot([x_of(p90)], [y], marker, markersize=size, color=accent or ps.NEUTRAL, markeredgecolor="none")
    label = f"{n.number(p90)} p90" if first else n.number(p90)
    ax.text(x_of(p90) + 10, y + 4, label, color=accent or ps.INK, weight="bold", **ps.plate())
    ax.text(x_of(median) - 9, y + 4, n.number(median), ha="right", **ps.plate())


def grid_plot(grid: pd.DataFrame, counts: pd.DataFrame, min_count: int) -> str:
    """Late share by row and hour: index row names, columns local hours, values fractions; `counts` the deliveries.

    Cells under `min_count` are dotted and not coloured; the top class is hatched.
    """
    hours = list(grid.columns)
    left = 34.0
    step = (ps.NARROW_UNITS - left) / max(len(hours), 1)
    height = 22 + 30 * len(grid)
    steps = class_edges(grid.where(counts >= min_count))
    with ps.style():
        fig = ps.figure(ps.NARROW_UNITS, height)
        ax = ps.canvas(fig)
        every = 1 if step >= 18 else 2
        for i, local_hour in enumerate(hours[::every]):
            ax.text(left + (i * every + 0.5) * step, 12, f"{int(local_hour):02d}", fontsize=11, ha="center")
        values, known = grid.to_numpy(float), counts.to_numpy(float)
        for j, name in enumerate(grid.index):
            ax.text(0, 18 + 30 * j + 18, str(name), color=ps.INK)
            for i in range(len(hours)):
                cell = (left + i * step + 0.5, 18 + 30 * j, step - 1, 29)
                _grid_cell(
                    ax,
                    cell,
                    float(values[j, i]),
                    enough=bool(known[j, i] >= min_count),
                    edges=steps,
                    labelled=step >= 13,
                )
        return ps.to_svg(fig)


def class_edges(grid: pd.DataFrame) -> list[float]:
    """Lower edges of classes 2 to 5 of the ramp: round per cents over the values that count."""
    known = grid.to_numpy(float)
    highest = float(np.nanmax(known)) if np.isfinite(known).any() else 0.0
    _, step = ps.ceiling(max(highest * 100, 10.0), 5)
    return [step * i / 100 for i in range(1, 5)]


def _grid_cell(
    ax: Axes, box: tuple[float, float, float, float], value: float, *, enough: bool, edges: list[float], labelled: bool
) -> None:
    x, y, width, height = box
    if value != value:
        return
    if not enough:
        ax.plot([x + width / 2], [y + height / 2], "o", color=ps.NEUTRAL, markersize=2)
        return
    level = sum(value >= edge for edge in edges)
    ax.add_patch(Rectangle((x, y), width, height, facecolor=ps.RAMP[level], edgecolor="none", linewidth=0))
    if level == 4:
        ax.plot([x, x + width], [y + height - 1, y + height - 1], color=ps.INK, linewidth=2, solid_capstyle="butt")
    if labelled:
        ax.text(x + width / 2, y + 18.5, n.number(value * 100), fontsize=11, ha="center", color=ps.ON_RAMP[level])


def pair_plot(hours: pd.DataFrame, width: int, names: tuple[str, str]) -> str:
    """Two lines by hour, the first the one the title is about. Columns: local_hour, first, second (minutes)."""
    with ps.style():
        fig = ps.figure(width, 240)
        ax = ps.axes(fig, 30, 14, width - 110, 196)
        positions = list(range(len(hours)))
        highest = float(hours[["first", "second"]].max().max())
        ps.value_axis(ax, highest)
        ax.plot(positions, hours["second"], color=ps.NEUTRAL)
        ax.plot(positions, hours["first"], color=ps.INK)
        every = 1 if width > ps.NARROW_UNITS or len(hours) <= 8 else 3
        ax.set_xticks(positions[::every], [f"{int(h):02d}" for h in hours["local_hour"]][::every])
        ends = [float(hours[c].dropna().iloc[-1]) for c in ("first", "second")]
        apart = max(ax.get_ylim()[1] * 0.08 - abs(ends[0] - ends[1]), 0) / 2
        for end, name, colour, side in ((ends[0], names[0], ps.INK, 1), (ends[1], names[1], ps.MUTED, -1)):
            up = side if ends[0] >= ends[1] else -side
            ax.text(
                len(hours) - 0.7,
                end + up * apart,
                name,
                color=colour,
                weight="bold" if side == 1 else "normal",
                va="center",
            )
        ax.set_xlim(-0.5, len(hours) - 0.8)
        return ps.to_svg(fig)
