"""What is looked at of a history, or of a generated day: orders and shifts as two tables of a few columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa

from generator.city.city import City
from generator.history.check import Checked
from pipelines.errors import ImportRefused, UsageError

ORDER_COLUMNS = [
    "placed_at", "preparing_at", "ready_at", "promised_at", "scheduled_for", "pickup_lat", "pickup_lng",
    "dropoff_lat", "dropoff_lng", "restaurant_id", "customer_id", "basket_value_cents",
]  # fmt: skip
SHIFT_COLUMNS = ["courier_id", "vehicle", "capacity", "starts_at", "ends_at"]
WEEKEND = 5  # first weekday of it, Monday is 0


@dataclass(frozen=True)
class Observed:
    """`orders`: one row an order, ORDER_COLUMNS and `ending`, missing where not known; `shifts`: SHIFT_COLUMNS.

    `ending` is `cancelled_by_customer`, `rejected`, `unanswered`, `failed`, `no_courier` or `served`; it is missing for
    all where the history does not say how orders ended. Times are datetime64[us, UTC].
    """

    city: City
    orders: pd.DataFrame
    shifts: pd.DataFrame

    @property
    def local(self) -> pd.Series:
        """Local wall-clock time of each placement."""
        times: pd.Series = self.orders["placed_at"].dt.tz_convert(self.city.zone_info).dt.tz_localize(None)
        return times

    @property
    def dates(self) -> pd.Series:
        """Day of each order: the business date, or the calendar date where that makes fewer days of the history, as
        with files that are cut at midnight."""
        business = (self.local - pd.Timedelta(hours=self.city.day_cut_hour)).dt.date
        calendar = self.local.dt.date
        return calendar if calendar.nunique() < business.nunique() else business

    def of_kind(self, is_weekend: bool) -> Observed:
        """Only the orders of weekends, or of the other days; shifts are kept as they are."""
        kind = pd.to_datetime(self.dates).dt.day_of_week.to_numpy() >= WEEKEND
        return replace(self, orders=self.orders[kind == is_weekend].reset_index(drop=True))

    def on(self, day: date) -> Observed:
        """Only the orders of one day and the shifts that begin on it; ImportRefused where it has no order."""
        orders = self.orders[(self.dates == day).to_numpy()]
        cut = pd.Timedelta(hours=self.city.day_cut_hour)
        starts = self.shifts["starts_at"].dt.tz_convert(self.city.zone_info).dt.tz_localize(None)
        shifts = self.shifts[((starts - cut).dt.date == day).to_numpy()]
        return _observed(self.city, orders.copy(), shifts.copy())


def of_files(checked: Checked, wanted: str | None = None) -> Observed:
    """A user's files, as read by a mapping. UsageError where they are of several cities and `wanted` names none."""
    city, rows = checked.city, checked.orders
    if len(checked.cities) > 1:
        counts = rows["city_id"].value_counts()
        named = [c for c in checked.cities if c.city_id == wanted]
        if not named:
            found = ", ".join(f"{name} ({count:,} orders)" for name, count in counts.items())
            raise UsageError(f"the files are of several cities; name one by --city: {found}")
        city = named[0]
        rows = rows[rows["city_id"] == city.city_id]
    orders = rows.reindex(columns=ORDER_COLUMNS)
    orders["ending"] = _endings_said(rows)
    return _observed(city, orders, checked.shifts.reindex(columns=SHIFT_COLUMNS))


def _endings_said(rows: pd.DataFrame) -> pd.Series:
    """How the rows of a file say that orders ended; missing where they do not."""
    said = rows["end"].map({"delivered": "served", **{name: name for name in ("rejected", "failed", "unanswered")}})
    cancelled = (rows["end"] == "cancelled").fillna(False).astype(bool)
    return said.astype("string").mask(cancelled, _ending_by(rows["cancelled_by"]))


def _ending_by(cancelled_by: pd.Series) -> pd.Series:
    """The ending of orders by who cancelled them; who does not say means the customer."""
    endings = {"restaurant": "rejected", "platform": "no_courier", "courier": "no_courier"}
    return cancelled_by.map(endings).fillna("cancelled_by_customer").astype("string")


