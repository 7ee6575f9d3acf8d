"""Text of a user's file into typed values, by what the mapping declares: nothing is guessed, nothing silently cast.

Each reader gives (values, bad): missing where the cell is missing, and a mask of cells that are there but not what is
declared. Vectorised over the column.
"""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from generator.history.mapping import Column, FileSpec

TEXT = pd.StringDtype("python")
# Money as shops write it: a sign, brackets for negative, a symbol or a code, on either side.
MONEY_SYMBOL = r"(?:[$€£¥₹]|[A-Z]{3})"
MONEY_DRESS = (
    rf"^(?P<open>\()?(?P<sign>[-+−])?{MONEY_SYMBOL}?\s?(?P<inner>[-+−]?[\d.,' ]*\d)\s?{MONEY_SYMBOL}?(?P<close>\))?$"
)


def cells_of(frame: pd.DataFrame, column: Column, spec: FileSpec, *, is_text: bool) -> pd.Series:
    """The column's cells, trimmed, missing where a declared marker (or nothing) stands; a constant for every row.

    The file's markers do not touch text columns, where `NA` or `-` may be a name; a column's own markers do.
    """
    if column.column is None:
        return pd.Series([column.constant] * len(frame), dtype=TEXT)
    cells = frame[column.column].astype(TEXT).reset_index(drop=True).str.strip()
    if column.strip_prefix:
        cells = cells.str.removeprefix(column.strip_prefix.strip()).str.strip()
    markers = column.missing if column.missing is not None else [] if is_text else spec.missing
    return cells.mask(cells.isin(["", *(m.strip() for m in markers)]), pd.NA)


def read_text(cells: pd.Series, column: Column) -> tuple[pd.Series, np.ndarray]:
    """Text, or the mapping's word for it (compared trimmed and without case); a word that is not listed is bad."""
    if column.values is None:
        return cells, np.zeros(len(cells), dtype=bool)
    words = {k.strip().casefold(): v for k, v in column.values.items()}
    values = cells.str.casefold().map(words).astype(TEXT)
    return values, (cells.notna() & values.isna()).to_numpy(dtype=bool)


def _number_pattern(spec: FileSpec) -> str:
    """What a number looks like in this file; groups of thousands only where declared, and only of three digits."""
    whole = r"\d+" if not spec.thousands else rf"(?:\d{{1,3}}(?:{re.escape(spec.thousands)}\d{{3}})+|\d+)"
    point = re.escape(spec.decimal)
    return rf"[-+−]?(?:{whole}(?:{point}\d*)?|{point}\d+)"


def _plain(cells: pd.Series, spec: FileSpec) -> pd.Series:
    """The number's text as a program writes it: no thousands, a point for decimals, a hyphen for minus."""
    plain = cells.str.replace(spec.thousands, "", regex=False) if spec.thousands else cells
    return plain.str.replace(spec.decimal, ".", regex=False).str.replace("−", "-", regex=False)


def read_number(cells: pd.Series, spec: FileSpec) -> tuple[pd.Series, np.ndarray]:
    """float64 numbers; missing is NaN."""
    good = cells.str.fullmatch(_number_pattern(spec) + r"(?:[eE][-+]?\d{1,3})?").fillna(False).to_numpy(dtype=bool)
    values = pd.Series(np.nan, index=cells.index, dtype="float64")
    values[good] = _plain(cells[good], spec).astype("float64")
    bad = cells.notna().to_numpy() & (~good | ~np.isfinite(values.to_numpy()))
    return values, bad


def read_money(cells: pd.Series, spec: FileSpec) -> tuple[pd.Series, np.ndarray]:
    """Hundredths of the currency as Int64, exactly; symbols, codes and brackets for negative are taken off.

    More than two decimals, or separators other than those declared, are bad: 1.204,50 is not 1.20.
    """
    dressed = cells.str.extract(MONEY_DRESS)
    inner = dressed["inner"].astype(TEXT).str.strip()
    brackets = dressed["open"].notna() == dressed["close"].notna()
    one_sign = ~(dressed["sign"].notna() & inner.str.match(r"[-+−]").fillna(False))
    good = (inner.str.fullmatch(_number_pattern(spec)).fillna(False) & brackets & one_sign).astype(bool)
    parts = _plain(inner[good], spec).str.extract(r"^(?P<sign>[-+])?(?P<whole>\d*)\.?(?P<cents>\d*)$")
    exact = (parts["cents"].str.len() <= 2) & (parts["whole"].str.len() <= 15)
    parts = parts[exact]
    cents = (parts["whole"].where(parts["whole"] != "", "0") + parts["cents"].str.ljust(2, "0")).astype("int64")
    outer = dressed.loc[parts.index]
    minus = (parts["sign"] == "-") | outer["sign"].isin(["-", "−"]) | outer["open"].notna()
    values = pd.Series(pd.NA, index=cells.index, dtype="Int64")
    values[parts.index] = cents.where(~minus.fillna(False).astype(bool), -cents)
    return values, (cells.notna() & values.isna()).to_numpy(dtype=bool)
