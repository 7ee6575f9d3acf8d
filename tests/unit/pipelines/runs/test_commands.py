"""The commands of runs, as far as they go without services."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli import app
from pipelines.errors import ServiceError, UsageError
from pipelines.flow import STEPS
from pipelines.runs.ledger import Ledger
from pipelines.runs.result import RunError, RunResult
from pipelines.settings import Settings

pytestmark = pytest.mark.usefixtures("own_folders")


def invoke(*words: str) -> str:
    result = CliRunner().invoke(app, list(words), catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


@pytest.fixture
def failed_run(own_folders: Settings) -> None:
    error = RunError("kernel_died", "the kernel was killed by signal 9", cell=3, source_line="x = [1]", signal=9)
    with Ledger.open() as ledger:
        ledger.queue("f1.silver_orders", "f1", "silver_orders", None, None)
        ledger.start("f1.silver_orders", Path("in.ipynb"), {"run_id": "f1"}, Path("out.ipynb"))
        ledger.finish("f1.silver_orders", RunResult("failed", Path("in.ipynb"), Path("out.ipynb"), error=error))


def test_steps_shows_every_step_once_and_what_it_waits_for() -> None:
    shown = invoke("steps")
    assert all(f". {step.name}" in shown for step in STEPS)
    described = {step["name"]: step for step in json.loads(invoke("steps", "--json"))}
    assert described["silver_to_warehouse"]["after"] == ["silver_orders"]
    assert described["train_eta"]["per_city"] is True


def test_runs_list_says_how_to_make_a_run_when_there_is_none() -> None:
    assert "dishpatch run" in invoke("runs", "list")
    assert json.loads(invoke("runs", "list", "--json")) == []


@pytest.mark.usefixtures("failed_run")
def test_runs_show_names_cell_line_and_signal() -> None:
    assert "cell 3 [x = [1]]: the kernel was killed by signal 9" in invoke("runs", "show", "f1.silver_orders")
    (record,) = json.loads(invoke("runs", "show", "f1", "--json"))
    assert (record["status"], record["error"]["cell"], record["error"]["signal"]) == ("failed", 3, 9)


@pytest.mark.usefixtures("failed_run")
def test_runs_list_shows_text_of_errors_as_it_stands() -> None:
    assert "cell 3 [x = [1]]" in invoke("runs", "list")


def test_an_unknown_run_is_refused() -> None:
    with pytest.raises(UsageError, match="no run 'nothing'"):
        CliRunner().invoke(app, ["runs", "show", "nothing"], catch_exceptions=False)


def test_a_run_is_refused_before_it_starts_when_services_are_down() -> None:
    with pytest.raises(ServiceError, match="dishpatch up"):
        CliRunner().invoke(app, ["run"], catch_exceptions=False)
    with Ledger.open() as ledger:
        assert ledger.runs() == []


def test_a_date_that_is_none_is_refused_with_the_form_it_should_have() -> None:
    with pytest.raises(UsageError, match=r"--date is '5 January'; give .* YYYY-MM-DD"):
        CliRunner().invoke(app, ["run", "--date", "5 January"], catch_exceptions=False)
