"""`dishpatch up`, `down`, `status`: the embedded services from the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from pipelines.local import ServiceState


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    app.command("up")(up)
    app.command("down")(down)
    app.command("status")(show_status)
    app.command("lab")(lab)


def up() -> None:
    """Start Kafka, Cassandra, S3 and the warehouse on this machine, or those of them that are not running."""
    from pipelines import local

    with reporter() as (console, progress):
        states = local.up(progress)
    ports = ", ".join(f"{service.title} {service.port}" for service in states)
    console.print(f"{len(states)} services ready on 127.0.0.1: {ports}", soft_wrap=True)


def down() -> None:
    """Stop the services and keep their data."""
    from pipelines import local

    with reporter() as (console, progress):
        was_up = [service for service in local.status() if service.pid is not None]
        local.down(progress)
    console.print(f"{len(was_up)} services stopped, data kept" if was_up else "no service was running", soft_wrap=True)


def show_status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> None:
    """Show each service: state, process, port, memory, uptime. Exit code 1 if one is down that should be up."""
    from rich.console import Console

    from pipelines import local

    states = local.status()
    missing = [service for service in states if service.is_missing]
    if as_json:
        typer.echo(json.dumps([asdict(service) for service in states], indent=1))
    else:
        console = Console()
        console.print(_table(states))
        console.print(_summary(states, missing), soft_wrap=True, highlight=False)
    raise typer.Exit(1 if missing else 0)


def lab() -> None:
    """Start the services, then JupyterLab on loopback with its token; stop the services when Lab ends (Ctrl-C)."""
    from pipelines import local
    from pipelines.local.lab import run_lab

    with reporter() as (_, progress):
        local.up(progress)
    try:
        code = run_lab()
    finally:
        down()
    raise typer.Exit(code)


def _table(states: list[ServiceState]) -> object:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("service", "state", "pid", "port", "memory", "uptime"):
        table.add_column(heading, justify="left" if heading in ("service", "state") else "right", overflow="fold")
    for service in states:
        memory = f"{service.memory_bytes / 2**20:.0f} MiB" if service.memory_bytes else "–"
        uptime = _duration(service.uptime_seconds) if service.uptime_seconds is not None else "–"
        pid = str(service.pid) if service.pid else "–"
        table.add_row(service.title, service.describe(), pid, str(service.port), memory, uptime)
    return table


def _summary(states: list[ServiceState], missing: list[ServiceState]) -> str:
    if missing:
        logs = "; ".join(f"{service.title}: log {service.log}" for service in missing)
        return f"{len(missing)} of {len(states)} down that should be up ({logs}). Start them with 'dishpatch up'."
    running = sum(service.pid is not None for service in states)
    unsupervised = any(service.pid is not None and not service.supervised for service in states)
    if unsupervised:
        return (
            f"{running} of {len(states)} running without their supervisor: 'dishpatch up' starts them anew, data kept."
        )
    return f"{running} of {len(states)} running" + ("" if running else ": 'dishpatch up' starts them")


def _duration(seconds: float) -> str:
    """'42 s', '12 min', '3 h 05 min'."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = int(seconds // 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


@contextmanager
def reporter() -> Iterator[tuple[Console, Callable[[str, str], None]]]:
    """A console and a progress callback: one live line on a terminal, else a line per change that matters."""
    from rich.console import Console

    console = Console()
    if not console.is_terminal:
        yield console, _line_reporter(console)
        return
    latest: dict[str, str] = {}
    with console.status("checking the machine") as live:

        def on_terminal(subject: str, event: str) -> None:
            latest[subject] = event
            live.update(" · ".join(f"{name}: {what}" for name, what in latest.items()))

        yield console, on_terminal


def _line_reporter(console: Console) -> Callable[[str, str], None]:
    def report(subject: str, event: str) -> None:
        if subject != "jars" or _is_last(event):
            console.print(f"{subject}: {event}", soft_wrap=True, highlight=False)

    return report


def _is_last(event: str) -> bool:
    """Whether '146 of 146 checked' is the last of its kind."""
    words = event.split()
    return words[0] == words[2]
