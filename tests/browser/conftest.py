"""A browser and the pages to open in it: the real notebook, run on made-up gold tables."""

from __future__ import annotations

import importlib.util
import os
import pickle
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from pipelines.reporting.city.streets import undirected
from pipelines.reporting.quality import SOURCES
from pipelines.runs.render import render_failure, render_report
from pipelines.settings import PROJECT_DIR
from tests.unit.pipelines.reporting import city_days

NOTEBOOK = PROJECT_DIR / "notebooks" / "60_reports" / "daily_operations.ipynb"
CITY_NOTEBOOK = PROJECT_DIR / "notebooks" / "00_explore" / "the_city.ipynb"
GOLD_DAYS = PROJECT_DIR / "tests" / "unit" / "pipelines" / "reporting" / "gold_days.py"
CONTEXT: dict[str, object] = {
    "title": "Daily operations", "city_id": "harbourton", "business_date": "2026-03-10",
    "run_id": "20260311T0442Z-7f3a",
    "parameters": {"business_date": "2026-03-10", "city_id": "harbourton"}, "notebook": NOTEBOOK.name,
}  # fmt: skip


def load(name: str, path: Path) -> ModuleType:
    """A module of the tests by its path; test folders are no packages."""
    if name not in sys.modules:
        spec = importlib.util.spec_from_file_location(name, path)
        assert spec is not None
        assert spec.loader is not None
        sys.modules[name] = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(sys.modules[name])
    return sys.modules[name]


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    chromium = load("chromium", Path(__file__).parent / "chromium.py")
    path = chromium.find_chromium()
    if path is None:
        told = "no Chromium on this machine; install it (apt-get install chromium) to open reports in it"
        pytest.fail(told, pytrace=False) if os.environ.get("CI") else pytest.skip(told)
    with chromium.running(path, tmp_path_factory.mktemp("profile")) as running:
        yield running


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A report of an eventful day with hostile names, one of three orders, one of none, the city's, and a failure."""
    folder = tmp_path_factory.mktemp("pages")
    days = load("gold_days", GOLD_DAYS)
    eventful = days.normal()
    hostile = "<script>alert(1)</script><img src=https://example.org/x onerror=alert(1)> und ein sehr langer Name"
    eventful.restaurants.loc[eventful.restaurants["restaurant_id"] == "r7", "restaurant_name"] = hostile
    made = {
        "eventful": _report(folder / "eventful", eventful, 0.999),
        "three": _report(folder / "three", days.three_orders(), None),
        "none": _report(folder / "none", days.no_orders(0), None),
    }
    made["city"] = _city_report(folder / "city", city_days.full_day())
    made["city of three"] = _city_report(folder / "city_of_three", city_days.three_orders())
    made["failed"] = render_failure(
        folder / "failed.html", {**CONTEXT, "step": "gold", "cause": "x" * 400, "rerun": "y" * 200}
    )
    return made


def _report(stem: Path, gold: Any, complete: float | None) -> Path:
    sources = pd.DataFrame(
        [{"source": s, "complete": complete, "quarantined": 0, "state": None} for s in SOURCES.values()]
    )
    hours = [{"local_hour": h, "n": 60, "mae_minutes": 4.0 + h / 10, "median_mae_minutes": 5.0} for h in range(9, 24)]
    evaluation = {"status": "evaluated", "n": 900, "mae_minutes": 5.6, "median_mae_minutes": 5.0, "by_hour": hours}
    return _run(stem, NOTEBOOK, "gold, sources, evaluation", (gold, sources, evaluation if complete else None))


def _city_report(stem: Path, day: Any) -> Path:
    return _run(stem, CITY_NOTEBOOK, "day, streets", (day, undirected(city_days.grid())))


def _run(stem: Path, notebook_path: Path, names: str, values: tuple[Any, ...]) -> Path:
    """The page of a notebook whose cell tagged `read`, the one that reaches for services, has these values instead."""
    stem.with_suffix(".pickle").write_bytes(pickle.dumps(values))
    notebook = nbformat.read(notebook_path, as_version=4)
    for cell in notebook.cells:
        if "read" in cell.metadata.get("tags", []):
            cell.source = (
                "import pickle, sys\n"
                f"sys.path.insert(0, {str(GOLD_DAYS.parent)!r})\n"
                f"{names} = pickle.load(open({str(stem.with_suffix('.pickle'))!r}, 'rb'))\n"
                "inputs = {'silver/orders': 7}"
            )
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    nbformat.write(notebook, stem.with_suffix(".ipynb"))
    context = CONTEXT | {"title": notebook.metadata["dishpatch"]["title"], "notebook": notebook_path.name}
    return render_report(stem.with_suffix(".ipynb"), stem.with_suffix(".html"), context)
