"""The `dishpatch` command: one small sub-command a verb; the work is in the modules."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import typer

from pipelines import commands
from pipelines.errors import DishpatchError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_show_locals=False)


@app.callback()
def dishpatch() -> None:
    """A notebook-driven data science workbench for food-delivery businesses."""


for module in sorted(pkgutil.iter_modules(commands.__path__), key=lambda m: m.name):
    importlib.import_module(f"pipelines.commands.{module.name}").register(app)


def main() -> None:
    """Run the command line; an error a person can mend is one sentence on stderr and its own exit code."""
    try:
        app()
    except DishpatchError as error:
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
