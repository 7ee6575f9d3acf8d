"""`dishpatch generate`: invent days of a city."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from pipelines.errors import UsageError

if TYPE_CHECKING:
    from generator.sending.plan import Plan
    from generator.sending.send import Way

DAY_FORMAT = ["%Y-%m-%d"]
USUAL_ORDERS_PER_DAY = 1_500
MOST_ORDERS_PER_DAY = 1_000_000  # a day is made in memory, about 20 KB an order
EARLIEST_DAY, LATEST_DAY = date(2000, 1, 2), date(2099, 12, 30)  # what histories may hold, too
LONGEST_PLAN_DAYS = 3_700  # ten years: more is a typing error


class LikeAlone(TyperCommand):
    """`--like` may stand alone: then the history is that of `--mapping` and `--orders`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As the base does, a bare `--like` having an empty value."""
        following = [*args[1:], "--"]
        args = [f"{a}=" if a == "--like" and b.startswith("-") else a for a, b in zip(args, following, strict=True)]
        return super().parse_args(ctx, args)


def register(app: typer.Typer) -> None:
    """Add the command of this area."""
    app.command("generate", cls=LikeAlone)(generate)


Mean = Annotated[
    int | None,
    typer.Option(min=1, max=MOST_ORDERS_PER_DAY, help="Mean of a usual week. Default: the profile's own, else 1500."),
]
CityName = Annotated[
    str | None, typer.Option(help="Shipped city, or profile YAML; with --like a city of the history. Default: futian.")
]
Out = Annotated[
    str | None, typer.Option(help="'kafka' (default; with --like only if said), or a folder for Parquet files.")
]
FaultsName = Annotated[
    str | None, typer.Option(help="What shall go wrong: 'usual', or a YAML file of shares. Default: nothing.")
]
History = Annotated[
    str | None,
    typer.Option(
        metavar="[HISTORY]",
        help="Fit a profile to history and say how near a day of it comes. HISTORY: a folder of events, or a city of "
        "the lake; alone: the files of --mapping and --orders.",
    ),
]
MappingName = Annotated[str | None, typer.Option(help="With --like: mapping of the files, see docs/mappings.md.")]
OrdersFile = Annotated[Path | None, typer.Option(help="With --like: file of orders.")]
CouriersFile = Annotated[Path | None, typer.Option(help="With --like: file of couriers' shifts.")]
HistoryDay = Annotated[
    datetime | None,
    typer.Option("--date", formats=DAY_FORMAT, help="With --like: day of files without dates, or of the history."),
]
ProfileFile = Annotated[Path | None, typer.Option(help="With --like: where to write the fitted profile.")]
JsonFile = Annotated[
    Path | None,
    typer.Option("--json", help="File for what was done ('-': print it); with --like for the distances."),
]
Speed = Annotated[str, typer.Option(help="max, realtime, or how many times as fast as reality; a pace needs Kafka.")]
Linger = Annotated[int, typer.Option(min=1, max=60_000, help="At a pace: real time an event may wait for others.")]
Batch = Annotated[int, typer.Option(min=1, max=10_000, help="At a pace: most events of a message.")]
DispatchBy = Annotated[
    str, typer.Option(help="builtin, or external: couriers do what courier_assignments says; docs/closed_loop.md.")
]
Tick = Annotated[float, typer.Option(min=1, max=3600, help="External dispatch: simulated seconds of a tick.")]


def generate(
    start: Annotated[
        datetime | None, typer.Option("--from", formats=DAY_FORMAT, help="First local business day.")
    ] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=DAY_FORMAT, help="Last local business day.")] = None,
    days: Annotated[int | None, typer.Option(help="Number of days, instead of --from.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAY_FORMAT, help="Last day, with --days.")] = None,
    orders_per_day: Mean = None,
    seed: Annotated[int, typer.Option(help="The same seed gives the same events.")] = 7,
    city: CityName = None,
    scenario: Annotated[str | None, typer.Option(help="Shipped scenario or YAML file to lay over the city.")] = None,
    faults: FaultsName = None,
    out: Out = None,
    like: History = None,
    mapping: MappingName = None,
    orders: OrdersFile = None,
    couriers: CouriersFile = None,
    history_day: HistoryDay = None,
    profile: ProfileFile = None,
    speed: Speed = "max",
    linger_ms: Linger = 1_000,
    batch_events: Batch = 10_000,
    dispatch: DispatchBy = "builtin",
    tick_seconds: Tick = 10.0,
    json_file: JsonFile = None,
) -> None:
    """Generate days of a city's deliveries, to Kafka or to files. What is there already is not made again."""
    from generator.city.city import load_city
    from generator.faults.profile import load_faults
    from generator.scenario.scenario import load_scenario
    from generator.sending.paced import Batching
    from generator.sending.plan import Plan
    from generator.sending.send import KAFKA, Way

    overlay = load_scenario(scenario) if scenario else None
    said = (_date(start), _date(end), days, _date(until))
    if like is None:
        _only_with_like(mapping, orders, couriers, history_day, profile)
        (first, last), where = chosen_days(*said), load_city(city or "futian")
        usual = where.demand.orders_per_day if where.demand else None
        plan = Plan(where, first, last, orders_per_day or usual or USUAL_ORDERS_PER_DAY, seed, overlay)
    else:
        files = {"mapping": mapping, "orders": orders, "couriers": couriers, "history_day": _date(history_day)}
        wanted = {"profile": profile, "json_file": json_file, "orders_per_day": orders_per_day, "scenario": overlay}
        plan = _like(history=like, seed=seed, city=city, days=_days_if_said(*said), **files, **wanted)
        if out is None:
            return
    way = Way(KAFKA if out is None else out, speed, Batching(linger_ms, batch_events), dispatch, tick_seconds)
    _send(replace(plan, faults=load_faults(faults) if faults else None), way, json_file if like is None else None)


