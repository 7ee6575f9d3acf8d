"""`dishpatch contracts`: what data is promised to look like."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    group = typer.Typer(no_args_is_help=True, help="Data contracts (ODCS v3).")
    group.command("list")(list_contracts)
    group.command("show")(show_contract)
    group.command("export")(export_contracts)
    app.add_typer(group, name="contracts")


def list_contracts() -> None:
    """List every dataset with the version and purpose of its contract."""
    from pipelines.contracts import dataset_keys, load_contract

    for key in dataset_keys():
        contract = load_contract(key)
        typer.echo(f"{key:45} {contract.version:8} {contract.purpose}")


def show_contract(key: Annotated[str, typer.Argument(help="LAYER/DATASET, e.g. silver/orders.")]) -> None:
    """Show a contract whole: its columns, types and rules, with what it inherits."""
    from pipelines.contracts import load_contract, resolved_yaml

    typer.echo(resolved_yaml(load_contract(key)))


def export_contracts(
    folder: Annotated[Path, typer.Argument(help="Folder to write LAYER/DATASET.odcs.yaml into.")],
) -> None:
    """Write every contract as a self-contained ODCS file, for tools that do not know 'extends'."""
    from pipelines.contracts import dataset_keys, load_contract, resolved_yaml

    for key in dataset_keys():
        path = folder / f"{key}.odcs.yaml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(resolved_yaml(load_contract(key)))
    typer.echo(f"{len(dataset_keys())} contracts written to {folder}")
