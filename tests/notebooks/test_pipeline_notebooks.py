"""The medallion notebooks on two small generated days, as runs: what each publishes is what is in the stores."""

from __future__ import annotations

from collections import Counter
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from generator.city.city import load_city
from generator.day import generate_day
from generator.sending.plan import Plan
from generator.sending.publish import publish_plan
from pipelines.flow import GOLD_TABLES, ORDER_TOPICS, STEPS, step_named
from pipelines.reconcile import reconcile
from pipelines.runs import RunResult, run_notebook
from pipelines.runs.flow_run import FlowRun, Request
from pipelines.runs.runner import run_flow
from pipelines.settings import Settings, settings
from tests.services.medallion import run_movers
from tests.services.tiny_events import CITY, DATE, delivered_life, publish, publish_city, send, silver, together

pytestmark = [pytest.mark.notebook, pytest.mark.service, pytest.mark.slow]

FIRST, LAST = date(2026, 11, 19), date(2026, 11, 20)
ORDERS_A_DAY = 200
MEDALLION = tuple(step.name for step in STEPS if not step.per_city)
Figures = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def two_days(stores: Settings) -> dict[str, pa.Table]:
    """Events of two generated days, by topic, as they were published."""
    city = load_city("futian")
    publish_plan(Plan(city, FIRST, LAST, ORDERS_A_DAY, seed=3))
    days = [generate_day(city, day, ORDERS_A_DAY, seed=3) for day in (FIRST, LAST)]
    return {topic: pa.concat_tables(day[topic] for day in days) for topic in days[0]}


@pytest.fixture(scope="module")
def first_run(two_days: dict[str, pa.Table]) -> FlowRun:
    """Bronze to gold, and the reports of the last day."""
    return run_flow(Request(only=(*MEDALLION, "daily_operations", "the_city")))


def figures(run: FlowRun) -> Figures:
    """What each step published; the test fails with the error of a step that did not succeed."""
    assert run.succeeded, [str(failure.result and failure.result.error) for failure in run.failures]
    return {outcome.task.step.name: outcome.result.figures for outcome in run.outcomes if outcome.result}


def report(city_id: str, day: date, name: str = "daily_operations") -> tuple[RunResult, str]:
    """A report, run on its own: what it published, and all it shows as text."""
    notebook = step_named(name).notebook
    result = run_notebook(notebook, {"city_id": city_id, "business_date": day})
    assert result.succeeded, str(result.error)
    return result, result.output.read_text(encoding="utf-8")


def test_every_event_reaches_bronze_and_the_operational_state(
    first_run: FlowRun, two_days: dict[str, pa.Table]
) -> None:
    published = figures(first_run)
    rows = {topic: table.num_rows for topic, table in two_days.items()} | {"cities": 1}
    bronze = published["kafka_to_bronze"]
    assert {topic: bronze[topic] for topic in rows} == rows
    assert (bronze["rows"], bronze["dead_letters"]) == (sum(rows.values()), 0)
    operations = published["kafka_to_cassandra"]
    assert operations["events"] == sum(rows[topic] for topic in ORDER_TOPICS)
    assert (operations["refused_messages"], operations["refused_rows"]) == (0, 0)


def test_every_order_is_in_silver_and_the_warehouse_once(first_run: FlowRun, two_days: dict[str, pa.Table]) -> None:
    published = figures(first_run)
    kinds = Counter(two_days["orders"].column("event_type").to_pylist())
    built = published["silver_orders"]
    assert (built["orders"], built["days"], built["quarantined"]) == (kinds["placed"], 2, 0)
    assert (built["first_day"], built["last_day"]) == (str(FIRST), str(LAST))
    assert published["silver_to_warehouse"] == {"rows": kinds["placed"], "days": 2, "days_in_warehouse": 2}
    assert {row["order_id"] for row in silver()} == set(two_days["orders"].column("order_id").to_pylist())


def test_gold_is_built_of_both_days(first_run: FlowRun) -> None:
    published = figures(first_run)
    assert {published[f"gold_{table}"]["days"] for table in GOLD_TABLES} == {2}
    assert published["gold_operations_by_day"]["rows"] == 2
    restaurants = {(row["business_date"], row["restaurant_id"]) for row in silver()}
    assert published["gold_fulfilment_by_day_and_restaurant"]["rows"] == len(restaurants)


