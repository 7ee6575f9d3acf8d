"""`dishpatch mapping`: drafts of mappings for your own files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Add the commands of this area."""
    group = typer.Typer(no_args_is_help=True, help="Mappings: how your own files are to be read.")
    group.command("suggest")(suggest_mapping)
    group.command("list")(list_mappings)
    app.add_typer(group, name="mapping")


def suggest_mapping(
    file: Annotated[Path, typer.Argument(help="File of orders: CSV, JSON lines or Parquet, gzipped or not.")],
    out: Annotated[Path | None, typer.Option(help="Write the draft here instead of printing it.")] = None,
) -> None:
    """Draft a mapping from a file; what the file cannot say is left as a question to fill in."""
    from generator.history.suggest.suggest import suggest
    from pipelines.errors import UsageError

    if out is not None and out.exists():
        raise UsageError(f"{out} is there already; give another name, a draft replaces nothing")
    text, blanks = suggest(file)
    if out is None:
        typer.echo(text, nl=False)
    else:
        out.write_text(text, encoding="utf-8")
        typer.echo(f"{out}: {len(blanks)} to fill in" + "".join(f"\n  {k}: {q}" for k, q in blanks.items()))


def list_mappings() -> None:
    """List the mappings that come with dishpatch."""
    from generator.history.mapping import load_mapping, shipped_mappings

    for name in shipped_mappings():
        typer.echo(f"{name:10} {load_mapping(name).description}")
