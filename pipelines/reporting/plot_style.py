"""How plots of reports look: 360 units wide, 12-unit text, light hex values that the report swaps for tokens.

A unit is a point is a CSS pixel, so text in a plot has the size of text on the page. No pyplot: a figure belongs to
whoever made it and is gone with it.
"""

from __future__ import annotations

import io
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from pipelines.reporting.numbers import number

PAPER, INK, MUTED = "#FFFFFF", "#15201E", "#54615E"
NEUTRAL, AXIS, RULE, TINT = "#828D89", "#7F8B87", "#D3DAD7", "#F1F4F3"
GOOD, LATE, BAD = "#0A62A6", "#AB5500", "#8A0E43"
RAMP = ("#FCEBD3", "#F4C78E", "#E09A4A", "#AE5E0C", "#6A3204")
ON_RAMP = (INK, INK, INK, PAPER, PAPER)  # dark text on classes 1-3, light on 4-5
STATE_COLOUR = {"bad": BAD, "late": LATE, "good": GOOD}

NARROW_UNITS, WIDE_UNITS = 360, 752

STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "dishpatch",  # ids are made unique in the page by the report, cell by cell
    "figure.dpi": 72,
    "font.size": 12,
    "text.color": MUTED,
    "axes.edgecolor": AXIS,
    "axes.facecolor": "none",
    "figure.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.axisbelow": True,
    "axes.grid": False,
    "grid.color": RULE,
    "grid.linewidth": 1,
    "xtick.bottom": False,
    "ytick.left": False,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 12,
    "ytick.labelsize": 12,
    "hatch.color": PAPER,
    "hatch.linewidth": 1,
    "lines.linewidth": 2,
    "path.simplify": True,
}


def figure(width: int, height: int) -> Figure:
    """An empty figure, width × height units; call inside `mpl.rc_context(STYLE)`."""
    return Figure(figsize=(width / 72, height / 72))


def axes(fig: Figure, left: float, top: float, width: float, height: float) -> Axes:
    """Axes at a place given in units from the figure's top left corner."""
    full_width, full_height = fig.get_size_inches() * 72
    box = (left / full_width, 1 - (top + height) / full_height, width / full_width, height / full_height)
    return fig.add_axes(box)


def canvas(fig: Figure) -> Axes:
    """Axes over the whole figure whose coordinates are units from the top left corner; nothing is drawn by itself."""
    width, height = fig.get_size_inches() * 72
    ax = axes(fig, 0, 0, width, height)
    ax.set_xlim(0, width)
    ax.set_ylim(height, 0)
    ax.axis("off")
    return ax


def to_svg(fig: Figure) -> str:
    """The figure as SVG, without a date so that equal figures are equal bytes."""
    buffer = io.StringIO()
    FigureCanvasSVG(fig).print_svg(buffer, metadata={"Date": None})  # type: ignore[no-untyped-call]
    return buffer.getvalue()


def plate(**more: Any) -> dict[str, Any]:
    """Text options that put a label on a paper plate, so that it stays readable over a mark."""
    return {"bbox": {"facecolor": PAPER, "edgecolor": "none", "pad": 1}, **more}


def style() -> Any:
    """The context in which a figure is made and saved."""
    return mpl.rc_context(STYLE)


def ceiling(value: float, ticks: int = 4) -> tuple[float, float]:
    """(top, step) of an axis from zero that holds `value` with at most `ticks` round steps."""
    if value <= 0:
        return 1.0, 1.0
    for exponent in range(-2, 9):
        for base in (1, 2, 2.5, 5):
            step = base * 10**exponent
            if step * ticks >= value and not (base == 2.5 and exponent < 1):
                return step * -(-value // step), step
    return value, value


def value_axis(ax: Axes, highest: float, ticks: int = 4) -> None:
    """An axis from zero that holds `highest`, with at most `ticks` round steps and horizontal grid lines."""
    top, step = ceiling(highest, ticks)
    at = [step * i for i in range(1, round(top / step) + 1)]
    ax.set_ylim(0, top * 1.04)
    ax.set_yticks(at, [number(t, 0 if step >= 1 else 1) for t in at])
    ax.yaxis.grid(True)
    ax.tick_params(axis="y", pad=4, length=0)
    ax.tick_params(axis="x", length=0)
