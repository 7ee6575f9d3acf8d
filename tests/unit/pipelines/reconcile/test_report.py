"""Two counts that must be equal, and the sentence where they are not."""

from __future__ import annotations

from pipelines.reconcile.line import Line, must_equal
from pipelines.reconcile.report import Reconciliation


def test_equal_counts_are_no_problem() -> None:
    assert must_equal("in bronze", 1200, "in Kafka", 1200, "run it") == ()
    assert must_equal("in bronze", 0, "in Kafka", 0, "run it") == ()


def test_a_difference_says_both_counts_how_far_and_what_to_do() -> None:
    assert must_equal("in bronze", 1199, "in Kafka", 1200, "run 'dishpatch run'") == (
        "in bronze 1,199 ≠ in Kafka 1,200 (difference -1): run 'dishpatch run'",
    )
    assert "(difference +2)" in must_equal("in gold", 3, "warehouse", 1, "look")[0]


def test_one_line_that_does_not_add_up_spoils_the_whole() -> None:
    good = Line("events", "orders", "2026-09-12", {"in_kafka": 5})
    bad = Line("events", "orders", "", {"in_kafka": 1}, ("in bronze 0 ≠ in Kafka 1",))
    assert Reconciliation([good]).adds_up
    assert not Reconciliation([good, bad]).adds_up
    assert Reconciliation([good, bad]).problems == ["orders (no day): in bronze 0 ≠ in Kafka 1"]


def test_totals_are_sums_over_days_of_each_account_and_dataset() -> None:
    lines = [
        Line("events", "orders", "2026-09-12", {"in_kafka": 5, "in_bronze": 5}),
        Line("events", "orders", "2026-09-13", {"in_kafka": 2, "in_bronze": 1}, ("in bronze 1 ≠ in Kafka 2",)),
        Line("orders", "orders", "2026-09-12", {"in_silver": 3}),
    ]
    assert Reconciliation(lines).totals() == [
        {"account": "events", "dataset": "orders", "adds_up": False, "in_kafka": 7, "in_bronze": 6},
        {"account": "orders", "dataset": "orders", "adds_up": True, "in_silver": 3},
    ]


def test_a_row_for_machines_carries_every_count_and_problem() -> None:
    line = Line("files", "imported orders", "file.csv", {"read": 2}, ("read 2 ≠ rows with an outcome 1",))
    assert Reconciliation([line]).rows == [
        {
            "account": "files",
            "dataset": "imported orders",
            "day": "file.csv",
            "read": 2,
            "adds_up": False,
            "problems": ["read 2 ≠ rows with an outcome 1"],
        }
    ]


def test_nothing_at_all_adds_up() -> None:
    nothing = Reconciliation()
    assert (nothing.adds_up, nothing.rows, nothing.totals()) == (True, [], [])