def _send(plan: Plan, way: Way, json_file: Path | None) -> None:
    """Send the days out under a progress bar; the summary on stdout, or where JSON goes there on stderr."""
    from rich.console import Console

    from generator.sending.send import send_plan
    from generator.sending.watch import watched

    if json_file:
        _check_json(json_file)
    try:
        with watched(Console(stderr=True), len(plan.days)) as on_slice:
            sent = send_plan(plan, way, on_slice)
    except KeyboardInterrupt:
        typer.echo("interrupted; whole days that went out stay, and the same command goes on there", err=True)
        raise
    if json_file:
        _write_json(sent.as_json(), json_file)
    typer.echo(sent.summary(), err=str(json_file) == "-")


def _check_json(path: Path) -> None:
    """UsageError before the work, where the file could not be written after it."""
    if str(path) != "-" and (not path.parent.is_dir() or path.is_dir()):
        raise UsageError(f"--json {path}: {path.parent} is no folder; make it, or name another file")


def _write_json(told: dict[str, Any], path: Path) -> None:
    text = json.dumps(told, indent=1)
    if str(path) == "-":
        typer.echo(text)
    else:
        try:
            path.write_text(f"{text}\n", encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"--json {path} cannot be written ({error.strerror}); the days themselves went out"
            ) from error


def _like(**request: Any) -> Plan:
    """Fit, report, and the plan of the fitted city."""
    from rich.console import Console

    from generator.like.command import LikeRequest, generate_like

    return generate_like(LikeRequest(**request), Console(), Console(stderr=True))


def _days_if_said(
    start: date | None, end: date | None, days: int | None, until: date | None
) -> tuple[date, date] | None:
    nothing = start is None and end is None and days is None and until is None
    return None if nothing else chosen_days(start, end, days, until)


def _only_with_like(*values: object) -> None:
    if any(value is not None for value in values):
        raise UsageError("--mapping, --orders, --couriers, --date and --profile belong to --like; add it")


def chosen_days(start: date | None, end: date | None, days: int | None, until: date | None) -> tuple[date, date]:
    """First and last day from `--from --to` or `--days --until`; UsageError says what is missing or contradicts."""
    if start and end and days is None and until is None:
        first, last = start, end
    elif days is not None and until and not start and not end:
        if days < 1:
            raise UsageError(f"--days {days}: at least one day is needed")
        if until < EARLIEST_DAY:
            raise UsageError(f"--until {until}: days lie from {EARLIEST_DAY} to {LATEST_DAY}")
        first, last = until - timedelta(days=min(days, LONGEST_PLAN_DAYS + 1) - 1), until
    else:
        raise UsageError("say which days: either --from D --to D, or --days N --until D (dates as 2026-11-22)")
    if last < first:
        raise UsageError(f"--to {last} is before --from {first}")
    if first < EARLIEST_DAY or last > LATEST_DAY:
        raise UsageError(f"{first} to {last}: days lie from {EARLIEST_DAY} to {LATEST_DAY}")
    if (last - first).days >= LONGEST_PLAN_DAYS:
        raise UsageError(f"{first} to {last} is more than {LONGEST_PLAN_DAYS:,} days; check the years")
    return first, last


def _date(value: datetime | None) -> date | None:
    return value.date() if value else None
