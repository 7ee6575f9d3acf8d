"""The day in figures: what is published, the six tiles, and the sentence that says how the day went."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipelines.reporting import numbers as n
from pipelines.reporting.gold import LOSSES, Gold, count_of, lost_of
from pipelines.reporting.tiles import tile
from pipelines.reporting.usual import Limit, Usual, usual_range

FEW_ORDERS = 20  # below it a rate is a handful of orders; the sentence counts instead


def figures(gold: Gold) -> dict[str, object]:
    """The day's figures for the run ledger: counts are 0 without orders, rates and times None."""
    day = gold.day
    counts = ["orders_placed", "orders_delivered", "orders_open", *LOSSES, "deliveries_measured", "deliveries_excluded",
              "deliveries_with_promise", "deliveries_late", "reviews", "simulated_orders",
              "simulated_lives"]  # fmt: skip
    rates = ["fulfilment_rate", "fulfilment_rate_without_early_customer_cancellations", "delivery_seconds_median",
             "delivery_seconds_p90", "late_share", "rating_mean", "share_reviewed"]  # fmt: skip
    found: dict[str, object] = {c: count_of(day, c) for c in counts}
    found |= {r: day.get(r) for r in rates}
    found |= {f"sales_cents_{currency.lower()}": cents for currency, cents in sales(gold).items()}
    found |= {
        "days_before": len(gold.history),
        "city_name": gold.city_name or gold.city_id,
        "time_zone": gold.time_zone,
    }
    return found | {
        "simulated_text": simulated_text(day),
        "sales_text": sales_text(gold),
    }


def sales(gold: Gold) -> dict[str, int]:
    """Sales of the day in cents by currency; currencies are never added."""
    rows = gold.today(gold.days).dropna(subset=["currency"])
    return {
        str(r["currency"]): int(r["sales_cents"]) for r in rows.to_dict("records") if not n.is_blank(r["sales_cents"])
    }


def sales_text(gold: Gold) -> str:
    """Sales in words, one amount a currency."""
    return " and ".join(n.money(cents, currency) for currency, cents in sales(gold).items()) or "not known"


def simulated_text(day: Mapping[str, Any]) -> str:
    """How many of the day's orders, or of their lives, a simulator made, in words; "" without orders."""
    placed, simulated = count_of(dict(day), "orders_placed"), count_of(dict(day), "simulated_orders")
    lives = count_of(dict(day), "simulated_lives")
    if not placed:
        return ""
    if lives and not simulated:
        return f"orders real, the course of {'all' if lives == placed else n.number(lives)} simulated"
    if simulated == 0:
        return f"none of {n.plural(placed, 'order')}"
    if simulated == placed:
        return f"{'the' if placed == 1 else 'all'} {n.plural(placed, 'order')}"
    return f"{n.number(simulated)} of {n.plural(placed, 'order')}"


def tiles(
    gold: Gold, fulfilment_target_percent: float, late_limit_percent: float, p90_limit_minutes: float
) -> list[dict[str, Any]]:
    """Six tiles: fulfilment, lateness, median and p90 time, orders placed, satisfaction."""
    day = gold.day
    target = Limit(fulfilment_target_percent / 100, f"{n.percent(fulfilment_target_percent / 100, 0)} target")
    late_limit = Limit(late_limit_percent / 100, f"{n.percent(late_limit_percent / 100, 0)} limit")
    p90_limit = Limit(p90_limit_minutes, f"{n.number(p90_limit_minutes)}{n.NARROW}min limit")
    early = day.get("fulfilment_rate_without_early_customer_cancellations")
    left_out = count_of(day, "deliveries_excluded")
    measured = count_of(day, "deliveries_measured")
    return [
        _tile(gold, "Fulfilment rate", "fulfilment_rate", "%", "fulfilment", good_when="up", limit=target,
              explanation="Delivered orders as a share of orders placed.",
              beside={"without early cancellations": n.percent(early)}),
        _tile(gold, "Late share", "late_share", "%", "late", good_when="down", limit=late_limit,
              explanation="Share of deliveries with a promise that came after the first promise.",
              beside={"with a promise": n.number(count_of(day, "deliveries_with_promise"))}),
        _tile(gold, "Median time", "delivery_seconds_median", "min", "time", good_when="down",
              explanation="Half of the measured deliveries took at most this long, from placement to door.",
              beside={"measured": n.number(measured)}, empty=_no_times(measured)),
        _tile(gold, "p90 time", "delivery_seconds_p90", "min", "time", good_when="down", limit=p90_limit,
              explanation="Nine in ten measured deliveries took at most this long.",
              beside={"kept out": n.number(left_out)}, empty=_no_times(measured)),
        _orders_tile(gold),
        _satisfaction_tile(gold),
    ]  # fmt: skip


def _no_times(measured: int) -> str:
    if measured == 0:
        return "No delivery time could be measured"
    return f"Only {n.plural(measured, 'delivery', 'deliveries')} measured; times are given from 5 on"


