"""Who waited for whom: where couriers' time went, and kitchens with many orders in hand."""

from __future__ import annotations

import pandas as pd

from pipelines.reporting import numbers as n
from pipelines.reporting.city import kitchens, plots
from pipelines.reporting.city.day import FEW, CityDay
from pipelines.reporting.display import as_table
from pipelines.reporting.finding import Finding, empty_finding
from pipelines.reporting.frames import records
from pipelines.reporting.plots import range_plot

NAMES = {
    "to_restaurant": "On the way to a restaurant",
    "at_restaurant": "Waiting at a restaurant",
    "to_customer": "On the way to a customer, and at the door",
    "unclear": "With an order, step not told",
    "idle": "Without an order",
}
FELT_MINUTES = 0.5  # a smaller difference of medians is none
DRAWN_FROM = 0.005  # of all time; less is no bar, and is in the table


def courier_time_finding(day: CityDay, courier_time: pd.DataFrame) -> Finding:
    """Couriers' time by what they did, and minutes of each for one delivered order."""
    subject = "Where couriers’ time went"
    if courier_time.empty:
        return empty_finding("couriers", subject, "No courier is known", "Neither a shift nor an assignment arrived.")
    lasts = (courier_time["ends"] - courier_time["begins"]).groupby(courier_time["activity"]).sum()
    found = lasts.reindex([a for a in NAMES if a in lasts.index])
    delivered = int((day.orders["outcome"] == "delivered").sum())
    rows = pd.DataFrame(
        {
            "activity": found.index,
            "name": [NAMES[a] for a in found.index],
            "share": (found / found.sum()).to_numpy(),
            "hours": (found / 3600).to_numpy(),
            "minutes": (found / 60 / delivered).to_numpy() if delivered else float("nan"),
        }
    )
    rows["beside"] = [n.number(m, 1) for m in rows["minutes"]]
    rows["accent"] = False
    table = as_table(
        rows[["name", "hours", "share", "minutes"]],
        columns={"name": "Time", "hours": "Hours", "share": "Share", "minutes": "Minutes a delivery"},
        units={"share": "%"},
    )
    alt = "Bars of couriers’ time: " + "; ".join(f"{r['name']} {n.percent(r['share'], 0)}" for r in records(rows)) + "."
    plot = plots.shares_plot(rows[rows["share"] >= DRAWN_FROM], "minutes a delivery")
    return Finding(
        "couriers", _time_title(rows, subject, delivered), _time_say(courier_time, rows), alt, (plot,), table
    )


def _time_title(rows: pd.DataFrame, subject: str, delivered: int) -> str:
    shares = dict(zip(rows["activity"], rows["share"], strict=True))
    if delivered < FEW or "idle" not in shares:
        return subject
    waiting = shares.get("at_restaurant", 0.0)
    return (
        f"Couriers waited {n.percent(shares['idle'], 0)} of their time for an order "
        f"and {n.percent(waiting, 0)} at restaurants"
    )


def _time_say(courier_time: pd.DataFrame, rows: pd.DataFrame) -> str:
    couriers, hours = courier_time["courier_id"].nunique(), float(rows["hours"].sum())
    said = f"{n.plural(couriers, 'courier')}, {n.plural(round(hours), 'hour')} "
    if "idle" not in set(rows["activity"]):
        return f"{said}with an order. No shift is known, so time without one is not."
    return f"{said}on shift. Who carries one order and rides for a second is on the way to a customer."


def kitchens_finding(day: CityDay) -> Finding:
    """Preparation time by how many other orders the kitchen had in hand, and each kitchen beside itself."""
    subject, cooked = "Kitchens under load", kitchens.preparations(day.orders, day.responses)
    rows = kitchens.by_load(cooked)
    if rows.empty:
        orders = n.plural(len(cooked), "order") if len(cooked) else "No order"
        text = f"{orders} told when it was begun and ready; a median is given from {FEW} on."
        return empty_finding("kitchens", subject, "Too few preparations to compare", text)
    table = as_table(
        rows[["name", "orders", "median", "p90"]],
        columns={"name": "Other orders in hand", "orders": "Orders", "median": "Median, min", "p90": "p90, min"},
    )
    alt = "Median and 90th percentile of preparation in minutes by orders in hand: " + "; ".join(
        f"{r['name']} {n.number(r['median'])} and {n.number(r['p90'])}" for r in records(rows)
    )
    compared = kitchens.compared_with_itself(cooked)
    plot = range_plot(rows.assign(usual_p90=float("nan"), state="usual"), None, "")
    told = float(rows["median"].iloc[-1] - rows["median"].iloc[0])
    return Finding("kitchens", _load_title(rows, subject), _load_say(compared, told), f"{alt}.", (plot,), table)


def _load_title(rows: pd.DataFrame, subject: str) -> str:
    if len(rows) < 2:
        return subject
    first, last = (records(rows)[i] for i in (0, -1))
    more = last["median"] - first["median"]
    if abs(more) < FELT_MINUTES:
        return f"Kitchens with {last['name']} in hand were as quick as with {first['name']}"
    busy = f"With {last['name']} in hand" if last["name"].endswith("others") else f"With {last['name']} others in hand"
    return f"{busy} an order took {n.plural(round(abs(more)), 'minute')} {'longer' if more > 0 else 'less'}"


def _load_say(compared: kitchens.KitchenComparison, told_minutes: float) -> str:
    """What the same kitchens say of the title's `told_minutes` more (median of all, busiest class against quietest)."""
    if compared.kitchens == 0:
        return (
            "No kitchen had enough quiet and busy orders to be compared with itself, so load is not told from slow "
            "kitchens that have many orders in hand."
        )
    more = compared.minutes_more
    as_long = "about as long"
    words = f"{n.number(abs(more), 1)}{n.NARROW}min {'longer' if more > 0 else 'less'}"
    few = f"longer in {n.number(compared.longer)} of {n.plural(compared.kitchens, 'kitchen')}"
    said = (
        f"The same kitchen beside itself, busier than its median, took {as_long if abs(more) < FELT_MINUTES else words}"
    )
    return f"{said} (median; {few}){_load_conclusion(compared, told_minutes)}"


def _load_conclusion(compared: kitchens.KitchenComparison, told_minutes: float) -> str:
    unfelt = abs(compared.minutes_more) < FELT_MINUTES
    if not compared.leans and unfelt and compared.kitchens >= FEW:
        return ", so it is rather that slow kitchens have many orders in hand."
    if not compared.leans:
        return ": too few or too uneven to tell load from slow kitchens that have many orders in hand."
    if compared.minutes_more < FELT_MINUTES:
        return ", so it is not load that makes orders long."
    if compared.minutes_more < told_minutes / 2:
        return ": load goes with a part of it, and more lies between slow kitchens and quick ones."
    return ", so it is not only that slow kitchens have many orders in hand."
