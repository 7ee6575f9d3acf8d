"""The plots of a day in a city: by the quarter hour, couriers' time, traffic and rain."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from pipelines.reporting import numbers as n
from pipelines.reporting import plot_style as ps
from pipelines.reporting.city.conditions import HALF_HOUR_SECONDS, WET_MM_PER_HOUR
from pipelines.reporting.city.day import QUARTER_SECONDS
from pipelines.reporting.frames import records


def clock_axis(ax: Axes, clock: Sequence[str], step_seconds: float, every_hours: int) -> None:
    """Local hours under a time axis in hours since the day began; `clock` is the wall clock of each step."""
    labels = [(i * step_seconds / 3600, words[:2]) for i, words in enumerate(clock) if words.endswith(":00")]
    shown = [(at, words) for at, words in labels if int(words) % every_hours == 0]
    ax.set_xticks([at for at, _ in shown], [words for _, words in shown])
    ax.set_xlim(0, len(clock) * step_seconds / 3600)


def day_plot(quarters: pd.DataFrame, width: int, rain: Sequence[tuple[float, float]] = ()) -> str:
    """Orders placed by quarter hour over orders open and couriers on shift and busy.

    Columns: at, clock (local), placed, open_orders, on_shift, busy, accent (more orders open than couriers on shift).
    `rain`: spans of rain in hours since the first quarter, drawn as a band.
    """
    with ps.style():
        fig = ps.figure(width, 320)
        left, inner = 30.0, width - 34.0
        top, bottom = ps.axes(fig, left, 22, inner, 96), ps.axes(fig, left, 152, inner, 142)
        fig.text(0, 1 - 10 / 320, "Orders placed in a quarter hour", color=ps.INK, weight="bold")
        fig.text(0, 1 - 142 / 320, "Orders open, couriers on shift and busy", color=ps.INK, weight="bold")
        hours = np.append(np.arange(len(quarters)), len(quarters)) * QUARTER_SECONDS / 3600
        for ax in (top, bottom):
            _bands(ax, rain)
            clock_axis(ax, quarters["clock"].tolist(), QUARTER_SECONDS, 2 if width > ps.NARROW_UNITS else 4)
        top.stairs(quarters["placed"], hours, fill=True, color=ps.NEUTRAL, linewidth=0)
        ps.value_axis(top, max(float(quarters["placed"].max()), 1.0), 3)
        top.set_xticks([])
        _open_and_couriers(bottom, quarters, hours)
        if rain:
            first = rain[0]
            top.text((first[0] + first[1]) / 2, top.get_ylim()[1] * 0.94, "rain", ha="center", va="top", fontsize=11)
        return ps.to_svg(fig)


def _bands(ax: Axes, spans: Sequence[tuple[float, float]]) -> None:
    for start, end in spans:
        ax.axvspan(start, end, color=ps.RULE, alpha=0.33, linewidth=0)


def _open_and_couriers(ax: Axes, quarters: pd.DataFrame, hours: np.ndarray) -> None:
    highest = float(quarters[["open_orders", "on_shift", "busy"]].max().max())
    ps.value_axis(ax, max(highest, 1.0))
    middle = hours[:-1] + QUARTER_SECONDS / 7200
    ax.stairs(quarters["on_shift"], hours, fill=True, color=ps.RULE, linewidth=0)
    ax.stairs(quarters["busy"], hours, fill=True, color=ps.NEUTRAL, linewidth=0)
    ax.plot(middle, quarters["open_orders"], color=ps.INK, linewidth=1.8)
    accents = quarters["open_orders"].where(quarters["accent"])
    if accents.notna().any():
        ax.plot(middle, accents, color=ps.LATE, linewidth=2.6)
        peak = int(accents.to_numpy(float)[accents.notna()].argmax())
        at = int(np.flatnonzero(accents.notna())[peak])
        ax.plot([middle[at]], [accents.iloc[at]], "^", color=ps.LATE, markersize=9, markeredgecolor="none")
    for words, column, share in (("on shift", "on_shift", 0.82), ("busy", "busy", 0.5)):
        _label(ax, words, quarters[column].to_numpy(float), middle, share)
    top = int(quarters["open_orders"].to_numpy(float).argmax())
    side = -1 if middle[top] > hours[-1] / 2 else 1
    ax.text(
        middle[top] + side * 0.5, float(quarters["open_orders"].iloc[top]) * 0.97, "open orders", color=ps.INK,
        weight="bold", ha="left" if side > 0 else "right", va="center", **ps.plate(),
    )  # fmt: skip


def _label(ax: Axes, words: str, values: np.ndarray, middle: np.ndarray, share: float) -> None:
    """A word within an area, where between noon and late it is highest at a `share` of the day's span."""
    values = np.nan_to_num(values)
    if values.max(initial=0) <= 0:
        return
    busy = np.flatnonzero(values >= values.max() * 0.35)
    at = busy[int(len(busy) * share) - 1 if len(busy) * share >= 1 else 0]
    ax.text(middle[at], values[at] * 0.5, words, color=ps.INK, fontsize=11, ha="center", va="center", **ps.plate())


