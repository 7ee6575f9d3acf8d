"""Rows of text into the fields of an order or a shift, each failing cell found with its rule; none passes unseen."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from generator.city import City
from generator.history.findings import Findings, Outcome
from generator.history.mapping import PLACEHOLDER, Column, FileSpec, Mapping, has_date
from generator.history.targets import Target
from generator.history.times import next_day, read_times
from generator.history.values import TEXT, cells_of, read_money, read_number, read_text

LIMITS = {"latitude": 90.0, "longitude": 180.0}
LEAST = {"money": (0, "negative"), "whole": (1, "below_1")}


def _required(target: Target, column: Column) -> bool:
    return target.required or bool(column.required)


def read_fields(spec: FileSpec, targets: dict[str, Target], found: Findings) -> pd.DataFrame:
    """Every mapped field that is not a time, one row a row of the file, in file order.

    Text is `string`, positions float64, money and counts Int64. An unreadable cell, a missing one that is required, or
    a degree that does not exist rejects its row; an amount below zero is quarantined.
    """
    fields = {}
    for name, column in spec.columns.items():
        target = targets[name]
        if target.kind == "time":
            continue
        cells = cells_of(found.rows.cells, column, spec, is_text=target.kind == "text")
        values, bad = _read(cells, column, spec, target)
        shown = _shown(cells)
        found.add(bad, Outcome.rejected, f"{name}_unreadable", shown, f"not a {target.kind} as the mapping declares it")
        if _required(target, column):
            found.add(cells.isna().to_numpy(), Outcome.rejected, f"{name}_missing", "")
        if target.kind in LIMITS:
            limit = LIMITS[target.kind]
            outside = (values.abs() > limit).to_numpy()
            found.add(outside, Outcome.rejected, f"{name}_outside_{limit:.0f}", shown, "no such degree")
        if target.kind in LEAST:
            least, rule = LEAST[target.kind]
            low = (values < least).fillna(False).to_numpy(dtype=bool)
            found.add(low, Outcome.quarantined, f"{name}_{rule}", shown)
        fields[name] = values
    return pd.DataFrame(fields)


def _read(cells: pd.Series, column: Column, spec: FileSpec, target: Target) -> tuple[pd.Series, np.ndarray]:
    if target.kind == "text":
        return read_text(cells, column)
    if target.kind == "money":
        return read_money(cells, spec)
    values, bad = read_number(cells, spec)
    if target.kind == "whole":
        fraction = (values != values.round()).to_numpy() & values.notna().to_numpy()
        return values.where(~fraction).astype("Int64"), bad | fraction
    return values, bad


def _shown(cells: pd.Series) -> np.ndarray:
    return cells.fillna("").to_numpy(dtype=object)


def read_moments(
    spec: FileSpec, targets: dict[str, Target], mapping: Mapping, city: City, day: date | None, found: Findings
) -> pd.DataFrame:
    """Every mapped time as datetime64[us, UTC], one row a row of the file.

    The required times come first: the first of them (placement, start of the shift) is the anchor that tells which
    clock times belong to the next day. Times the change of clocks skipped or repeated end by the mapping's rules.
    """
    names = [n for n in targets if n in spec.columns and targets[n].kind == "time"]
    cells = {n: cells_of(found.rows.cells, spec.columns[n], spec, is_text=False) for n in names}
    anchor = names[0]
    fields = {}
    for name in names:
        column = spec.columns[name]
        after = None
        if name != anchor and column.format and not has_date(column.format):
            after = next_day(cells[name], column.format, cells[anchor], spec.columns[anchor].format, mapping)
        times = read_times(cells[name], column.format, mapping, city.zone_info, day, after)
        shown = _shown(cells[name])
        found.add(
            times.unreadable, Outcome.rejected, f"{name}_unreadable", shown, f"format {column.format or 'ISO 8601'}"
        )
        if _required(targets[name], column):
            found.add(cells[name].isna().to_numpy(), Outcome.rejected, f"{name}_missing", "")
        _clock_findings(times.masks, name, shown, city, found)
        fields[name] = pd.Series(times.utc).dt.tz_localize("UTC")
    return pd.DataFrame(fields)


def _clock_findings(masks: dict[str, np.ndarray], name: str, shown: np.ndarray, city: City, found: Findings) -> None:
    """A skipped or repeated local time: rejected, or settled by the mapping's rule and flagged."""
    sentences = {
        "skipped": (Outcome.rejected, "does_not_exist", f"the clocks of {city.time_zone} skipped this time"),
        "twice": (Outcome.rejected, "exists_twice", f"the clocks of {city.time_zone} showed this time twice"),
        "shifted": (Outcome.flagged, "did_not_exist", "moved forward by what the clocks skipped, as the mapping says"),
        "repeated": (Outcome.flagged, "existed_twice", "one of the two taken, as the mapping says"),
    }
    for kind, mask in masks.items():
        outcome, rule, detail = sentences[kind]
        found.add(mask, outcome, f"{name}_{rule}", shown, detail)


def identities(
    spec: FileSpec, name: str, fields: pd.DataFrame, days: pd.Series, city: City, found: Findings
) -> pd.Series:
    """Identity of each row by the mapping's template, unique within the business. `days` are local ISO days, one a row.

    A row that lacks a part of its identity is rejected.
    """
    identity = pd.Series([""] * len(fields), dtype=TEXT)
    lacking = np.zeros(len(fields), dtype=bool)
    pieces = PLACEHOLDER.split(spec.identity)  # text, placeholder, text, placeholder, …, text
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            identity = identity + piece
            continue
        part = _identity_part(piece, fields, days, city, found)
        lacking |= part.isna().to_numpy()
        identity = identity + part
    found.add(lacking, Outcome.rejected, f"{name}_identity_missing", "", f"identity is {spec.identity}")
    return identity


def _identity_part(piece: str, fields: pd.DataFrame, days: pd.Series, city: City, found: Findings) -> pd.Series:
    if piece == "city":
        return pd.Series([city.city_id] * len(fields), dtype=TEXT)
    if piece == "day":
        return days.astype(TEXT)
    if piece in fields:
        return fields[piece].astype(TEXT)
    cells = found.rows.cells[piece].astype(TEXT).reset_index(drop=True).str.strip()
    return cells.mask(cells == "", pd.NA)
