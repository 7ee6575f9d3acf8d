"""Bars of plain counts, for the notebooks that move data."""

from __future__ import annotations

from collections.abc import Mapping

from matplotlib.patches import Rectangle

from pipelines.reporting import numbers as n
from pipelines.reporting import plot_style as ps
from pipelines.reporting.plots import short_name


def count_plot(counts: Mapping[str, int], unit: str, accent: str | None = None) -> str:
    """One bar a name in the given order, its count beside it; `accent` is the bar that the text speaks of."""
    height = 24 + 26 * max(len(counts), 1)
    highest = max([*counts.values(), 1])
    with ps.style():
        fig = ps.figure(ps.NARROW_UNITS, height)
        ax = ps.canvas(fig)
        ax.text(360, 11, unit, ha="right", fontsize=11)
        for row, (name, count) in enumerate(counts.items()):
            y = 20 + 26 * row
            told = name == accent
            ax.text(0, y + 12, short_name(name, 24), color=ps.INK, weight="bold" if told else "normal")
            ax.add_patch(
                Rectangle((166, y + 1), 130 * count / highest, 14, color=ps.LATE if told else ps.NEUTRAL, linewidth=0)
            )
            ax.text(360, y + 12, n.number(count), ha="right", color=ps.INK, weight="bold" if told else "normal")
        return ps.to_svg(fig)
