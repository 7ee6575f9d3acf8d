"""How the day went by: orders against couriers by the quarter hour, traffic and rain, visits to the app."""

from __future__ import annotations

import pandas as pd

from pipelines.reporting import numbers as n
from pipelines.reporting import plot_style as ps
from pipelines.reporting.city import conditions, plots
from pipelines.reporting.city.day import FEW, CityDay
from pipelines.reporting.city.quarter_hours import by_quarter
from pipelines.reporting.city.visits import Funnel, funnel, orders_of_other_days
from pipelines.reporting.display import as_table
from pipelines.reporting.finding import Finding, empty_finding
from pipelines.reporting.frames import Row, highest, lowest
from pipelines.reporting.plots_loss import losses_plot

SHORT_ORDERS = 10  # open orders under which a lone courier off shift would count as a shortage


def quarters_of(day: CityDay, courier_time: pd.DataFrame) -> pd.DataFrame:
    """`by_quarter` of the day with the local clock, and `accent` where more orders were open than couriers on shift.

    Without shifts only couriers with an order are known, and `on_shift` is NaN.
    """
    found = by_quarter(day.orders, courier_time, day.quarters())
    if day.shifts.empty:
        found["on_shift"] = float("nan")
    short = (found["open_orders"] > found["on_shift"]) & (found["open_orders"] >= SHORT_ORDERS)
    return found.assign(clock=[day.clock(at) for at in found["at"]], accent=short)


def day_finding(day: CityDay, quarters: pd.DataFrame, half_hours: pd.DataFrame) -> Finding:
    """Orders placed and open, couriers on shift and busy, by the quarter hour."""
    subject = "The day by the quarter hour"
    if day.orders.empty:
        return empty_finding("day", subject, "No orders were placed", "There is nothing to show by the quarter hour.")
    rain = plots.rain_spans(half_hours)
    svgs = tuple(plots.day_plot(quarters, width, rain) for width in (ps.WIDE_UNITS, ps.NARROW_UNITS))
    hours = quarters.groupby(quarters.index // 4).agg(
        {"clock": "first", "placed": "sum", "open_orders": "mean", "on_shift": "mean", "busy": "mean"}
    )
    table = as_table(
        hours[(hours["placed"] > 0) | (hours["open_orders"] > 0) | (hours["on_shift"] > 0)],
        columns={"clock": "Hour", "placed": "Orders placed", "open_orders": "Open, mean",
                 "on_shift": "Couriers on shift, mean", "busy": "Busy, mean"},
    )  # fmt: skip
    return Finding("day", _day_title(quarters, subject), _day_say(quarters), _day_alt(quarters), svgs, table)


def _day_title(quarters: pd.DataFrame, subject: str) -> str:
    if quarters["placed"].sum() < FEW:
        return subject
    fullest = highest(quarters, "open_orders")
    open_orders = n.plural(round(fullest["open_orders"]), "order")
    verb = "was" if round(fullest["open_orders"]) == 1 else "were"
    if not quarters["on_shift"].sum():
        return f"At {fullest['clock']} {open_orders} {verb} open, the most of the day"
    couriers = n.plural(round(fullest["on_shift"]), "courier")
    return f"At {fullest['clock']} {open_orders} {verb} open for {couriers} on shift"


def _day_say(quarters: pd.DataFrame) -> str:
    busiest = highest(quarters, "placed")
    said = f"Most orders came in the quarter from {busiest['clock']}: {n.number(busiest['placed'])}."
    if not quarters["on_shift"].sum():
        return f"{said} No shift of a courier is known, so supply is not judged."
    short = int(quarters["accent"].sum())
    if short:
        first, last = (quarters.loc[quarters["accent"], "clock"].iloc[i] for i in (0, -1))
        hours = f"{n.number(short / 4, 2 if short % 2 else 1 if short % 4 else 0)}"
        time = f"{hours} {'hour' if short == 4 else 'hours'}" if short >= 4 else f"{short * 15} minutes"
        return f"{said} For {time} between {first} and {last} more orders were open than couriers on shift."
    rush = quarters[(quarters["placed"] * 4 >= busiest["placed"]) & (quarters["on_shift"] > 0)]
    if rush.empty:
        return f"{said} No courier was on shift at that time."
    free = lowest(rush.assign(free=1 - rush["busy"] / rush["on_shift"]), "free")
    spare = f"{n.number(free['on_shift'] - free['busy'])} of {n.plural(round(free['on_shift']), 'courier')}"
    return f"{said} Orders never outnumbered couriers: at the tightest, at {free['clock']}, {spare} had none in hand."


