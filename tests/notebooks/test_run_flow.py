"""A flow of small notebooks: order, parameters, cities, reports, and what a failure leaves."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from pipelines.errors import UsageError
from pipelines.flow import Step
from pipelines.runs.flow_run import FlowRun, Request
from pipelines.runs.ledger import Ledger
from pipelines.runs.runner import run_flow
from pipelines.runs.targets import StepNotRun
from pipelines.settings import Settings

pytestmark = [pytest.mark.notebook, pytest.mark.usefixtures("own_folders")]

WriteNotebook = Callable[..., Path]
DAY = date(2026, 1, 5)
IMPORTS = (
    "imports",
    "from pipelines.runs.publish import publish\nfrom pipelines.reporting.display import show_sentence",
)
EVERYTHING_OFFERED = ("parameters", 'business_date: str = ""\ncity_id: str = ""\nrun_id: str = ""\nextra: int = 1')
PUBLISH_OFFERED = 'publish({"date": business_date, "city": city_id, "run": run_id})'


def one_city(business_date: date | None, city_id: str | None) -> list[tuple[str, date]]:
    return [("a", business_date or DAY)]


def statuses(run: FlowRun) -> dict[str, str]:
    return {str(outcome.task): outcome.status for outcome in run.outcomes}


def figures(run: FlowRun) -> dict[str, dict[str, object]]:
    return {str(outcome.task): outcome.result.figures for outcome in run.outcomes if outcome.result}


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """While this file exists the `silver` step of `flow_of` fails."""
    return tmp_path / "broken"


@pytest.fixture
def flow(write_notebook: WriteNotebook, marker: Path) -> tuple[Step, ...]:
    """silver → warehouse → report (each city), and `speed` beside them."""
    silver = write_notebook(
        "silver",
        EVERYTHING_OFFERED,
        IMPORTS,
        f"from pathlib import Path\nassert not Path({str(marker)!r}).exists()",
        PUBLISH_OFFERED,
    )
    warehouse = write_notebook("warehouse", ("parameters", "limit: int = 2"), IMPORTS, 'publish({"limit": limit})')
    speed = write_notebook("speed", IMPORTS, 'publish({"upserts": 1})')
    report = write_notebook(
        "report", EVERYTHING_OFFERED, IMPORTS, ("summary", 'show_sentence("A day as usual.")'), PUBLISH_OFFERED
    )
    return (
        Step("silver", silver, ("kafka/orders",), ("silver/orders",), ""),
        Step("speed", speed, ("kafka/orders",), ("operations/orders_by_id",), ""),
        Step("warehouse", warehouse, ("silver/orders",), ("warehouse/orders",), ""),
        Step("report", report, ("warehouse/orders",), ("reports/report",), "", per_city=True, report=True),
    )


def test_a_flow_runs_in_order_and_publishes_each_citys_report(flow: tuple[Step, ...], own_folders: Settings) -> None:
    two_cities = [("a", DAY), ("b", date(2026, 1, 4))]
    run = run_flow(steps=flow, targets=lambda day, city: two_cities)
    assert run.succeeded
    assert set(statuses(run).values()) == {"succeeded"}
    assert figures(run)["silver"] == {"date": "", "city": "", "run": run.flow_run_id}
    assert figures(run)["warehouse"] == {"limit": 2}
    assert figures(run)["report b 2026-01-04"] == {"date": "2026-01-04", "city": "b", "run": run.flow_run_id}
    page = own_folders.reports_dir / "published" / "report" / "b" / "2026-01-04.html"
    assert "A day as usual." in page.read_text()
    with Ledger.open() as ledger:
        records = ledger.runs(run.flow_run_id)
    assert len(records) == 5
    assert {record.report_path for record in records if record.city_id == "b"} == {str(page)}


def test_a_day_and_a_city_reach_the_targets_and_the_notebooks(flow: tuple[Step, ...]) -> None:
    asked: list[tuple[date | None, str | None]] = []

    def targets(day: date | None, city: str | None) -> list[tuple[str, date]]:
        asked.append((day, city))
        return [("b", DAY)]

    run = run_flow(Request(DAY, "b"), steps=flow, targets=targets)
    assert asked == [(DAY, "b")]
    assert figures(run)["silver"] == {"date": "2026-01-05", "city": "b", "run": run.flow_run_id}


def test_a_failed_step_stops_its_dependants_only_and_a_rerun_resumes(
    flow: tuple[Step, ...], marker: Path, own_folders: Settings
) -> None:
    marker.touch()
    run = run_flow(steps=flow, targets=one_city)
    assert not run.succeeded
    assert statuses(run) == {
        "silver": "failed",
        "speed": "succeeded",
        "warehouse": "not_started",
        "report a 2026-01-05": "not_started",
    }
    (failure,) = run.failures
    assert failure.result is not None
    assert str(failure.result.error).startswith("cell 3 [from pathlib import Path]: AssertionError")
    assert run.resume_command == "dishpatch run --from silver"
    page = own_folders.reports_dir / "published" / "report" / "a" / "2026-01-05.html"
    assert "silver" in page.read_text()
    assert "dishpatch run --from silver" in page.read_text()
    with Ledger.open() as ledger:
        assert {record.step: record.status for record in ledger.runs(run.flow_run_id)} == {
            "silver": "failed",
            "speed": "succeeded",
            "warehouse": "not_started",
            "report": "not_started",
        }

    marker.unlink()
    again = run_flow(Request(from_steps=("silver",)), steps=flow, targets=one_city)
    assert statuses(again) == {"silver": "succeeded", "warehouse": "succeeded", "report a 2026-01-05": "succeeded"}
    assert "A day as usual." in page.read_text()


def test_a_report_that_breaks_a_rule_is_a_failed_step_and_says_so_on_its_page(
    flow: tuple[Step, ...], write_notebook: WriteNotebook, own_folders: Settings
) -> None:
    drawing = "import matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()"
    write_notebook("report", ("summary", 'show_sentence("x")'), ("finding", drawing))
    run = run_flow(Request(only=("report",)), steps=flow, targets=one_city)
    (outcome,) = run.outcomes
    assert outcome.status == "failed"
    assert outcome.report is not None
    assert outcome.report.is_relative_to(own_folders.reports_dir)


def test_without_any_city_the_report_is_skipped_and_the_flow_succeeds(flow: tuple[Step, ...]) -> None:
    run = run_flow(Request(only=("warehouse", "report")), steps=flow, targets=lambda day, city: [])
    assert run.succeeded
    assert statuses(run) == {"warehouse": "succeeded", "report": "skipped"}


def test_cities_that_cannot_be_looked_up_fail_the_report_and_nothing_else(flow: tuple[Step, ...]) -> None:
    def unknown(day: date | None, city: str | None) -> list[tuple[str, date]]:
        raise UsageError(f"No order of city '{city}' is in the warehouse; it has: a")

    run = run_flow(Request(city_id="x", only=("speed", "report")), steps=flow, targets=unknown)
    assert statuses(run) == {"report": "failed", "speed": "succeeded"}
    assert "No order of city 'x'" in str(run.failures[0].result)


def test_a_table_that_an_earlier_step_has_not_written_names_that_step_also_to_resume(flow: tuple[Step, ...]) -> None:
    def no_table(day: date | None, city: str | None) -> list[tuple[str, date]]:
        raise StepNotRun("the warehouse has no table SILVER.ORDERS yet", "warehouse")

    run = run_flow(Request(city_id="x", only=("report",)), steps=flow, targets=no_table)
    assert statuses(run) == {"report": "failed"}
    assert run.resume_command == "dishpatch run --only warehouse --only report --city x"


def test_a_step_whose_notebook_is_missing_is_refused_before_anything_starts(flow: tuple[Step, ...]) -> None:
    flow[1].notebook.unlink()
    with pytest.raises(UsageError, match=r"speed\.ipynb"):
        run_flow(steps=flow, targets=one_city)
    with Ledger.open() as ledger:
        assert ledger.runs() == []


def test_no_more_steps_run_at_once_than_asked_for(write_notebook: WriteNotebook, tmp_path: Path) -> None:
    """Each step waits until a second one has begun, so two must overlap; the third must not."""
    work = f"""began = time.time()
folder = Path({str(tmp_path)!r})
(folder / f"{{name}}.began").touch()
while len(list(folder.glob("*.began"))) < 2:
    time.sleep(0.05)
(folder / f"{{name}}.json").write_text(json.dumps([began, time.time()]))"""
    imports = "import json, time\nfrom pathlib import Path"
    steps = [
        Step(name, write_notebook(name, imports, f"name = {name!r}", work), (), (f"x/{name}",), "") for name in "abc"
    ]
    assert run_flow(steps=steps, jobs=2, targets=one_city).succeeded
    spans = sorted(json.loads((tmp_path / f"{name}.json").read_text()) for name in "abc")
    assert spans[1][0] < spans[0][1]
    assert spans[2][0] > min(spans[0][1], spans[1][1])
