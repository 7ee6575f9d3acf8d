from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from models.registry import EtaRegistry
from pipelines.connectors import object_store
from pipelines.runs.render import render_report
from tests.notebooks.eta_lake import CITY, lake, run, write_silver
from tests.unit.models.synthetic import last_day, silver_orders, trained

__all__ = ["lake"]

pytestmark = [pytest.mark.notebook, pytest.mark.service, pytest.mark.usefixtures("lake")]


def stored_evaluation(day: date) -> dict[str, object]:
    found: dict[str, object] = json.loads(object_store.get_bytes(f"models/eta/{CITY}/evaluations/{day}.json"))
    return found


def report_of(output: Path, folder: Path) -> str:
    context: dict[str, object] = {"city_id": CITY, "business_date": "2026-03-09", "run_id": "test"}
    return render_report(output, folder / "evaluate_eta.html", context).read_text()


def test_the_report_shows_both_errors_on_the_later_day(tmp_path: Path) -> None:
    orders = silver_orders()
    day = last_day(orders)
    write_silver(orders)
    training = run("train_eta", day)
    result = run("evaluate_eta", day)
    figures, stored = result.figures, stored_evaluation(day)
    assert figures["model_version"] == stored["model_version"] == training.figures["model_version"]
    assert figures["mae_minutes"] == stored["mae_minutes"] < stored["median_mae_minutes"]
    today = orders[orders["business_date"] == day]
    assert figures["evaluated_rows"] == stored["n"] == int(today["delivery_seconds"].notna().sum())
    page = report_of(result.output, tmp_path)
    for words in (
        f"{figures['mae_minutes']:.1f}",
        f"{figures['median_mae_minutes']:.1f}",
        "less than the hour-and-zone",
    ):
        assert words in page
    assert page.count("<svg") >= 4


def test_too_few_days_give_a_true_report_without_figures(tmp_path: Path) -> None:
    orders = silver_orders(days=2)
    write_silver(orders)
    reason = "1 earlier day with 400 measured deliveries"
    EtaRegistry(CITY).record_training(last_day(orders), {"status": "not_enough_days", "reason": reason})
    result = run("evaluate_eta", last_day(orders))
    assert (result.figures["status"], result.figures["mae_minutes"]) == ("not_enough_days", None)
    assert stored_evaluation(last_day(orders))["status"] == "not_enough_days"
    page = report_of(result.output, tmp_path)
    assert "Not judged" in page
    assert reason in page


def test_a_day_without_orders_gives_a_true_report(tmp_path: Path) -> None:
    orders = silver_orders(days=8)
    day = last_day(orders)
    write_silver(orders[orders["business_date"] < day])
    version = EtaRegistry(CITY).save(trained(orders))
    EtaRegistry(CITY).record_training(day, {"status": "trained", "model_version": version})
    result = run("evaluate_eta", day)
    assert (result.figures["status"], result.figures["evaluated_rows"]) == ("no_deliveries", 0)
    assert "no order of the day has a measured delivery time" in report_of(result.output, tmp_path)
