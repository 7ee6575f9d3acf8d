"""Which rows of a file are this history's, and which of them are orders, refunds or other movements of money."""

from __future__ import annotations

import numpy as np
import pandas as pd

from generator.history.findings import Findings, Outcome
from generator.history.mapping_parts import FileSpec, Filter
from generator.history.values import TEXT, folded

ORDER, REFUND, CHARGE = "order", "refund", "charge"


def sort_rows(spec: FileSpec, found: Findings) -> np.ndarray:
    """`order`, `refund` or `charge` for each row (object array); rows that a filter leaves out, other movements and
    rows of an unknown kind are found as such.

    Filters go first: a row that is not of this history is not asked whether it is readable.
    """
    whole = np.ones(len(found.rows.lines), dtype=bool)
    whole[list(found.rows.broken)] = False
    with found.within(whole):
        for one in spec.filters:
            _filter(one, found)
        return _kinds(spec, found)


def _words(name: str, found: Findings) -> pd.Series:
    cells = found.rows.cells[name].astype(TEXT).reset_index(drop=True).str.strip()
    return cells.mask(cells == "", pd.NA)


def _filter(one: Filter, found: Findings) -> None:
    cells = _words(one.column, found)
    shown = cells.fillna("").to_numpy(dtype=object)
    listed = folded(cells).isin([" ".join(w.split()).casefold() for w in one.keep or one.drop])
    empty = cells.isna().to_numpy()
    out = (~listed if one.keep else listed).to_numpy(dtype=bool) & ~empty
    rule = f"{one.column} filtered"
    found.add(out, Outcome.filtered, rule, shown)
    if one.empty == "filter":
        found.add(empty, Outcome.filtered, f"{one.column} missing", "")
    elif one.empty == "flag":
        found.add(empty, Outcome.flagged, f"{one.column} missing", "", "an empty cell is a value of its own")


def _kinds(spec: FileSpec, found: Findings) -> np.ndarray:
    declared = spec.row_kinds
    if declared is None:
        return np.full(len(found.rows.lines), ORDER, dtype=object)
    cells = _words(declared.column, found)
    known = {" ".join(k.split()).casefold(): v for k, v in declared.values.items()}
    kinds = folded(cells).map(known).astype(object)
    empty = cells.isna().to_numpy()
    shown = cells.fillna("").to_numpy(dtype=object)
    unknown = kinds.isna().to_numpy() & ~empty
    found.add(unknown, Outcome.rejected, "row_kind_unknown", shown, f"not among row_kinds.values: {', '.join(known)}")
    if declared.empty == "reject":
        found.add(empty, Outcome.rejected, "row_kind_missing", "")
    else:
        kinds = kinds.mask(empty, declared.empty)
    found.add((kinds == CHARGE).to_numpy(), Outcome.other_movement, "charge", shown, "money without an order")
    decided: np.ndarray = kinds.fillna(ORDER).to_numpy(dtype=object)
    return decided
