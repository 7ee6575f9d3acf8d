"""What a draft could not use, and why: times of several formats, a file of something else than orders."""

from __future__ import annotations

import re
from typing import Any

from generator.history.suggest.looks import Look
from generator.history.suggest.roles import plain_name
from generator.history.suggest.times import TIME_NAME, shapes_of
from generator.history.targets import ORDERS

MOST_SHAPES = 3
SHIFT_BEGINS = re.compile(r"(shift )?(on|start|starts|begin|begins|clock in|check in|online)( (time|at))?")
SHIFT_ENDS = re.compile(r"(shift )?(off|end|ends|finish|clock out|check out|offline)( (time|at))?")


def column_question(field: str, looks: list[Look]) -> str:
    """The question for the column of a field that every order needs: those first whose values could be it."""
    if field == "placed_at":
        likely, why = [x.name for x in looks if x.times is not None], "hold times"
    else:
        likely = [
            x.name for x in looks if x.times is None and not x.is_money and x.cells.is_unique and len(x.cells) > 1
        ]
        why = "differ in every row"
    asked = f"the column of {ORDERS[field].meaning}: "
    if not likely:
        return asked + ", ".join(x.name for x in looks)
    rest = [x.name for x in looks if x.name not in likely]
    return asked + f"{', '.join(likely)} ({why})" + (f", or {', '.join(rest)}" if rest else "")


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