def _day_alt(quarters: pd.DataFrame) -> str:
    busiest, fullest = highest(quarters, "placed"), highest(quarters, "open_orders")
    said = (
        f"Two panels by quarter hour from {quarters['clock'].iloc[0]}. Orders placed are highest at "
        f"{busiest['clock']}, "
        f"{n.number(busiest['placed'])}. Open orders peak at {fullest['clock']}, {n.number(fullest['open_orders'])}"
    )
    if not quarters["on_shift"].sum():
        return f"{said}. Couriers on shift are not known."
    most = highest(quarters, "on_shift")
    return f"{said}; couriers on shift at {most['clock']}, {n.number(most['on_shift'])}."


def conditions_of(day: CityDay) -> pd.DataFrame:
    """`by_half_hour` of the day with the local clock."""
    found = conditions.by_half_hour(day.speeds, day.weather, day.begins, day.ends)
    return found.assign(clock=[day.clock(at) for at in found["at"]])


def conditions_finding(day: CityDay, half_hours: pd.DataFrame) -> Finding:
    """Speed of traffic and rain, and how late orders were in the one and in the dry."""
    subject = "Traffic and weather"
    speed, rain = (half_hours[c].notna().any() for c in ("speed_share", "rain_mm_per_hour"))
    if not speed and not rain:
        text = "Neither a traffic sensor nor a weather station told of this day."
        return empty_finding("conditions", subject, "No traffic and no weather arrived", text)
    table = as_table(
        half_hours[["clock", "speed_share", "rain_mm_per_hour", "temperature_c"]].iloc[::2],
        columns={"clock": "From", "speed_share": "Speed of traffic", "rain_mm_per_hour": "Rain, mm/h",
                 "temperature_c": "Temperature, °C"},
        units={"speed_share": "%"},
    )  # fmt: skip
    slowest = lowest(half_hours.dropna(subset=["speed_share"]), "speed_share") if speed else None
    plot = plots.conditions_plot(half_hours)
    title, alt = _conditions_title(slowest, half_hours, subject), _conditions_alt(slowest, half_hours)
    return Finding("conditions", title, _conditions_say(day, half_hours, bool(rain)), alt, (plot,), table)


def _conditions_title(slowest: Row | None, half_hours: pd.DataFrame, subject: str) -> str:
    if slowest is not None:
        return f"Traffic was slowest at {slowest['clock']}: {n.percent(slowest['speed_share'], 0)} of the free speed"
    fell = half_hours["rain_mm_per_hour"].sum() / 2
    return f"{n.number(fell, 1)} mm of rain fell" if fell >= 1 else subject


def _conditions_say(day: CityDay, half_hours: pd.DataFrame, rain_known: bool) -> str:
    if not rain_known:
        return "No weather station told of this day."
    wet = plots.rain_spans(half_hours)
    warm, cold = half_hours["temperature_c"].max(), half_hours["temperature_c"].min()
    degrees = f"{n.between(cold, warm)}{n.NARROW}°C"
    if not wet:
        return f"It stayed dry, at {degrees}."
    fell = half_hours["rain_mm_per_hour"].sum() / 2
    hours = sum(end - start for start, end in wet)
    said = f"{n.number(fell, 1)}{n.NARROW}mm of rain fell in {n.number(hours, 1)} hours, at {degrees}."
    late_wet, all_wet, late_dry, all_dry = conditions.late_by_rain(day.orders, half_hours)
    if min(all_wet, all_dry) < FEW:
        return said
    return (
        f"{said} Of orders placed in rain {n.percent(late_wet / all_wet, 0)} came late, "
        f"in the dry {n.percent(late_dry / all_dry, 0)}."
    )