def _tile(gold: Gold, label: str, column: str, unit: str, key: str, **more: Any) -> dict[str, Any]:
    factor = 1 / 60 if unit == "min" else 1

    def scaled(value: Any) -> float | None:
        return None if n.is_blank(value) else float(value) * factor

    compare = {
        "yesterday": scaled(gold.yesterday.get(column)),
        f"last {gold.business_date:%a}": scaled(gold.last_week.get(column)),
    }
    empty = more.pop("empty", "No orders of this day" if not gold.day else "Nothing to divide by on this day")
    if unit in ("%", "min") and 0 < count_of(gold.day, "orders_placed") < FEW_ORDERS:
        more |= {"few": "Too few to judge"}
    history = [scaled(v) for v in gold.series(column)]
    return tile(
        label, scaled(gold.day.get(column)), unit, history=history, compare=compare, definition=key, empty=empty, **more
    )


def _orders_tile(gold: Gold) -> dict[str, Any]:
    return _tile(gold, "Orders placed", "orders_placed", "", "orders", empty="No orders were placed",
                 explanation="Orders that customers placed in the business day.",
                 beside={"still open": n.number(count_of(gold.day, "orders_open"))})  # fmt: skip


def _satisfaction_tile(gold: Gold) -> dict[str, Any]:
    day, reviews = gold.day, count_of(gold.day, "reviews")
    if not day:
        empty = "No orders to review"
    elif reviews == 0:
        empty = "No reviews arrived for this day"
    else:
        empty = f"Only {n.plural(reviews, 'review')}; a mean is given from 10 on"
    known = [d for d in gold.history if not n.is_blank(gold.day_of(d).get("rating_mean"))]
    last = f"{known[-1]:%A} {n.number(gold.day_of(known[-1])['rating_mean'], 2)}" if known else ""
    return _tile(gold, "Satisfaction", "rating_mean", "stars", "satisfaction", good_when="up", empty=empty,
                 last_known=last,
                 explanation="Mean of the overall star ratings of the day’s orders, 1 to 5.",
                 beside={"reviews": n.number(reviews)})  # fmt: skip


def sentence(gold: Gold) -> str:
    """How the day went, in one sentence; `**` marks what to see first."""
    day, placed = gold.day, count_of(gold.day, "orders_placed")
    when = n.long_date(gold.business_date)
    if placed == 0:
        return f"**No orders were placed** on {when}, or none has arrived yet."
    parts = [_delivered(gold, placed), *_lateness(gold), *_loss(gold)]
    still_open = count_of(day, "orders_open")
    if still_open:
        parts.append(f"{n.number(still_open)} {'is' if still_open == 1 else 'are'} still open")
    if count_of(day, "reviews") == 0:
        parts.append("no reviews arrived")
    return "; ".join(parts) + "."


def _delivered(gold: Gold, placed: int) -> str:
    day, delivered = gold.day, count_of(gold.day, "orders_delivered")
    if placed < FEW_ORDERS or day.get("fulfilment_rate") is None:
        were = "was" if placed == 1 else "were"
        return (
            f"**{n.plural(placed, 'order')}** {were} placed and **{n.number(delivered)}** delivered, too few for rates"
        )
    rate = float(day["fulfilment_rate"])
    said = f"**{n.percent(rate)}** of **{n.number(placed)}** orders were delivered"
    for name, other in ((f"last {gold.business_date:%A}", gold.last_week), ("yesterday", gold.yesterday)):
        before = other.get("fulfilment_rate")
        if before is not None and count_of(other, "orders_placed") >= FEW_ORDERS:
            difference = rate - float(before)
            if abs(difference) < 0.0005:
                return f"{said}, the same as {name}"
            return f"{said}, **{n.points(difference)} {'above' if difference > 0 else 'below'}** {name}"
    return said


def _lateness(gold: Gold) -> list[str]:
    late, promised = count_of(gold.day, "deliveries_late"), count_of(gold.day, "deliveries_with_promise")
    if promised < FEW_ORDERS:
        return [f"{n.number(late)} of {n.number(promised)} came late"] if promised else []
    share, usual = late / promised, usual_range(gold.series("late_share"))
    if usual is None:
        return [f"{n.percent(share)} came after the promise"]
    if share > usual.high:
        return [_more_late(gold, late, promised, usual)]
    stand = "fewer than usual" if share < usual.low else "as usual"
    return [f"{n.percent(share)} came after the promise, {stand}"]


def _more_late(gold: Gold, late: int, promised: int, usual: Usual) -> str:
    more = round(late - usual.median * promised)
    zones = gold.today(gold.times).groupby("zone_name")["deliveries_late"].sum().sort_values(ascending=False)
    said = f"about **{n.number(more)}** more orders than usual came late"
    if len(zones) > 1 and zones.iloc[0] * 3 >= late:
        return f"{said}, {n.percent(zones.iloc[0] / late, 0)} of all late ones in {zones.index[0]}"
    return said


def _loss(gold: Gold) -> list[str]:
    lost = lost_of(gold.day)
    worst = max(lost, key=lambda c: lost[c])
    total = sum(lost.values())
    if total == 0:
        return ["none was lost"] if count_of(gold.day, "orders_open") == 0 else []
    if list(lost.values()).count(lost[worst]) > 1:
        return [f"{n.number(total)} {'was' if total == 1 else 'were'} lost"]
    return [
        f"{n.number(total)} {'was' if total == 1 else 'were'} lost, "
        f"most often because {_because(worst, lost[worst], total)}"
    ]


def _because(name: str, count: int, total: int) -> str:
    article = {"no_courier": "no courier was found", "delivery_failed": "the delivery failed"}.get(name)
    words = article or f"the {LOSSES[name]}"
    return words if count == total else f"{words} ({n.number(count)})"
