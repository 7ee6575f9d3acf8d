"""The state of each source for a city's business day: last event, share that kept every rule, rows set aside.

An event belongs to the day of its order. Bronze holds every event, also one that breaks a rule; the quarantine says
which those are.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd
import pyarrow.compute as pc
from deltalake.exceptions import TableNotFoundError

from pipelines.connectors.delta import open_table
from pipelines.reporting import numbers as n
from pipelines.transforms.local_time import business_day_utc

SOURCES = {
    "orders": "Orders",
    "restaurant_responses": "Restaurant responses",
    "courier_assignments": "Courier assignments",
    "delivery_progress": "Delivery progress",
    "payments": "Payments",
    "reviews": "Reviews",
}
_COLUMNS = ["source", "last_event", "complete", "quarantined", "note", "state"]
_EVENT_COLUMNS = ["event_id", "order_id", "event_time"]
NEVER_SENT = "this city never sent any"
_DAYS_AFTER = 7  # a review comes in the days after its order

Filters = list[tuple[str, str, object]]


def source_quality(
    city_id: str, business_date: date | str, time_zone: str = "UTC", day_cut_hour: int = 4
) -> pd.DataFrame:
    """One row a source: source, last_event (local, text), complete (fraction of one), quarantined (rows), note, state.

    Reads silver/orders for the day's orders, bronze for their events and silver/quarantine for rows set aside.
    """
    day, city = date.fromisoformat(str(business_date)), ("city_id", "=", city_id)
    known = _read("silver/orders", ["order_id"], [city, ("business_date", "=", day)])
    aside = _read("silver/quarantine", ["dataset", *_EVENT_COLUMNS], [city, *_days("partition_date", day)])
    aside = of_the_day(aside, set(known["order_id"]), *business_day_utc(day, time_zone, day_cut_hour))
    orders = set(known["order_id"]) | set(aside["order_id"].dropna())
    rows = []
    for dataset, label in SOURCES.items():
        events = _read(f"bronze/{dataset}", _EVENT_COLUMNS, [city, *_days("event_date", day)])
        # An order whose life contradicts itself is kept out as a whole and counts with the orders.
        sets = [f"bronze/{dataset}", dataset, *(["silver/orders"] if dataset == "orders" else [])]
        own = aside[aside["dataset"].isin(sets)]
        row = source_row(label, events[events["order_id"].isin(orders)], own, day, time_zone, bool(orders))
        if row["state"] == "missing" and not ever_sent(dataset, city_id):
            row |= {"state": "none", "note": NEVER_SENT}  # a history need not have it
        rows.append(row)
    return pd.DataFrame(rows, columns=_COLUMNS)


def of_the_day(aside: pd.DataFrame, orders: set[str], starts: datetime, ends: datetime) -> pd.DataFrame:
    """Quarantined rows of the day: of its orders, or from its start until before its end where no order is known."""
    if aside.empty:
        return aside
    times = pd.to_datetime(aside["event_time"], utc=True)
    within = (times >= starts) & (times < ends)
    return aside[aside["order_id"].isin(orders) | within]


def source_row(
    label: str, events: pd.DataFrame, aside: pd.DataFrame, day: date, time_zone: str, expected: bool
) -> dict[str, Any]:
    """One source's row, from the events of the day's orders and its rows set aside; `expected`: the day has orders."""
    good = events[~events["event_id"].isin(aside["event_id"].dropna())].drop_duplicates("event_id")
    received = len(good) + len(aside)
    row = {"source": label, "last_event": None, "complete": None, "quarantined": len(aside), "note": "", "state": None}
    if received == 0:
        note = "no event for the day" if expected else "no orders for the day"
        return {**row, "note": note, "state": "missing" if expected else "none"}
    times = pd.to_datetime(pd.concat([good["event_time"], aside["event_time"]]).dropna(), utc=True)
    last = None if times.empty else n.clock(times.max().tz_convert(ZoneInfo(time_zone)).to_pydatetime(), day)
    return {**row, "last_event": last, "complete": len(good) / received}


def ever_sent(dataset: str, city_id: str) -> bool:
    """Whether bronze has any event of the city."""
    try:
        stored = open_table(f"bronze/{dataset}").to_pyarrow_dataset()
    except TableNotFoundError:
        return False
    return bool(stored.head(1, columns=["city_id"], filter=pc.field("city_id") == city_id).num_rows)


def _days(column: str, day: date) -> Filters:
    """UTC dates that events of the business day can be on: it may begin on the UTC date before."""
    return [(column, ">=", day - timedelta(days=1)), (column, "<=", day + timedelta(days=_DAYS_AFTER))]


def _read(path: str, columns: Sequence[str], filters: Filters) -> pd.DataFrame:
    try:
        table = open_table(path)
    except TableNotFoundError:
        return pd.DataFrame({c: [] for c in columns})
    frame: pd.DataFrame = table.to_pyarrow_table(columns=list(columns), filters=filters).to_pandas()
    return frame
