"""`dishpatch dead-letters`: look at refused messages, and send them again once they can be admitted."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from pipelines.movers.dead_letters import DeadLetter

Topic = Annotated[str, typer.Argument(help="Topic of the refused messages, e.g. orders.")]


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Messages that their contract does not admit.")
    group.command("list")(list_letters)
    group.command("show")(show_letter)
    group.command("replay")(replay)
    app.add_typer(group, name="dead-letters")


def _letters(topic: str) -> list[DeadLetter]:
    from pipelines import local
    from pipelines.contracts import topics
    from pipelines.errors import UsageError
    from pipelines.movers.dead_letters import read_letters

    if topic not in topics():
        raise UsageError(f"no topic {topic!r}; known: {', '.join(topics())}")
    local.require_services()
    return read_letters(topic)


def _summary(letter: DeadLetter) -> dict[str, Any]:
    return {
        "topic": letter.topic,
        "at": f"{letter.partition}/{letter.offset}",
        "reason": letter.reason,
        "rows": letter.rows,
        "bytes": None if letter.value is None else len(letter.value),
        "rejected_at": letter.rejected_at,
        "replayed_at": letter.replayed_at,
    }


def list_letters(
    topic: Annotated[str | None, typer.Argument(help="Topic; all topics if left out.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List dead letters: where each was in Kafka, why it was refused, whether it was replayed."""
    from rich.table import Table

    from pipelines.contracts import topics
    from pipelines.runs.display import console_for

    rows = [_summary(letter) for name in ([topic] if topic else topics()) for letter in _letters(name)]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    table = Table(box=None, pad_edge=False)
    for name in ("topic", "at", "reason", "rows", "bytes", "rejected_at", "replayed_at"):
        table.add_column(name.replace("_", " "), overflow="fold", no_wrap=name in ("topic", "at", "reason"))
    for row in rows:
        table.add_row(*("" if value is None else str(value) for value in row.values()))
    console_for(sys.stdout).print(table if rows else "no dead letters")


def show_letter(
    topic: Topic,
    at: Annotated[str, typer.Argument(help="PARTITION/OFFSET, as 'list' shows it.")],
    out: Annotated[Path | None, typer.Option(help="Write the original bytes to this file.")] = None,
) -> None:
    """Show one dead letter: reason, headers, the first bytes; with --out save its original bytes."""
    from pipelines.errors import UsageError

    found = [letter for letter in _letters(topic) if f"{letter.partition}/{letter.offset}" == at]
    if not found:
        raise UsageError(f"no dead letter {topic} {at}; see 'dishpatch dead-letters list {topic}'")
    letter = found[0]
    for name, value in _summary(letter).items():
        typer.echo(f"{name:12} {'' if value is None else value}")
    typer.echo(f"{'detail':12} {letter.detail}")
    typer.echo(f"{'key':12} {letter.key!r}")
    for name, content in letter.headers:
        typer.echo(f"{'header':12} {name}: {content!r}")
    typer.echo(f"{'value':12} {'null' if letter.value is None else repr(letter.value[:80])}")
    if out is not None:
        out.write_bytes(letter.value or b"")
        typer.echo(f"{'written':12} {out}")


def replay(
    topic: Topic,
    at: Annotated[list[str] | None, typer.Option(help="Only PARTITION/OFFSET; repeatable. Default: all.")] = None,
    set_header: Annotated[
        list[str] | None, typer.Option(help="NAME=VALUE in place of the original header, e.g. contract_version=1.0.0.")
    ] = None,
) -> None:
    """Send dead letters back to their topic with their original bytes, each once."""
    from pipelines.errors import UsageError
    from pipelines.movers.dead_letters import replay_letters

    headers = dict(pair.split("=", 1) for pair in set_header or [] if "=" in pair)
    if len(headers) != len(set_header or []):
        raise UsageError(f"--set-header takes NAME=VALUE, got {set_header}")
    chosen = [letter for letter in _letters(topic) if not at or f"{letter.partition}/{letter.offset}" in at]
    done = replay_letters(topic, [letter for letter in chosen if letter.value is not None], headers)
    skipped = sum(letter.value is None for letter in chosen)
    nulls = f", {skipped} null values have nothing to replay" if skipped else ""
    typer.echo(f"{done} of {len(chosen)} dead letters of {topic} replayed{nulls}; 'dishpatch run' moves them")
