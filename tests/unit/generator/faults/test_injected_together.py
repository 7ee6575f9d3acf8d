"""Faults of every kind on one day, and none where there is nothing."""

from __future__ import annotations

from generator.faults import inject
from generator.faults.profile import Faults, faults_of
from generator.faults.rows import Rows
from generator.faults.truth import TRUTH
from tests.unit.generator.faults.injected import (
    EVERY_KIND,
    STREAMS,
    all_together,
    original,
    stream,
    truth_of,
)
from tests.unit.generator.generated_days import friday

# --- together


def test_together_no_event_is_lost_but_the_missing_and_none_comes_thrice() -> None:
    result = all_together()
    missing = set(truth_of(result, "missing")["event_id"])
    twice = set(truth_of(result, "duplicate")["event_id"])
    for topic in friday():
        counts = stream(result, topic)["event_id"].value_counts()
        assert set(counts.index) == set(original(topic).index) - missing
        assert set(counts[counts == 2].index) == twice & set(counts.index)
        assert counts.max() <= 2


def test_the_truth_has_its_schema_and_times_of_injection() -> None:
    truth = all_together().truth
    assert truth.schema == TRUTH
    assert truth["injected_at"].null_count == 0
    assert truth["fault"].null_count == 0


def test_a_topic_without_events_has_nothing_to_go_wrong() -> None:
    empty = {topic: table.slice(0, 0) for topic, table in friday().items()}
    result = inject(empty, faults_of(EVERY_KIND), STREAMS)
    assert result.truth.num_rows == 0
    assert all(not delivery.parts for delivery in result.deliveries.values())


def test_rows_know_what_befalls_them_only_where_the_profile_says() -> None:
    faults: Faults = faults_of({"late": {"share": 1.0, "topics": ["orders"]}})
    orders, reviews = (Rows(topic, friday()[topic], STREAMS) for topic in ("orders", "reviews"))
    assert len(orders.befallen("late", faults.late)) == friday()["orders"].num_rows
    assert len(reviews.befallen("late", faults.late)) == 0
