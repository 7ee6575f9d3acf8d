"""The score of quality monitoring against the truth, by example."""

from __future__ import annotations

import pyarrow as pa

from generator.faults.score import Alarm, Score, score
from generator.faults.truth import TRUTH, truth_rows


def truth(*rows: dict[str, str]) -> pa.Table:
    return pa.concat_tables([TRUTH.empty_table(), *(truth_rows(1, **row) for row in rows)])


CORRUPT = {"fault": "corrupt_row", "variant": "malformed", "event_id": "e1", "key": "o1"}
MISSING = {"fault": "missing", "event_id": "e2", "key": "o2"}
TWICE = {"fault": "duplicate", "variant": "later_message", "event_id": "e3", "key": "o3"}
WIDER = {"fault": "added_column", "event_id": "e4", "key": "o4"}
GARBLED = {"fault": "bad_message", "variant": "truncated", "message_id": "m1", "key": "o5"}
LATE = {"fault": "late", "event_id": "e4", "key": "o4"}
ALL = truth(CORRUPT, MISSING, TWICE, WIDER, GARBLED, LATE)


def caught(found: Score) -> dict[str, int]:
    return dict(zip(found.by_fault["fault"], found.by_fault["caught"], strict=True))


def false_alarms(found: Score) -> dict[str, int]:
    return dict(zip(found.by_level["level"], found.by_level["false_alarms"], strict=True))


def test_each_alarm_catches_what_it_can_be_about() -> None:
    alarms = [
        Alarm("row", ("e1",)),
        Alarm("order", key="o2"),
        Alarm("repeat", ("e3",)),
        Alarm("message", ("e0", "e4")),
        Alarm("message", message_id="m1"),
    ]
    found = score(ALL, alarms)
    # a refused message is no sign that an event in it was late
    assert caught(found) == {
        "added_column": 1, "bad_message": 1, "corrupt_row": 1, "duplicate": 1, "late": 0, "missing": 1,
    }  # fmt: skip
    assert false_alarms(found) == {"message": 0, "order": 0, "repeat": 0, "row": 0}


def test_an_alarm_about_what_was_not_injected_is_false() -> None:
    alarms = [
        Alarm("row", ("e3",)),
        Alarm("repeat", ("e1",)),
        Alarm("order", key="o9"),
        Alarm("message", ("e1",), "m2"),
    ]
    found = score(ALL, alarms)
    assert set(caught(found).values()) == {0}
    assert false_alarms(found) == {"message": 1, "order": 1, "repeat": 1, "row": 1}


def test_two_alarms_about_one_fault_catch_it_once_and_both_are_right() -> None:
    found = score(truth(CORRUPT), [Alarm("row", ("e1",)), Alarm("order", key="o1")])
    assert found.by_fault[["injected", "caught", "share_caught"]].to_numpy().tolist() == [[1, 1, 1.0]]
    assert found.by_level["false_alarms"].sum() == 0


def test_nothing_raised_and_nothing_injected_are_scores_too() -> None:
    assert set(caught(score(ALL, [])).values()) == {0}
    quiet = score(TRUTH.empty_table(), [Alarm("row", ("e1",))])
    assert quiet.by_fault.empty
    assert false_alarms(quiet) == {"row": 1}
