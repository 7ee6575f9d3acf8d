"""Units published slice by slice: together they are what the unit is, and the account of events agrees."""

from __future__ import annotations

import pytest

from generator.city.city import load_city
from generator.demo import LAST_DEMO_DAY
from generator.sending.pace import Pace
from generator.sending.paced import Batching, publish_paced
from generator.sending.plan import Plan
from generator.sending.publish import publish_plan
from pipelines.errors import ImportRefused
from pipelines.movers.events_in_slices import slices_of
from pipelines.movers.events_to_kafka import publish_unit
from pipelines.movers.kafka_to_bronze import kafka_to_bronze
from pipelines.movers.progress import published_units
from pipelines.reconcile.events import event_lines
from tests.services.tiny_events import bronze, event, kept, table

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("stores")]

PLAN = Plan(load_city("futian"), LAST_DEMO_DAY, LAST_DEMO_DAY, 40, 7)
FACTOR = 86_400.0  # a day in a second


def test_a_day_at_a_pace_and_its_rest_at_once_are_the_day_and_no_event_is_there_twice() -> None:
    told = publish_paced(PLAN, FACTOR, Batching(linger_ms=200))
    unit = LAST_DEMO_DAY.isoformat()
    assert told.slices > 1
    assert told.held > 0
    assert published_units(PLAN.producer_id)[unit]["complete"] is False
    rest = publish_plan(PLAN)
    assert sum(rest.values()) == told.held
    assert sum(publish_plan(PLAN).values()) == 0
    want = PLAN.generate(LAST_DEMO_DAY).events
    for topic in want:
        kafka_to_bronze(topic)
    found = {topic: sorted(row["event_id"] for row in bronze(topic)) for topic in want}
    assert found == {topic: sorted(rows.column("event_id").to_pylist()) for topic, rows in want.items()}
    kafka_to_bronze("cities")
    lines, _ = event_lines()
    assert [line.problems for line in lines if line.dataset in ("orders", "reviews") and line.problems] == []
    produced = published_units(PLAN.producer_id)[unit]
    assert produced["rows"] == {topic: rows.num_rows for topic, rows in want.items() if rows.num_rows}


def test_a_pace_faster_than_kafka_is_late_and_loses_nothing() -> None:
    plan = Plan(PLAN.city, LAST_DEMO_DAY, LAST_DEMO_DAY, 40, 8)
    told = publish_paced(plan, 1e6, pace_of=Pace)
    want = sum(rows.num_rows for rows in plan.generate(LAST_DEMO_DAY).events.values())
    assert told.rows + told.held == want
    assert told.latest_seconds > 0.01


def test_slices_of_other_input_are_refused() -> None:
    rows = table("reviews", [event("reviews", "submitted", "o1", n) for n in range(3)])
    publish_unit("sliced", "u", {"reviews": rows}, fingerprint="a")
    with slices_of("sliced", "b", 10) as sink, pytest.raises(ImportRefused, match="has published u before"):
        sink.is_complete("u")


def test_a_message_of_a_slice_has_at_most_the_events_that_were_asked_for() -> None:
    rows = table("reviews", [event("reviews", "submitted", "o1", n, text="small") for n in range(7)])
    with slices_of("small", "a", 2) as sink:
        assert sink.send({"u of small": {"reviews": rows}}, 10**18, {"u of small"}) == 7
    assert published_units("small")["u of small"]["messages"] == 4
    assert kept("reviews", "u of small") == 7
