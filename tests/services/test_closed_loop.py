"""A dispatcher outside, over a real Kafka: couriers do what it says, and bronze has the day with both parts once."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import date

import pytest

from generator.city.city import load_city
from generator.closed_loop import example
from generator.sending.plan import Plan
from generator.sending.send import EXTERNAL, Way, send_plan
from pipelines.errors import ServiceError, UsageError
from pipelines.movers import dispatch_exchange
from pipelines.movers.kafka_to_bronze import kafka_to_bronze
from tests.services.tiny_events import bronze

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("stores")]

DAY = date(2026, 11, 20)
PLAN = Plan(load_city("futian"), DAY, DAY, 30, 7)
LOCK_STEP = Way(dispatch=EXTERNAL, tick_seconds=300.0)  # so that the test is short


def test_couriers_do_what_a_dispatcher_over_kafka_says_and_bronze_has_both_parts_once() -> None:
    stop, ready, given = threading.Event(), threading.Event(), list[int]()
    outside = threading.Thread(target=lambda: given.append(example.serve("futian", stop.is_set, ready.set)))
    outside.start()
    try:
        assert ready.wait(60)
        sent = send_plan(PLAN, LOCK_STEP, lambda *_: None)
    finally:
        stop.set()
        outside.join(60)
    assert sent.looped is not None
    assert sent.looped.instructions == given[0] > 15
    for topic in ("courier_assignments", "delivery_progress", "orders"):
        kafka_to_bronze(topic)
    assignments = bronze("courier_assignments")
    assert Counter(row["source"] for row in assignments if row["event_type"] == "assigned") == {
        example.SOURCE: given[0]
    }
    ids = [row["event_id"] for row in assignments]
    assert len(set(ids)) == len(ids)
    took = {(r["order_id"], r["courier_id"]) for r in assignments if r["event_type"] == "accepted"}
    progress = bronze("delivery_progress")
    assert {(r["order_id"], r["courier_id"]) for r in progress} <= took
    placed = [row for row in bronze("orders") if row["event_type"] == "placed"]
    assert len([row for row in progress if row["event_type"] == "delivered"]) > 0.6 * len(placed)


def test_a_day_that_was_lived_is_refused() -> None:
    with pytest.raises(UsageError, match="2026-11-20 of generate:futian:7 is in Kafka already"):
        send_plan(PLAN, LOCK_STEP, lambda *_: None)


def test_without_a_dispatcher_lock_step_ends_and_says_what_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.sending.send.ANSWER_SECONDS", 0.5)
    other = Plan(PLAN.city, DAY, DAY, 30, 8)
    with pytest.raises(ServiceError, match=f"answers on {dispatch_exchange.CLOCK_TOPIC}"):
        send_plan(other, LOCK_STEP, lambda *_: None)
