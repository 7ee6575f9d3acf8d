"""What a draft could not use, and why: times of several formats, a file of something else than orders."""

from __future__ import annotations

import re
from typing import Any

from generator.history.suggest.looks import Look
from generator.history.suggest.roles import plain_name
from generator.history.suggest.times import TIME_NAME, shapes_of

MOST_SHAPES = 3
SHIFT_BEGINS = re.compile(r"(shift )?(on|start|starts|begin|begins|clock in|check in|online)( (time|at))?")
SHIFT_ENDS = re.compile(r"(shift )?(off|end|ends|finish|clock out|check out|offline)( (time|at))?")


def remark_unfit(looks: list[Look], columns: dict[str, Any], remarks: list[str]) -> None:
    """Add what the reader of a draft must know about fields that were not filled."""
    names = [plain_name(x.name) for x in looks]
    shifts = all(any(p.fullmatch(name) for name in names) for p in (SHIFT_BEGINS, SHIFT_ENDS))
    if shifts and any(re.search("courier|driver|rider|vehicle", name) for name in names):
        remarks.append(
            "this looks like couriers' shifts, not orders: draft from the file of orders, then describe this one under "
            "`couriers` (docs/mappings.md) and give it by --couriers"
        )
    for look in looks:
        if look.times is None and look.cells.str.contains(r"\d").any() and _is_called_time(look):
            shapes = shapes_of(look.cells)
            said = ", ".join(f"{example!r} ({share:.0%})" for example, share in shapes[:MOST_SHAPES])
            why = (
                "written in several ways, and one format must fit all"
                if len(shapes) > 1
                else "in no format that is known"
            )
            remarks.append(f"{look.name} is called like a time and was not taken: its values are {why}: {said}")


def _is_called_time(look: Look) -> bool:
    words = plain_name(look.name)
    return (
        bool(TIME_NAME.search(look.name))
        and not look.is_measure
        and not re.search("minutes|seconds|hours|taken", words)
    )
