"""Producers that are ahead of their contract: values that no enumeration knows, and columns that were added."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generator.faults.corrupt import enumerated
from generator.faults.profile import AddedColumns, UnknownValues
from generator.faults.rows import Change, Effect, Rows, picked
from generator.faults.truth import truth_rows
from pipelines.contracts import ARROW_TYPES


def unknown_values(rows: Rows, section: UnknownValues) -> Effect:
    """Each befallen row has a value of a listed column that the list does not know."""
    found = rows.befallen("unknown_values", section)
    names = [str(prop.name) for prop in rows.contract.properties if enumerated(prop)]
    if not len(found) or not names:
        return Effect()
    present = np.stack([rows.table.column(name).is_valid().to_numpy()[found] for name in names], axis=1)
    choice = picked(rows.uniform("unknown_values/column", found), present.astype(np.float64))
    changes, truths = [], []
    for number, name in enumerate(names):
        hit = found[choice == number]
        old = rows.table.column(name).take(pa.array(hit)).combine_chunks()
        new = pc.binary_join_element_wise(old, section.suffix, "")
        changes.append(Change(name, hit, new))
        facts = rows.facts(hit)
        truths.append(truth_rows(len(hit), fault="unknown_value", column=name, original=old, delivered=new, **facts))
    return Effect(tuple(changes), pa.concat_tables(truths))


@dataclass(frozen=True)
class Added:
    """A column that the contract lacks; a value for each row of a newer source, missing for the others."""

    name: str
    values: pa.Array


def added_column(rows: Rows, section: AddedColumns) -> tuple[Added | None, pa.Table]:
    """The topic's added column, None where nothing is added, and the truth of it."""
    added = section.columns.get(rows.topic)
    if added is None or not section.holds(rows.topic) or rows.table.num_rows == 0:
        return None, truth_rows(0)
    keys = rows.keys.combine_chunks().dictionary_encode()
    newer = rows.streams.of_each(keys.dictionary.to_numpy(zero_copy_only=False), "faults/added_columns") < section.share
    is_new = newer[keys.indices.to_numpy()]
    if section.since is not None:
        since = pa.scalar(section.since, rows.table.schema.field("produced_at").type)
        is_new &= pc.greater_equal(rows.table.column("produced_at"), since).to_numpy()
    every = np.arange(rows.table.num_rows)
    number = np.floor(rows.uniform("added_columns/value", every) * len(added.values)).astype(np.int64)
    values = pa.array(added.values, ARROW_TYPES[added.type]).take(pa.array(number, mask=~is_new))
    found = np.flatnonzero(is_new)
    new = values.take(pa.array(found)).cast(pa.string())
    truth = truth_rows(len(found), fault="added_column", column=added.name, delivered=new, **rows.facts(found))
    return Added(added.name, values), truth
