"""What needs attention: where a figure crosses a limit or leaves its usual range and enough orders are touched.

Urgency: "act" beyond a limit, "look" outside the usual range, "data" for a source. Sorted by urgency, then by orders.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pandas as pd

from pipelines.reporting import numbers as n
from pipelines.reporting.findings_loss import loss_history, refusal_history
from pipelines.reporting.frames import highest, records
from pipelines.reporting.gold import LOSSES, Gold, count_of, lost_of, name_of
from pipelines.reporting.source_state import source_view
from pipelines.reporting.usual import days_outside, usual_range

MAX_LINES = 8  # more is a list nobody acts on; the caption says how many were left out
_ORDER = {"act": 0, "look": 1, "data": 2}
_LOOK = {
    "customer_before_acceptance": "Time to acceptance; payment and app errors",
    "restaurant_rejected": "Stock and opening hours of restaurants that refused",
    "unanswered": "Devices and staff of restaurants that did not answer",
    "no_courier": "Couriers on shift by hour against orders",
    "customer_after_acceptance": "Waiting time from acceptance to pick-up",
    "delivery_failed": "Addresses and contact with the customer",
}


@dataclass(frozen=True)
class Limits:
    """Business limits of a run: per cents, and the orders that a line must touch."""

    fulfilment_target_percent: float
    late_limit_percent: float
    refusal_limit_percent: float
    min_orders: int


@dataclass(frozen=True)
class Attention:
    """Lines of the attention table, and its caption."""

    lines: list[dict[str, Any]]
    caption: str


def attention(gold: Gold, limits: Limits, sources: pd.DataFrame) -> Attention:
    """Everything of the day that a person should look at, most urgent first."""
    found = [
        *_city(gold, limits),
        *_volume(gold, limits),
        *_zones(gold, limits),
        *_restaurants(gold, limits),
        *_losses(gold, limits),
    ]
    found.sort(key=lambda line: (_ORDER[line["urgency"]], -line["orders"]))
    left_out = max(len(found) - MAX_LINES, 0)
    lines = [*found[:MAX_LINES], *_no_orders(gold), *_data(sources)]
    caption = (
        "Sorted by urgency, then orders touched. A line appears when a figure crosses a limit or leaves its usual "
        f"range on the worse side and at least {n.plural(limits.min_orders, 'order')} are touched."
    )
    if not gold.history:
        caption += " No day before is known, so only limits are checked."
    if left_out:
        caption += f" {n.plural(left_out, 'more line is', 'more lines are')} left out."
    return Attention([{k: v for k, v in line.items() if k != "orders"} for line in lines], caption)


def _line(
    urgency: str, where: str, kind: str, what: str, since: str, orders: int, noun: str, look: str
) -> dict[str, Any]:
    size = n.plural(orders, f"{noun} order")
    return {
        "urgency": urgency,
        "where": where,
        "kind": kind,
        "what": what,
        "since": since,
        "size": size,
        "look": look,
        "orders": orders,
    }


def _since(gold: Gold, history: Sequence[float | None], value: float, worse: str) -> str:
    days = days_outside(history, value, "up" if worse == "up" else "down")
    if days <= 1:
        return n.short_date(gold.business_date)
    return f"{n.short_date(gold.business_date - timedelta(days=days - 1))}, {n.ordinal(days)} day"


def _usually(history: Sequence[float | None]) -> str:
    usual = usual_range(history)
    return f"; usual is {n.between(usual.low * 100, usual.high * 100)}{n.NARROW}%" if usual else ""


def _urgency(share: float, limit: float | None, history: Sequence[float | None]) -> str | None:
    """ "act" above the limit, "look" above the usual range, None inside both."""
    if limit is not None and share > limit:
        return "act"
    usual = usual_range(history)
    return "look" if usual is not None and share > usual.high else None


def _city(gold: Gold, limits: Limits) -> list[dict[str, Any]]:
    rate, lost = gold.day.get("fulfilment_rate"), sum(lost_of(gold.day).values())
    target = limits.fulfilment_target_percent / 100
    if rate is None or rate >= target or lost < limits.min_orders:
        return []
    worst = max(lost_of(gold.day).items(), key=lambda item: item[1])
    what = f"{n.percent(rate)} of orders delivered; target is {n.percent(target, 0)}"
    since = _since(gold, gold.series("fulfilment_rate"), float(rate), "down")
    return [
        _line(
            "act",
            gold.city_name or gold.city_id,
            "city",
            what,
            since,
            lost,
            "lost",
            f"Largest loss: {LOSSES[worst[0]]}",
        )
    ]


def _volume(gold: Gold, limits: Limits) -> list[dict[str, Any]]:
    placed, history = count_of(gold.day, "orders_placed"), gold.series("orders_placed")
    usual = usual_range(history)
    if usual is None or placed == 0 or placed >= usual.low or usual.median - placed < limits.min_orders:
        return []
    what = f"{n.plural(placed, 'order')} placed; usual is {n.between(usual.low, usual.high)}"
    since = _since(gold, history, placed, "down")
    look = "App, payment and opening hours; whether all orders arrived"
    return [
        _line(
            "look", gold.city_name or gold.city_id, "city", what, since, round(usual.median - placed), "missing", look
        )
    ]


def _no_orders(gold: Gold) -> list[dict[str, Any]]:
    if count_of(gold.day, "orders_placed"):
        return []
    what = "No order of the day arrived; every figure is blank"
    since = f"after {n.short_date(gold.history[-1])}" if gold.history else n.BLANK
    return [{"urgency": "data", "where": "Orders", "kind": "source", "what": what, "since": since, "size": n.BLANK,
             "look": "Whether the city was closed; else the feed, then run this day again", "orders": 0}]  # fmt: skip


def _zones(gold: Gold, limits: Limits) -> list[dict[str, Any]]:
    measures = ["deliveries_late", "deliveries_with_promise"]
    sums = gold.times.groupby(["zone_id", "zone_name", "business_date"], as_index=False)[measures].sum()
    lines = []
    for row in records(gold.today(sums)):
        late, promised = int(row["deliveries_late"]), int(row["deliveries_with_promise"])
        if late < limits.min_orders:
            continue
        past = gold.before(sums[sums["zone_id"] == row["zone_id"]]).set_index("business_date")
        shares = (
            past["deliveries_late"].astype(float) / past["deliveries_with_promise"].replace(0, float("nan"))
        ).to_dict()
        history = [shares.get(d) for d in gold.history]
        urgency = _urgency(late / promised, limits.late_limit_percent / 100, history)
        if urgency:
            whole = n.plural(promised, "delivery", "deliveries")
            what = f"{n.percent(late / promised, 0)} of {whole} late{_usually(history)}"
            since = _since(gold, history, late / promised, "up")
            lines.append(
                _line(
                    urgency,
                    name_of(row, "zone"),
                    "" if name_of(row, "zone").startswith("Zone ") else "zone",
                    what,
                    since,
                    late,
                    "late",
                    _late_look(gold, str(row["zone_id"])),
                )
            )
    return lines


def _late_look(gold: Gold, zone_id: str) -> str:
    """The hour in which a zone had most late orders: where to begin."""
    rows = gold.today(gold.times)
    hours = rows[rows["zone_id"] == zone_id].groupby("local_hour", as_index=False)["deliveries_late"].sum()
    worst = highest(pd.DataFrame(hours), "deliveries_late")["local_hour"]
    return f"Couriers on shift around {n.hour(worst)}, its hour with most late orders"


def _restaurants(gold: Gold, limits: Limits) -> list[dict[str, Any]]:
    lines = []
    for row in records(gold.today(gold.restaurants)):
        refused, placed = int(row["restaurant_rejected"] + row["unanswered"]), int(row["orders_placed"])
        if refused < limits.min_orders:
            continue
        history = refusal_history(gold, str(row["restaurant_id"]))
        urgency = _urgency(refused / placed, limits.refusal_limit_percent / 100, history)
        if urgency:
            what = f"Refused or left unanswered {n.number(refused)} of {n.plural(placed, 'order')}{_usually(history)}"
            since = _since(gold, history, refused / placed, "up")
            look = "Opening hours and stock list; ring the restaurant"
            lines.append(_line(urgency, name_of(row, "restaurant"), "restaurant", what, since, refused, "lost", look))
    return lines


def _losses(gold: Gold, limits: Limits) -> list[dict[str, Any]]:
    placed, lines = count_of(gold.day, "orders_placed"), []
    for name, lost in lost_of(gold.day).items():
        if lost < limits.min_orders:
            continue
        history = loss_history(gold, name)
        urgency = _urgency(lost / placed, None, history)
        if urgency:
            what = f"{n.number(lost)} of {n.plural(placed, 'order')} lost this way{_usually(history)}"
            since = _since(gold, history, lost / placed, "up")
            where = f"{LOSSES[name][:1].upper()}{LOSSES[name][1:]}"
            lines.append(_line(urgency, where, "reason", what, since, lost, "lost", _LOOK[name]))
    return lines


def _data(sources: pd.DataFrame) -> list[dict[str, Any]]:
    lines = []
    for view in map(source_view, records(sources)):
        if view["state"] not in ("missing", "partial"):
            continue
        missing = view["state"] == "missing"
        what = "No event of the day arrived" if missing else f"{view['complete']} of rows kept every rule"
        lines.append(
            {"urgency": "data", "where": view["source"], "kind": "source", "what": what, "since": view["last_event"],
             "size": n.BLANK if missing else f"{view['quarantined']} rows set aside", "orders": 0,
             "look": "The feed; then run this day again" if missing else "The quarantine table, by rule"}
        )  # fmt: skip
    return lines
