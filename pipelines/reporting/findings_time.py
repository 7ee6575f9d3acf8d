"""When and where orders came late: by hour, zone and weekday. A title without a basis in the data claims nothing."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from pipelines.reporting import numbers as n
from pipelines.reporting import plot_style as ps
from pipelines.reporting.display import as_table
from pipelines.reporting.finding import Finding, empty_finding
from pipelines.reporting.frames import Row, highest, lowest, records
from pipelines.reporting.gold import Gold, name_of
from pipelines.reporting.plots import grid_plot, hours_plot, range_plot
from pipelines.reporting.usual import usual_range

MIN_ORDERS = 20  # a share of fewer is one or two orders' luck; cells under it are dotted, titles do not claim on it
_MEASURES = ["deliveries_late", "deliveries_with_promise"]
_ZONES_SHOWN = 8
_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


def hours_finding(gold: Gold) -> Finding:
    """Orders placed and late share by local hour, beside the median of the days before."""
    hours = by_hour(gold)
    if hours.empty:
        return empty_finding(
            "hours", "Orders and lateness by hour", "No orders were placed", "There is nothing to show by hour."
        )
    usual_name = "usual day"
    svgs = tuple(hours_plot(hours, width, usual_name) for width in (ps.WIDE_UNITS, ps.NARROW_UNITS))
    table = as_table(
        hours.assign(local_hour=hours["local_hour"].map(n.hour))[
            ["local_hour", "orders_placed", "usual_orders", "with_promise", "late", "late_share", "usual_late_share"]
        ],
        columns={
            "local_hour": "Hour", "orders_placed": "Orders", "usual_orders": "Usual orders",
            "with_promise": "With a promise",
            "late": "Late", "late_share": "Late share", "usual_late_share": "Usual late share",
        },
        units={"late_share": "%", "usual_late_share": "%"},
    )  # fmt: skip
    return Finding("hours", _hours_title(hours), _hours_say(hours), _hours_alt(hours), svgs, table)


def by_hour(gold: Gold) -> pd.DataFrame:
    """One row a local hour: orders placed, late, with_promise, usual values and `accent` (later than usual)."""
    placed = _sums(gold.hours, ["business_date", "local_hour"], ["orders_placed"])
    late = _sums(gold.times, ["business_date", "local_hour"], _MEASURES)
    both = placed.merge(late, how="left", on=["business_date", "local_hour"])
    both["late_share"] = _share(both)
    today, before = gold.today(both), gold.before(both)
    usually = before.groupby("local_hour")["business_date"].nunique()
    hours = set(today["local_hour"])
    hours |= {h for h, days in usually.items() if hours and days * 2 >= len(gold.history)}
    # An hour with orders on most days and none on this one is shown: that it is empty is the finding.
    today = today.set_index("local_hour").reindex(gold.in_order(hours))
    today[["orders_placed", *_MEASURES]] = today[["orders_placed", *_MEASURES]].fillna(0)
    rows = []
    for row in records(today.reset_index()):
        past = before[before["local_hour"] == row["local_hour"]]
        # A day without orders in the hour had none: that is a count, where a share of nothing is blank.
        counts = past.set_index("business_date")["orders_placed"].reindex(gold.history, fill_value=0)
        orders, share = usual_range(counts.tolist()), usual_range(past["late_share"].tolist())
        enough = row["deliveries_with_promise"] >= MIN_ORDERS
        rows.append({
            "local_hour": int(row["local_hour"]), "orders_placed": int(row["orders_placed"]),
            "usual_orders": orders.median if orders else None, "late": row["deliveries_late"],
            "with_promise": row["deliveries_with_promise"], "late_share": row["late_share"],
            "usual_late_share": share.median if share else None,
            "accent": bool(enough and share and row["late_share"] > share.high),
        })  # fmt: skip
    frame = pd.DataFrame(rows)
    for column in ("late", "with_promise"):
        if column in frame:
            frame[column] = frame[column].fillna(0).astype(int)
    return frame


def _sums(frame: pd.DataFrame, keys: list[str], columns: list[str]) -> pd.DataFrame:
    return frame.groupby(keys, as_index=False, dropna=False)[columns].sum()


def _share(frame: pd.DataFrame) -> pd.Series:
    whole = frame["deliveries_with_promise"].astype(float)
    return frame["deliveries_late"].astype(float) / whole.where(whole > 0)


def _hours_title(hours: pd.DataFrame) -> str:
    accents = hours[hours["accent"]]
    busiest = highest(hours, "orders_placed")
    if not accents.empty:
        peak = highest(accents, "late_share")
        usually = n.percent(peak["usual_late_share"], 0)
        return f"At {n.hour(peak['local_hour'])} {n.percent(peak['late_share'], 0)} came late; usual is {usually}"
    if hours["usual_late_share"].notna().any() and (hours["with_promise"] >= MIN_ORDERS).any():
        return f"No hour was later than usual; {n.hour(busiest['local_hour'])} was the busiest"
    if hours["orders_placed"].sum() >= MIN_ORDERS:
        most = n.plural(int(busiest["orders_placed"]), "order")
        return f"{n.hour(busiest['local_hour'])} was the busiest hour, with {most}"
    return "Orders and lateness by hour"


def _hours_say(hours: pd.DataFrame) -> str:
    late, promised = int(hours["late"].sum()), int(hours["with_promise"].sum())
    whole = f"{n.number(late)} of {n.plural(promised, 'delivery', 'deliveries')} with a promise came after it"
    accents = hours[hours["accent"]]
    if not accents.empty:
        excess = (accents["late"] - accents["usual_late_share"].astype(float) * accents["with_promise"]).sum()
        when = ", ".join(_spans(hours))
        return f"{whole}. Above usual: {when}, with about {n.number(excess)} more late orders than usual."
    if (hours["with_promise"] < MIN_ORDERS).all():
        return f"{whole}. No hour had {MIN_ORDERS} of them, so none is judged."
    if hours["usual_late_share"].notna().any():
        return f"{whole}; each hour with at least {MIN_ORDERS} of them stayed within its usual range or below."
    return f"{whole}. There are not enough days before for a usual range."


def _spans(hours: pd.DataFrame) -> list[str]:
    """Hours with an accent, neighbours joined: `18:00 to 23:00`."""
    runs = (hours["accent"] != hours["accent"].shift()).cumsum()
    spans = [run["local_hour"].tolist() for _, run in hours.groupby(runs) if run["accent"].iloc[0]]
    return [n.hour(s[0]) if len(s) == 1 else f"{n.hour(s[0])} to {n.hour(s[-1])}" for s in spans]


def _hours_alt(hours: pd.DataFrame) -> str:
    busiest, known = highest(hours, "orders_placed"), hours.dropna(subset=["late_share"])
    first, last = (n.hour(hours["local_hour"].iloc[i]) for i in (0, -1))
    said = f"Two panels by hour of the order, {first} to {last}. "
    said += f"Orders are highest at {n.hour(busiest['local_hour'])}, {n.number(busiest['orders_placed'])}."
    if known.empty:
        return f"{said} No late share is known."
    low, high = lowest(known, "late_share"), highest(known, "late_share")
    return (
        f"{said} Late share runs from {n.number(low['late_share'] * 100)} percent at {n.hour(low['local_hour'])} "
        f"to {n.number(high['late_share'] * 100)} percent at {n.hour(high['local_hour'])}."
    )


def zones_finding(gold: Gold, p90_limit_minutes: float) -> Finding:
    """Median to p90 delivery time of the slowest zones with at least MIN_ORDERS measured deliveries."""
    subject = "Delivery time by zone"
    today = gold.today(gold.zones)
    today = today[today["deliveries_measured"] >= MIN_ORDERS].sort_values("delivery_seconds_p90", ascending=False)
    if today.empty:
        text = f"No zone had {MIN_ORDERS} deliveries whose time could be measured."
        return empty_finding("zones", subject, "Too few deliveries to compare zones", text)
    zones = pd.DataFrame([_zone_row(gold, row, p90_limit_minutes) for row in records(today)])
    shown = zones.head(_ZONES_SHOWN)
    table = as_table(
        zones[["name", "deliveries", "median", "p90", "usual_p90"]],
        columns={"name": "Zone", "deliveries": "Measured deliveries", "median": "Median, min",
                 "p90": "p90, min", "usual_p90": "Usual p90, min"},
    )  # fmt: skip
    slowest = records(zones)[0]
    alt = "Median and 90th percentile of delivery time by zone in minutes, longest first: " + "; ".join(
        f"{row['name']} {n.number(row['median'])} and {n.number(row['p90'])}" for row in records(shown)
    )
    title = f"One order in ten took over {n.number(slowest['p90'])} minutes in {slowest['name']}"
    say = _zones_say(zones, len(today))
    return Finding("zones", title, say, f"{alt}.", (range_plot(shown, p90_limit_minutes, "limit"),), table)


def _zone_row(gold: Gold, row: Row, limit: float) -> Row:
    past = gold.before(gold.zones)
    past = past[(past["zone_id"] == row["zone_id"]) & (past["deliveries_measured"] >= 5)]
    usual = usual_range((past["delivery_seconds_p90"].astype(float) / 60).tolist())
    p90 = float(row["delivery_seconds_p90"]) / 60
    state = "bad" if p90 > limit else "late" if usual and p90 > usual.high else "usual"
    return {
        "name": name_of(row, "zone"),
        "deliveries": int(row["deliveries_measured"]),
        "median": float(row["delivery_seconds_median"]) / 60,
        "p90": p90,
        "usual_p90": usual.median if usual else float("nan"),
        "state": state,
    }


def _zones_say(zones: pd.DataFrame, count: int) -> str:
    outside = zones[zones["state"].isin(["late", "bad"])]
    shown = (
        f"The {n.word(_ZONES_SHOWN)} slowest of {n.plural(count, 'zone')} are drawn. " if count > _ZONES_SHOWN else ""
    )
    if zones["usual_p90"].isna().all():
        return f"{shown}There are not enough days before to say which zones were slower than usual."
    if outside.empty:
        return f"{shown}Every zone’s slowest tenth stayed within its usual range."
    more = (outside["p90"] - outside["usual_p90"]).dropna()
    most = "" if more.empty else f", by up to {n.number(more.max())} min"
    hit = f"{n.word(len(outside)).capitalize()} of {n.plural(count, 'zone')}"
    return f"{shown}{hit} had a slowest tenth above its usual range or the limit{most}."


def week_finding(gold: Gold) -> Finding:
    """Late share by weekday and hour over the day and the days before it."""
    subject = "Lateness by weekday and hour"
    late = _sums(gold.times, ["business_date", "local_hour"], _MEASURES)
    late["weekday"] = [_WEEKDAYS[d.weekday()] for d in late["business_date"]]
    cells = _sums(late, ["weekday", "local_hour"], _MEASURES)
    if cells["deliveries_with_promise"].sum() == 0:
        return empty_finding(
            "week", subject, "No delivery with a promise yet", "There is nothing to compare by weekday and hour."
        )
    cells["late_share"] = _share(cells)
    judged = cells[cells["deliveries_with_promise"] >= MIN_ORDERS]
    # Hours in which no weekday has enough deliveries would be columns of dots.
    order = gold.in_order((judged if len(judged) else cells)["local_hour"].unique())
    rows = [d for d in _WEEKDAYS if d in set(cells["weekday"])]
    grid = cells.pivot(index="weekday", columns="local_hour", values="late_share").loc[rows, order]
    counts = (
        cells.pivot(index="weekday", columns="local_hour", values="deliveries_with_promise").loc[rows, order].fillna(0)
    )
    enough = cells[cells["deliveries_with_promise"] >= MIN_ORDERS].sort_values("late_share", ascending=False)
    shares = grid.reset_index().rename(columns={h: n.hour(h) for h in order})
    table = as_table(shares.rename(columns={"weekday": "Weekday"}), units={n.hour(h): "%" for h in order})
    svgs = (grid_plot(grid, counts, MIN_ORDERS),)
    return Finding("week", _week_title(enough, subject), _week_say(gold, enough), _week_alt(enough), svgs, table)


def _cell_names(cells: pd.DataFrame) -> Sequence[str]:
    return [f"{r['weekday']} {n.hour(r['local_hour'])}, {n.percent(r['late_share'], 0)}" for r in records(cells)]


def _week_title(enough: pd.DataFrame, subject: str) -> str:
    if enough.empty or enough["late_share"].iloc[0] == 0:
        return subject
    worst = enough.iloc[0]
    when = f"{worst['weekday']} {n.hour(worst['local_hour'])}"
    return f"{when} is the latest hour of the week: {n.percent(worst['late_share'], 0)} late"


def _week_say(gold: Gold, enough: pd.DataFrame) -> str:
    first = min([*gold.history, gold.business_date])
    period = f"{n.short_date(first)} to {n.short_date(gold.business_date)}"
    if len(enough) < 2:
        return f"{period}. Hours with fewer than {MIN_ORDERS} deliveries are dotted and not judged."
    return (
        f"{period}. Next: {'; '.join(_cell_names(enough.iloc[1:4]))}. Hours under {MIN_ORDERS} deliveries are dotted."
    )


def _week_alt(enough: pd.DataFrame) -> str:
    if enough.empty:
        return f"Grid of weekday by hour; no cell has {MIN_ORDERS} deliveries."
    lowest = _cell_names(enough.tail(1))[0]
    return (
        f"Grid of late share by weekday and hour. Highest: {'; '.join(_cell_names(enough.head(4)))}. Lowest: {lowest}."
    )
