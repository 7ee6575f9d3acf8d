"""Which orders were lost and to whom: along an order's way, and by restaurant."""

from __future__ import annotations

import pandas as pd

from pipelines.reporting import numbers as n
from pipelines.reporting.display import as_table
from pipelines.reporting.finding import Finding, empty_finding
from pipelines.reporting.frames import Row, records
from pipelines.reporting.gold import Gold, count_of, lost_of, name_of
from pipelines.reporting.plots_loss import losses_plot, ranked_plot
from pipelines.reporting.usual import usual_range

MIN_ORDERS = 20
_RESTAURANTS_SHOWN = 8
_REFUSED = ["restaurant_rejected", "unanswered"]

# Where on an order's way each class is lost: (step reached after it, classes lost before that step).
_WAY = (
    ("Restaurant accepts", ("customer_before_acceptance", "restaurant_rejected", "unanswered")),
    ("Courier takes it", ("no_courier", "customer_after_acceptance")),
    ("Customer receives", ("delivery_failed",)),
)
_SHORT = {
    "customer_before_acceptance": "Customer cancelled early",
    "restaurant_rejected": "Restaurant refused",
    "unanswered": "Restaurant did not answer",
    "no_courier": "No courier found",
    "customer_after_acceptance": "Customer cancelled later",
    "delivery_failed": "Delivery failed",
}


def losses_finding(gold: Gold) -> Finding:
    """Orders left after each step of an order's way and those lost between steps, by class."""
    placed, lost = count_of(gold.day, "orders_placed"), lost_of(gold.day)
    if placed == 0:
        return empty_finding("losses", "Orders lost, by reason", "No orders were placed", "None could be lost.")
    stages, left = [], placed
    reached = "Customer places order"
    for step, classes in _WAY:
        stages.append((reached, left, [(_SHORT[c], lost[c]) for c in classes if lost[c]]))
        left -= sum(lost[c] for c in classes)
        reached = step
    still_open = count_of(gold.day, "orders_open")
    last = f"Delivered, or open ({n.number(still_open)})" if still_open else reached
    stages.append((last, left, []))
    total, worst = sum(lost.values()), max(lost, key=lambda c: lost[c])
    usual = usual_range(loss_history(gold, worst))
    accent = _SHORT[worst] if total and list(lost.values()).count(lost[worst]) == 1 else None
    frame = pd.DataFrame(
        {
            "reason": [_SHORT[c] for _, classes in _WAY for c in classes],
            "before": [step for step, classes in _WAY for _ in classes],
            "lost": [lost[c] for _, classes in _WAY for c in classes],
            "share": [lost[c] / placed for _, classes in _WAY for c in classes],
        }
    )
    table = as_table(
        frame,
        columns={"reason": "Reason", "before": "Before", "lost": "Lost", "share": "Share of placed"},
        units={"share": "%"},
    )
    told = ", ".join(f"{_SHORT[c]} {n.number(v)}" for c, v in lost.items() if v) or "none lost"
    kept = f"{n.number(left)} of {n.number(placed)} were not lost"
    alt = f"Orders left after each step and reasons for loss: {told}. {kept}."
    plot = losses_plot(stages, accent, bool(usual and lost[worst] / placed > usual.high))
    return Finding("losses", _title(lost, total, worst), _say(gold, placed, total), alt, (plot,), table)


def loss_history(gold: Gold, name: str) -> list[float | None]:
    """Share of orders lost to a class on each day before; None where a day had no orders."""
    before = [(count_of(day, name), count_of(day, "orders_placed")) for day in map(gold.day_of, gold.history)]
    return [lost / placed if placed else None for lost, placed in before]


def _title(lost: dict[str, int], total: int, worst: str) -> str:
    if total == 0:
        return "No order was lost"
    alike = [c for c in lost if lost[c] == lost[worst]]
    if len(alike) > 1:
        return f"{n.plural(total, 'order')} lost, with no single main reason"
    return f"{_SHORT[worst]}: the largest single loss, {n.number(lost[worst])} of {n.plural(total, 'lost order')}"


