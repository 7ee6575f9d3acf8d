"""Bars of what was lost: along an order's way, and ranked by who lost it."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pipelines.reporting import numbers as n
from pipelines.reporting import plot_style as ps
from pipelines.reporting.frames import records
from pipelines.reporting.plots import short_name


def losses_plot(stages: Sequence[tuple[str, int, Sequence[tuple[str, int]]]], accent: str | None, unusual: bool) -> str:
    """Orders left after each step and, between steps, those lost, by reason (on their own scale).

    `stages` are (step, orders left, reasons lost before the next step); the first stage's count is the whole.
    `accent` is the reason that the title names; it is coloured only where it is more than usual (`unusual`).
    """
    whole = stages[0][1]
    worst = max((count for _, _, reasons in stages for _, count in reasons), default=0)
    rows = sum(len(reasons) for _, _, reasons in stages)
    height = 32 * len(stages) + 20 * rows + 14 * sum(bool(r) for _, _, r in stages)
    with ps.style():
        fig = ps.figure(ps.NARROW_UNITS, height)
        ax = ps.canvas(fig)
        y = 12.0
        for name, left, reasons in stages:
            share = "" if left == whole else f"  ·  {n.percent(left / whole)}"
            ax.text(0, y, name, color=ps.INK, weight="bold")
            ax.text(360, y, n.number(left) + share, color=ps.INK, weight="bold", ha="right")
            ax.add_patch(Rectangle((0, y + 6), 360, 7, color=ps.RULE, linewidth=0))
            ax.add_patch(Rectangle((0, y + 6), 360 * left / whole, 7, color=ps.NEUTRAL, linewidth=0))
            y += 32
            for reason, count in reasons:
                _loss_row(ax, y, reason, count, worst, told=accent == reason, unusual=unusual)
                y += 20
            y += 14 if reasons else 0
        return ps.to_svg(fig)


def _loss_row(ax: Axes, y: float, reason: str, count: int, worst: int, *, told: bool, unusual: bool) -> None:
    length = 140 * count / worst if worst else 0
    bad = told and unusual
    weight = "bold" if told else "normal"
    ax.text(168, y + 10, reason, ha="right", color=ps.INK if told else ps.MUTED, weight=weight)
    ax.add_patch(Rectangle((176, y), length, 12, color=ps.BAD if bad else ps.NEUTRAL, linewidth=0))
    ax.text(182 + length, y + 10, n.number(-count), color=ps.BAD if bad else ps.INK, weight=weight)


def ranked_plot(rows: pd.DataFrame, unit: str) -> str:
    """Bars sorted by value with the count they are a part of beside them.

    Columns: name, part, whole, usual (share or missing), state.
    """
    height = 20 + 30 * len(rows)
    with ps.style():
        fig = ps.figure(ps.NARROW_UNITS, height)
        ax = ps.canvas(fig)
        highest = float(max(rows["part"].max(), (rows["usual"] * rows["whole"]).fillna(0).max(), 1))
        ax.text(360, 11, unit, ha="right", fontsize=11)
        for i, row in enumerate(records(rows)):
            y = 22 + 30 * i
            accent = ps.STATE_COLOUR.get(row["state"]) if row["state"] in ("late", "bad") else None
            ax.text(0, y + 13, short_name(row["name"]), color=ps.INK, weight="bold" if accent else "normal")
            ax.add_patch(
                Rectangle((112, y + 1), 150 * row["part"] / highest, 16, color=accent or ps.NEUTRAL, linewidth=0)
            )
            if not n.is_blank(row["usual"]):
                ax.plot(
                    [112 + 150 * row["usual"] * row["whole"] / highest] * 2,
                    [y - 2, y + 20],
                    color=ps.INK,
                    linewidth=1.5,
                )
            label = f"{n.number(row['part'])} of {n.number(row['whole'])}"
            ax.text(360, y + 13, label, ha="right", color=accent or ps.INK, weight="bold" if accent else "normal")
        return ps.to_svg(fig)
