"""Names of zones on a map: the largest zones first, each where its orders are or as near to it as there is room."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd

from pipelines.reporting import numbers as n
from pipelines.reporting import plot_style as ps
from pipelines.reporting.city import drawing as dr
from pipelines.reporting.city.frame import Frame
from pipelines.reporting.frames import records
from pipelines.reporting.plots import short_name

LINE = 17.0  # units from one base line to the next that keep two labels apart
FARTHEST = 64.0  # units from a zone's orders to its name; farther it would name another's
BEYOND = 40.0  # units that a zone's orders may lie outside of the map and its name stand at the edge
Box = tuple[float, float, float]  # middle, half width, base line


def zone_labels(zones: pd.DataFrame, frame: Frame, most: int) -> list[str]:
    """Label and share of up to `most` zones; where one finds no room, no smaller one is named either.

    `zones`: label, share, lat, lng as `zone_names.with_places` has them, by orders.
    """
    taken: list[Box] = []
    drawn = []
    for row in records(zones.dropna(subset=["lat", "lng"]).head(most)):
        words = f"{short_name(row['label'], 24)} {n.percent(row['share'], 0)}"
        x, y = float(frame.x(np.array(row["lng"]))), float(frame.y(np.array(row["lat"])))
        if not frame.holds(np.array(x), np.array(y), BEYOND):
            continue
        place = free_place(x, y, dr.text_width(words, bold=True) / 2, frame, taken)
        if place is None:
            break
        taken.append(place)
        drawn.append(dr.text(place[0], place[2], words, colour=ps.INK, anchor="middle", bold=True, halo=True))
    return drawn


def free_place(x: float, y: float, half: float, frame: Frame, taken: list[Box]) -> Box | None:
    """The place nearest to (x, y) for a label `half` units to each side that lies in the frame and on no other."""
    if half * 2 > frame.width:
        return None
    steps = product((0.0, -0.5, 0.5, -1.0, 1.0, -1.6, 1.6), (0, -1, 1, -2, 2, -3, 3))
    tried = sorted(((across * half, down * LINE) for across, down in steps), key=lambda step: float(np.hypot(*step)))
    for across, down in tried:
        if np.hypot(across, down) > FARTHEST:
            return None
        at = float(np.clip(x + across, frame.left + half, frame.left + frame.width - half))
        base = float(np.clip(y + down, frame.top + 14, frame.top + frame.height - 6))
        if all(abs(at - a) >= half + b + 6 or abs(base - c) >= LINE for a, b, c in taken):
            return at, half, base
    return None
