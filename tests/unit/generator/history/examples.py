"""Small made-up files and mappings for the tests of the import: a lunch town in a made-up box, one row an order."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

from generator.history.check import Checked, check_files
from generator.history.mapping import Mapping, parse_mapping

TOWN: dict[str, Any] = {
    "city_id": "lunchtown",
    "name": "Lunchtown",
    "time_zone": "America/New_York",
    "currency": "USD",
    "bounds": {"min_lat": 12.8, "max_lat": 13.2, "min_lng": 77.4, "max_lng": 77.8},
}
COLUMNS = {
    "order_id": {"column": "id"},
    "placed_at": {"column": "placed"},
    "pickup_lat": {"column": "plat"},
    "pickup_lng": {"column": "plng"},
    "dropoff_lat": {"column": "dlat"},
    "dropoff_lng": {"column": "dlng"},
}
MAPPING: dict[str, Any] = {
    "name": "lunch",
    "cities": [TOWN],
    "max_rejected_share": 1,
    "orders": {"identity": "{city}-{order_id}", "columns": COLUMNS, "restaurant_id_from_pickup": {"decimals": 4}},
}
HEADER = "id,placed,plat,plng,dlat,dlng"
GOOD = "001,2026-03-06 12:00:00,12.9716,77.5946,12.9900,77.6100"


def mapping(**changes: Any) -> Mapping:
    """The lunch mapping with keys replaced; `orders` and `columns` are overlaid, not replaced."""
    content = deepcopy(MAPPING)
    columns = changes.pop("columns", {})
    content["orders"] |= changes.pop("orders", {})
    content["orders"]["columns"] = content["orders"]["columns"] | columns
    return parse_mapping(content | changes, "test")


def write(folder: Path, *lines: str | bytes, name: str = "orders.csv", end: str = "\n") -> Path:
    """A file of lines."""
    path = folder / name
    path.write_bytes(b"".join((line.encode() if isinstance(line, str) else line) + end.encode() for line in lines))
    return path


def check(folder: Path, *lines: str | bytes, **changes: Any) -> Checked:
    """The lunch file of these lines, read and checked by the lunch mapping with changes."""
    return check_files(mapping(**changes), write(folder, *lines), None)


def outcomes(checked: Checked, kind: str = "orders") -> dict[int, tuple[str, str]]:
    """{line: (outcome, rule)} of every row that is not plainly imported."""
    listing = checked.found[kind].listing(kind)
    return {
        int(line): (str(outcome), str(rule))
        for line, outcome, rule in zip(listing["line"], listing["outcome"], listing["rule"], strict=True)
    }
