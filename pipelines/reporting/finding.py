"""A finding: what a plot says, computed from the data, with its drawings and its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipelines.reporting.display import show_notice, show_plots, show_ready_table
from pipelines.reporting.tables import Table


@dataclass(frozen=True)
class Finding:
    """Texts and drawings of one figure; `name` prefixes its texts among the published figures.

    Without drawings it has a `notice` (title, text), and its own title names the subject without a claim.
    """

    name: str
    title: str
    say: str = ""
    alt: str = ""
    svgs: Sequence[str] = ()
    table: Table | None = None
    notice: tuple[str, str] | None = None

    def show(self) -> None:
        """Display the drawings and then the table, or the notice."""
        if self.notice:
            show_notice(*self.notice)
        show_plots(*self.svgs)
        if self.table:
            show_ready_table(self.table)


def empty_finding(name: str, subject: str, title: str, text: str) -> Finding:
    """A finding that has nothing to draw and says why."""
    return Finding(name, subject, notice=(title, text))


def texts(findings: Sequence[Finding]) -> dict[str, str]:
    """What the report fills into the findings' titles: `<name>_title`, `<name>_say`, `<name>_alt`."""
    return {f"{f.name}_{part}": getattr(f, part) for f in findings for part in ("title", "say", "alt")}
