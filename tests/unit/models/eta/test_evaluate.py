from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from models.eta.baseline import hour_and_zone_medians, median_forecast
from models.eta.evaluate import Evaluation, evaluate, not_evaluated, verdict
from models.eta.model import EtaModel
from models.eta.plots import error_classes, error_plot, gain_plot, gain_shares, zones_plot
from models.eta.report import attention, finding_texts, hours_table, summary, tiles, zones_table
from pipelines.errors import UsageError
from tests.unit.models.synthetic import last_day, silver_orders, trained

KEYS = {
    "business_date", "model_version", "model_sha256", "n", "mae_minutes", "median_mae_minutes", "train_from",
    "train_to", "train_rows", "by_hour", "status", "reason",
}  # fmt: skip


@pytest.fixture(scope="module")
def evaluation(orders: pd.DataFrame, model: EtaModel) -> Evaluation:
    return evaluate(model, orders, last_day(orders))


def test_the_model_beats_the_median_where_there_is_structure(evaluation: Evaluation) -> None:
    document = evaluation.document
    assert document["status"] == "evaluated"
    assert document["verdict"] == "better"
    # noise of 2 min has a mean absolute error of 1.6 min, which no forecast can beat
    assert 1.5 < document["mae_minutes"] < 2.2
    assert document["median_mae_minutes"] > 4
    assert "**nearer than** the hour-and-zone median" in summary(document)
    texts = finding_texts(evaluation)
    assert "less than the hour-and-zone median" in texts["hours_title"]
    assert texts["zones_title"] == "Nearer than the median in all 4 zones"
    assert "the model was nearer in all." in texts["hours_say"]


def test_without_structure_the_report_says_that_the_model_is_no_better() -> None:
    orders = silver_orders(signal=False)
    evaluation = evaluate(trained(orders), orders, last_day(orders))
    assert evaluation.document["verdict"] == "no different"
    assert "**no better than** the hour-and-zone median" in summary(evaluation.document)
    assert "no better than the hour-and-zone median" in finding_texts(evaluation)["hours_title"]


def test_a_day_the_model_was_trained_on_is_refused(orders: pd.DataFrame, model: EtaModel) -> None:
    with pytest.raises(UsageError, match="was trained on days to 2026-03-08"):
        evaluate(model, orders, last_day(orders) - timedelta(days=1))


def test_figures_are_those_of_the_rows(evaluation: Evaluation) -> None:
    document, scored = evaluation.document, evaluation.scored
    assert set(document) >= KEYS
    assert document["n"] == len(scored) == sum(hour["n"] for hour in document["by_hour"])
    total = sum(hour["n"] * hour["mae_minutes"] for hour in document["by_hour"])
    assert total / document["n"] == pytest.approx(document["mae_minutes"], abs=1e-3)
    assert document["bias_minutes"] == pytest.approx(scored["error_minutes"].mean(), abs=1e-4)
    classes = error_classes(scored["error_minutes"])
    assert classes["share"].iloc[4] == pytest.approx(document["share_within_5_minutes"], abs=1e-4)
    assert classes["orders"].sum() == document["n"]


def test_an_error_of_five_minutes_either_way_is_close() -> None:
    classes = error_classes(pd.Series([-5.0, 5.0, -5.001, 5.001]))
    assert classes["orders"].tolist() == [0, 0, 0, 1, 2, 1, 0, 0, 0]


def test_the_median_falls_back_to_the_hour_and_then_to_all() -> None:
    rows = pd.DataFrame(
        {
            "zone_id": ["a"] * 5 + ["b"] * 2 + ["a"],
            "local_hour": [12] * 7 + [20],
            "delivery_seconds": [600.0] * 5 + [1_800.0] * 2 + [3_600.0],
        }
    )
    asked = pd.DataFrame({"zone_id": ["a", "b", "c", "a"], "local_hour": [12, 12, 12, 20]})
    medians = hour_and_zone_medians(rows.assign(delivery_seconds=[600, 600, 610, 620, 620, 1_800, 1_800, 3_600]))
    assert median_forecast(medians, asked).tolist() == [610, 620, 620, 620]


