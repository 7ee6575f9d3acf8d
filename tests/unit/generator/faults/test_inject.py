"""Each fault befalls its share of a day, the truth is what can be found in what is delivered, nothing else moves."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from generator.faults import inject
from generator.faults.profile import faults_of
from generator.streams import Streams
from tests.unit.generator.faults.injected import (
    EVERY_KIND,
    FAULT_OF,
    STREAMS,
    all_together,
    alone,
    delivered,
    events,
    near,
    original,
    truth_of,
)
from tests.unit.generator.generated_days import FRIDAY, friday

# --- nothing moves that should not


def test_a_clean_profile_hands_every_table_over_as_it_is() -> None:
    result = inject(friday(), faults_of({}), STREAMS)
    assert faults_of({}).is_clean
    assert result.truth.num_rows == 0
    for topic, table in friday().items():
        (only,) = result.deliveries[topic].parts
        assert only is table


def test_topics_without_faults_are_handed_over_as_they_are() -> None:
    every = {kind: section | {"topics": ["reviews"]} for kind, section in EVERY_KIND.items()}
    result = inject(friday(), faults_of(every), STREAMS)
    assert set(truth_of(result)["topic"]) == {"reviews"}
    for topic, table in friday().items():
        parts = result.deliveries[topic].parts
        assert topic == "reviews" or [part.equals(table) for part in parts] == [True]


def test_the_same_day_gets_the_same_faults_bit_for_bit() -> None:
    again = delivered(*EVERY_KIND)
    assert again.truth.equals(all_together().truth)
    assert again.deliveries == all_together().deliveries


def test_another_seed_gets_other_faults() -> None:
    other = inject(friday(), faults_of({"late": {"share": 0.05}}), Streams.of_day(8, FRIDAY))
    assert set(truth_of(other)["event_id"]) != set(truth_of(alone("late"))["event_id"])


@pytest.mark.parametrize("kind", sorted(EVERY_KIND))
def test_switching_the_others_on_moves_no_fault(kind: str) -> None:
    """Only what a missing event or a value written over it hides is not in the truth of all together."""
    fault = FAULT_OF[kind]
    same = ["variant", "topic", "key", "event_id", "message_id", "column", "original", "delivered", "delay_seconds"]
    ours, theirs = (truth_of(result, fault)[same] for result in (alone(kind), all_together()))
    missing = set(truth_of(all_together(), "missing")["event_id"])
    hidden = truth_of(all_together(), "corrupt_row")
    over = set(hidden.loc[hidden["column"] == "event_time", "event_id"]) if fault == "clock_skew" else set()
    gone = (missing if fault != "missing" else set()) | over
    expected = ours[~ours["event_id"].isin(gone)].reset_index(drop=True)
    pd.testing.assert_frame_equal(theirs, expected)
    assert len(expected) > 10


def test_an_events_faults_do_not_depend_on_the_other_events() -> None:
    half = {topic: table.filter(pa.array(np.arange(table.num_rows) % 2 == 0)) for topic, table in friday().items()}
    there = {i for table in half.values() for i in table["event_id"].to_pylist()}
    truth = truth_of(inject(half, faults_of({"missing": EVERY_KIND["missing"]}), STREAMS))
    assert set(truth["event_id"]) == set(truth_of(alone("missing"))["event_id"]) & there


# --- how often


@pytest.mark.parametrize("kind", ["missing", "duplicates", "late", "unknown_values", "bad_messages"])
def test_a_fault_befalls_its_share_of_the_events(kind: str) -> None:
    assert near(len(truth_of(alone(kind))), EVERY_KIND[kind]["share"] * events())


def test_corrupt_rows_are_their_share_of_the_events_and_their_kinds_have_their_weights() -> None:
    truth = truth_of(alone("corrupt_rows"))
    assert near(len(truth), 0.05 * events())
    payments = truth[truth["topic"] == "payments"]
    # no position in a payment: of the weights 0.3, 0.25, 0.05, 0.1, 0.1 a third, and some more, is a missing value
    assert near(int((payments["variant"] == "missing_value").sum()), len(payments) * 0.3 / 0.8)
    assert near(int((payments["variant"] == "out_of_range").sum()), len(payments) * 0.25 / 0.8)


def test_events_out_of_order_are_their_share_but_for_those_that_nothing_overtakes() -> None:
    found, expected = len(truth_of(alone("out_of_order"))), 0.02 * events()
    assert near(found, expected)


def test_clocks_are_off_for_their_share_of_the_devices() -> None:
    couriers = pd.concat([original(topic)["courier_id"] for topic in ("delivery_progress", "courier_shifts")])
    restaurants = original("restaurant_responses")["restaurant_id"]
    truth = truth_of(alone("clock_skew"))
    off = truth["event_id"].map(pd.concat([couriers, restaurants]))
    assert near(off.nunique(), 0.2 * (couriers.nunique() + restaurants.nunique()))


def test_a_newer_source_is_its_share_of_the_message_keys() -> None:
    truth = truth_of(alone("added_columns"))
    assert near(truth["key"].nunique(), 0.25 * original("payments")["order_id"].nunique())


def test_delays_have_the_profiles_median_and_limits() -> None:
    truth = truth_of(alone("late"))
    assert 180 < truth["delay_seconds"].median() < 320
    assert truth["delay_seconds"].max() <= 259_200
    later = truth_of(alone("duplicates"))
    assert 28 < later.loc[later["variant"] == "later_message", "delay_seconds"].mean() < 52
    assert near(int((later["variant"] == "same_message").sum()), 0.25 * len(later))
