"""The truth of faults is exactly what can be found in what is delivered."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from generator.faults import Delivered, inject
from generator.faults.bad_messages import message_id
from generator.faults.profile import faults_of
from pipelines.contract_rules import broken_rules, rules
from pipelines.contracts import load_contract
from pipelines.messages import MessageRejected, decode
from tests.unit.generator.faults.injected import (
    STREAMS,
    alone,
    original,
    stream,
    truth_of,
)
from tests.unit.generator.generated_days import FRIDAY, friday

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
