"""One line of an account, and how two counts that must be equal are compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Line:
    """One dataset and day: counts by stage and what does not add up. `day` is "" where it cannot be known.

    `problems` are sentences: two counts that must be equal, and by how much they are not.
    """

    account: str
    dataset: str
    day: str
    counts: dict[str, int]
    problems: tuple[str, ...] = ()

    def as_row(self) -> dict[str, Any]:
        return {
            "account": self.account,
            "dataset": self.dataset,
            "day": self.day,
            **self.counts,
            "adds_up": not self.problems,
            "problems": list(self.problems),
        }


def must_equal(name: str, count: int, other: str, expected: int, remedy: str) -> tuple[str, ...]:
    """A problem where two counts differ, none where they are equal."""
    if count == expected:
        return ()
    return (f"{name} {count:,} ≠ {other} {expected:,} (difference {count - expected:+,}): {remedy}",)
