"""The three accounts together."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pipelines.connectors.kafka import shared_consumers
from pipelines.reconcile.events import event_lines
from pipelines.reconcile.imports import import_lines
from pipelines.reconcile.line import Line
from pipelines.reconcile.orders import order_lines


@dataclass
class Reconciliation:
    """Every line of every account; `notes` say what could not be counted and why."""

    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def adds_up(self) -> bool:
        return not self.problems

    @property
    def problems(self) -> list[str]:
        return [f"{line.dataset} {line.day or '(no day)'}: {p}" for line in self.lines for p in line.problems]

    @property
    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a line: account, dataset, day, each stage's count, adds_up, problems."""
        return [line.as_row() for line in self.lines]

    def totals(self) -> list[dict[str, Any]]:
        """The counts summed over days, one dictionary an account and dataset."""
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for line in self.lines:
            total = found.setdefault(
                (line.account, line.dataset), {"account": line.account, "dataset": line.dataset, "adds_up": True}
            )
            for stage, count in line.counts.items():
                total[stage] = total.get(stage, 0) + count
            total["adds_up"] = total["adds_up"] and not line.problems
        return list(found.values())


def reconcile() -> Reconciliation:
    """Count everything now. Reads all stores; ServiceError where one does not answer."""
    done = Reconciliation()
    done.lines.extend(import_lines())
    with shared_consumers():
        lines, notes = event_lines()
    done.lines.extend(lines)
    done.notes.extend(notes)
    done.lines.extend(order_lines())
    return done