@pytest.mark.parametrize(("shift", "expected"), [(-1.0, "better"), (0.0, "no different"), (1.0, "worse")])
def test_the_verdict_needs_a_difference_beyond_chance(shift: float, expected: str) -> None:
    random = np.random.default_rng(1)
    median = random.uniform(3, 9, 400)
    scored = pd.DataFrame({"model_minutes": median + shift + random.normal(0, 2, 400), "median_minutes": median})
    assert verdict(scored) == expected


def test_a_day_without_deliveries_is_said_to_have_none(orders: pd.DataFrame, model: EtaModel) -> None:
    day = last_day(orders)
    for nothing in (orders[orders["business_date"] < day], orders.iloc[:0], orders.assign(delivery_seconds=np.nan)):
        evaluation = evaluate(model, nothing, day)
        document = evaluation.document
        assert (document["status"], document["n"], document["mae_minutes"]) == ("no_deliveries", 0, None)
        assert "no order of the day has a measured delivery time" in summary(document)
        assert set(finding_texts(evaluation)) == {"hours_title", "errors_title", "zones_title"}


def test_a_day_of_three_orders_is_judged_without_groups(orders: pd.DataFrame, model: EtaModel) -> None:
    day = last_day(orders)
    three = orders[(orders["business_date"] == day) & orders["delivery_seconds"].notna()].head(3)
    evaluation = evaluate(model, three, day)
    assert evaluation.document["n"] == 3
    assert zones_table(evaluation).empty
    texts = finding_texts(evaluation)
    assert texts["zones_title"] == "Error by zone"
    assert "too few to compare" in texts["hours_say"]


def test_too_few_days_keep_every_key_and_no_figure(orders: pd.DataFrame) -> None:
    document = not_evaluated(last_day(orders), "2 earlier days with 10 measured deliveries")
    assert set(document) >= KEYS
    assert (document["status"], document["mae_minutes"], document["by_hour"]) == ("not_enough_days", None, [])
    assert [tile["value"] for tile in tiles(document, [])] == [None] * 6
    assert attention(document) == []


def test_a_model_worse_than_the_median_asks_for_attention(evaluation: Evaluation) -> None:
    worse = {**evaluation.document, "verdict": "worse", "warnings": ["festival was 0 in all training rows"]}
    assert [(line["urgency"], line["kind"]) for line in attention(worse)] == [("look", "Model"), ("data", "Input")]
    assert "**further off than**" in summary(worse)


def test_tiles_compare_with_the_evaluations_of_their_own_dates(evaluation: Evaluation) -> None:
    yesterday = {**evaluation.document, "business_date": "2026-03-08", "mae_minutes": 3.0}
    skipped = {**not_evaluated(last_day(silver_orders()), "x"), "business_date": "2026-03-02"}
    first = tiles(evaluation.document, [skipped, yesterday])[0]
    assert dict(first["compare"]) == {"yesterday": 3.0, "last week": None}
    assert first["history"] == [None] * 27 + [3.0]


def test_zones_are_named_where_the_model_is_behind(evaluation: Evaluation) -> None:
    scored = evaluation.scored.copy()
    behind = scored["zone_id"] == "zone-b"
    scored.loc[behind, "model_minutes"] = scored.loc[behind, "median_minutes"] + 2
    changed = Evaluation(scored, evaluation.document)
    zones = zones_table(changed)
    assert zones["accent"].tolist() == [True, False, False, False]
    texts = finding_texts(changed)
    assert texts["zones_title"] == "Nearer than the median in 3 of 4 zones, furthest behind in Zone B"
    assert texts["zones_say"].endswith("not in Zone B.")


def test_every_plot_is_an_svg_that_says_what_it_shows(evaluation: Evaluation, model: EtaModel) -> None:
    zones, shares = zones_plot(zones_table(evaluation)), gain_plot(gain_shares(model))
    errors = error_plot(error_classes(evaluation.scored["error_minutes"]))
    for svg, words in ((zones, "Zone A"), (shares, "distance m"), (errors, "share of deliveries")):
        assert 'viewBox="0 0 360 ' in svg
        assert words in svg
    assert hours_table(evaluation)["local_hour"].is_monotonic_increasing
