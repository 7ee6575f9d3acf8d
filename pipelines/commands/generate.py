"""`dishpatch generate`: invent days of a city."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipelines.errors import UsageError

if TYPE_CHECKING:
    from generator.publish import Plan

DAY_FORMAT = ["%Y-%m-%d"]
LONGEST_PLAN_DAYS = 3_700  # ten years: more is a typing error


def register(app: typer.Typer) -> None:
    """Add the command of this area."""
    app.command("generate")(generate)


def generate(
    start: Annotated[
        datetime | None, typer.Option("--from", formats=DAY_FORMAT, help="First local business day.")
    ] = None,
    end: Annotated[datetime | None, typer.Option("--to", formats=DAY_FORMAT, help="Last local business day.")] = None,
    days: Annotated[int | None, typer.Option(help="Number of days, instead of --from.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAY_FORMAT, help="Last day, with --days.")] = None,
    orders_per_day: Annotated[int, typer.Option(min=1, help="Mean of a usual week; days differ.")] = 1500,
    seed: Annotated[int, typer.Option(help="The same seed gives the same events.")] = 7,
    city: Annotated[str, typer.Option(help="City profile.")] = "futian",
    scenario: Annotated[str | None, typer.Option(help="Shipped scenario or YAML file to lay over the city.")] = None,
    out: Annotated[str, typer.Option(help="'kafka', or a folder for Parquet files.")] = "kafka",
) -> None:
    """Generate days of a city's deliveries, to Kafka or to files. A day already published sends nothing."""
    from generator.city import load_city
    from generator.publish import Plan
    from generator.scenario import load_scenario

    first, last = chosen_days(_date(start), _date(end), days, _date(until))
    overlay = load_scenario(scenario) if scenario else None
    rows = _run(Plan(load_city(city), first, last, orders_per_day, seed, overlay), out)
    for dataset, count in sorted(rows.items()):
        typer.echo(f"{dataset:24}{count:>12,}")
    typer.echo(f"{'sent' if out == 'kafka' else 'written'}: {sum(rows.values()):,} events to {out}")


def chosen_days(start: date | None, end: date | None, days: int | None, until: date | None) -> tuple[date, date]:
    """First and last day from `--from --to` or `--days --until`; UsageError says what is missing or contradicts."""
    if start and end and days is None and until is None:
        first, last = start, end
    elif days is not None and until and not start and not end:
        if days < 1:
            raise UsageError(f"--days {days}: at least one day is needed")
        first, last = until - timedelta(days=min(days, LONGEST_PLAN_DAYS + 1) - 1), until
    else:
        raise UsageError("say which days: either --from D --to D, or --days N --until D (dates as 2026-11-22)")
    if last < first:
        raise UsageError(f"--to {last} is before --from {first}")
    if (last - first).days >= LONGEST_PLAN_DAYS:
        raise UsageError(f"{first} to {last} is more than {LONGEST_PLAN_DAYS:,} days; check the years")
    return first, last


def _run(plan: Plan, out: str) -> dict[str, int]:
    """Send the plan out under a progress bar, a step a day."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from generator.publish import publish_plan, write_plan

    columns = (TextColumn("generating"), BarColumn(), MofNCompleteColumn(), TextColumn("days  {task.fields[said]}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True)) as bar:
        task, seen, total = bar.add_task("days", total=len(plan.days), said=""), set[str](), 0

        def on_rows(day: str, rows: int) -> None:
            nonlocal total
            seen.add(day)
            total += rows
            bar.update(task, completed=len(seen) - 1, said=f"{day}  {total:,} events")

        sent = publish_plan(plan, on_rows) if out == "kafka" else write_plan(plan, Path(out), on_rows)
        bar.update(task, completed=len(plan.days))
    return sent


def _date(value: datetime | None) -> date | None:
    return value.date() if value else None