def _conditions_alt(slowest: Row | None, half_hours: pd.DataFrame) -> str:
    said = "Two panels by half hour. "
    if slowest is not None:
        fastest = highest(half_hours.dropna(subset=["speed_share"]), "speed_share")
        said += (
            f"Speed of traffic runs from {n.percent(slowest['speed_share'], 0)} of the free speed at "
            f"{slowest['clock']} to {n.percent(fastest['speed_share'], 0)} at {fastest['clock']}. "
        )
    if half_hours["rain_mm_per_hour"].notna().any():
        wettest = highest(half_hours.fillna({"rain_mm_per_hour": 0.0}), "rain_mm_per_hour")
        if wettest["rain_mm_per_hour"] >= conditions.WET_MM_PER_HOUR:
            return (
                f"{said}Rain is heaviest at {wettest['clock']}, {n.number(wettest['rain_mm_per_hour'], 1)} mm an hour."
            )
        return f"{said}No rain."
    return f"{said}Rain is not known."


def funnel_finding(day: CityDay) -> Finding:
    """Visits to the app from opening to order, and where the others ended."""
    subject, found = "From opening the app to an order", funnel(day.visits, day.begins, day.ends)
    opened, viewed, filled, ordered = found.reached
    if opened == 0:
        return empty_finding("funnel", subject, "No visits to the app arrived", "What people looked at is not known.")
    stages = _stages(found)
    reasons = {name: count for _, _, left in stages for name, count in left}
    most = max(reasons, key=lambda name: reasons[name]) if reasons else None
    plot = losses_plot(stages, most, False)
    table = as_table(
        pd.DataFrame([{"step": step, "visits": count, "share": count / opened} for step, count, _ in stages]),
        columns={"step": "Step", "visits": "Visits", "share": "Share of visits"},
        units={"share": "%"},
    )
    title = subject
    if opened >= FEW:
        title = f"{n.percent(ordered / opened, 0)} of {n.plural(opened, 'visit')} ended with an order"
    say = f"{n.plural(viewed, 'visit')} got to a menu and {n.number(filled)} to a basket."
    if most:
        say += f" Most that brought no order ended here: {most[:1].lower()}{most[1:]}, {n.number(reasons[most])}."
    say += _reconciled(day, ordered)
    alt = "Visits left after each step: " + "; ".join(f"{step} {n.number(count)}" for step, count, _ in stages) + "."
    return Finding("funnel", title, say, alt, (plot,), table)


def _reconciled(day: CityDay, ordered: int) -> str:
    """Why the visits that ordered are not as many as the day's orders; nothing where they are."""
    placed = len(day.orders)
    before, after = orders_of_other_days(day.visits, day.begins, day.ends)
    told = ordered - after + before  # orders of the day that some visit tells of
    parts = [
        f"{n.number(before)} came of a visit begun before the day" if before else "",
        f"{n.number(placed - told)} of no visit that is known" if placed > told else "",
    ]
    said = " and ".join(part for part in parts if part)
    said = f" Of the day’s {n.plural(placed, 'order')} {said}." if said else ""
    if after:
        said += f" {n.plural(after, 'visit')} of the day ordered only after its end."
    if told > placed:
        said += f" {n.plural(told - placed, 'visit')} ordered what is not among the day’s {n.plural(placed, 'order')}."
    return said


def _stages(found: Funnel) -> list[tuple[str, int, list[tuple[str, int]]]]:
    """What `losses_plot` draws: steps, visits that reached them, and those that ended before the next."""
    opened, viewed, filled, ordered = found.reached
    _, at_menu, at_basket = found.left
    stages = [
        (
            "Opened the app",
            opened,
            [("Left at once", found.left_at_once), ("Left after a search", found.left_after_search)],
        ),
        ("Looked at a menu", viewed, [("Left at a menu", at_menu)]),
        ("Filled a basket", filled, [("Left a full basket", at_basket)]),
        ("Placed the order", ordered, []),
    ]
    return [(step, count, [(name, left) for name, left in lost if left]) for step, count, lost in stages]
