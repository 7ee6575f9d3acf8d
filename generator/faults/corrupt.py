"""Corrupt rows: one value that breaks a rule of the contract; which columns can break how is read from the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from open_data_contract_standard.model import SchemaProperty

from generator.faults.profile import CorruptRows
from generator.faults.rows import KEPT, Change, Effect, Rows, picked
from generator.faults.truth import truth_rows

Altered = Callable[[pa.Array], pa.Array]


@dataclass(frozen=True)
class Option:
    """One way to corrupt a row: the columns (two for a position) whose values `alter` replaces, where all have one."""

    kind: str
    columns: tuple[str, ...]
    alter: Altered


def corrupt_rows(rows: Rows, section: CorruptRows) -> Effect:
    """Each befallen row takes one of the ways its topic and its own values allow."""
    found = rows.befallen("corrupt_rows", section)
    options = list(options_of(rows))
    if not len(found) or not options:
        return Effect()
    of_kind = {kind: sum(option.kind == kind for option in options) for kind in section.kinds}
    weights = [section.kinds.get(option.kind, 0.0) / of_kind.get(option.kind, 1) for option in options]  # type: ignore[call-overload]
    can = np.stack([_present(rows.table, option.columns)[found] for option in options], axis=1)
    choice = picked(rows.uniform("corrupt_rows/kind", found), can * np.array(weights))
    effects = [_applied(rows, option, found[choice == number]) for number, option in enumerate(options)]
    changes = tuple(change for effect in effects for change in effect.changes)
    return Effect(changes, pa.concat_tables(effect.truth for effect in effects))


def options_of(rows: Rows) -> Iterator[Option]:
    """Every way a row of this topic can be corrupt, by its contract, in the order of its columns."""
    names = rows.contract.columns
    for prop in rows.contract.properties:
        yield from _of_column(prop)
        name = str(prop.name)
        other = name.removesuffix("lat") + "lng"
        if name.endswith("lat") and other in names and prop.logicalType == "number":
            yield Option("zero_position", (name, other), lambda values: pa.array(np.zeros(len(values))))
    yield Option("wrong_time_unit", ("event_time",), _seconds_read_as_milliseconds)


def enumerated(prop: SchemaProperty) -> bool:
    """Whether the contract lists the values of a column: those are the business of `unknown_values`."""
    return bool(prop.enum)


def _of_column(prop: SchemaProperty) -> Iterator[Option]:
    name = str(prop.name)
    limits: dict[str, Any] = prop.logicalTypeOptions or {}
    if name in KEPT or enumerated(prop):
        return
    if prop.required:
        yield Option("missing_value", (name,), lambda values: pa.nulls(len(values), values.type))
    if "minimum" in limits:
        yield Option("out_of_range", (name,), lambda values: _below(values, limits["minimum"]))
    if "maxLength" in limits:
        yield Option("too_long", (name,), lambda values: pc.utf8_rpad(values, int(limits["maxLength"]) + 1, "~"))
    if "pattern" in limits:
        yield Option("malformed", (name,), lambda values: pc.binary_join_element_wise(values, "?", ""))


def _below(values: pa.Array, minimum: float) -> pa.Array:
    """As far below the minimum as the value is from zero, and one more: a minus sign where none may be."""
    return pc.subtract(pa.scalar(minimum - 1).cast(values.type), pc.abs(values))


def _seconds_read_as_milliseconds(times: pa.Array) -> pa.Array:
    return pc.divide(times.cast(pa.int64()), 1000).cast(times.type)


def _present(table: pa.Table, columns: tuple[str, ...]) -> np.ndarray:
    """Rows in which all of the columns have a value."""
    present: np.ndarray = np.all([table.column(name).is_valid().to_numpy() for name in columns], axis=0)
    return present


def _applied(rows: Rows, option: Option, found: np.ndarray) -> Effect:
    old = [rows.table.column(name).take(pa.array(found)).combine_chunks() for name in option.columns]
    new = [option.alter(values) for values in old]
    truth = truth_rows(
        len(found),
        fault="corrupt_row",
        variant=option.kind,
        column=",".join(option.columns),
        original=as_text(old),
        delivered=as_text(new),
        **rows.facts(found),
    )
    changes = (Change(name, found, values) for name, values in zip(option.columns, new, strict=True))
    return Effect(tuple(changes), truth)


def as_text(columns: list[pa.Array]) -> pa.Array:
    """Values of one or two columns as one text a row."""
    texts = [values.cast(pa.string()) for values in columns]
    return texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, ",")
