"""A draft of a mapping: what the file shows as YAML with comments, and as blanks what only a person can say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from generator.history.blanks import blank
from generator.history.suggest.item_keys import item_keys
from generator.history.suggest.layout import Layout, layout_of
from generator.history.suggest.looks import Look, look_at
from generator.history.suggest.places import city_of
from generator.history.suggest.repeats import lines_of_orders, repeats, sources
from generator.history.suggest.roles import plain_name, roles_of, says_minor, says_utc
from generator.history.suggest.unfit import column_question, remark_unfit
from generator.history.suggest.words import kinds_of, words_of
from generator.history.targets import ORDERS

LEVELS_ASKED = ("state", "order_type", "cancelled_by")  # words that must be ours


@dataclass
class Draft:
    """The content of a mapping, blanks included, comments by dotted key, and what was noticed on the way."""

    content: dict[str, Any]
    comments: dict[str, str] = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)


def draft_of(path: Path) -> Draft:
    """A draft for a file of orders; MappingError where it cannot be read as CSV, JSON lines or Parquet."""
    layout = layout_of(path)
    looks = [look_at(str(name), layout.rows.cells[name]) for name in layout.rows.cells.columns]
    roles = roles_of(looks)
    draft = Draft({"name": _name(path), "description": f"drafted from {path.name}"})
    _remark_layout(layout, looks, draft)
    orders = _layout_keys(layout)
    _numbers_and_markers(looks, orders, draft)
    orders["identity"] = "{order_id}"
    draft.comments["orders.identity"] = "must be unique in the whole business; {day}, {city} or a column can be added"
    orders["columns"] = _columns(looks, roles, orders, draft)
    parts = lines_of_orders(layout, orders)
    if parts is not None:
        orders["filters"] = [{"column": parts, "empty": "filter"}]
        draft.comments["orders.filters"] = "further rows of an order are its line items"
        draft.remarks.append(
            f"several rows have one order's number, and only the first of them has {parts}: the others are taken as "
            "its line items and left out"
        )
    elif repeats(layout, orders):
        shop = "{restaurant_id}/" if "restaurant_id" in orders["columns"] else ""
        orders["identity"] = shop + "{order_id}/{day}"
        draft.comments["orders.identity"] = "the order's number repeats in this file; is this unique?"
    draft.content["cities"] = [city_of(looks, roles, draft.comments)]
    clock_only = _says_no_day(orders["columns"])
    if clock_only:
        draft.content["day"] = blank("the day of this file, e.g. 2026-11-23; its times have no date")
    is_utc = "placed_at" in roles and says_utc(roles["placed_at"])
    draft.content["clock"] = "utc" if is_utc else "local"
    draft.comments["clock"] = (
        "as the column's name says" if is_utc else "times without an offset are the city's; write utc if they are not"
    )
    draft.content["max_rejected_share"] = 0.02
    draft.content["simulate"] = []
    draft.comments["simulate"] = "nothing is invented; see docs/mappings.md for what can be"
    draft.content["orders"] = orders
    return draft


def _name(path: Path) -> str:
    stem = path.name.split(".")[0]
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in stem.lower()).strip("_-") or "mine"


def _remark_layout(layout: Layout, looks: list[Look], draft: Draft) -> None:
    spec = layout.spec
    separator = {"\t": "tab"}.get(spec.separator, spec.separator)
    how = f", {spec.encoding}, separator {separator}" if spec.format == "csv" else ""
    draft.remarks.append(f"{spec.format}{how}; {len(layout.rows.lines):,} rows, {len(looks)} columns")
    if layout.above_header:
        draft.remarks.append(
            f"the header is taken to be line {spec.header_line}; above it: {layout.above_header[0][:70]!r}"
        )


def _layout_keys(layout: Layout) -> dict[str, Any]:
    spec = layout.spec
    keys: dict[str, Any] = {"format": spec.format}
    if spec.format == "csv":
        keys |= {"separator": spec.separator, "header_line": spec.header_line}
    if spec.format != "parquet":
        keys["encoding"] = spec.encoding
    return keys


def _numbers_and_markers(looks: list[Look], orders: dict[str, Any], draft: Draft) -> None:
    """Separators of numbers by the vote of columns; markers of missing values in columns that are no text."""
    votes = pd.Series([x.decimal for x in looks if x.decimal], dtype=object).value_counts()
    if len(votes):
        orders["decimal"] = str(votes.index[0])
        thousands = {x.thousands for x in looks if x.thousands and x.decimal == votes.index[0]}
        if thousands:
            orders["thousands"] = sorted(thousands)[0]
            if any(x.is_indian for x in looks):
                orders["grouping"] = "indian"
    typed = [x for x in looks if x.times or x.is_number or x.is_money or x.is_measure or x.words]
    markers = sorted({marker for x in typed for marker in x.markers})
    if markers:
        orders["missing"] = markers
        draft.comments["orders.missing"] = "read as missing in numbers, times and levels; names and ids keep them"


def _columns(looks: list[Look], roles: dict[str, Look], orders: dict[str, Any], draft: Draft) -> dict[str, Any]:
    by_name = {x.name: x for x in looks}
    columns: dict[str, Any] = {}
    for target in ORDERS:
        if target in roles:
            columns[target] = _column(target, roles[target], draft)
    if "items" in roles and (keys := item_keys(roles["items"].cells)):
        orders["item_fields"] = keys
    _joined_times(columns, by_name, roles, draft)
    _restaurant(columns, orders, draft)
    kind_column = roles.get("state")
    if kind_column is not None:
        kinds = kinds_of(kind_column.words)
        if kinds:
            orders["row_kinds"] = {"column": kind_column.name, "values": kinds}
            orders["row_identity"] = _row_identity(looks)
            is_order = {w for w, kind in kinds.items() if kind == "order"}
            columns["state"]["values"] = {w: v for w, v in columns["state"]["values"].items() if w in is_order}
    for required in ("order_id", "placed_at"):
        if required not in columns:
            columns[required] = {"column": blank(column_question(required, looks))}
    remark_unfit(looks, columns, draft.remarks)
    used = {source for column in columns.values() for source in sources(column)}
    rest = [x.name for x in looks if x.name not in used]
    if rest:
        draft.remarks.append(f"columns that fill no field: {', '.join(rest)}")
    return columns


def _row_identity(looks: list[Look]) -> str:
    """A column whose values are all different, beside the order's number."""
    for look in looks:
        words = set(plain_name(look.name).split())
        unique = look.cells.is_unique and len(look.cells) > 1
        if unique and words & {"movement", "transaction", "id", "payment", "row"} and "order" not in words:
            return f"{{{look.name}}}"
    return blank("a template of what is unique to each row, e.g. {Movement Id}; or take this key out")


