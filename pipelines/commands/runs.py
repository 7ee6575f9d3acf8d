"""`dishpatch run`, `steps`, `runs list|show`, `demo`: the flow and its ledger from the command line."""

from __future__ import annotations

import json
import signal
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pipelines.errors import StepFailed, UsageError

if TYPE_CHECKING:
    from datetime import date

    from pipelines.runs.demo import DemoRun
    from pipelines.runs.flow_run import FlowRun

INTERRUPTED_EXIT_CODE = 130  # what a shell reports for Ctrl-C

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    app.command("run")(run)
    app.command("steps")(steps)
    app.command("demo")(demo)
    ledger = typer.Typer(no_args_is_help=True, help="What every run was asked, found and came to.")
    ledger.command("list")(list_runs)
    ledger.command("show")(show_run)
    app.add_typer(ledger, name="runs")


def run(
    date: Annotated[str | None, typer.Option(metavar="YYYY-MM-DD", help="Local business day; default: latest.")] = None,
    from_steps: Annotated[
        list[str] | None, typer.Option("--from", metavar="STEP", help="This step and all that depends on it.")
    ] = None,
    only: Annotated[list[str] | None, typer.Option(metavar="STEP", help="This step alone.")] = None,
    city: Annotated[str | None, typer.Option(metavar="CITY", help="One city; default: all.")] = None,
    jobs: Annotated[int | None, typer.Option(min=1, help="Steps at once; default: the setting.")] = None,
    as_json: AsJson = False,
) -> None:
    """Run the flow, or a part of it. Exit code 1 if a step failed; what does not depend on it still runs."""
    from pipelines import local
    from pipelines.runs.display import console_for, watched
    from pipelines.runs.flow_run import Request
    from pipelines.runs.runner import run_flow

    request = Request(_day(date), city, tuple(from_steps or ()), tuple(only or ()))
    local.require_services()
    _interrupt_on_terminate()
    with watched(console_for(sys.stderr)) as progress:
        done = run_flow(request, jobs=jobs, progress=progress)
    if as_json:
        typer.echo(json.dumps(_flow_json(done), indent=1, default=str))
    else:
        _print_summary(done)
    _exit_as(done)


def steps(as_json: AsJson = False) -> None:
    """Show the flow: every step, what it waits for, what it writes."""
    from pipelines.flow import STEPS, dependencies
    from pipelines.runs.display import steps_text

    needs = dependencies(STEPS)
    if as_json:
        rows = [asdict(step) | {"reads": step.inputs, "after": needs[step.name]} for step in STEPS]
        typer.echo(json.dumps(rows, indent=1, default=str))
    else:
        typer.echo(steps_text(STEPS))


def list_runs(
    limit: Annotated[int, typer.Option(min=1, help="How many, newest first.")] = 30, as_json: AsJson = False
) -> None:
    """List the latest runs, each with its status and key figure."""
    from pipelines.runs.display import console_for, runs_table
    from pipelines.runs.ledger import Ledger

    with Ledger.open() as ledger:
        runs = ledger.runs(limit=limit)
    if as_json:
        typer.echo(json.dumps([asdict(run) for run in runs], indent=1))
    else:
        console_for(sys.stdout).print(runs_table(runs) if runs else "no run yet: 'dishpatch run' makes one")


def show_run(
    run_id: Annotated[str, typer.Argument(help="A run, or a flow run with all its runs.")], as_json: AsJson = False
) -> None:
    """Show everything the ledger knows of a run or a flow run."""
    from pipelines.runs.display import console_for
    from pipelines.runs.ledger import Ledger

    with Ledger.open() as ledger:
        runs = ledger.runs(run_id) or [ledger.run(run_id)]
    if as_json:
        typer.echo(json.dumps([asdict(run) for run in runs], indent=1))
        return
    console = console_for(sys.stdout)
    for record in runs:
        for name, value in asdict(record).items():
            shown = str(record.error) if name == "error" and record.error else value
            if shown not in (None, {}, ""):
                console.print(f"{name:<20}{shown}", markup=False, soft_wrap=True)
        console.print()


