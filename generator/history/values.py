"""Text of a user's file into typed values, by what the mapping declares: nothing is guessed, nothing silently cast.

Each reader gives (values, bad): missing where the cell is missing, and a mask of cells that are there but not what is
declared. Vectorised over the column.
"""

from __future__ import annotations

import re
from decimal import Decimal

import numpy as np
import pandas as pd

from generator.history.mapping_parts import Column, FileSpec

TEXT = pd.StringDtype("python")
# Money as shops write it: a sign, brackets for negative, a symbol or a code, on either side.
MONEY_TEXT = r"(?:[A-Z]{0,3}[$€£¥￥₹₩₺₽₪₫฿円元]|[A-Z]{3}|Rs\.?|kr\.?|zł|Kč)"
MONEY_DRESS = (
    rf"^(?P<open>\()?(?P<sign>[-+−])?(?P<before>{MONEY_TEXT})?\s?(?P<inner>[-+−]?[\d.,' ]*\d)(?P<after_sign>[-−])?"
    rf"\s?(?P<after>{MONEY_TEXT})?(?P<close>\))?$"
)
# Signs that stand for one currency; `$`, `¥` and the rest of MONEY_TEXT are shared by several.
SIGN_OF = {"€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₺": "TRY", "₽": "RUB", "₪": "ILS", "₫": "VND", "฿": "THB",
           "円": "JPY", "元": "CNY"}  # fmt: skip
NOT_DOLLARS = ("CNY", "CHF", "CZK", "DKK", "JPY", "NOK", "PLN", "SEK", *SIGN_OF.values())
ODD_SPACES = re.compile("[\u00a0\u2007\u2009\u202f]")  # no-break, figure, thin: as spreadsheets and phones write them


def cells_of(frame: pd.DataFrame, column: Column, spec: FileSpec, *, is_text: bool) -> pd.Series:
    """The column's cells, trimmed, missing where a declared marker (or nothing) stands; a constant for every row.

    The file's markers do not touch text columns, where `NA` or `-` may be a name; a column's own markers do. Of
    several columns the cell is missing where one of them is; their texts are joined by a space.
    """
    if column.constant is not None:
        return pd.Series([column.constant] * len(frame), dtype=TEXT)
    markers = column.missing if column.missing is not None else [] if is_text else spec.missing
    absent = ["", *(m.strip() for m in markers)]
    cells: pd.Series | None = None
    for source in column.sources:
        part = frame[source].astype(TEXT).reset_index(drop=True).str.strip()
        part = _stripped(part, column)
        part = part.mask(part.isin(absent), pd.NA)
        if cells is not None and source == column.sources[-1] and column.default_time is not None:
            part = part.fillna(column.default_time)
        cells = part if cells is None else cells + " " + part
    if cells is None:
        raise ValueError("a column without a source")  # the mapping is checked before
    return cells if column.default is None else cells.fillna(column.default)


def _stripped(cells: pd.Series, column: Column) -> pd.Series:
    if column.strip_prefix:
        cells = cells.str.removeprefix(column.strip_prefix.strip()).str.strip()
    if column.strip_suffix:
        cells = cells.str.removesuffix(column.strip_suffix.strip()).str.strip()
    return cells


def read_text(cells: pd.Series, column: Column) -> tuple[pd.Series, np.ndarray]:
    """Text, or the mapping's word for it (compared trimmed and without case); a word that is not listed is bad."""
    if column.values is None:
        return cells, np.zeros(len(cells), dtype=bool)
    words = {_folded(k): v for k, v in column.values.items()}
    values = folded(cells).map(words).astype(TEXT)
    return values, (cells.notna() & values.isna()).to_numpy(dtype=bool)


def read_word(cells: pd.Series, column: Column, known: tuple[str, ...] | None) -> tuple[pd.Series, np.ndarray]:
    """A word of a level or kind: the mapping's for it, else the file's own in lower case, so that `LOW ` is `low`.

    `known`: the words there can be, where the field knows them.
    """
    if column.values is not None:
        return read_text(cells, column)
    values = folded(cells)
    strange = values.notna() & ~values.isin(known) if known else pd.Series(False, index=cells.index)
    return values.mask(strange, pd.NA), strange.to_numpy(dtype=bool)


def folded(cells: pd.Series) -> pd.Series:
    """Words as they are compared: lower case, spaces trimmed and single."""
    return cells.str.strip().str.casefold().str.replace(r"\s+", " ", regex=True)


def _folded(word: str) -> str:
    return " ".join(word.split()).casefold()


def number_pattern(spec: FileSpec) -> str:
    """What a number looks like in this file; groups of thousands only where declared, and only of three digits (of two
    before the last three where the grouping is Indian)."""
    group = re.escape(spec.thousands)
    grouped = rf"\d{{1,3}}(?:{group}\d{{3}})+"
    if spec.grouping == "indian":
        grouped = rf"\d{{1,2}}(?:{group}\d{{2}})*{group}\d{{3}}"
    whole = r"\d+" if not spec.thousands else rf"(?:{grouped}|\d+)"
    point = re.escape(spec.decimal)
    return rf"[-+−]?(?:{whole}(?:{point}\d*)?|{point}\d+)"


