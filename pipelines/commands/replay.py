"""`dishpatch replay`: import a user's own history by a mapping."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from generator.history.replay import Replayed

SAYS = {
    "published": "imported",
    "already there": "these files were imported before: nothing published, nothing changed",
    "nothing new": "every row was imported before from other files: nothing published",
    "dry run": "dry run: read and checked, nothing imported",
}


def register(app: typer.Typer) -> None:
    """Add the command of this area."""
    app.command("replay")(replay_files)


def replay_files(
    mapping: Annotated[
        str, typer.Option(help="Name of a shipped mapping (rappi), or a YAML file; see docs/mappings.md.")
    ],
    orders: Annotated[Path, typer.Option(help="File of orders: CSV, JSON lines or Parquet, gzipped or not.")],
    couriers: Annotated[Path | None, typer.Option(help="File of couriers' shifts.")] = None,
    date: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day of files without dates.")] = None,
    city: Annotated[
        str | None, typer.Option(help="City of the mapping, instead of recognising it by positions.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Decides the simulated part.")] = 1,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read, check and say what would happen.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Import your own history of orders: every row ends imported, flagged, duplicate, quarantined or rejected."""
    from rich.console import Console

    from generator.history.replay import Request, replay

    request = Request(mapping, orders, couriers, date.date() if date else None, city, seed, dry_run)
    progress = Console(stderr=True)
    with progress.status("starting") as status:
        published = 0

        def on_batch(rows: int) -> None:
            nonlocal published
            published += rows
            status.update(f"publishing: {published:,} events")

        done = replay(request, on_stage=status.update, on_batch=on_batch)
    if as_json:
        typer.echo(json.dumps({"status": done.status, "folder": str(done.folder), **done.record}, ensure_ascii=False))
    else:
        _show(done, Console())


def _show(done: Replayed, console: Console) -> None:
    """The account as a table, then what was published and where the rows left out are listed."""
    from rich.table import Table

    record = done.record
    table = Table(title=f"{record['city_id']} {record['unit']}", title_justify="left")
    outcomes = ["read", "imported", "flagged", "other_movement", "duplicate", "quarantined", "rejected", "filtered"]
    rare = [name for name in ("other_movement", "filtered") if not any(record[kind][name] for kind in record["files"])]
    outcomes = [name for name in outcomes if name not in rare]  # a narrow terminal has no room for columns of zeros
    for name in ("file", *outcomes):
        table.add_column(name.replace("_", " "), justify="left" if name == "file" else "right")
    for kind in record["files"]:
        table.add_row(kind, *(f"{record[kind][name]:,}" for name in outcomes))
    console.print(table)
    for kind, totals in record["rules"].items():
        for outcome, rules in totals.items():
            said = ", ".join(f"{rule} {count:,}" for rule, count in rules.items())
            console.print(f"{kind} {outcome}: {said}", soft_wrap=True, highlight=False)
    if any(record["rules"].values()):
        console.print(f"listed with line and original text in {done.folder}", soft_wrap=True, highlight=False)
    for notes in record["notes"].values():
        for note, count in notes.items():
            console.print(f"{note}: {count:,}", soft_wrap=True, highlight=False)
    for field, by_currency in record["sums"].items():
        said = ", ".join(f"{s['read'] / 100:,.2f} {currency}" for currency, s in by_currency.items())
        console.print(f"sum of {field.removesuffix('_cents')} over all rows: {said}", soft_wrap=True, highlight=False)
    days = ", ".join(f"{day} {count:,}" for day, count in record["business_dates"].items())
    console.print(f"orders by business date: {days or 'none'}", soft_wrap=True, highlight=False)
    if done.events:
        said = ", ".join(f"{topic} {sum(counts.values()):,}" for topic, counts in done.events.items())
        console.print(f"events: {said}", soft_wrap=True, highlight=False)
    console.print(f"{SAYS[done.status]}", soft_wrap=True)
