"""The tree keeps its promises: one dataset one name, nothing without its test, and every file small enough to read."""

from __future__ import annotations

import ast
import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipelines.contracts import dataset_keys, topics
from pipelines.flow import GOLD_TABLES, STEPS
from pipelines.settings import PROJECT_DIR

MAX_MODULE_LINES, MAX_FUNCTION_LINES, MAX_NOTEBOOK_LINES = 300, 50, 120
PACKAGES = ("pipelines", "generator", "models")
# It runs on a bare Python, before there is a virtual environment with typer or rich in it.
MAY_PRINT = {"pipelines/local/install.py"}
# A register that movers keep; no transform makes it and no notebook narrates it.
REGISTERS = {"built_days", "loaded_days", "turns"}

MODULES = sorted(
    path.relative_to(PROJECT_DIR).as_posix() for package in PACKAGES for path in (PROJECT_DIR / package).rglob("*.py")
)
NOTEBOOKS = sorted(
    path.relative_to(PROJECT_DIR).as_posix()
    for path in (PROJECT_DIR / "notebooks").rglob("*.ipynb")
    if not any(part.startswith(".") for part in path.parts)
)
TRANSFORMS = sorted(path.stem for path in (PROJECT_DIR / "pipelines/transforms").glob("[!_]*.py"))
TRANSFORM_TESTS = PROJECT_DIR / "tests/unit/pipelines/transforms"
GOLD = sorted({key.split("/")[1] for key in dataset_keys("gold")} - REGISTERS)


def those_in(path: Path) -> list[str]:
    """Names of the test functions in a file; none where there is no file."""
    if not path.exists():
        return []
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name.startswith("test_")]


# --- one dataset, one name, everywhere


def test_gold_datasets_are_the_same_in_contracts_flow_transforms_and_notebooks() -> None:
    assert sorted(GOLD_TABLES) == GOLD
    named = [f"gold_{table}" for table in GOLD]
    assert [name for name in TRANSFORMS if name.startswith("gold_")] == named
    assert [Path(name).stem for name in NOTEBOOKS if "40_gold" in name] == named


