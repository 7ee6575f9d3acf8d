"""The day in one sentence, its figures, and the state of what they were made from."""

from __future__ import annotations

from typing import Any

import pandas as pd

from pipelines.reporting import numbers as n
from pipelines.reporting.city.courier_time import carriers
from pipelines.reporting.city.day import FEW, CityDay
from pipelines.reporting.city.places import restaurants_of_day
from pipelines.reporting.frames import highest
from pipelines.reporting.headline import simulated_text
from pipelines.reporting.quality import NEVER_SENT

_SOURCES = {
    "orders": ("Orders", "placed"),
    "responses": ("Restaurant responses", "at"),
    "assignments": ("Courier assignments", "at"),
    "progress": ("Delivery progress", "at"),
    "shifts": ("Courier shifts", "at"),
    "positions": ("Courier positions", "at"),
    "visits": ("Visits to the app", "at"),
    "speeds": ("Traffic", "at"),
    "weather": ("Weather", "at"),
}


def sentence(day: CityDay, quarters: pd.DataFrame, courier_time: pd.DataFrame) -> str:
    """What kind of day it was; a day of few orders is counted and not characterised."""
    placed = len(day.orders)
    if placed == 0:
        return "**No orders were placed** on this day, as far as the lake knows."
    said = f"**{n.plural(placed, 'order')}** from {n.plural(day.orders['restaurant_id'].nunique(), 'restaurant')}"
    said += _carried(*couriers_of(day, courier_time))
    if placed < FEW:
        return f"{said}: too few to say more of the day than to show it."
    fullest = highest(quarters, "open_orders")
    said += f"; at **{fullest['clock']}** the city had {n.plural(round(fullest['open_orders']), 'order')} open"
    return f"{said}, more than at any other time."


def couriers_of(day: CityDay, courier_time: pd.DataFrame) -> tuple[int | None, int | None]:
    """Couriers on shift in the day, and those who carried one of its orders; None where it is not known."""
    on_shift = set(day.shifts["courier_id"]) & set(courier_time["courier_id"])
    carried = carriers(day.assignments, day.progress, day.orders)
    return len(on_shift) or None, len(carried) or None


def _carried(on_shift: int | None, carried: int | None) -> str:
    if carried is None:
        return "" if on_shift is None else f", with {n.plural(on_shift, 'courier')} on shift"
    if on_shift is None or on_shift < carried:  # a source may know couriers whose shift it does not
        return f", carried by {n.plural(carried, 'courier')}"
    return f", carried by {n.number(carried)} of {n.plural(on_shift, 'courier')} on shift"


def figures(day: CityDay, quarters: pd.DataFrame, courier_time: pd.DataFrame) -> dict[str, object]:
    """Counts of the day for the run ledger and the report's masthead; a peak is None without orders."""
    shops = restaurants_of_day(day.orders, day.restaurants)
    fullest = highest(quarters, "open_orders") if len(day.orders) else None
    on_shift, carried = couriers_of(day, courier_time)
    simulated = {
        "orders_placed": len(day.orders),
        "simulated_orders": int(day.orders["is_simulated"].astype(bool).sum()),
        "simulated_lives": int(day.orders["is_life_simulated"].astype(bool).sum()),
    }
    return {
        "orders_placed": len(day.orders),
        "orders_delivered": int((day.orders["outcome"] == "delivered").sum()),
        "restaurants": len(shops),
        "couriers_on_shift": on_shift,
        "couriers_carrying": carried,
        "couriers_text": _couriers_text(on_shift, carried),
        "peak_open_orders": round(fullest["open_orders"], 1) if fullest else None,
        "peak_at": fullest["clock"] if fullest else None,
        "positions": len(day.within(day.positions)),
        "visits": int(day.within(day.visits)["session_id"].nunique()),
        "city_name": day.city_name,
        "time_zone": day.time_zone,
        "simulated_text": simulated_text(simulated),
    }


def _couriers_text(on_shift: int | None, carried: int | None) -> str:
    told = [(on_shift, "on shift"), (carried, "carried")]
    return ", ".join(f"{n.number(count)} {what}" for count, what in told if count is not None) or "not known"


def sources(day: CityDay) -> list[dict[str, Any]]:
    """One row a source: state, last event (local time), rows kept as a share of those received, rows that broke a rule.

    Of orders those count as set aside that were placed in the day and that silver did not take. A source is missing
    where the day has orders and the city sent it on other days; what its history never had is no data.
    """
    return [_source(day, name, *told) for name, told in _SOURCES.items()]


def _source(day: CityDay, name: str, label: str, column: str) -> dict[str, Any]:
    frame: pd.DataFrame = getattr(day, name)
    at = frame[column].astype(float)
    at = at[(at >= day.begins) & (at < day.ends)]
    refused = day.refused.get(name, 0)
    row: dict[str, Any] = {"source": label, "last_event": None, "complete": None, "quarantined": refused, "state": None}
    if len(at) + refused == 0:
        if name not in day.ever:
            return {**row, "state": "none", "note": NEVER_SENT}
        expected = len(day.orders) > 0
        note = "other days have it, this one does not" if expected else "none of this day"
        return {**row, "state": "missing" if expected else "none", "note": note}
    last = day.clock(float(at.max())) if len(at) else None
    count = n.plural(len(at), "order") if name == "orders" else n.plural(len(at), "event")
    return {**row, "last_event": last, "complete": len(at) / (len(at) + refused), "note": count}
