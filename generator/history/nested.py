"""Lists of dishes and tables of tags inside a row: checked element by element, so that none is written half."""

from __future__ import annotations

import json
import re
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pandas as pd

from generator.history.findings import Findings, Outcome
from generator.history.jsonl_rows import refuse_half_characters
from generator.history.mapping_parts import ItemFields

WHOLE = re.compile(r"[1-9]\d{0,4}")  # portions: a whole number, at most what the contract admits


class _WrongError(Exception):
    """An element that is not what is declared: (outcome, rule, detail)."""


def read_items(cells: pd.Series, keys: ItemFields, required: bool, found: Findings) -> pd.Series:
    """Lists of dishes as the contract events/orders has them (None where the row gives none), one a row.

    Required and missing, empty, or with a missing element: quarantined. Not JSON, or a value of another type: rejected.
    """

    def read(text: str) -> list[dict[str, Any]]:
        listed = _json(text, "items", list)
        if not listed:
            raise _WrongError(Outcome.quarantined, "items_empty", "an order without items")
        return [_item(element, keys) for element in listed]

    if required:
        found.add(cells.isna().to_numpy(), Outcome.quarantined, "items_missing", "", "items are required")
    return _each(cells, read, found)


def read_tags(cells: pd.Series, found: Findings) -> pd.Series:
    """Tags as dictionaries of text (None where the row gives none); one without its value sets the row aside."""

    def read(text: str) -> dict[str, str]:
        tags: dict[str, str] = _json(text, "tags", dict)
        for name, value in tags.items():
            if value is None:
                raise _WrongError(Outcome.quarantined, "tags_value_missing", f"tag {name!r} has no value")
            if type(value) is not str:
                raise _WrongError(Outcome.rejected, "tags_value_unreadable", f"tag {name!r} is not text")
        return tags

    return _each(cells, read, found)


def _each(cells: pd.Series, read: Any, found: Findings) -> pd.Series:
    values = np.full(len(cells), None, dtype=object)
    for position, text in enumerate(cells):  # a row loop: each cell is a document of its own
        if pd.isna(text):
            continue
        try:
            values[position] = read(str(text))
        except _WrongError as error:
            outcome, rule, detail = error.args
            mask = np.zeros(len(cells), dtype=bool)
            mask[position] = True
            found.add(mask, outcome, rule, str(text)[:200], detail)
    return pd.Series(values, dtype=object)


def _json(text: str, name: str, kind: type) -> Any:
    try:
        value = json.loads(text, parse_float=Decimal)
        refuse_half_characters(text, value)
    except (ValueError, RecursionError) as error:
        raise _WrongError(Outcome.rejected, f"{name}_unreadable", f"not JSON: {error}") from None
    if not isinstance(value, kind):
        raise _WrongError(Outcome.rejected, f"{name}_unreadable", f"not a {'list' if kind is list else 'table'}")
    return value


def _item(element: Any, keys: ItemFields) -> dict[str, Any]:
    if element is None:
        raise _WrongError(Outcome.quarantined, "items_element_missing", "an element of the list is missing")
    if not isinstance(element, dict):
        raise _WrongError(Outcome.rejected, "items_unreadable", "an element is not a table")
    name = _required(element, keys.name)
    if not isinstance(name, str):
        raise _WrongError(Outcome.rejected, "items_name_unreadable", f"{keys.name} is not text")
    item_id = element.get(keys.item_id) if keys.item_id else None
    _check_options(element, keys)
    return {
        "item_id": name if item_id is None else str(item_id),
        "name": name,
        "quantity": _quantity(_required(element, keys.quantity), keys),
        "unit_price_cents": _price(element.get(keys.unit_price), keys) if keys.unit_price else None,
    }


def _required(element: dict[str, Any], key: str) -> Any:
    value = element.get(key)
    if value is None or value == "":
        raise _WrongError(Outcome.quarantined, "items_value_missing", f"an element has no {key}")
    return value


def _quantity(value: Any, keys: ItemFields) -> int:
    text = value if isinstance(value, str) and keys.numbers_as_text else None
    if isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
    if text is None:
        detail = f"{value!r} is not a whole number; write `numbers_as_text: true` where texts are meant as numbers"
        raise _WrongError(Outcome.rejected, "items_quantity_unreadable", detail)
    if not WHOLE.fullmatch(text.strip()):
        raise _WrongError(Outcome.quarantined, "items_quantity_outside", f"{value!r} portions")
    return int(text)


def _price(value: Any, keys: ItemFields) -> int | None:
    """Hundredths of the currency, exactly."""
    if value is None:
        return None
    try:
        if isinstance(value, bool | list | dict) or (isinstance(value, str) and not keys.numbers_as_text):
            raise InvalidOperation
        cents = Decimal(str(value)) * 100
    except InvalidOperation:
        raise _WrongError(Outcome.rejected, "items_price_unreadable", f"{value!r} is not an amount") from None
    if cents != cents.to_integral_value() or not 0 <= cents <= 10**15:
        raise _WrongError(Outcome.quarantined, "items_price_outside", f"{value!r} is no price in hundredths")
    return int(cents)


def _check_options(element: dict[str, Any], keys: ItemFields) -> None:
    """Options are a list or missing; they have no place in an event and stay in the row's original text."""
    options = element.get(keys.options) if keys.options else None
    if options is not None and not isinstance(options, list):
        raise _WrongError(Outcome.rejected, "items_options_unreadable", f"{keys.options} is not a list")
    if options and any(option is None for option in options):
        raise _WrongError(Outcome.quarantined, "items_options_missing", f"an element of {keys.options} is missing")
