"""Parts of a profile that are measured from a history: where restaurants and customers are, when couriers work.

`like/` fits them. They hold shares of H3 cells and tables of parts, never a place or a person.
"""

from __future__ import annotations

from typing import Annotated

import h3
from pydantic import Field

from generator.city.lives_profile import Parts, Section

# First local hours of night, morning, lunch, afternoon, evening: the times at which quarters differ in what they order.
DAY_PARTS = (0, 6, 11, 15, 18)
PartsOfDay = Annotated[tuple[float, ...], Field(min_length=len(DAY_PARTS), max_length=len(DAY_PARTS))]


class PickUpCell(Section):
    """Restaurants of one H3 cell: how many, their share of the city's orders, and how that share changes over the day.

    `by_part_of_day`: factors on the share for the parts of the day of DAY_PARTS; 1 is usual.
    """

    cell: str
    restaurants: int = Field(gt=0)
    share: float = Field(gt=0)
    by_part_of_day: PartsOfDay = (1.0,) * len(DAY_PARTS)


class DropOffCell(Section):
    """An H3 cell in which customers live, with its share of them; orders also choose by distance, see `like/settle`."""

    cell: str
    share: float = Field(gt=0)


class FittedShifts(Section):
    """When couriers work, as tables of parts: local hours at which shifts start, in order (past 24: after midnight),
    and how many hours they last, one row for each equal share of the starts, earliest first."""

    start_hours: Parts
    lengths_by_start: Annotated[tuple[Parts, ...], Field(min_length=1, max_length=16)]


def check_cells(cells: list[str]) -> None:
    """ValueError names the first that is not an H3 cell."""
    wrong = [cell for cell in cells if not h3.is_valid_cell(cell)]
    if wrong:
        raise ValueError(f"{wrong[0]!r} is not an H3 cell")