def of_events(city: City, tables: Mapping[str, pa.Table]) -> Observed:
    """Tables of events by topic, as a day is generated or bronze keeps it. Repeated events count once.

    Of a history whose orders are real, simulated events say nothing: its milestones are then those that are real.
    """
    frames = {topic: _events(table) for topic, table in tables.items()}
    placed = frames["orders"][frames["orders"]["event_type"] == "placed"].drop_duplicates("order_id")
    is_real = bool(len(placed)) and placed["is_simulated"].mean() < 0.5
    if is_real:
        frames = {topic: frame[~frame["is_simulated"].astype(bool)] for topic, frame in frames.items()}
        placed = placed[~placed["is_simulated"].astype(bool)]
    orders = placed.rename(columns={"event_time": "placed_at"}).reset_index(drop=True)
    ids = orders["order_id"]
    for event_type in ("preparing", "ready"):
        orders[f"{event_type}_at"] = ids.map(_first(frames["restaurant_responses"], event_type))
    orders["ending"] = _endings(ids, frames)
    return _observed(city, orders.reindex(columns=[*ORDER_COLUMNS, "ending"]), _shifts(frames["courier_shifts"]))


def _observed(city: City, orders: pd.DataFrame, shifts: pd.DataFrame) -> Observed:
    if orders.empty:
        raise ImportRefused(f"the history of {city.name} has no order that can be used; nothing can be fitted to it")
    for name in [c for c in ORDER_COLUMNS if c.endswith("_at") or c == "scheduled_for"]:
        orders[name] = pd.to_datetime(orders[name], utc=True).astype("datetime64[us, UTC]")
    for name in ("starts_at", "ends_at"):
        shifts[name] = pd.to_datetime(shifts[name], utc=True).astype("datetime64[us, UTC]")
    return Observed(city, orders.reset_index(drop=True), shifts.dropna(subset=["starts_at", "ends_at"]))


def _events(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.drop_columns([c for c in ("items",) if c in table.column_names]).to_pandas()
    return frame.drop_duplicates("event_id").sort_values(["event_time", "event_id"], kind="stable")


def _first(events: pd.DataFrame, event_type: str) -> dict[str, Any]:
    """First time of an event type by order."""
    found = events[events["event_type"] == event_type].drop_duplicates("order_id")
    return dict(zip(found["order_id"], found["event_time"], strict=True))


def _endings(ids: pd.Series, frames: dict[str, pd.DataFrame]) -> pd.Series:
    """How each order ended; all missing where nothing is told of it."""
    cancelled = frames["orders"][frames["orders"]["event_type"] == "cancelled"].drop_duplicates("order_id")
    kinds = _ending_by(cancelled["cancelled_by"]).mask(cancelled["reason"] == "unanswered", "unanswered")
    rejected = _first(frames["restaurant_responses"], "rejected")
    progress = frames["delivery_progress"]
    served = dict.fromkeys(_first(progress, "delivered"), "served") | dict.fromkeys(
        _first(progress, "failed"), "failed"
    )
    known = served | dict.fromkeys(rejected, "rejected") | dict(zip(cancelled["order_id"], kinds, strict=True))
    return ids.map(known).astype("string")


def _shifts(events: pd.DataFrame) -> pd.DataFrame:
    """Each start of a courier's shift with the courier's next end or dropping out."""
    if events.empty:
        return pd.DataFrame(columns=SHIFT_COLUMNS)
    kinds = events["event_type"]
    starts = events[kinds == "started"].assign(starts_at=events["event_time"])
    ends = events[kinds.isin(["ended", "dropped_out"])].assign(ends_at=events["event_time"])
    joined = pd.merge_asof(
        starts, ends[["event_time", "courier_id", "ends_at"]], on="event_time", by="courier_id", direction="forward"
    )
    return joined.drop_duplicates(["courier_id", "ends_at"], keep="last").reindex(columns=SHIFT_COLUMNS)
