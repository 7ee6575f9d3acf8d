"""Rows of text into the fields of an order or a shift, each failing cell found with its rule; none passes unseen."""

from __future__ import annotations

import numpy as np
import pandas as pd

from generator.history.findings import Findings, Outcome
from generator.history.kinds import CHARGE, ORDER
from generator.history.mapping import has_date
from generator.history.mapping_parts import PLACEHOLDER, Column, FileSpec
from generator.history.nested import read_items, read_tags
from generator.history.places import Places
from generator.history.targets import WORDS, Target
from generator.history.times import Times, day_alone, next_day, parse, read_times
from generator.history.units import read_quantity
from generator.history.values import TEXT, cells_of, money_problems, read_money, read_number, read_text, read_word

LIMITS = {"latitude": 90.0, "longitude": 180.0}
NESTED = ("items", "tags")


def _required(target: Target, column: Column) -> bool:
    if column.required is not None and not target.required:
        return column.required
    return target.required or target.demanded


def read_fields(
    spec: FileSpec, targets: dict[str, Target], found: Findings, kinds: np.ndarray | None = None
) -> pd.DataFrame:
    """Every mapped field that is not a time, one row a row of the file, in file order.

    Text and words are `string`, numbers float64, money and counts Int64, lists of dishes objects. An unreadable cell, a
    missing one that is required, or a degree that does not exist rejects its row; a value beyond the field's limits is
    quarantined. `kinds` of the rows: refunds have fewer fields than orders, charges money alone.
    """
    fields = {}
    size = len(found.rows.lines)
    for name, column in spec.columns.items():
        target = targets[name]
        if target.kind != "time":
            with found.within(_scope(target, kinds, size)):
                fields[name] = _field(name, column, spec, target, found)
            if target.kind == "money" and name != "refund_cents":
                shown = fields[name].astype(str).to_numpy(dtype=object)
                low = (fields[name] < 0).fillna(False).to_numpy(dtype=bool)
                with found.within(np.ones(size, dtype=bool) if kinds is None else kinds == ORDER):
                    found.add(low, Outcome.quarantined, f"{name}_negative", shown)
    return pd.DataFrame(fields, index=pd.RangeIndex(size))


def _scope(target: Target, kinds: np.ndarray | None, size: int, *, also_refunds: bool = False) -> np.ndarray:
    """Mask of rows that have the field at all."""
    if kinds is None or target.kind in ("money", "signed_money"):
        return np.ones(size, dtype=bool)
    found: np.ndarray = kinds != CHARGE if target.refunds or also_refunds else kinds == ORDER
    return found


def _field(name: str, column: Column, spec: FileSpec, target: Target, found: Findings) -> pd.Series:
    cells = cells_of(found.rows.cells, column, spec, is_text=target.kind in ("text", *NESTED))
    if target.kind == "items":
        return read_items(cells, spec.item_fields, bool(column.required), found)
    if target.kind == "tags":
        return read_tags(cells, found)
    values, bad = _read(cells, column, spec, name, target)
    shown = _shown(cells)
    if target.kind in ("text", "word"):
        nul = cells.str.contains("\x00", regex=False).fillna(False).to_numpy(dtype=bool)
        found.add(nul, Outcome.rejected, f"{name}_unreadable", shown, "holds a NUL character, which no text has")
    why: object = f"not a {target.kind} as the mapping declares it"
    if target.kind in ("money", "signed_money"):
        why = money_problems(cells, spec, column.unit)
    found.add(bad, Outcome.rejected, f"{name}_unreadable", shown, why)
    if _required(target, column):
        found.add(cells.isna().to_numpy(), Outcome.rejected, f"{name}_missing", "")
    if target.kind in LIMITS:
        limit = LIMITS[target.kind]
        outside = (values.abs() > limit).to_numpy()
        found.add(outside, Outcome.rejected, f"{name}_outside_{limit:.0f}", shown, "no such degree")
    if target.kind == "duration":
        found.add((values < 0).to_numpy(), Outcome.quarantined, f"{name}_negative", shown, "a negative duration")
    if target.least is not None:
        low = (values < target.least).fillna(False).to_numpy(dtype=bool)
        found.add(low, Outcome.quarantined, f"{name}_below_{target.least:g}", shown)
    if target.most is not None:
        high = (values > target.most).fillna(False).to_numpy(dtype=bool)
        found.add(high, Outcome.quarantined, f"{name}_above_{target.most:g}", shown)
    return values


