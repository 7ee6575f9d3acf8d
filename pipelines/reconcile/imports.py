"""The account of a user's files.

Read is the sum of the outcomes, and every accepted row was published.
"""

from __future__ import annotations

from pipelines.movers.progress import published_units
from pipelines.reconcile.line import Line, must_equal

OUTCOMES = ("imported", "flagged", "other_movement", "duplicate", "quarantined", "rejected", "filtered")


def import_lines() -> list[Line]:
    """One line an imported file; the day is the import's unit."""
    from generator.history.record import records

    published = published_units()
    lines = []
    for record in records():
        there = f"{record['producer_id']}/{record['unit']}" in published
        for kind in ("orders", "couriers"):
            if kind in record:
                lines.append(_line(record["unit"], kind, record[kind], there))
    return lines


def _line(unit: str, kind: str, counts: dict[str, int], there: bool) -> Line:
    known = {name: int(counts.get(name, 0)) for name in ("read", *OUTCOMES)}
    ended = sum(known[name] for name in OUTCOMES)
    problems = must_equal("read", known["read"], "rows with an outcome", ended, "rows of the file are unaccounted for")
    if not there and known["imported"] + known["flagged"]:
        problems += (
            f"{known['imported'] + known['flagged']:,} accepted rows were not published: run the same replay again",
        )
    return Line("files", f"imported {kind}", unit, known, problems)