def _column(target: str, look: Look, draft: Draft) -> dict[str, Any]:
    """How one field is read; what is not certain becomes a blank."""
    kind = ORDERS[target].kind
    column: dict[str, Any] = {"column": look.name}
    if look.prefix:
        column["strip_prefix"] = look.prefix
    if kind == "time":
        _time_format(f"orders.columns.{target}", look, column, draft)
    if kind in ("money", "signed_money") and says_minor(look):
        column["unit"] = "cents"
        draft.comments[f"orders.columns.{target}"] = "whole hundredths, as its name says"
    if kind in ("length", "duration"):
        named = plain_name(look.name).split()
        unit = next(
            (
                u
                for u in ("min", "mins", "minutes", "km", "m", "s", "secs", "seconds", "hours")
                if u in [*named, *_words(look)]
            ),
            "",
        )
        if not look.unit:
            which = "s, min, h" if kind == "duration" else "m, km, mi, ft"
            column["unit"] = unit or blank(f"the unit of its numbers: {which}")
        if target == "delivery_minutes":
            draft.comments[f"orders.columns.{target}"] = (
                "counted from placement; add `after: picked_up_at` if it is not"
            )
    if target in LEVELS_ASKED:
        column["values"] = words_of(target, look.words)
    if kind == "word" and target in ("weather", "traffic") and _common_prefix(look.words):
        column["strip_prefix"] = _common_prefix(look.words)
    return column