def _read(cells: pd.Series, column: Column, spec: FileSpec, name: str, target: Target) -> tuple[pd.Series, np.ndarray]:
    if target.kind == "text":
        return read_text(cells, column)
    if target.kind == "word":
        return read_word(cells, column, WORDS.get(name)) if name != "currency" else read_text(cells, column)
    if target.kind in ("money", "signed_money"):
        return read_money(cells, spec, column.unit)
    if target.kind in ("length", "duration"):
        return read_quantity(cells, column, spec, target.kind)
    values, bad = read_number(cells, spec)
    if target.kind == "whole":
        fraction = (values != values.round()).to_numpy() & values.notna().to_numpy()
        return values.where(~fraction).astype("Int64"), bad | fraction
    return values, bad


def read_details(spec: FileSpec, found: Findings) -> pd.DataFrame:
    """The mapping's own `details`: words of the file by the names it gives them."""
    read = {}
    for name, column in spec.details.items():
        cells = cells_of(found.rows.cells, column, spec, is_text=False)
        read[name], bad = read_text(cells, column)
        found.add(bad, Outcome.rejected, f"details_{name}_unreadable", _shown(cells), "not among its `values`")
        if column.required:
            found.add(cells.isna().to_numpy(), Outcome.rejected, f"details_{name}_missing", "")
    return pd.DataFrame(read, index=pd.RangeIndex(len(found.rows.lines)))


def _shown(cells: pd.Series) -> np.ndarray:
    return cells.fillna("").to_numpy(dtype=object)


def read_moments(
    spec: FileSpec, targets: dict[str, Target], places: Places, found: Findings, kinds: np.ndarray | None = None
) -> pd.DataFrame:
    """Every mapped time as datetime64[us, UTC], one row a row of the file; `<name>_unknown` is a mask of times that a
    batch job wrote.

    The required times come first: the first of them (placement, start of the shift) is the anchor that tells which
    clock times belong to the next day. Times the change of clocks skipped or repeated end by the mapping's rules.
    """
    names = [n for n in targets if n in spec.columns and targets[n].kind == "time"]
    cells = {n: cells_of(found.rows.cells, spec.columns[n], spec, is_text=False) for n in names}
    anchor = names[0]
    fields = {}
    for name in names:
        column = spec.columns[name]
        also_refunds = name == "placed_at" and "refunded_at" not in spec.columns
        with found.within(_scope(targets[name], kinds, len(found.rows.lines), also_refunds=also_refunds)):
            own, unknown = _without_batch(cells[name], column)
            after = None if name == anchor else _day_after(own, column, cells[anchor], spec.columns[anchor], places)
            alone = day_alone(own, column.format)
            times = _times(own, column, places, after, alone)
            shown = _shown(own)
            _days_alone(name, alone, column, _required(targets[name], column), shown, found)
            said = f"format {column.format or 'ISO 8601'}, from 2000 to 2099; midnight is 00:00 of the day it begins"
            found.add(times.unreadable, Outcome.rejected, f"{name}_unreadable", shown, said)
            if _required(targets[name], column):
                found.add(cells[name].isna().to_numpy(), Outcome.rejected, f"{name}_missing", "")
            _clock_findings(times.masks, name, shown, places, found)
            found.note(unknown, f"{name} was written by a batch job: it happened, when is not known")
            if column.default_time is not None:
                last = found.rows.cells[column.sources[-1]].astype(TEXT).reset_index(drop=True).str.strip()
                settled = (cells[name].notna() & (last.isna() | (last == ""))).to_numpy(dtype=bool)
                found.note(settled, f"{name} has no clock time: {column.default_time} was taken")
        fields[name] = pd.Series(times.utc).dt.tz_localize("UTC")
        if column.batch_times:
            fields[f"{name}_unknown"] = pd.Series(unknown)
    return pd.DataFrame(fields)


def _days_alone(
    name: str, alone: np.ndarray, column: Column, required: bool, shown: np.ndarray, found: Findings
) -> None:
    """What becomes of a day without a time of it: settled by the mapping, else rejected where the time is needed."""
    if column.default_time is not None:
        found.note(alone, f"{name} is a day alone: {column.default_time} was taken")
    elif required:
        hint = 'a day alone; `default_time: "12:00"` takes that time of it, if the time does not matter'
        found.add(alone, Outcome.rejected, f"{name}_has_no_clock_time", shown, hint)
    else:
        found.note(alone, f"{name} is a day alone: its midnight was taken")


def _without_batch(cells: pd.Series, column: Column) -> tuple[pd.Series, np.ndarray]:
    """(cells without the declared stamps of batch jobs, mask of where they stood): the same moment, however written."""
    written = cells.isin([b.strip() for b in column.batch_times]).to_numpy(dtype=bool)
    if column.batch_times and (column.format is None or has_date(column.format)):
        stamps = pd.Series(column.batch_times, dtype=TEXT)
        for form in {column.format, None}:
            for own, batch in zip(parse(cells, column.format, None), parse(stamps, form, None), strict=True):
                written = written | np.isin(own, batch[~np.isnat(batch)])
    return cells.mask(written, pd.NA), written


