"""What `dishpatch generate --like` does: fit, write the profile, generate a day of it, tell how near it comes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from generator.city.city import read_city
from generator.day import generate_day
from generator.history.check import check_files, refuse_above_share
from generator.history.mapping import load_mapping
from generator.like.compare import Likeness, chosen_day, compare
from generator.like.fit import fit_city
from generator.like.observed import Observed, of_files
from generator.like.profile_file import write_profile
from generator.like.stored import of_stored
from generator.scenario.scenario import Scenario
from generator.sending.plan import Plan
from pipelines.errors import UsageError
from pipelines.settings import settings


@dataclass(frozen=True)
class LikeRequest:
    """`history`: a folder of events or a city of the lake; empty: the files `orders` and `couriers` by `mapping`.

    `history_day`: the day of files without dates, or the one day to take of stored events. `days`: first and last day
    of the plan; the history's fullest day where None. `orders_per_day`: the history's mean where None.
    """

    history: str
    seed: int
    mapping: str | None = None
    orders: Path | None = None
    couriers: Path | None = None
    city: str | None = None
    history_day: date | None = None
    days: tuple[date, date] | None = None
    orders_per_day: int | None = None
    scenario: Scenario | None = None
    profile: Path | None = None
    json_file: Path | None = None


def generate_like(request: LikeRequest, console: Console, progress: Console) -> Plan:
    """Fit a profile, report on the plan's first day and return the plan, for whoever wants its days published.

    The day is made from the profile as written, so the file is all that is needed to make it again. UsageError or
    ImportRefused where there is no usable history; nothing is written then.
    """
    with progress.status("reading the history") as status:
        observed = _observed(request)
        status.update(f"fitting {len(observed.orders):,} orders and {len(observed.shifts):,} shifts")
        fitted = fit_city(observed)
        path = request.profile or settings().data_dir / "profiles" / f"{fitted.city_id}.yaml"
        write_profile(fitted, observed, path)
        city = read_city(path)
        first, last = request.days or (chosen_day(observed), chosen_day(observed))
        usual = city.demand.orders_per_day if city.demand else None
        plan = Plan(city, first, last, request.orders_per_day or usual or 1, request.seed, request.scenario)
        status.update(f"generating {first}")
        tables = generate_day(city, first, plan.orders_per_day, plan.seed, plan.scenario)
        likeness = compare(observed, city, first, tables)
    if request.json_file:
        request.json_file.parent.mkdir(parents=True, exist_ok=True)
        request.json_file.write_text(json.dumps(likeness.as_json(), indent=2) + "\n", encoding="utf-8")
    _show(likeness, observed, plan, path, console)
    return plan


def _observed(request: LikeRequest) -> Observed:
    """The history, from wherever it is."""
    files = {"--mapping": request.mapping, "--orders": request.orders}
    if request.history:
        if any(files.values()) or request.couriers:
            raise UsageError(f"--like {request.history} names a history; leave out --mapping, --orders and --couriers")
        return of_stored(request.history, request.city, request.history_day)
    if request.mapping is None or request.orders is None:
        missing = " and ".join(name for name, value in files.items() if value is None)
        raise UsageError(
            f"--like needs a history: {missing} is missing; or name a folder of events or a city of the lake"
        )
    mapping = load_mapping(request.mapping)
    if request.couriers is None:
        mapping = mapping.model_copy(update={"simulate": []})  # a history tells what was; its couriers are not needed
    by_row = mapping.orders.shops is not None or mapping.orders.city_from == "pickup"  # the rows tell their city
    named = None if by_row else request.city
    checked = check_files(mapping, request.orders, request.couriers, request.history_day, named)
    refuse_above_share(checked)
    return of_files(checked, request.city)


def _show(likeness: Likeness, observed: Observed, plan: Plan, path: Path, console: Console) -> None:
    """The distances as a table, with what chance alone would make and both medians; then one line."""
    table = Table(
        title=f"{observed.city.name} and {plan.first}, generated like it",
        title_justify="left",
        caption="distances 0 to 1; medians of history and day",
        caption_justify="left",
    )
    table.add_column("quantity", no_wrap=True)
    for name in ("KS distance", "by chance", "history", "day"):
        table.add_column(name, justify="right")
    for name, distance in likeness.ks.items():
        medians = [f"{median:,.2f}" for median in likeness.medians.get(name, ())] or ["", ""]
        chance = likeness.chance(name)
        table.add_row(name, f"{distance:.3f}", f"{chance:.3f}" if chance else "", *medians)
    console.print(table)
    worst = max(likeness.samples, key=lambda name: likeness.ks[name] - (likeness.chance(name) or 0))
    console.print(
        f"{likeness.orders:,} orders (history {likeness.orders_of_history:,.0f} a day), "
        f"{likeness.couriers:,} couriers (history {likeness.couriers_of_history:,.0f}); "
        f"furthest beyond chance: {worst} {likeness.ks[worst]:.3f}; profile: {path}",
        soft_wrap=True,
        highlight=False,
    )
