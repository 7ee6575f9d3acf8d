"""A notebook gets the parameters it declares, in their types, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from pipelines.errors import UsageError
from pipelines.runs.parameters import checked_parameters, declared_parameters

WriteNotebook = Callable[..., Path]

CELL = """# what this run does
business_date: str = "2026-01-05"  # local day; a = in a comment
formula: str = "a = b  # c"
limit: int = 3
share: float = 0.5
quick: bool = False
zones: list[str] = [
    "a",  # the first
    "b",
]
city: str | None = None
plain = 7
"""


@pytest.fixture
def notebook(write_notebook: WriteNotebook) -> Path:
    return write_notebook("step", "before = 1", ("parameters", CELL), "after = 2")


def test_declared_parameters_are_those_of_the_tagged_cell(notebook: Path) -> None:
    declared = declared_parameters(notebook)
    assert list(declared) == ["business_date", "formula", "limit", "share", "quick", "zones", "city", "plain"]
    assert declared["formula"].default == "a = b  # c"
    assert declared["zones"].default == ["a", "b"]
    assert declared["plain"].annotation == "int"


def test_a_notebook_without_the_tag_declares_nothing(write_notebook: WriteNotebook) -> None:
    assert declared_parameters(write_notebook("bare", "x = 1")) == {}


@pytest.mark.parametrize(
    ("name", "given", "expected"),
    [
        ("limit", "4", 4),
        ("share", 1, 1.0),
        ("quick", "true", True),
        ("business_date", date(2026, 1, 6), "2026-01-06"),
        ("formula", "x == y", "x == y"),
        ("zones", ["c"], ["c"]),
        ("city", None, None),
        ("city", "futian", "futian"),
    ],
)
def test_a_value_takes_its_declared_type(notebook: Path, name: str, given: object, expected: object) -> None:
    assert checked_parameters(notebook, {name: given}) == {name: expected}


@pytest.mark.parametrize(("name", "given"), [("limit", "four"), ("limit", 3.5), ("zones", "a"), ("business_date", 5)])
def test_a_value_of_the_wrong_form_is_refused_with_the_type(notebook: Path, name: str, given: object) -> None:
    with pytest.raises(UsageError, match=f"parameter {name} is {given!r}, expected"):
        checked_parameters(notebook, {name: given})


def test_an_unknown_name_is_refused_with_those_declared(notebook: Path) -> None:
    with pytest.raises(UsageError, match="no parameter 'busines_date'; it declares: business_date, formula, limit"):
        checked_parameters(notebook, {"busines_date": "2026-01-05"})


def test_a_name_that_is_code_is_refused(notebook: Path) -> None:
    with pytest.raises(UsageError, match="no parameter"):
        checked_parameters(notebook, {"limit = 1; import os; x": 1})


def test_a_default_that_is_not_a_literal_is_refused(write_notebook: WriteNotebook) -> None:
    with pytest.raises(UsageError, match="tomorrow is day \\+ 1, which is not a literal"):
        declared_parameters(write_notebook("bad", ("parameters", "day: int = 1\ntomorrow: int = day + 1")))


def test_code_in_the_parameters_cell_is_refused(write_notebook: WriteNotebook) -> None:
    with pytest.raises(UsageError, match="may only assign literals"):
        declared_parameters(write_notebook("bad", ("parameters", "import os")))


def test_a_notebook_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no notebook .*absent\.ipynb"):
        declared_parameters(tmp_path / "absent.ipynb")


def test_a_file_that_is_not_a_notebook_is_named(tmp_path: Path) -> None:
    (tmp_path / "x.ipynb").write_text("not json")
    with pytest.raises(UsageError, match=r"x\.ipynb is not a notebook"):
        declared_parameters(tmp_path / "x.ipynb")