def _day_after(
    cells: pd.Series, column: Column, anchor: pd.Series, anchor_column: Column, places: Places
) -> np.ndarray | None:
    """Mask of times that belong to the day after: clock times alone, or joined to the placement's own day."""
    mapping = places.mapping
    if column.format and not has_date(column.format):
        return next_day(cells, column.format, anchor, anchor_column.format, mapping)
    if column.sources and len(column.sources) > 1 and column.sources[0] == (anchor_column.sources or [""])[0]:
        own, begin = parse(cells, column.format, None)[0], parse(anchor, anchor_column.format, None)[0]
        late: np.ndarray = (begin - own) > np.timedelta64(int(mapping.next_day_after_hours * 3600), "s")
        return late
    return None


def _times(cells: pd.Series, column: Column, places: Places, after: np.ndarray | None, alone: np.ndarray) -> Times:
    """Times of a column, each row by its own city's clock."""
    if len(places.cities) == 1:
        clock = (alone, column.day_clock) if column.day_clock is not None else None
        return read_times(cells, column.format, places.mapping, places.cities[0].zone_info, places.day, after, clock)
    size = len(cells)
    whole = Times(np.full(size, np.datetime64("NaT", "us")), np.zeros(size, dtype=bool))
    for city, mask in places.by_city():
        own = cells[mask].reset_index(drop=True)
        part_after = None if after is None else after[mask]
        clock = (alone[mask], column.day_clock) if column.day_clock is not None else None
        part = read_times(own, column.format, places.mapping, city.zone_info, places.day, part_after, clock)
        whole.utc[mask], whole.unreadable[mask] = part.utc, part.unreadable
        for name, of_part in part.masks.items():
            whole.masks.setdefault(name, np.zeros(size, dtype=bool))[mask] = of_part
    return whole


def _clock_findings(
    masks: dict[str, np.ndarray], name: str, shown: np.ndarray, places: Places, found: Findings
) -> None:
    """A skipped or repeated local time: set aside or rejected, or settled by the mapping's rule and flagged."""
    rules = places.mapping.times
    aside = {"quarantine": Outcome.quarantined}
    zones = ", ".join(sorted({c.time_zone for c in places.cities})[:3])
    sentences = {
        "skipped": (
            aside.get(rules.nonexistent, Outcome.rejected),
            "does_not_exist",
            f"the clocks of {zones} skipped it",
        ),
        "twice": (
            aside.get(rules.ambiguous, Outcome.rejected),
            "exists_twice",
            f"the clocks of {zones} showed it twice",
        ),
        "shifted": (Outcome.flagged, "did_not_exist", "moved forward by what the clocks skipped, as the mapping says"),
        "repeated": (Outcome.flagged, "existed_twice", "one of the two taken, as the mapping says"),
    }
    for kind, mask in masks.items():
        outcome, rule, detail = sentences[kind]
        found.add(mask, outcome, f"{name}_{rule}", shown, detail)


def identities(
    template: str, name: str, fields: pd.DataFrame, days: pd.Series, places: Places, found: Findings
) -> pd.Series:
    """Identity of each row by a template, unique within the business. `days` are local ISO days, one a row.

    A row that lacks a part of its identity is rejected.
    """
    identity = pd.Series([""] * len(fields), dtype=TEXT)
    lacking = np.zeros(len(fields), dtype=bool)
    pieces = PLACEHOLDER.split(template)  # text, placeholder, text, placeholder, …, text
    for index, piece in enumerate(pieces):
        if index % 2 == 0:
            identity = identity + piece
            continue
        part = _identity_part(piece, fields, days, places, found)
        lacking |= part.isna().to_numpy()
        identity = identity + part
    lacking &= found.outcome < Outcome.quarantined  # a row without its day is set aside for that already
    found.add(lacking, Outcome.rejected, f"{name}_identity_missing", "", f"identity is {template}")
    return identity


def _identity_part(piece: str, fields: pd.DataFrame, days: pd.Series, places: Places, found: Findings) -> pd.Series:
    if piece == "city":
        return places.each("city_id")
    if piece == "day":
        return days.astype(TEXT)
    if piece in fields:
        return fields[piece].astype(TEXT)
    cells = found.rows.cells[piece].astype(TEXT).reset_index(drop=True).str.strip()
    return cells.mask(cells == "", pd.NA)