def _say(gold: Gold, placed: int, total: int) -> str:
    said = f"{n.number(total)} of {n.plural(placed, 'order')} {'was' if total == 1 else 'were'} lost"
    still_open = count_of(gold.day, "orders_open")
    if still_open:
        said += f" and {n.number(still_open)} {'was' if still_open == 1 else 'were'} still open"
    before = [(sum(lost_of(day).values()), count_of(day, "orders_placed")) for day in map(gold.day_of, gold.history)]
    usual = usual_range([lost / whole for lost, whole in before if whole])
    if placed < MIN_ORDERS:
        return f"{said}."
    if usual is None:
        return f"{said}. There are not enough days before for a usual range."
    return (
        f"{said}: {n.percent(total / placed)}; usual is {n.between(usual.low * 100, usual.high * 100, 1)}{n.NARROW}%."
    )


def restaurants_finding(gold: Gold, limit_percent: float) -> Finding:
    """Restaurants with the most orders refused or left unanswered, as a part of their orders."""
    subject = "Orders refused or left unanswered, by restaurant"
    today = gold.today(gold.restaurants).copy()
    today["part"] = today[_REFUSED].sum(axis=1)
    hit = today[today["part"] > 0].sort_values(["part", "orders_placed"], ascending=[False, True])
    if hit.empty:
        if today.empty:
            return empty_finding("restaurants", subject, "No orders were placed", "None could be refused.")
        return empty_finding(
            "restaurants",
            subject,
            "No restaurant refused an order",
            f"{n.plural(len(today), 'restaurant')} took part in the day.",
        )
    rows = pd.DataFrame([_restaurant_row(gold, r, limit_percent / 100) for r in records(hit.head(_RESTAURANTS_SHOWN))])
    table = as_table(
        rows.assign(share=rows["part"] / rows["whole"])[["name", "whole", "part", "share", "usual"]],
        columns={"name": "Restaurant", "whole": "Orders", "part": "Refused or unanswered",
                 "share": "Share", "usual": "Usual share"},
        units={"share": "%", "usual": "%"},
    )  # fmt: skip
    rows.loc[1:, "state"] = "usual"  # one accent: the bar that the title names
    worst = records(rows)[0]
    of_all = f"{n.number(worst['part'])} of {n.plural(int(worst['whole']), 'order')}"
    title = f"{worst['name']} refused or left unanswered {of_all}"
    total = int(hit["part"].sum())
    say = f"{n.plural(len(hit), 'restaurant')} refused or left unanswered {n.plural(total, 'order')}"
    say += f"; the {n.word(len(rows))} with most are drawn." if len(hit) > len(rows) else "."
    alt = "Bars of orders refused or unanswered as a share of the restaurant’s orders: " + "; ".join(
        f"{r['name']} {n.number(r['part'])} of {n.number(r['whole'])}" for r in records(rows)
    )
    return Finding("restaurants", title, say, f"{alt}.", (ranked_plot(rows, "of orders"),), table)


def _restaurant_row(gold: Gold, row: Row, limit: float) -> Row:
    usual = usual_range(refusal_history(gold, str(row["restaurant_id"])))
    part, whole = int(row["part"]), int(row["orders_placed"])
    enough = whole >= MIN_ORDERS
    state = (
        "bad"
        if enough and part / whole > limit
        else "late"
        if enough and usual and part / whole > usual.high
        else "usual"
    )
    return {
        "name": name_of(row, "restaurant"),
        "part": part,
        "whole": whole,
        "usual": usual.median if usual else float("nan"),
        "state": state,
    }


def refusal_history(gold: Gold, restaurant_id: str) -> list[float | None]:
    """Share of a restaurant's orders refused or unanswered on each day before with orders; None where it had none."""
    past = gold.restaurants[gold.restaurants["restaurant_id"] == restaurant_id]
    share = past[_REFUSED].sum(axis=1) / past["orders_placed"].where(past["orders_placed"] > 0)
    known = dict(zip(past["business_date"], share.astype(float), strict=True))
    return [known.get(d) for d in gold.history]
