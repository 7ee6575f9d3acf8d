"""Placed → Cassandra, silver or quarantine → warehouse → gold: what must be equal, and what to run where not."""

from __future__ import annotations

import pytest

from pipelines.contracts import dataset_keys
from pipelines.reconcile.orders import GOLD_COUNTS, _line


def counts(**changed: int) -> dict[str, int]:
    """Twenty placed, one of them contradictory; sixteen delivered."""
    usual = {"placed_in_bronze": 20, "in_cassandra": 20, "in_silver": 19, "quarantined": 1}
    usual |= {"in_warehouse": 19, "delivered_in_warehouse": 16}
    usual |= {f"gold_{table}": 19 if column == "ORDERS_PLACED" else 16 for table, column in GOLD_COUNTS.items()}
    return usual | changed


def test_a_day_that_adds_up_has_no_problem() -> None:
    line = _line("2026-09-12", counts())
    assert (line.account, line.day, line.problems) == ("orders", "2026-09-12", ())
    assert line.as_row()["adds_up"]


@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"in_silver": 18, "in_warehouse": 18}, "in silver or quarantined 19 ≠ placed 20 (difference -1)"),
        ({"quarantined": 2}, "in silver or quarantined 21 ≠ placed 20 (difference +1)"),
        ({"in_cassandra": 21}, "in Cassandra 21 ≠ placed 20 (difference +1)"),
        ({"in_warehouse": 0}, "in the warehouse 0 ≠ in silver 19 (difference -19)"),
        ({"gold_orders_by_hour_and_zone": 18}, "in gold orders_by_hour_and_zone 18 ≠ warehouse 19 (difference -1)"),
        (
            {"gold_satisfaction_by_day_and_restaurant": 19},
            "in gold satisfaction_by_day_and_restaurant 19 ≠ warehouse 16 (difference +3)",
        ),
    ],
)
def test_an_order_lost_or_doubled_is_a_sentence_that_says_what_to_run(changed: dict[str, int], sentence: str) -> None:
    problems = _line("2026-09-12", counts(**changed)).problems
    found = [problem for problem in problems if problem.startswith(sentence)]
    assert len(found) == 1
    assert "run 'dishpatch run" in found[0]


def test_every_gold_table_is_in_the_account() -> None:
    built = {key.split("/")[1] for key in dataset_keys("gold")} - {"built_days"}
    assert set(GOLD_COUNTS) == built