def test_the_report_publishes_the_last_days_figures(first_run: FlowRun) -> None:
    told = figures(first_run)["daily_operations"]
    day = [row for row in silver() if row["business_date"] == LAST]
    delivered = [row for row in day if row["outcome"] == "delivered"]
    assert (told["orders_placed"], told["orders_delivered"]) == (len(day), len(delivered))
    assert told["fulfilment_rate"] == pytest.approx(len(delivered) / len(day))
    assert told["deliveries_late"] == sum(bool(row["is_late"]) for row in delivered)
    assert told["sales_cents_cny"] == sum(row["captured_cents"] for row in day)
    assert (told["days_before"], told["simulated_orders"]) == (1, len(day))
    (outcome,) = [o for o in first_run.outcomes if o.task.step.name == "daily_operations"]
    assert (outcome.task.city_id, outcome.task.business_date) == ("futian", LAST)
    assert outcome.report is not None
    assert outcome.report == settings().reports_dir / "published" / "daily_operations" / "futian" / f"{LAST}.html"


def test_the_citys_report_publishes_what_the_lake_holds_and_shows_nobodys_home(
    first_run: FlowRun, two_days: dict[str, pa.Table]
) -> None:
    told = figures(first_run)["the_city"]
    day = [row for row in silver() if row["business_date"] == LAST]
    assert (told["orders_placed"], told["restaurants"]) == (len(day), len({row["restaurant_id"] for row in day}))
    assert told["orders_delivered"] == sum(row["outcome"] == "delivered" for row in day)
    carried = {row["courier_id"] for row in day if row["outcome"] == "delivered"}
    assert told["couriers_on_shift"] >= told["couriers_carrying"] >= len(carried) > 0
    (outcome,) = [o for o in first_run.outcomes if o.task.step.name == "the_city"]
    assert outcome.report is not None
    page = outcome.report.read_text()
    assert "OpenStreetMap contributors" in page
    assert page.count('<figure class="fig') == 7
    placed = two_days["orders"].to_pylist()
    homes = {f"{row[axis]:.4f}" for row in placed for axis in ("dropoff_lat", "dropoff_lng") if row[axis] is not None}
    people = (
        {row["customer_id"] for row in placed} | {row["courier_id"] for row in day} | {row["order_id"] for row in day}
    )
    assert [word for word in (*homes, *people) if word and word in page] == []


def test_a_second_run_moves_nothing_and_everything_adds_up(first_run: FlowRun) -> None:
    rows = silver()
    again = figures(run_flow(Request(only=MEDALLION)))
    moved = {step: again[step].get("rows", again[step].get("orders")) for step in MEDALLION}
    assert moved == dict.fromkeys(MEDALLION, 0)
    assert again["kafka_to_bronze"]["messages"] == again["kafka_to_cassandra"]["messages"] == 0
    assert silver() == rows
    assert reconcile().problems == []


@pytest.fixture(scope="module")
def small_day(first_run: FlowRun) -> None:
    """Three orders of another city, delivered and not reviewed."""
    publish_city()
    lives = [{t: rows for t, rows in delivered_life(f"small{n}", 10 * n).items() if t != "reviews"} for n in range(3)]
    publish("small day", together(*lives))
    run_movers()


@pytest.mark.usefixtures("small_day")
def test_a_day_of_three_orders_without_reviews_is_told_as_it_was() -> None:
    result, shown = report(CITY, DATE)
    told = result.figures
    assert (told["orders_placed"], told["orders_delivered"], told["reviews"]) == (3, 3, 0)
    assert (told["fulfilment_rate"], told["rating_mean"], told["delivery_seconds_p90"]) == (1.0, None, None)
    assert told["sales_cents_eur"] == 6000
    assert "Only 3 deliveries measured; times are given from 5 on" in shown


@pytest.mark.usefixtures("small_day")
def test_a_day_without_orders_is_told_as_it_was() -> None:
    result, shown = report(CITY, date(2026, 3, 8))
    told = result.figures
    assert (told["orders_placed"], told["fulfilment_rate"], told["rating_mean"]) == (0, None, None)
    assert "No orders were placed" in shown


@pytest.mark.usefixtures("small_day")
def test_the_citys_report_of_few_or_no_orders_says_what_is_missing() -> None:
    three, shown = report(CITY, DATE, "the_city")
    assert (three.figures["orders_placed"], three.figures["restaurants"], three.figures["couriers_carrying"]) == (
        3,
        1,
        1,
    )
    assert "No positions of couriers arrived" in shown
    none, shown = report(CITY, date(2026, 3, 8), "the_city")
    assert (none.figures["orders_placed"], none.figures["peak_at"]) == (0, None)
    assert "There is nothing to show on a map" in shown


@pytest.mark.usefixtures("stores")
def test_messages_of_two_topics_refused_for_one_reason_are_counted_together() -> None:
    for topic in ("payments", "reviews"):
        send(topic, (b"not parquet", []))
    result = run_notebook(step_named("kafka_to_bronze").notebook, {"datasets": "payments,reviews"})
    assert result.figures["dead_letters"] == 2, str(result.error)
    assert "'headers_missing': 2" in result.output.read_text(encoding="utf-8")
