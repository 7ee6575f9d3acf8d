"""What was found wrong with each row of a file, and so how the row ends: in exactly one outcome, the most severe."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import pandas as pd

from generator.history.raw import RawRows


class Outcome(IntEnum):
    """How a row ends, mildest first. Flagged rows are imported with a warning; quarantined ones are kept aside;
    filtered ones are not of this history, other movements are money without an order."""

    imported = 0
    flagged = 1
    other_movement = 2
    duplicate = 3
    quarantined = 4
    rejected = 5
    filtered = 6


@dataclass
class Findings:
    """Findings on one file's rows. `rule` and `detail` are of the finding that decided; several flags are joined.

    Findings are made within `scope` only (see `within`). `notes` counts what the mapping's rules settled in rows that
    are imported without a warning: it is asked for at the end, of the rows that were kept.
    """

    rows: RawRows
    outcome: np.ndarray = field(init=False)
    rule: np.ndarray = field(init=False)
    value: np.ndarray = field(init=False)
    detail: np.ndarray = field(init=False)
    scope: np.ndarray = field(init=False)
    noted: dict[str, np.ndarray] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.rows.lines)
        self.outcome = np.zeros(count, dtype=np.int8)
        self.rule, self.value, self.detail = (np.full(count, "", dtype=object) for _ in range(3))
        self.scope = np.ones(count, dtype=bool)
        for position, (rule, detail) in self.rows.broken.items():
            mask = np.zeros(count, dtype=bool)
            mask[position] = True
            self.add(mask, Outcome.rejected, rule, "", detail)

    def add(self, mask: np.ndarray, outcome: Outcome, rule: str, value: object, detail: object = "") -> None:
        """Rows of `mask` broke `rule`. `value` and `detail` are one text or an array of one a row.

        The most severe finding of a row decides; of equals the first, except that flags are joined by `+`.
        """
        mask = mask & self.scope
        again = mask & (self.outcome == outcome) & (outcome == Outcome.flagged)
        self.rule[again] = np.array([f"{old}+{rule}" for old in self.rule[again]], dtype=object)
        worse = mask & (self.outcome < outcome)
        self.outcome[worse] = outcome
        self.rule[worse] = rule
        for column, given in ((self.value, value), (self.detail, detail)):
            column[worse] = given[worse] if isinstance(given, np.ndarray) else given

    @contextmanager
    def within(self, scope: np.ndarray) -> Iterator[None]:
        """Findings made inside concern rows of `scope` only."""
        before, self.scope = self.scope, self.scope & scope
        try:
            yield
        finally:
            self.scope = before

    def note(self, mask: np.ndarray, what: str) -> None:
        """Rows of `mask` were settled by a rule of the mapping, which is counted and no warning."""
        self.noted[what] = self.noted.get(what, np.zeros(len(self.outcome), dtype=bool)) | (mask & self.scope)

    def notes(self) -> dict[str, int]:
        """{what was settled: imported rows}."""
        counts = {what: int((mask & self.kept).sum()) for what, mask in self.noted.items()}
        return {what: count for what, count in counts.items() if count}

    @property
    def kept(self) -> np.ndarray:
        """Mask of rows that are imported, flagged ones included."""
        return self.outcome <= Outcome.flagged

    def counts(self) -> dict[str, int]:
        """{"read", one a name of Outcome}: read is the sum of the others."""
        by_outcome = {o.name: int((self.outcome == o).sum()) for o in Outcome}
        return {"read": len(self.outcome), **by_outcome}

    def totals_by_rule(self) -> dict[str, dict[str, int]]:
        """{outcome: {rule: rows}} of every outcome but plain imported."""
        found: dict[str, dict[str, int]] = {}
        for outcome in list(Outcome)[1:]:
            rules = pd.Series(self.rule[self.outcome == outcome], dtype=object).value_counts()
            if len(rules):
                found[outcome.name] = {str(rule): int(n) for rule, n in rules.items()}
        return found

    def summary(self) -> str:
        """What keeps rows out: totals by rule and the first three lines."""
        rules = {
            r: n for o, t in self.totals_by_rule().items() if o in ("rejected", "quarantined") for r, n in t.items()
        }
        totals = ", ".join(f"{rule} {n:,}" for rule, n in sorted(rules.items(), key=lambda item: -item[1])[:5])
        first = np.flatnonzero(np.isin(self.outcome, (Outcome.quarantined, Outcome.rejected)))[:3]
        lines = ", ".join(f"line {self.rows.lines[i]} ({self.rule[i]}: {str(self.value[i])[:40]!r})" for i in first)
        return f"By rule: {totals}. First: {lines}"

    def listing(self, file: str) -> pd.DataFrame:
        """Rows that are not plainly imported: file, line, outcome, rule, value, detail, original text."""
        where = np.flatnonzero(self.outcome)
        return pd.DataFrame(
            {
                "file": file,
                "line": self.rows.lines[where],
                "outcome": [Outcome(o).name for o in self.outcome[where]],
                "rule": self.rule[where],
                "value": self.value[where],
                "detail": self.detail[where],
                "original": [self.rows.originals[i] for i in where],
            },
            dtype=object,  # an original may hold bytes that are no text, which other string types refuse
        )
