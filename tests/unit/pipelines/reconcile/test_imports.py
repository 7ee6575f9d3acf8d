"""Read = imported + flagged + duplicate + quarantined + rejected, and what was accepted was published."""

from __future__ import annotations

from pipelines.reconcile.imports import _line

FILE = {"read": 100, "imported": 80, "flagged": 8, "duplicate": 5, "quarantined": 4, "rejected": 3}


def test_a_file_whose_every_row_has_an_outcome_adds_up() -> None:
    line = _line("rappi/file", "orders", FILE, there=True)
    assert (line.dataset, line.day, line.problems) == ("imported orders", "rappi/file", ())


def test_a_row_without_an_outcome_is_missed() -> None:
    line = _line("rappi/file", "orders", FILE | {"rejected": 2}, there=True)
    assert line.problems == (
        "read 100 ≠ rows with an outcome 99 (difference +1): rows of the file are unaccounted for",
    )


def test_accepted_rows_that_never_reached_kafka_are_missed() -> None:
    line = _line("rappi/file", "orders", FILE, there=False)
    assert line.problems == ("88 accepted rows were not published: run the same replay again",)


def test_a_file_of_which_nothing_was_accepted_need_not_be_published() -> None:
    assert _line("rappi/file", "orders", {"read": 3, "rejected": 3}, there=False).problems == ()
