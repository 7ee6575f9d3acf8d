"""A notebook's declared parameters: read from its tagged cell, and what a caller gives checked against them.

papermill writes a parameter's *name* into the notebook as code and only warns about one nobody declared, so names are
checked here, before it sees them. The cell is read as Python (`ast`), not line by line, so a `=` or `#` inside a
default does no harm.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from pipelines.errors import UsageError

PARAMETERS_TAG = "parameters"

# The types a parameter may be annotated with; anything more belongs in settings or data.
_TYPES: dict[str, type] = {"str": str, "int": int, "float": float, "bool": bool}


@dataclass(frozen=True)
class Parameter:
    """One declared parameter: its name, its annotation as written and its default."""

    name: str
    annotation: str
    default: object


def declared_parameters(notebook: Path) -> dict[str, Parameter]:
    """Parameters of the cell tagged `parameters`, in order; empty if there is no such cell.

    Raises UsageError where the notebook does not exist, is not a notebook, or declares something that is not a literal.
    """
    source = _parameters_source(notebook)
    try:
        statements = ast.parse(source).body
    except SyntaxError as error:
        raise UsageError(
            f"{notebook.name}: the parameters cell is not Python (line {error.lineno}): {error.msg}"
        ) from error
    found: dict[str, Parameter] = {}
    for statement in statements:
        parameter = _declared(statement, notebook)
        if parameter is not None:
            found[parameter.name] = parameter
    return found


def checked_parameters(notebook: Path, given: Mapping[str, object]) -> dict[str, Any]:
    """`given`, each value in its declared type ("3" becomes 3 for an int, a date its ISO text for a str).

    Raises UsageError for a name the notebook does not declare, listing those it does, or a value of the wrong form.
    """
    declared = declared_parameters(notebook)
    unknown = sorted(set(given) - set(declared))
    if unknown:
        names = ", ".join(declared) or "none"
        raise UsageError(f"{notebook.name} has no parameter {', '.join(map(repr, unknown))}; it declares: {names}")
    return {name: _typed(notebook, declared[name], value) for name, value in given.items()}


def _parameters_source(notebook: Path) -> str:
    import nbformat

    if not notebook.is_file():
        raise UsageError(f"There is no notebook {notebook}; 'dishpatch steps' lists the ones the flow runs")
    try:
        document = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:  # nbformat raises its own, json's and validation's errors
        raise UsageError(f"{notebook} is not a notebook: {error}") from error
    for cell in document.cells:
        if cell.cell_type == "code" and PARAMETERS_TAG in cell.metadata.get("tags", []):
            return str(cell.source)
    return ""


def _declared(statement: ast.stmt, notebook: Path) -> Parameter | None:
    match statement:
        case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
            text = ast.unparse(annotation)
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            text = ""
        case ast.Expr(value=ast.Constant()):  # a docstring
            return None
        case _:
            raise UsageError(
                f"{notebook.name}: the parameters cell holds '{ast.unparse(statement)}'; "
                "it may only assign literals to names, such as 'city_id: str = \"futian\"'"
            )
    try:
        default = ast.literal_eval(value)
    except ValueError as error:
        raise UsageError(
            f"{notebook.name}: parameter {name} is {ast.unparse(value)}, which is not a literal; "
            "compute derived values after the parameters cell, or an override does not reach them"
        ) from error
    return Parameter(name, text or type(default).__name__, default)


def _typed(notebook: Path, parameter: Parameter, value: object) -> Any:
    from pydantic import TypeAdapter, ValidationError

    if isinstance(value, date | datetime):
        value = value.isoformat()
    kind = _type_of(notebook, parameter)
    try:
        return TypeAdapter(kind).validate_python(value)
    except ValidationError as error:
        raise UsageError(
            f"{notebook.name}: parameter {parameter.name} is {value!r}, expected {parameter.annotation}; "
            f"the default is {parameter.default!r}"
        ) from error


def _type_of(notebook: Path, parameter: Parameter) -> Any:
    """The Python type an annotation names: str, int, float, bool, list[…] or dict[str, …] of these, `| None`."""
    try:
        return _resolve(ast.parse(parameter.annotation.strip("\"'"), mode="eval").body)
    except (KeyError, SyntaxError) as error:
        raise UsageError(
            f"{notebook.name}: parameter {parameter.name} is annotated {parameter.annotation}; "
            "use str, int, float, bool, or list, dict and '| None' of these"
        ) from error


def _resolve(node: ast.expr) -> Any:
    match node:
        case ast.Name(id="list"):
            return list
        case ast.Name(id="dict"):
            return dict
        case ast.Constant(value=None) | ast.Name(id="NoneType"):
            return type(None)
        case ast.Name(id=name):
            return _TYPES[name]
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _resolve(left) | _resolve(right)
        case ast.Subscript(value=ast.Name(id="list"), slice=item):
            return list[_resolve(item)]  # type: ignore[misc]
        case ast.Subscript(value=ast.Name(id="dict"), slice=ast.Tuple(elts=[key, item])):
            return dict[_resolve(key), _resolve(item)]  # type: ignore[misc]
        case _:
            raise KeyError(ast.unparse(node))
