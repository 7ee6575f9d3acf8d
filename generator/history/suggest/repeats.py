"""Rows that share one order's number: line items of it, or numbers that begin anew."""

from __future__ import annotations

from typing import Any

from generator.history.suggest.layout import Layout
from generator.history.suggest.roles import plain_name

NUMBER_NAME = {"id", "order", "number", "no", "name", "code", "ref", "reference"}


def sources(column: dict[str, Any]) -> list[str]:
    """Columns of the file that a drafted column names."""
    source = column.get("column", [])
    return source if isinstance(source, list) else [source]


def lines_of_orders(layout: Layout, orders: dict[str, Any]) -> str | None:
    """The column that only one of several rows of an order has, the first: shops write line items so, one row each."""
    source, cells = orders["columns"]["order_id"]["column"], layout.rows.cells
    if source not in cells:
        return None
    empty = cells.isna() | (cells == "")
    mapped = [name for column in orders["columns"].values() for name in sources(column) if name in cells]
    partly = [name for name in mapped if empty[name].any() and not empty[name].all()]
    # The number may stand in each row under another name, and in the column that was taken in the first row alone.
    others = [n for n in cells.columns if n not in mapped and NUMBER_NAME & set(plain_name(str(n)).split())]
    for number in [source, *others] if partly else []:
        further = cells[number].duplicated()
        beside = cells[number] == cells[number].shift()  # line items stand directly below their order
        found = [name for name in partly if (empty[name] == further).all()]
        if found and not empty[number].any() and bool((further == beside.fillna(False)).all()):
            return found[0]
    return None


def repeats(layout: Layout, orders: dict[str, Any]) -> bool:
    """Whether two rows that are orders, and not the same row twice, share the order's number."""
    source, cells = orders["columns"]["order_id"]["column"], layout.rows.cells
    if source not in cells:
        return False
    rows = cells.drop_duplicates()
    if "row_kinds" in orders:
        kinds = orders["row_kinds"]
        words = {word.casefold(): kind for word, kind in kinds["values"].items()}
        rows = rows[rows[kinds["column"]].str.strip().str.casefold().map(words) == "order"]
    numbers = rows[source].dropna()
    return bool(numbers[numbers != ""].duplicated().any())