def _words(look: Look) -> list[str]:
    return plain_name(look.prefix).split()


def _common_prefix(words: list[str]) -> str:
    firsts = {w.split()[0] for w in words if len(w.split()) > 1}
    return firsts.pop() if len(firsts) == 1 and all(len(w.split()) > 1 for w in words) else ""


def _time_format(key: str, look: Look, column: dict[str, Any], draft: Draft) -> None:
    times = look.times
    if times is None:
        return
    example = str(look.cells.iloc[0])
    if times.is_ambiguous:
        one, other = (str(f) for f in times.formats[:2])
        column["format"] = blank(f"{one} or {other}? every value fits both, e.g. {example}")
        draft.remarks.append(f"{look.name}: day and month cannot be told apart ({example}); the file does not say")
    elif times.formats[0] is not None:
        column["format"] = times.formats[0]
        draft.comments[f"{key}.format"] = f"as in {example}"


def _joined_times(columns: dict[str, Any], looks: dict[str, Look], roles: dict[str, Look], draft: Draft) -> None:
    """A clock time beside a column of days: joined, where the file has both."""
    days = [x for x in looks.values() if x.times and x.times.has_date and not x.times.has_clock]
    clocks = [t for t in columns if ORDERS[t].kind == "time" and roles[t].times and not roles[t].times.has_date]  # type: ignore[union-attr]
    if not days:
        return
    day = roles.get("placed_at") if roles.get("placed_at") in days else days[0]
    if day is None or day.times is None:
        return
    if roles.get("placed_at") is day and "accepted_at" in clocks:
        columns["placed_at"] = {"column": day.name}
        _join(columns["placed_at"], day, roles["accepted_at"], draft, "placed_at")
        columns["placed_at"]["default_time"] = blank("the clock time where only the day is known, as in the format")
    elif roles.get("placed_at") is day:
        own = [x for x in looks.values() if x.times and not x.times.has_date and x.name not in _allsources(columns)]
        if own:
            _join(columns["placed_at"], day, own[0], draft, "placed_at")
        else:
            columns["placed_at"]["default_time"] = blank(
                "the file says the day alone; the clock time to take, e.g. 12:00"
            )
    for target in clocks:
        _join(columns[target], day, roles[target], draft, target)


def _allsources(columns: dict[str, Any]) -> set[str]:
    return {source for column in columns.values() for source in sources(column)}


def _join(column: dict[str, Any], day: Look, clock: Look, draft: Draft, target: str) -> None:
    if day.times is None or clock.times is None:
        return
    column["column"] = [day.name, clock.name]
    days = [f or "%Y-%m-%d" for f in day.times.formats]
    both = [f"{d} {clock.times.formats[0]}" for d in days]
    if len(both) > 1:
        column["format"] = blank(f"{both[0]} or {both[1]}? every value fits both, e.g. {day.cells.iloc[0]}")
        draft.remarks.append(f"{day.name}: day and month cannot be told apart ({day.cells.iloc[0]})")
    else:
        column["format"] = both[0]
    draft.comments[f"orders.columns.{target}.format"] = f"as in {day.cells.iloc[0]} {clock.cells.iloc[0]}"


def _restaurant(columns: dict[str, Any], orders: dict[str, Any], draft: Draft) -> None:
    if "restaurant_id" in columns:
        return
    if "restaurant_name" in columns:
        columns["restaurant_id"] = {"column": columns["restaurant_name"]["column"]}
        draft.comments["orders.columns.restaurant_id"] = "the name stands for the restaurant: the file has no other id"
    elif "pickup_lat" in columns:
        orders["restaurant_id_from_pickup"] = {"decimals": 4}
    else:
        columns["restaurant_id"] = {"constant": blank("who cooks: a name for all orders, or `column:` instead")}


def _says_no_day(columns: dict[str, Any]) -> bool:
    placed = columns["placed_at"].get("format")
    return isinstance(placed, str) and placed in ("%H:%M:%S", "%H:%M", "%I:%M %p", "%I:%M:%S %p", "%I:%M%p")
