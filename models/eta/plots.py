"""The plots of the delivery-time model's notebooks, from a small frame to SVG text in the style of reports."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from models.eta.model import EtaModel
from pipelines.reporting import numbers as n
from pipelines.reporting import plot_style as ps
from pipelines.reporting.plots import short_name

# Edges of the error classes in minutes; the outer ones are open. The middle one is what `CLOSE_MINUTES` calls close.
ERROR_EDGES = (-20, -15, -10, -5, 5, 10, 15, 20)
_ROW = 30  # units from one named row to the next


def error_classes(error_minutes: pd.Series) -> pd.DataFrame:
    """Orders by class of error: label, orders, share (fraction of all). Forecast minus truth, so minus is too short."""
    # An error on the edge counts as close, as it does in the share within five minutes.
    edges = np.array(ERROR_EDGES, dtype=float)
    edges[edges > 0] = np.nextafter(edges[edges > 0], np.inf)
    counts = np.bincount(np.digitize(error_minutes, edges), minlength=len(edges) + 1)
    inner = [f"{n.number(low)} to {n.number(high)}" for low, high in pairwise(ERROR_EDGES)]
    labels = [f"under {n.number(ERROR_EDGES[0])}", *inner, f"over {n.number(ERROR_EDGES[-1])}"]
    return pd.DataFrame({"label": labels, "orders": counts, "share": counts / max(counts.sum(), 1)})


def error_plot(classes: pd.DataFrame) -> str:
    """Share of orders by class of error, the class around zero marked; rows as `error_classes` gives them."""
    with ps.style():
        fig = ps.figure(ps.NARROW_UNITS, 22 + _ROW * len(classes))
        ax = ps.canvas(fig)
        highest = max(float(classes["share"].max()), 0.01)
        ax.text(360, 11, "share of deliveries", ha="right", fontsize=11)
        for i, row in enumerate(classes.itertuples()):
            y, close = 20 + _ROW * i, i == len(classes) // 2
            colour, weight = (ps.INK, "bold") if close else (ps.NEUTRAL, "normal")
            ax.text(88, y + 15, str(row.label), color=ps.INK, weight=weight, ha="right")
            length = 200 * float(str(row.share)) / highest
            ax.add_patch(Rectangle((98, y + 2), length, 18, color=colour, linewidth=0))
            ax.text(104 + length, y + 15, n.percent(float(str(row.share)), 0), color=ps.INK, weight=weight)
        return ps.to_svg(fig)


def zones_plot(zones: pd.DataFrame) -> str:
    """Mean absolute error by zone, model ● and median |. Columns: name, mae_minutes, median_mae_minutes, accent."""
    height = 48 + _ROW * len(zones)
    both = zones[["mae_minutes", "median_mae_minutes"]]
    top, step = ps.ceiling(float(both.max().max()))
    with ps.style():
        fig = ps.figure(ps.NARROW_UNITS, height)
        ax = ps.canvas(fig)
        for tick in range(round(top / step) + 1):
            x = 112 + 236 * tick * step / top
            ax.plot([x, x], [22, height - 20], color=ps.RULE, linewidth=1)
            ax.text(x, height - 4, n.number(tick * step, 0 if step >= 1 else 1), ha="center")
        for i, row in enumerate(zones.to_dict("records")):
            _zone_row(ax, row, 36 + _ROW * i, 236 / top, first=i == 0)
        return ps.to_svg(fig)


def _zone_row(ax: Axes, row: Mapping[Any, Any], y: float, per_minute: float, *, first: bool) -> None:
    model, median = (112 + per_minute * float(str(row[c])) for c in ("mae_minutes", "median_mae_minutes"))
    accent = bool(row["accent"])
    ax.text(0, y + 4, short_name(str(row["name"])), color=ps.INK, weight="bold" if accent else "normal")
    ax.plot([model, median], [y, y], color=ps.NEUTRAL, linewidth=2)
    ax.plot([median, median], [y - 8, y + 8], color=ps.NEUTRAL, linewidth=2)
    ax.plot([model], [y], "^" if accent else "o", color=ps.LATE if accent else ps.INK, markersize=9, markeredgewidth=0)
    if first:  # the marks are named once, on the first row, away from each other
        left_is_model = model <= median
        for x, name, left in ((model, "model", left_is_model), (median, "median", not left_is_model)):
            ax.text(
                x,
                y - 13,
                name,
                fontsize=11,
                ha="right" if left else "left",
                color=ps.INK if name == "model" else ps.MUTED,
            )


def gain_shares(model: EtaModel) -> pd.DataFrame:
    """What the trees look at: column, share of the total gain of all splits, largest first."""
    gain = model.booster.feature_importance("gain")
    shares = pd.DataFrame({"column": model.booster.feature_name(), "share": gain / max(gain.sum(), 1e-12)})
    return shares.sort_values("share", ascending=False, kind="stable").reset_index(drop=True)


def gain_plot(shares: pd.DataFrame) -> str:
    """Bars of `gain_shares`."""
    with ps.style():
        fig = ps.figure(ps.NARROW_UNITS, 24 * len(shares) + 4)
        ax = ps.canvas(fig)
        highest = max(float(shares["share"].max()), 0.01)
        for i, row in enumerate(shares.itertuples()):
            y, share = 24 * i + 2, float(str(row.share))
            ax.text(0, y + 14, str(row.column).replace("_", " "), color=ps.INK)
            ax.add_patch(Rectangle((172, y + 3), 140 * share / highest, 14, color=ps.NEUTRAL, linewidth=0))
            ax.text(178 + 140 * share / highest, y + 14, n.percent(share, 0), color=ps.INK)
        return ps.to_svg(fig)
