"""One notebook, run in a process of its own: what comes back, and what it may rely on."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from pipelines.errors import UsageError
from pipelines.runs import run_notebook
from pipelines.runs.ledger import Ledger
from pipelines.settings import Settings

pytestmark = [pytest.mark.notebook, pytest.mark.usefixtures("own_folders")]

WriteNotebook = Callable[..., Path]
IMPORTS = ("imports", "from pipelines.runs.publish import publish")


def outputs_of(notebook: Path) -> list[nbformat.NotebookNode]:
    return [shown for cell in nbformat.read(notebook, as_version=4).cells for shown in cell.get("outputs", [])]


def test_a_run_gives_figures_versions_seconds_and_memory(write_notebook: WriteNotebook, own_folders: Settings) -> None:
    notebook = write_notebook(
        "step",
        ("parameters", 'city_id: str = "a"\nlimit: int = 3'),
        IMPORTS,
        'publish({"rows": limit, "city": city_id}, inputs={"bronze/orders": 4})',
        "import time\ntime.sleep(0.5)",
        'publish({"rows": limit + 1}, outputs={"silver/orders": 5})',
    )
    result = run_notebook(notebook, {"limit": "7"})
    assert result.succeeded
    assert result.figures == {"rows": 8, "city": "a"}
    assert list(result.figures) == ["rows", "city"]  # as published, not by alphabet
    assert result.inputs | result.outputs == {"bronze/orders": 4, "silver/orders": 5}
    assert result.start_up_seconds is not None
    assert result.work_seconds is not None
    assert result.start_up_seconds > 0.2  # a kernel does not start faster
    assert 0.5 <= result.work_seconds < 30
    assert (result.peak_memory_bytes or 0) > 20 * 2**20
    with Ledger.open() as ledger:
        (record,) = ledger.runs()
    assert (record.status, record.step, record.city_id) == ("succeeded", "step", None)
    assert record.figures == result.figures
    assert Path(record.output_path or "").is_relative_to(own_folders.reports_dir / "runs")


def test_a_value_with_equals_signs_quotes_and_newlines_arrives_as_given(write_notebook: WriteNotebook) -> None:
    value = 'it\'s a=b # "c" \\ {d}\nnext line'
    notebook = write_notebook(
        "step", ("parameters", 'text: str = "a = b"  # c = d'), IMPORTS, 'publish({"text": text})'
    )
    assert run_notebook(notebook, {"text": value}).figures == {"text": value}
    assert run_notebook(notebook).figures == {"text": "a = b"}


def test_an_undeclared_parameter_is_refused_before_anything_starts(
    write_notebook: WriteNotebook, own_folders: Settings
) -> None:
    notebook = write_notebook("step", ("parameters", "limit: int = 3"), "1 / 0")
    with pytest.raises(UsageError, match="no parameter 'limt'; it declares: limit"):
        run_notebook(notebook, {"limt": 3})
    assert not (own_folders.reports_dir / "runs").exists()


def test_a_figure_drawn_in_a_notebook_is_in_its_output(
    write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MPLBACKEND", "agg")  # what a server or CI may have set; figures would vanish
    drawing = "plt.plot([1, 2, 3])\nplt.show()"
    result = run_notebook(write_notebook("step", ("imports", "import matplotlib.pyplot as plt"), drawing))
    images = [shown for shown in outputs_of(result.output) if "image/png" in shown.get("data", {})]
    assert len(images) == 1


def test_a_published_figure_can_be_read_in_the_notebook(write_notebook: WriteNotebook) -> None:
    result = run_notebook(write_notebook("step", IMPORTS, 'publish({"rows": 3}, inputs={"silver/orders": 2})'))
    (shown,) = outputs_of(result.output)
    assert shown.data["text/plain"] == "figures:\n  rows  3\ninputs:\n  silver/orders  2"


def test_an_exception_names_its_cell_and_line(write_notebook: WriteNotebook) -> None:
    notebook = write_notebook("step", ("parameters", "a: int = 1"), "x = 1", "y = x - 1\nx / y", "z = 1")
    result = run_notebook(notebook, {"a": 2})
    assert not result.succeeded
    assert str(result.error) == "cell 3 [y = x - 1]: ZeroDivisionError: division by zero"
    statuses = [cell.metadata.papermill.status for cell in nbformat.read(result.output, as_version=4).cells]
    assert statuses == ["completed", "completed", "completed", "failed", "pending"]


def test_a_cell_that_leaves_by_exit_zero_is_a_failure(write_notebook: WriteNotebook) -> None:
    result = run_notebook(write_notebook("step", "import sys\nsys.exit(0)", "never = 1"))
    assert result.error is not None
    assert (result.error.kind, result.error.cell) == ("exception", 1)


def test_a_run_needs_no_home_and_reads_none(
    write_notebook: WriteNotebook, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel of the same name, a start-up file and a matplotlib style in the home folder change nothing."""
    home = tmp_path / "home"
    spec = home / ".local/share/jupyter/kernels/python3"
    startup = home / ".ipython/profile_default/startup"
    for folder in (spec, startup):
        folder.mkdir(parents=True)
    (spec / "kernel.json").write_text(
        json.dumps({"argv": ["/no/such/python"], "display_name": "", "language": "python"})
    )
    (startup / "00.py").write_text("raise SystemExit('start-up file of the user')")
    before = {path: path.stat().st_mtime_ns for path in home.rglob("*")}
    for name in ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR", "IPYTHONDIR", "MPLCONFIGDIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    check = "import sys, matplotlib\npublish({'python': sys.executable, 'folder': matplotlib.get_configdir()})"
    result = run_notebook(write_notebook("step", IMPORTS, check))
    assert result.succeeded
    assert Path(result.figures["python"]).samefile(sys.executable)
    assert str(home) not in result.figures["folder"]
    assert {path: path.stat().st_mtime_ns for path in home.rglob("*")} == before


def test_a_home_that_does_not_exist_is_no_obstacle(
    write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/nonexistent/home")
    assert run_notebook(write_notebook("step", IMPORTS, "publish({'a': 1})")).succeeded


def test_the_kernel_gets_the_environment_that_runs_rely_on(
    write_notebook: WriteNotebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    monkeypatch.setenv("TRACEPARENT", trace)
    names = ["TRACEPARENT", "OMP_WAIT_POLICY", "PYTHONHASHSEED"]
    result = run_notebook(write_notebook("step", IMPORTS, f"import os\npublish({{n: os.environ[n] for n in {names}}})"))
    assert result.figures == {"TRACEPARENT": trace, "OMP_WAIT_POLICY": "passive", "PYTHONHASHSEED": "0"}


def test_parameters_show_in_no_process_list(write_notebook: WriteNotebook) -> None:
    look = """
import psutil
mine = psutil.Process()
lines = [" ".join(p.cmdline()) for p in [mine, *mine.parents()] if "pipelines.runs.execute" in " ".join(p.cmdline())]
publish({"executors": len(lines), "seen": any(word in line for line in lines)})
"""
    notebook = write_notebook("step", ("parameters", 'word: str = ""'), IMPORTS, look)
    assert run_notebook(notebook, {"word": "a-private-word"}).figures == {"executors": 1, "seen": False}


def test_braces_in_a_folder_name_are_taken_as_they_stand(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    notebook = write_notebook("step", ("parameters", "a: int = 1"), IMPORTS, 'publish({"a": a})')
    target = tmp_path / "{a}" / "out.ipynb"
    assert run_notebook(notebook, {"a": 2}, output=target).figures == {"a": 2}
    assert target.exists()