@pytest.mark.parametrize("table", GOLD)
def test_a_gold_table_has_its_transform_by_its_own_name(table: str) -> None:
    tree = ast.parse((PROJECT_DIR / f"pipelines/transforms/gold_{table}.py").read_text(encoding="utf-8"))
    assert f"gold_{table}" in [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def test_every_topic_of_the_contracts_is_in_the_flow() -> None:
    read = {name for step in STEPS for name in step.reads if name.startswith("kafka/")}
    assert read == {f"kafka/{topic}" for topic in topics()}


def test_every_contract_is_written_by_a_step_or_is_a_register_or_an_event() -> None:
    written = {name for step in STEPS for name in step.writes}
    stored = [key for key in dataset_keys() if not key.startswith("events/")]
    assert [key for key in stored if key not in written and key.split("/")[1] not in REGISTERS] == []


# --- nothing without its test


def test_every_transform_has_a_test_of_its_name() -> None:
    # the measures are the gold tables' expressions and are proved through them, on a real warehouse
    wanted = [name for name in TRANSFORMS if name != "measures"]
    assert [name for name in wanted if not those_in(TRANSFORM_TESTS / f"test_{name}.py")] == []


def test_every_contract_is_read_by_the_tests_of_contracts() -> None:
    tested = (PROJECT_DIR / "tests/contracts/test_every_contract.py").read_text(encoding="utf-8")
    assert "KEYS = dataset_keys()" in tested
    assert len(those_in(PROJECT_DIR / "tests/contracts/test_every_contract.py")) >= 10


@cache
def notebook_tests() -> str:
    """Source of all notebook tests."""
    files = sorted((PROJECT_DIR / "tests/notebooks").glob("*.py"))
    return "\n".join(path.read_text(encoding="utf-8") for path in files)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_every_notebook_is_run_by_a_notebook_test(notebook: str) -> None:
    name = Path(notebook).stem
    is_gold = name.removeprefix("gold_") in GOLD_TABLES and '[f"gold_{table}"]' in notebook_tests()
    assert f'"{name}"' in notebook_tests() or is_gold, f"no test under tests/notebooks names {name}"


def test_every_notebook_is_a_step_of_the_flow_and_every_step_a_notebook() -> None:
    steps = sorted(step.notebook.resolve().relative_to(PROJECT_DIR).as_posix() for step in STEPS)
    assert steps == NOTEBOOKS


# --- small enough to read


@cache
def tree_of(module: str) -> ast.Module:
    return ast.parse((PROJECT_DIR / module).read_text(encoding="utf-8"))


@pytest.mark.parametrize("module", MODULES)
def test_a_module_has_at_most_300_lines_and_says_what_it_is(module: str) -> None:
    text = (PROJECT_DIR / module).read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MAX_MODULE_LINES
    assert ast.get_docstring(tree_of(module)) or not text.strip()


@pytest.mark.parametrize("module", MODULES)
def test_a_function_has_at_most_50_lines(module: str) -> None:
    functions = [n for n in ast.walk(tree_of(module)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    lengths = {f.name: (f.end_lineno or f.lineno) - f.lineno + 1 for f in functions}
    assert {name: n for name, n in lengths.items() if n > MAX_FUNCTION_LINES} == {}


@pytest.mark.parametrize("module", [name for name in MODULES if name not in MAY_PRINT])
def test_a_module_does_not_print(module: str) -> None:
    calls = [n.lineno for n in ast.walk(tree_of(module)) if isinstance(n, ast.Call) and _called(n) == "print"]
    assert calls == []


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def test_sql_is_small_enough_too() -> None:
    files = [path for package in PACKAGES for path in (PROJECT_DIR / package).rglob("*.sql")]
    assert [path.name for path in files if len(path.read_text(encoding="utf-8").splitlines()) > MAX_MODULE_LINES] == []


def imports_of(module: str) -> set[str]:
    """Modules a module imports, at its head or within functions."""
    found: set[str] = set()
    for node in ast.walk(tree_of(module)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


@pytest.mark.parametrize(
    ("layer", "knows_nothing_of"),
    [
        ("pipelines/connectors", ("pipelines.movers", "pipelines.transforms", "pipelines.reconcile", "pipelines.runs")),
        ("pipelines/transforms", ("pipelines.connectors", "pipelines.movers", "pipelines.settings", "pipelines.runs")),
        ("pipelines/movers", ("pipelines.runs", "pipelines.reconcile", "pipelines.reporting", "pipelines.commands")),
    ],
)
def test_nothing_imports_upwards(layer: str, knows_nothing_of: tuple[str, ...]) -> None:
    upwards = {
        (module, name)
        for module in MODULES
        if module.startswith(f"{layer}/")
        for name in imports_of(module)
        if name.startswith(knows_nothing_of)
    }
    assert upwards == set()


# --- notebooks narrate


@cache
def cells_of(notebook: str) -> list[dict[str, Any]]:
    found = json.loads((PROJECT_DIR / notebook).read_text(encoding="utf-8"))["cells"]
    return [cell | {"source": "".join(cell["source"])} for cell in found]


def code_of(notebook: str) -> list[dict[str, Any]]:
    return [cell for cell in cells_of(notebook) if cell["cell_type"] == "code"]


def tagged(notebook: str, tag: str) -> list[dict[str, Any]]:
    return [cell for cell in code_of(notebook) if tag in cell["metadata"].get("tags", [])]


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_has_at_most_120_code_lines_and_defines_nothing(notebook: str) -> None:
    source = "\n".join(cell["source"] for cell in code_of(notebook))
    assert len([line for line in source.splitlines() if line.strip()]) <= MAX_NOTEBOOK_LINES
    definitions = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
    assert [node.name for node in ast.walk(ast.parse(source)) if isinstance(node, definitions)] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_in_git_has_no_outputs(notebook: str) -> None:
    assert [c for c in code_of(notebook) if c["outputs"] or c["execution_count"] is not None] == []


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_begins_with_its_title_then_annotated_literals_then_imports(notebook: str) -> None:
    first = cells_of(notebook)[0]
    assert first["cell_type"] == "markdown"
    assert first["source"].startswith("# ")
    assert [cell["metadata"].get("tags") for cell in code_of(notebook)[:2]] == [["parameters"], ["imports"]]
    (parameters,) = tagged(notebook, "parameters")
    for statement in ast.parse(parameters["source"]).body:
        assert isinstance(statement, ast.AnnAssign), ast.unparse(statement)
        ast.literal_eval(statement.value)  # raises where the value is no literal
    (imports,) = tagged(notebook, "imports")
    assert all(isinstance(s, ast.Import | ast.ImportFrom) for s in ast.parse(imports["source"]).body)


@pytest.mark.parametrize("notebook", NOTEBOOKS)
def test_a_notebook_narrates_and_publishes_its_figures(notebook: str) -> None:
    assert len([cell for cell in cells_of(notebook) if cell["cell_type"] == "markdown"]) >= 2
    calls = [n for cell in code_of(notebook) for n in ast.walk(ast.parse(cell["source"])) if isinstance(n, ast.Call)]
    assert [_called(call) for call in calls].count("publish") == 1
