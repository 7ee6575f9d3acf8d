"""Folders of their own and small notebooks for the tests of runs; their conftest.py files take them from here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from pipelines.settings import Settings, settings

WriteNotebook = Callable[..., Path]


@pytest.fixture
def own_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings whose data and reports are under the test's own folder, for this process and those it starts."""
    monkeypatch.setenv("DISHPATCH_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("DISHPATCH_REPORTS_DIR", str(tmp_path / "reports"))
    settings.cache_clear()
    yield settings()
    settings.cache_clear()


@pytest.fixture
def write_notebook(tmp_path: Path) -> WriteNotebook:
    """`write_notebook("name", cell, …)` gives the path of a notebook; a cell is its source, or (tag, source)."""

    def write(name: str, *cells: str | tuple[str, str]) -> Path:
        notebook = new_notebook()
        for cell in cells:
            tags, source = ([cell[0]], cell[1]) if isinstance(cell, tuple) else ([], cell)
            notebook.cells.append(new_code_cell(source, metadata={"tags": tags}))
        path = tmp_path / f"{name}.ipynb"
        nbformat.write(notebook, path)
        return path

    return write
