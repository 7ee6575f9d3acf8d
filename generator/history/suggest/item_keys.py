"""What a list of dishes calls the name, the portions and the price of each."""

from __future__ import annotations

import json
import re
from collections import Counter

import pandas as pd

from generator.history.blanks import blank

FEW = 200  # lists that are looked at
# Our key -> what a list may call it (lower case, letters and digits alone), likeliest first.
SAID = {
    "name": ("name", "title", "dish", "dishname", "item", "itemname", "product", "productname", "description"),
    "quantity": ("quantity", "qty", "count", "units", "portions"),
    "item_id": ("itemid", "id", "sku", "dishid", "productid", "code"),
    "unit_price": ("unitprice", "price", "itemprice", "priceeach"),
}
NEEDED = ("name", "quantity")


def item_keys(cells: pd.Series) -> dict[str, object]:
    """`item_fields` of a mapping for these JSON lists, without what is so anyway; needed and not found is asked for."""
    elements = [element for text in cells.iloc[:FEW] for element in _elements(str(text))]
    keys = Counter(key for element in elements for key, value in element.items() if value is not None)
    if not keys:
        return {}
    plain = {re.sub(r"[^a-z0-9]", "", key.lower()): key for key in reversed(list(keys))}
    theirs = {ours: next((plain[s] for s in said if s in plain), None) for ours, said in SAID.items()}
    usual = {ours: ours for ours in NEEDED}  # what the keys are called unless the mapping says otherwise
    found: dict[str, object] = {ours: key for ours, key in theirs.items() if key not in (None, usual.get(ours))}
    for ours in NEEDED:
        if theirs[ours] is None:
            found[ours] = blank(f"the key of a dish's {ours}: {', '.join(keys)}")
    numbers = [element.get(str(theirs[ours])) for element in elements for ours in ("quantity", "unit_price")]
    if any(isinstance(number, str) and number for number in numbers):
        found["numbers_as_text"] = True
    return found


def _elements(text: str) -> list[dict[str, object]]:
    try:
        listed = json.loads(text)
    except ValueError:
        return []
    return [element for element in listed if isinstance(element, dict)] if isinstance(listed, list) else []
