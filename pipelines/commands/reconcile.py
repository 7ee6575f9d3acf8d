"""`dishpatch reconcile`: does everything add up?"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipelines.reconcile import Reconciliation

DAYS_A_TABLE = 5


def register(app: typer.Typer) -> None:
    app.command("reconcile")(reconcile_stores)


def reconcile_stores(
    as_json: Annotated[bool, typer.Option("--json", help="Print every line as JSON.")] = False,
    by_day: Annotated[bool, typer.Option("--by-day", help="Show each day, not only the totals.")] = False,
) -> None:
    """Count files, events and orders in every store; exit 1 where they do not add up."""
    from rich.console import Console

    from pipelines import local
    from pipelines.reconcile import reconcile

    local.require_services()
    with Console(stderr=True).status("counting every store"):
        done = reconcile()
    if as_json:
        typer.echo(json.dumps({"adds_up": done.adds_up, "lines": done.rows, "notes": done.notes}, indent=1))
    else:
        show(done, by_day=by_day)
    raise typer.Exit(0 if done.adds_up else 1)


def show(done: Reconciliation, *, by_day: bool = False) -> None:
    """Print one table an account, the problems, and one line that says whether it adds up."""
    from pipelines.runs.display import console_for

    console = console_for(sys.stdout)
    rows = done.rows if by_day else done.totals()
    for account in dict.fromkeys(row["account"] for row in rows):
        for table in _tables(account, [row for row in rows if row["account"] == account]):
            console.print(table)
    for note in done.notes:
        console.print(f"note: {note}", markup=False, soft_wrap=True)
    for problem in done.problems:
        console.print(f"does not add up: {problem}", markup=False, soft_wrap=True)  # it ends in a command to copy
    lines = len(done.lines)
    console.print(f"{lines} lines add up" if done.adds_up else f"{len(done.problems)} of {lines} lines do not add up")


def _tables(account: str, rows: list[dict[str, Any]]) -> list[Any]:
    from rich.table import Table

    names = [
        n for n in dict.fromkeys(key for row in rows for key in row) if n not in ("account", "adds_up", "problems")
    ]
    if account == "orders":  # many stages: a stage a row, a week of days a table
        weeks = [rows[i : i + DAYS_A_TABLE] for i in range(0, len(rows), DAYS_A_TABLE)]
        return [_transposed(account, week, names) for week in weeks]
    table = Table(title=account, title_justify="left", box=None, pad_edge=False)
    for name in names:
        text = name in ("dataset", "day")
        table.add_column(name.replace("_", " "), justify="left" if text else "right", overflow="fold", no_wrap=text)
    for row in rows:
        table.add_row(*(_cell(row.get(name, "")) for name in names))
    return [table]


def _transposed(account: str, rows: list[dict[str, Any]], names: list[str]) -> Any:
    from rich.table import Table

    table = Table(title=account, title_justify="left", box=None, pad_edge=False)
    table.add_column("stage")
    for row in rows:
        table.add_column(str(row.get("day", "all days")), justify="right", no_wrap=True)
    for name in names:
        if name not in ("dataset", "day"):
            table.add_row(name.replace("_", " "), *(_cell(row.get(name, "")) for row in rows))
    return table


def _cell(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else str(value)