def shares_plot(rows: pd.DataFrame, unit: str) -> str:
    """Bars of shares with a second figure beside them. Columns: name, share (of one), beside (text), accent."""
    height = 24 + 42 * len(rows)
    highest = float(rows["share"].max())
    with ps.style():
        fig = ps.figure(ps.NARROW_UNITS, height)
        ax = ps.canvas(fig)
        ax.text(360, 11, unit, ha="right", fontsize=11)
        for place, row in enumerate(records(rows)):
            y = 22 + 42 * place
            weight = "bold" if row["accent"] else "normal"
            ax.text(0, y + 12, row["name"], color=ps.INK, weight=weight)
            ax.text(360, y + 12, row["beside"], color=ps.INK, ha="right", weight=weight)
            length = 312 * row["share"] / highest if highest else 0.0
            colour = ps.LATE if row["accent"] else ps.NEUTRAL
            ax.add_patch(Rectangle((0, y + 18), length, 12, color=colour, linewidth=0))
            ax.text(length + 6, y + 28, n.percent(row["share"], 0), color=ps.INK, weight=weight)
        return ps.to_svg(fig)


def conditions_plot(half_hours: pd.DataFrame) -> str:
    """Speed of traffic over rain. Columns: clock, speed_share (of the free speed), rain_mm_per_hour."""
    with ps.style():
        fig = ps.figure(ps.NARROW_UNITS, 300)
        top, bottom = ps.axes(fig, 34, 22, 322, 140), ps.axes(fig, 34, 198, 322, 78)
        fig.text(0, 1 - 10 / 300, "Speed of traffic, % of the free street", color=ps.INK, weight="bold")
        fig.text(0, 1 - 188 / 300, "Rain, mm an hour", color=ps.INK, weight="bold")
        hours = np.arange(len(half_hours) + 1) * HALF_HOUR_SECONDS / 3600
        middle = hours[:-1] + HALF_HOUR_SECONDS / 7200
        for ax in (top, bottom):
            clock_axis(ax, half_hours["clock"].tolist(), HALF_HOUR_SECONDS, 4)
        top.set_xticks([])
        speed = half_hours["speed_share"].to_numpy(float) * 100
        ps.value_axis(top, max(float(np.nanmax(speed)) if np.isfinite(speed).any() else 0.0, 100.0), 5)
        top.plot(middle, speed, color=ps.NEUTRAL)
        if np.isfinite(speed).any():
            at = int(np.nanargmin(speed))
            top.plot([middle[at]], [speed[at]], "o", color=ps.INK, markersize=7, markeredgecolor="none")
            words = f"{n.percent(speed[at] / 100, 0)} at {half_hours['clock'].iloc[at]}"
            top.text(
                middle[at], speed[at] - 9, words, color=ps.INK, weight="bold", va="top",
                ha="right" if at > len(middle) / 2 else "left",
            )  # fmt: skip
        rain = half_hours["rain_mm_per_hour"].fillna(0.0)
        bottom.stairs(rain, hours, fill=True, color=ps.NEUTRAL, linewidth=0)
        ps.value_axis(bottom, max(float(rain.max()), 1.0), 2)
        return ps.to_svg(fig)


def rain_spans(half_hours: pd.DataFrame) -> list[tuple[float, float]]:
    """Spans of rain in hours since the day began, neighbours joined."""
    wet = (half_hours["rain_mm_per_hour"] >= WET_MM_PER_HOUR).to_numpy(bool)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wet.astype(int), [0]])))
    return [(float(a) / 2, float(b) / 2) for a, b in zip(edges[::2], edges[1::2], strict=True)]