def demo(
    days: Annotated[int, typer.Option(min=1, help="Days of orders to make.")] = 8,
    orders_per_day: Annotated[int, typer.Option(min=1, help="Orders a day.")] = 1500,
    seed: Annotated[int, typer.Option(help="Same seed, same orders.")] = 7,
    keep_up: Annotated[bool, typer.Option("--keep-up", help="Leave the services running.")] = False,
) -> None:
    """Start the services, make days of orders, run the flow, reconcile, stop the services. `make run` is this."""
    from pipelines.runs.demo import run_demo
    from pipelines.runs.display import console_for, watched

    _interrupt_on_terminate()
    console = console_for(sys.stderr)

    def say(subject: str, event: str) -> None:
        if subject != "jars" or event.startswith("1 of "):  # one line for all of them
            console.print(f"{subject}: {event}", markup=False, soft_wrap=True)

    with watched(console) as progress:
        done = run_demo(days, orders_per_day, seed, keep_up=keep_up, say=say, progress=progress)
    _print_demo(done)
    _exit_as(done.flow, adds_up=done.reconciliation is None or done.reconciliation.adds_up)


def _day(text: str | None) -> date | None:
    from datetime import date

    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise UsageError(f"--date is '{text}'; give a local business day as YYYY-MM-DD, such as 2026-01-05") from error


def _interrupt_on_terminate() -> None:
    """A plain `kill` ends a flow like Ctrl-C: its runs are stopped and recorded."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


def _flow_json(done: FlowRun) -> dict[str, Any]:
    return {
        "flow_run_id": done.flow_run_id,
        "succeeded": done.succeeded,
        "interrupted": done.interrupted,
        "seconds": round(done.seconds, 3),
        "resume_command": None if done.succeeded else done.resume_command,
        "runs": [
            {
                "run_id": outcome.run_id,
                "step": outcome.task.step.name,
                "city_id": outcome.task.city_id,
                "business_date": outcome.task.business_date,
                "status": outcome.status,
                "report": outcome.report,
                "result": asdict(outcome.result) if outcome.result else None,
            }
            for outcome in done.outcomes
        ],
    }


def _print_summary(done: FlowRun) -> None:
    from pipelines.runs.display import console_for, summary_table

    console = console_for(sys.stdout)
    console.print(summary_table(done))
    console.print(f"Flow run {done.flow_run_id}: {done.seconds:.0f} s", soft_wrap=True)
    for outcome in done.outcomes:
        if outcome.report:
            console.print(f"Report: {outcome.report}", markup=False, soft_wrap=True)


def _print_demo(done: DemoRun) -> None:
    from pipelines.runs.display import console_for, rows_tables

    if done.flow is not None:
        _print_summary(done.flow)
    console = console_for(sys.stdout)
    if done.reconciliation is not None:
        console.print(*rows_tables(done.reconciliation.totals()))
        verdict = "Every event is accounted for" if done.reconciliation.adds_up else "The stages do not add up"
        console.print(f"{verdict}: 'dishpatch reconcile' shows it by dataset and day", soft_wrap=True)
    console.print(", ".join(f"{phase} {taken:.0f} s" for phase, taken in done.seconds.items()), soft_wrap=True)
    state = "running ('dishpatch down' stops them)" if done.services_kept else "stopped, their data kept"
    console.print(f"The services are {state}. Explore: 'make lab' opens JupyterLab on these notebooks.", soft_wrap=True)


def _exit_as(done: FlowRun | None, adds_up: bool = True) -> None:
    """Exit code 0 for success, 130 after an interruption; StepFailed names steps, cells and how to resume."""
    if done is None or done.succeeded:
        if not adds_up:
            raise typer.Exit(1)
        return
    if done.interrupted:
        typer.echo(f"Interrupted; resume with: {done.resume_command}", err=True)
        raise typer.Exit(INTERRUPTED_EXIT_CODE)
    failed = "; ".join(f"{o.task}: {o.result.error}" for o in done.failures if o.result and o.result.error)
    raise StepFailed(f"{failed}. Resume with: {done.resume_command}")
