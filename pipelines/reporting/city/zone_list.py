"""The zones beside or under a map: name, bar, orders and late share, those with most orders first."""

from __future__ import annotations

import pandas as pd

from pipelines.reporting import numbers as n
from pipelines.reporting import plot_style as ps
from pipelines.reporting.city import drawing as dr
from pipelines.reporting.frames import Row, records
from pipelines.reporting.plots import short_name

MOST = 9  # zones listed; the table has more
ROW = 32.0  # units from one zone to the next
BESIDE_BAR = 70.0  # units that the orders take beside the longest bar
GAP = 28.0  # units between columns
_FIRST = 22.0  # units from the heading to the first zone


def zone_list(zones: pd.DataFrame, left: float, right: float, top: float, columns: int = 1) -> list[str]:
    """Up to MOST zones between `left` and `right`, down each column first; `top` is the base line of the heading."""
    shown, each = records(zones.head(MOST)), _rows(zones, columns)
    width = (right - left - GAP * (columns - 1)) / columns
    drawn = [dr.text(left, top, "Orders by zone", colour=ps.INK, bold=True)]
    most = max((row["orders"] for row in shown), default=1)
    for place, row in enumerate(shown):
        start = left + (place // each) * (width + GAP)
        if place % each == 0:
            drawn.append(dr.text(start + width, top, "late", size=11, anchor="end"))
        drawn += _zone(row, start, start + width, top + _FIRST + ROW * (place % each), most)
    return drawn


def height(zones: pd.DataFrame, columns: int = 1) -> float:
    """Units from the heading's base line to the end of the list."""
    return _FIRST + ROW * _rows(zones, columns)


def _rows(zones: pd.DataFrame, columns: int) -> int:
    return max(-(-min(len(zones), MOST) // columns), 1)


def _zone(row: Row, left: float, right: float, y: float, most: float) -> list[str]:
    name = (
        row["label"] if n.is_blank(row["where"]) else f"{row['label']} · {row['where']}".removesuffix(" of the middle")
    )
    length = max((right - left - BESIDE_BAR) * row["orders"] / most, 1)
    return [
        dr.text(left, y, short_name(name, 24), colour=ps.INK),
        dr.text(right, y, n.percent(row["late_share"], 0), colour=ps.INK, anchor="end"),
        dr.rect(left, y + 5, length, 8, ps.NEUTRAL),
        dr.text(left + length + 5, y + 13, n.number(row["orders"]), size=11),
    ]
