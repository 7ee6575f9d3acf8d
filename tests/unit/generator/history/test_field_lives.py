"""Lives of orders as tables tell them: milestones that contradict, batch jobs, pre-orders."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.history.history_events import events_of
from tests.unit.generator.history.field_mappings import (
    LIVES,
    ends,
)
from tests.unit.generator.history.field_rows import (
    BATCH,
    DAY,
    GOOD,
    LIFE_HEADER,
    life,
    read,
)


@pytest.mark.parametrize(
    ("row", "ending", "end"),
    [
        (life("adhoc", "10:00", "", "10:01", "10:02", "10:05", "10:20", "10:33", state="completed"), GOOD, "delivered"),
        (
            life("adhoc", "10:00", "", "", "10:02", "10:05", "10:33", "10:33", state="completed"),
            ("flagged", "pickup_confirmed_with_dropoff"),
            "delivered",
        ),
        (
            life("adhoc", "10:00", "", "", "10:02", "10:05", "10:20", "13:10", state="completed"),
            ("flagged", "dropoff_confirmed_late"),
            "delivered",
        ),
        (
            life("adhoc", "10:00", "", "10:05", "10:03", "10:06", "10:20", "10:33", state="completed"),
            ("flagged", "accepted_before_notified"),
            "delivered",
        ),
        (
            life("adhoc", "10:00", "", "", "10:02", "10:05", "10:40", "10:33", state="completed"),
            ("flagged", "picked_up_after_delivery"),
            "delivered",
        ),
        (
            life("adhoc", "10:00", "", "", "09:58", "10:05", "10:20", "10:33", state="completed"),
            ("flagged", "accepted_before_placement"),
            "delivered",
        ),
        (
            life("adhoc", "10:00", "", "", "10:02", "10:05", "10:20", "", state="completed"),
            ("flagged", "delivered_time_unknown"),
            "delivered",
        ),
        (
            life("adhoc", "10:00", "", "", "10:02", "10:05", "10:20", "10:30", state="cancelled"),
            ("quarantined", "delivered_and_cancelled"),
            None,
        ),
        (
            life("adhoc", "10:00", "", "", "", "", "10:20", "10:30", state="open"),
            ("quarantined", "open_against_its_times"),
            None,
        ),
        (
            life("adhoc", "10:00", "", "", "", "", "", "09:30", state="completed"),
            ("quarantined", "delivered_before_placement"),
            None,
        ),
        (life("adhoc", "10:00", "", "10:01", "", "", "", "", state="open"), GOOD, "open"),
        (
            life("preorder", "10:00", "09:45", "", "10:02", "10:05", "10:20", "10:33", state="completed"),
            ("flagged", "scheduled_before_placement"),
            "delivered",
        ),
        (
            life("preorder", "10:00", "10:29", "", "10:02", "10:05", "10:20", "10:33", state="completed"),
            GOOD,
            "delivered",
        ),
        (
            life("preorder", "10:00", "10:30", "", "10:02", "10:05", "10:20", "10:33", state="completed"),
            GOOD,
            "delivered",
        ),
    ],
)
def test_a_life_with_an_oddity_ends_as_its_milestones_deserve(
    tmp_path: Path, row: str, ending: tuple[str, str], end: str | None
) -> None:
    checked = read(tmp_path, LIVES, LIFE_HEADER, row)
    assert ends(checked) == {2: ending}
    assert checked.orders["end"].tolist() == ([] if end is None else [end])


def test_a_preorder_less_than_thirty_minutes_ahead_is_wanted_now_and_promises_nothing(tmp_path: Path) -> None:
    rows = [
        life("preorder", "10:00", at, "", "", "", "10:20", "10:33", state="completed").replace("X,", f"{n},")
        for n, at in enumerate(["09:45", "10:29", "10:30", "12:00"])
    ]
    checked = read(tmp_path, LIVES, LIFE_HEADER, *rows)
    assert checked.orders["scheduled_for"].isna().tolist() == [True, True, False, False]
    assert checked.orders["promised_at"].isna().tolist() == [True, True, False, False]
    assert "taken as wanted now" in next(iter(checked.found["orders"].notes()))


def test_a_cancellation_that_a_batch_job_wrote_happened_at_an_unknown_time(tmp_path: Path) -> None:
    never = life("adhoc", "10:00", "", "10:01", "", "", "", "", state="cancelled", cancelled=BATCH)
    known = life("adhoc", "10:00", "", "", "10:02", "10:09", "", "", state="cancelled", cancelled=f"{DAY}10:05:00Z")
    checked = read(tmp_path, LIVES, LIFE_HEADER, never, known.replace("X,", "Y,"))
    events = events_of(checked, 1)
    told = [e for e in events["orders"].to_pylist() if e["event_type"] == "cancelled"]
    assert [(e["order_id"], e["is_time_unknown"]) for e in told] == [("X", True), ("Y", None)]
    assert told[0]["event_time"].isoformat() == "2026-05-02T10:00:00+00:00"
    late = [e["event_type"] for e in events["courier_assignments"].to_pylist() if e["order_id"] == "Y"]
    assert late == ["accepted", "assigned"] or late == ["assigned", "accepted"]
    assert any("after the order had ended" in note for note in checked.found["orders"].notes())


@pytest.mark.parametrize("stamp", ["2026-10-02T04:00:00+00:00", "2026-10-02 04:00:00Z", "2026-10-02T06:00:00+02:00"])
def test_a_batch_stamp_is_known_however_it_is_written(tmp_path: Path, stamp: str) -> None:
    row = life("adhoc", "10:00", "", "", "", "", "", "", state="cancelled", cancelled=stamp)
    checked = read(tmp_path, LIVES, LIFE_HEADER, row)
    assert checked.orders[["end", "end_unknown"]].iloc[0].tolist() == ["cancelled", True]


def test_a_delivered_order_with_a_batch_cancellation_is_a_contradiction(tmp_path: Path) -> None:
    row = life("adhoc", "10:00", "", "", "10:02", "10:05", "10:20", "10:33", state="completed", cancelled=BATCH)
    assert ends(read(tmp_path, LIVES, LIFE_HEADER, row)) == {2: ("quarantined", "delivered_and_cancelled")}


def test_real_milestones_are_real_events_and_nothing_is_simulated_unasked(tmp_path: Path) -> None:
    row = life("adhoc", "10:00", "", "10:01", "10:02", "10:05", "10:20", "10:33", state="completed")
    events = events_of(read(tmp_path, LIVES, LIFE_HEADER, row), 1)
    told = {topic: [e["event_type"] for e in t.to_pylist()] for topic, t in events.items() if t.num_rows}
    assert {topic: sorted(types) for topic, types in told.items()} == {
        "orders": ["placed"],
        "restaurant_responses": ["accepted"],
        "courier_assignments": ["accepted", "assigned"],
        "delivery_progress": ["delivered", "picked_up"],
    }
    assert not any(e["is_simulated"] for t in events.values() for e in t.to_pylist())
