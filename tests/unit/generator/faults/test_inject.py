"""Each fault befalls its share of a day, the truth is what can be found in what is delivered, nothing else moves."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from generator.faults import Delivered, inject
from generator.faults.bad_messages import message_id
from generator.faults.profile import Faults, faults_of
from generator.faults.rows import Rows
from generator.faults.truth import TRUTH
from generator.streams import Streams
from pipelines.contract_rules import broken_rules, rules
from pipelines.contracts import load_contract
from pipelines.messages import MessageRejected, decode
from tests.unit.generator.generated_days import FRIDAY, friday

STREAMS = Streams.of_day(7, FRIDAY)
EVERY_KIND: dict[str, dict[str, Any]] = {
    "missing": {"share": 0.03},
    "duplicates": {"share": 0.04},
    "late": {"share": 0.05},
    "out_of_order": {"share": 0.02},
    "clock_skew": {"share": 0.2, "mean_hours": 1e6},
    "corrupt_rows": {"share": 0.05},
    "unknown_values": {"share": 0.03},
    "added_columns": {"share": 0.25},
    "bad_messages": {"share": 0.01},
}
FAULT_OF = {
    "missing": "missing",
    "duplicates": "duplicate",
    "late": "late",
    "out_of_order": "out_of_order",
    "clock_skew": "clock_skew",
    "corrupt_rows": "corrupt_row",
    "unknown_values": "unknown_value",
    "added_columns": "added_column",
    "bad_messages": "bad_message",
}


def delivered(*kinds: str) -> Delivered:
    """The Friday with only these kinds of fault."""
    return inject(friday(), faults_of({kind: EVERY_KIND[kind] for kind in kinds}), STREAMS)


@cache
def alone(kind: str) -> Delivered:
    return delivered(kind)


@cache
def all_together() -> Delivered:
    return delivered(*EVERY_KIND)


def truth_of(result: Delivered, fault: str | None = None) -> pd.DataFrame:
    truth = result.truth.to_pandas()
    return truth if fault is None else truth[truth["fault"] == fault].reset_index(drop=True)


def stream(result: Delivered, topic: str) -> pd.DataFrame:
    """Rows of a topic as they are delivered, in order, with the number of their table; the first copy has copy 0."""
    tables = [
        table.drop_columns(["items"] if "items" in table.column_names else []).to_pandas().assign(part=number)
        for number, table in enumerate(result.deliveries[topic].tables)
    ]
    rows = pd.concat(tables, ignore_index=True)
    return rows.assign(copy=rows.groupby("event_id").cumcount())


def original(topic: str) -> pd.DataFrame:
    table = friday()[topic]
    return table.drop_columns(["items"] if "items" in table.column_names else []).to_pandas().set_index("event_id")


def events() -> int:
    return sum(table.num_rows for table in friday().values())


def near(count: int, expected: float) -> bool:
    """Within four standard deviations of a binomial number with a small share."""
    return abs(count - expected) <= 4 * np.sqrt(expected)


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


# --- the truth is what can be found


def test_missing_events_are_exactly_those_not_delivered() -> None:
    truth = truth_of(alone("missing"))
    for topic in friday():
        gone = set(original(topic).index) - set(stream(alone("missing"), topic)["event_id"])
        assert gone == set(truth.loc[truth["topic"] == topic, "event_id"])


def test_duplicates_are_exactly_the_events_delivered_twice_in_the_same_or_a_later_message() -> None:
    for topic in friday():
        rows = stream(alone("duplicates"), topic)
        truth = truth_of(alone("duplicates"))
        truth = truth[truth["topic"] == topic].set_index("event_id")
        copies = rows[rows["copy"] == 1].set_index("event_id")
        assert sorted(copies.index) == sorted(truth.index)
        firsts = rows[rows["copy"] == 0].set_index("event_id").loc[copies.index]
        is_later = truth["variant"].reindex(copies.index) == "later_message"
        assert ((copies["part"] > firsts["part"]) == is_later).all()
        waited = (copies["produced_at"] - firsts["produced_at"]).dt.total_seconds()
        assert np.allclose(waited, truth["delay_seconds"].reindex(copies.index))
        columns = [name for name in copies.columns if name not in ("produced_at", "part", "copy")]
        pd.testing.assert_frame_equal(copies[columns], firsts[columns])


def test_late_events_are_exactly_those_produced_later_and_come_in_the_order_of_production() -> None:
    for topic in friday():
        rows, before = stream(alone("late"), topic).set_index("event_id"), original(topic)
        late = (rows["produced_at"] - before["produced_at"].reindex(rows.index)).dt.total_seconds()
        truth = truth_of(alone("late"))
        truth = truth[truth["topic"] == topic].set_index("event_id")["delay_seconds"]
        assert np.allclose(late[late > 0].sort_index(), truth.sort_index())
        assert sorted(rows.index) == sorted(before.index)
        # behind everything produced a little before it, but for the two seconds a source may take
        behind = rows["produced_at"].cummax() - rows["produced_at"]
        assert behind.max() <= timedelta(seconds=2.2)


def test_events_out_of_order_are_overtaken_by_as_many_as_the_truth_says() -> None:
    for topic in friday():
        rows, before = stream(alone("out_of_order"), topic), original(topic)
        truth = truth_of(alone("out_of_order"))
        truth = truth[truth["topic"] == topic].set_index("event_id")["places"]
        place = pd.Series(np.arange(len(before)), index=before.index).reindex(rows["event_id"]).to_numpy()
        overtaken = {
            event: int((place[:now] > place[now]).sum())
            for now, event in enumerate(rows["event_id"])
            if place[:now].max(initial=-1) > place[now]
        }
        assert overtaken == truth.to_dict()


def test_a_wrong_clock_moves_a_devices_events_by_one_constant_and_leaves_when_they_were_produced() -> None:
    truth = truth_of(alone("clock_skew"))
    assert set(truth["topic"]) == {"delivery_progress", "courier_shifts", "restaurant_responses"}
    devices = {
        "delivery_progress": "courier_id",
        "courier_shifts": "courier_id",
        "restaurant_responses": "restaurant_id",
    }
    offsets: dict[str, set[float]] = {}
    for topic in friday():
        rows, before = stream(alone("clock_skew"), topic).set_index("event_id"), original(topic)
        assert (rows["produced_at"] == before["produced_at"]).all()
        off = (rows["event_time"] - before["event_time"]).dt.total_seconds()
        mine = truth[truth["topic"] == topic].set_index("event_id")["delay_seconds"]
        assert np.allclose(off[off != 0].sort_index(), mine.sort_index())
        for event, seconds in off[off != 0].items():
            offsets.setdefault(before.loc[event, devices[topic]], set()).add(round(seconds, 3))
    assert {len(found) for found in offsets.values()} == {1}


def test_a_clock_is_off_for_hours_and_not_for_the_whole_day() -> None:
    some = inject(friday(), faults_of({"clock_skew": {"share": 1.0, "mean_hours": 3}}), STREAMS).truth.num_rows
    whole = inject(friday(), faults_of({"clock_skew": {"share": 1.0, "mean_hours": 1e6}}), STREAMS).truth.num_rows
    assert 0.05 * whole < some < 0.3 * whole


def altered(result: Delivered, topic: str) -> set[tuple[str, str, str | None, str | None]]:
    """(event, column, value before, value after as text) of every value that is not what it was."""
    (table,) = result.deliveries[topic].tables
    before = friday()[topic]
    assert table["event_id"].equals(before["event_id"])
    found = set()
    for name in before.column_names:
        if pa.types.is_nested(before.schema.field(name).type):
            assert table[name].equals(before[name])
            continue
        old, new = (t[name].cast(pa.string()) for t in (before, table))
        same = pc.or_(pc.fill_null(pc.equal(old, new), False), pc.and_(old.is_null(), new.is_null()))
        changed = pc.invert(same)
        found |= {
            (event, name, a, b)
            for event, a, b in zip(
                before["event_id"].filter(changed).to_pylist(),
                old.filter(changed).to_pylist(),
                new.filter(changed).to_pylist(),
                strict=True,
            )
        }
    return found


@pytest.mark.parametrize("kind", ["corrupt_rows", "unknown_values"])
def test_altered_values_are_exactly_those_of_the_truth(kind: str) -> None:
    for topic in friday():
        truth = alone(kind).truth.filter(pc.equal(alone(kind).truth["topic"], topic)).to_pylist()
        want = set()
        for row in truth:
            names = row["column"].split(",")
            old = row["original"].split(",") if len(names) > 1 else [row["original"]]
            new = row["delivered"].split(",") if len(names) > 1 else [row["delivered"]]
            want |= {(row["event_id"], *values) for values in zip(names, old, new, strict=True)}
        assert altered(alone(kind), topic) == want


@pytest.mark.parametrize("kind", ["corrupt_rows", "unknown_values"])
def test_what_is_altered_breaks_a_rule_of_its_column_where_the_contract_has_one(kind: str) -> None:
    for topic in friday():
        (table,) = alone(kind).deliveries[topic].tables
        broken = dict(
            zip(
                table["event_id"].to_pylist(),
                broken_rules(table, rules(load_contract(f"events/{topic}"))).to_pylist(),
                strict=True,
            )
        )
        for row in alone(kind).truth.filter(pc.equal(alone(kind).truth["topic"], topic)).to_pylist():
            # a position of 0/0 is only ruled out for a placement; elsewhere it takes monitoring to notice it
            is_ruled = row["variant"] != "zero_position" or topic == "orders"
            assert bool(broken[row["event_id"]]) == is_ruled, row
        clean = set(broken) - set(truth_of(alone(kind))["event_id"])
        assert not any(broken[event] for event in clean)


def test_every_way_a_row_can_be_corrupt_occurs() -> None:
    assert set(truth_of(alone("corrupt_rows"))["variant"]) == {
        "missing_value",
        "out_of_range",
        "zero_position",
        "too_long",
        "malformed",
        "wrong_time_unit",
    }


def test_rows_of_a_newer_source_come_with_the_added_column_from_the_moment_it_is_there() -> None:
    noon = pd.Timestamp(FRIDAY, tz="UTC") + pd.Timedelta(hours=4)
    section = {"share": 0.25, "since": noon.isoformat()}
    result = inject(friday(), faults_of({"added_columns": section}), STREAMS)
    tables = list(result.deliveries["payments"].tables)
    wide = [table for table in tables if "tip_cents" in table.column_names]
    plain = pa.concat_tables([table for table in tables if "tip_cents" not in table.column_names])
    rows = pa.concat_tables(wide).to_pandas().set_index("event_id")
    truth = truth_of(result).set_index("event_id")
    assert sorted(rows.index) == sorted(truth.index)
    assert (rows["tip_cents"].astype(str) == truth["delivered"].reindex(rows.index)).all()
    assert rows["produced_at"].min() >= noon
    assert plain.num_rows + len(rows) == friday()["payments"].num_rows
    whole_day = truth_of(alone("added_columns"))
    before = set(whole_day.loc[whole_day["injected_at"] < noon, "event_id"])
    assert set(whole_day["event_id"]) == before | set(truth.index)
    assert len(before) > 10
    assert before <= set(plain["event_id"].to_pylist())


def test_every_bad_message_is_refused_for_its_own_reason_and_known_by_its_trace() -> None:
    reasons = {
        "truncated": "not_parquet",
        "not_parquet": "not_parquet",
        "empty_value": "empty_value",
        "wrong_contract": "wrong_contract",
        "headers_missing": "headers_missing",
        "unknown_version": "unknown_contract_version",
        "wrong_row_count": "row_count_mismatch",
    }
    found = {}
    for topic, delivery in alone("bad_messages").deliveries.items():
        for message in delivery.messages:
            with pytest.raises(MessageRejected) as refused:
                decode(message.value, message.headers, topic)
            found[message_id(message.headers)] = (topic, refused.value.reason)
    truth = truth_of(alone("bad_messages"))
    assert set(truth["variant"]) == set(reasons)
    assert found == {row.message_id: (row.topic, reasons[row.variant]) for row in truth.itertuples()}


def test_bad_messages_take_no_event_away() -> None:
    for topic, table in friday().items():
        (rows,) = alone("bad_messages").deliveries[topic].tables
        assert rows.equals(table)


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