def plain_number(cells: pd.Series, spec: FileSpec) -> pd.Series:
    """The number's text as a program writes it: no thousands, a point for decimals, a hyphen for minus."""
    plain = cells.str.replace(spec.thousands, "", regex=False) if spec.thousands else cells
    return plain.str.replace(spec.decimal, ".", regex=False).str.replace("−", "-", regex=False)


def read_number(cells: pd.Series, spec: FileSpec) -> tuple[pd.Series, np.ndarray]:
    """float64 numbers; missing is NaN."""
    good = cells.str.fullmatch(number_pattern(spec) + r"(?:[eE][-+]?\d{1,3})?").fillna(False).to_numpy(dtype=bool)
    values = pd.Series(np.nan, index=cells.index, dtype="float64")
    values[good] = plain_number(cells[good], spec).astype("float64")
    bad = cells.notna().to_numpy() & (~good | ~np.isfinite(values.to_numpy()))
    return values, bad


def read_money(cells: pd.Series, spec: FileSpec, unit: str | None = None) -> tuple[pd.Series, np.ndarray]:
    """Hundredths of the currency as Int64, exactly; symbols, codes and brackets for negative are taken off.

    With a `unit` (`cents`) the numbers are hundredths already, and whole (12.00 is, 12.50 is not). More than two
    decimals, or separators other than those declared, are bad: 1.204,50 is not 1.20.
    """
    dressed = _dressed(_without_exponents(cells) if spec.format != "csv" else cells)
    inner = dressed["inner"].astype(TEXT).str.strip()
    brackets = dressed["open"].notna() == dressed["close"].notna()
    inner_sign = inner.str.match(r"[-+−]").fillna(False).astype(bool)
    signs = dressed["sign"].notna().astype(int) + inner_sign.astype(int) + dressed["after_sign"].notna().astype(int)
    one_currency = ~(dressed["before"].notna() & dressed["after"].notna())
    good = inner.str.fullmatch(number_pattern(spec)).fillna(False).astype(bool)
    good &= brackets & (signs + dressed["open"].notna().astype(int) <= 1) & one_currency
    parts = plain_number(inner[good], spec).str.extract(r"^(?P<sign>[-+])?(?P<whole>\d*)\.?(?P<cents>\d*)$")
    exact = parts["cents"].str.len() <= 2 if unit is None else parts["cents"].str.strip("0") == ""
    parts = parts[exact & (parts["whole"].str.len() <= 15)]
    hundredths = parts["cents"].str.ljust(2, "0") if unit is None else ""
    cents = (parts["whole"].where(parts["whole"] != "", "0") + hundredths).astype("int64")
    outer = dressed.loc[parts.index]
    minus = (parts["sign"] == "-") | outer["sign"].isin(["-", "−"]) | outer["open"].notna()
    minus |= outer["after_sign"].notna()
    values = pd.Series(pd.NA, index=cells.index, dtype="Int64")
    values[parts.index] = cents.where(~minus.fillna(False).astype(bool), -cents)
    return values, (cells.notna() & values.isna()).to_numpy(dtype=bool)


def money_problems(cells: pd.Series, spec: FileSpec, unit: str | None) -> np.ndarray:
    """Why each cell, if it is bad, is no money: one sentence a cell."""
    decimals = cells.str.contains(rf"{re.escape(spec.decimal)}\d{{3,}}\D*$").fillna(False).to_numpy(dtype=bool)
    why = np.full(len(cells), "not a money as the mapping declares it", dtype=object)
    why[decimals] = "amounts are kept in hundredths of the currency: at most two decimals"
    if unit is not None:
        why[:] = f"not a whole number of {unit}, as the mapping's `unit` says"
    return why


def _without_exponents(cells: pd.Series) -> pd.Series:
    """Numbers of typed files in full: 1.2e1 is 12. (In CSV an exponent comes of a spreadsheet that dropped digits.)"""
    some = cells.str.fullmatch(r"[-+]?\d+(?:\.\d+)?[eE][-+]?\d{1,2}").fillna(False).astype(bool)
    return cells.mask(some, cells[some].map(lambda text: format(Decimal(text), "f"))) if some.any() else cells


def other_currency(cells: pd.Series, currencies: pd.Series) -> np.ndarray:
    """Mask of amounts whose text names another currency than their row's: `EUR 12.00` among dollars."""
    dressed = _dressed(cells)
    said = dressed["before"].fillna(dressed["after"]).astype(TEXT)
    code = said.where(said.str.fullmatch(r"[A-Z]{3}"), said.map(SIGN_OF)).astype(TEXT)
    dollars = said.str.endswith("$").fillna(False) & currencies.isin(NOT_DOLLARS)
    other = (code.notna() & (code != currencies)).fillna(False) | dollars
    return other.to_numpy(dtype=bool)


def _dressed(cells: pd.Series) -> pd.DataFrame:
    found: pd.DataFrame = cells.str.replace(ODD_SPACES, " ", regex=True).str.extract(MONEY_DRESS)
    return found
