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
from pipelines.reporting.city.plot_labels import Room
from pipelines.reporting.frames import records

BOTTOM_HEIGHT, WORDS_ABOVE = 142.0, 24.0  # units of the lower panel of a day, and of them over its highest mark


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
        top, bottom = ps.axes(fig, left, 22, inner, 96), ps.axes(fig, left, 152, inner, BOTTOM_HEIGHT)
        fig.text(0, 1 - 10 / 320, "Orders placed in a quarter hour", color=ps.INK, weight="bold")
        couriers = bool(quarters[["on_shift", "busy"]].sum().sum())
        below = f"Orders open{', couriers on shift and busy' if couriers else ''}"
        fig.text(0, 1 - 142 / 320, below, color=ps.INK, weight="bold")
        hours = np.append(np.arange(len(quarters)), len(quarters)) * QUARTER_SECONDS / 3600
        for ax in (top, bottom):
            _bands(ax, rain)
            clock_axis(ax, quarters["clock"].tolist(), QUARTER_SECONDS, 2 if width > ps.NARROW_UNITS else 4)
        top.stairs(quarters["placed"], hours, fill=True, color=ps.NEUTRAL, linewidth=0)
        ps.value_axis(top, max(float(quarters["placed"].max()), 1.0), 3)
        top.set_xticks([])
        _open_and_couriers(bottom, quarters, hours, inner)
        if rain:
            first = rain[0]
            top.text((first[0] + first[1]) / 2, top.get_ylim()[1] * 0.94, "rain", ha="center", va="top", fontsize=11)
        return ps.to_svg(fig)


def _bands(ax: Axes, spans: Sequence[tuple[float, float]]) -> None:
    for start, end in spans:
        ax.axvspan(start, end, color=ps.RULE, alpha=0.33, linewidth=0)


def _open_and_couriers(ax: Axes, quarters: pd.DataFrame, hours: np.ndarray, panel_width: float) -> None:
    highest = max(float(quarters[["open_orders", "on_shift", "busy"]].max().max()), 1.0)
    ps.value_axis(ax, highest)
    unit = ax.get_ylim()[1] / BOTTOM_HEIGHT
    ax.set_ylim(0, max(ax.get_ylim()[1], highest + WORDS_ABOVE * unit))
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
    _words(ax, quarters, middle, panel_width)


def _words(ax: Axes, quarters: pd.DataFrame, middle: np.ndarray, panel_width: float) -> None:
    """Names the line over its peak and each area within it, or over it with a thin line down to it."""
    line, shift, busy = (np.nan_to_num(quarters[c].to_numpy(float)) for c in ("open_orders", "on_shift", "busy"))
    unit = ax.get_ylim()[1] / BOTTOM_HEIGHT
    room = Room(line.copy(), panel_width / len(middle), unit)
    if line.max(initial=0) > 0:
        at, foot = room.inside(int(line.argmax()), 78), float(line.max()) + 7 * unit
        ax.text(middle[at], foot, "open orders", color=ps.INK, weight="bold", ha="center", va="bottom")
        room.take(at, 78, foot + 14 * unit)
    areas = (("busy", busy, 34.0), ("on shift", shift, 52.0))  # the smaller area has fewer places, so it goes first
    for words, edge, wide in areas:
        if edge.max(initial=0) <= 0:
            continue
        inner = words == "busy"
        lower, upper = (np.zeros(len(busy)), np.minimum(busy, line)) if inner else (np.maximum(room.drawn, busy), shift)
        found, ground = room.within(lower, upper, wide, 17), ps.plate()
        if found is None:
            ground = {}
            at, edge_foot = room.above(edge, wide, 24, np.maximum(shift, busy))
            ax.plot([middle[at]] * 2, [edge[at] - 2 * unit, edge_foot + 6 * unit], color=ps.INK, linewidth=0.8)
            found = at, edge_foot + 13 * unit
        ax.text(middle[found[0]], found[1], words, color=ps.INK, fontsize=11, ha="center", va="center", **ground)
        if not ground:
            room.take(found[0], wide, found[1] + 8 * unit)


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
