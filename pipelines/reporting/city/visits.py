"""From opening the app to placing an order: how far visits went and where they ended. Pure."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

STEPS = ("opened", "viewed", "added_to_basket", "checked_out")


@dataclass(frozen=True)
class Funnel:
    """Visits that reached each of STEPS, and those that ended before the next, in the order of STEPS.

    `left_at_once` and `left_after_search` are the two parts of those that never saw a menu.
    """

    reached: tuple[int, int, int, int]
    left_at_once: int
    left_after_search: int

    @property
    def left(self) -> tuple[int, int, int]:
        """Visits that ended after each step but the last."""
        first, second, third, fourth = self.reached
        return first - second, second - third, third - fourth


def funnel(visits: pd.DataFrame, begins: float, ends: float) -> Funnel:
    """The visits whose first event lies in the day. `visits`: session_id, event_type, at, one row an event.

    A visit that reached a step has passed those before it, also where their event is missing.
    """
    first = visits.groupby("session_id")["at"].transform("min").astype(float)
    day = visits[(first >= begins) & (first < ends)]
    has = {name: set(day.loc[day["event_type"] == name, "session_id"]) for name in ("searched", *STEPS[1:])}
    ordered = has["checked_out"]
    filled = has["added_to_basket"] | ordered
    viewed = has["viewed"] | filled
    opened = set(day["session_id"])
    unseen = opened - viewed
    searched = unseen & has["searched"]
    return Funnel((len(opened), len(viewed), len(filled), len(ordered)), len(unseen) - len(searched), len(searched))


def orders_of_other_days(visits: pd.DataFrame, begins: float, ends: float) -> tuple[int, int]:
    """(orders of the day whose visit began before it, orders after the day whose visit began in it)."""
    first = visits.groupby("session_id")["at"].transform("min").astype(float)
    ordered = visits["event_type"] == "checked_out"
    at = visits["at"].astype(float)
    before = ordered & (first < begins) & (at >= begins) & (at < ends)
    after = ordered & (first >= begins) & (first < ends) & (at >= ends)
    return (
        int(visits.loc[before, "session_id"].nunique()),
        int(visits.loc[after, "session_id"].nunique()),
    )
