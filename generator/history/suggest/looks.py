"""What a column's values look like: times, amounts, positions, measures with units, levels or free text."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pandas as pd

from generator.history.suggest.times import TimeGuess, guess_times
from generator.history.units import METRES, MINUTES
from generator.history.values import MONEY_DRESS, ODD_SPACES, SIGN_OF, TEXT

# Words by which data sets say that a value is missing.
MARKERS = {"nan", "null", "none", "n/a", "na", "-", "--", "–", "—", "nil", "missing", "unknown", "#n/a", "\\n"}
NUMBER = r"[-+−]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE][-+]?\d{1,3})?"
MEASURE = re.compile(rf"^(?P<prefix>\([^)\d]*\)\s*)?(?P<number>{NUMBER})\s*(?P<unit>[^\W\d_]{{1,10}})?\.?$")
MOST_LEVELS = 25
SHARE = 0.6


@dataclass(frozen=True)
class Look:
    """One column. `markers`: values that say missing; `words`: its values where they are few; `currency`: a code or
    sign beside its amounts; `decimal` and `thousands`: as its numbers are written, where that can be told."""

    name: str
    cells: pd.Series
    markers: list[str] = field(default_factory=list)
    times: TimeGuess | None = None
    is_number: bool = False
    is_money: bool = False
    is_json: bool = False
    prefix: str = ""
    unit: str = ""
    words: list[str] = field(default_factory=list)
    currency: str = ""
    decimal: str = ""
    thousands: str = ""

    @property
    def is_indian(self) -> bool:
        """Whether its amounts are grouped by lakh: 1,23,456.00."""
        groups = re.escape(self.thousands)
        return bool(groups) and bool(self.cells.str.contains(rf"\d{groups}\d\d{groups}\d{{3}}").any())

    @property
    def is_measure(self) -> bool:
        return bool(self.prefix or self.unit.casefold() in METRES | MINUTES)


def look_at(name: str, raw: pd.Series) -> Look:
    """The look of a column's cells."""
    cells = raw.astype(TEXT).str.strip().str.replace(ODD_SPACES, " ", regex=True)
    cells = cells[cells.notna() & (cells != "")]
    marked = cells.str.casefold().isin(MARKERS)
    markers = sorted(set(cells[marked])) if marked.any() and not marked.all() else []
    rest = cells[~marked] if markers else cells
    times = guess_times(rest, name)
    if times is not None or rest.empty:
        return Look(name, rest, markers, times)
    if rest.str.match(r"[\[{]").mean() > SHARE:
        return Look(name, rest, markers, is_json=True)
    measure = rest.str.extract(MEASURE)
    share = float(measure["number"].notna().mean())
    decimal, thousands = _number_style(rest)
    if share >= SHARE:
        prefix = _most(measure["prefix"]).strip()
        unit = _most(measure["unit"])
        is_code = bool(re.fullmatch(r"[A-Z]{3}", unit))
        currency = unit if is_code else ""
        return Look(
            name, rest, markers, is_number=not (prefix or unit), is_money=is_code, prefix=prefix,
            unit="" if is_code else unit, words=_levels(rest), currency=currency, decimal=decimal, thousands=thousands,
        )  # fmt: skip
    money = rest.str.extract(MONEY_DRESS)
    if float(money["inner"].notna().mean()) >= SHARE:
        currency = _currency(money["before"].fillna(money["after"]))
        return Look(name, rest, markers, is_money=True, currency=currency, decimal=decimal, thousands=thousands)
    return Look(name, rest, markers, words=_levels(rest))


def _currency(said: pd.Series) -> str:
    """The code or sign of most amounts; of signs that several currencies share, the one code that stands among them."""
    most = _most(said)
    codes = said[said.str.fullmatch(r"[A-Z]{3}").fillna(False).astype(bool)].unique()
    return str(codes[0]) if most and most not in SIGN_OF and len(codes) == 1 else most


def _most(values: pd.Series) -> str:
    counts = values.dropna().value_counts()
    return str(counts.index[0]) if len(counts) and counts.iloc[0] >= SHARE * len(values) else ""


def _levels(cells: pd.Series) -> list[str]:
    """Distinct values where they are few and repeat, whatever their case."""
    distinct = list(dict.fromkeys(" ".join(c.split()) for c in cells))
    by_fold = {d.casefold(): d for d in reversed(distinct)}
    few = len(by_fold) <= MOST_LEVELS and (len(by_fold) <= 0.5 * len(cells) or len(by_fold) <= 4)
    return list(reversed(by_fold.values())) if few else []


def _number_style(cells: pd.Series) -> tuple[str, str]:
    """(decimal, thousands), empty where they cannot be told: the last separator before one or two digits, and the other
    in groups of three."""
    votes = {}
    for decimal, groups in ((".", (",", "'", " ")), (",", (".", "'", " "))):
        dec = re.escape(decimal)
        fraction = cells.str.contains(rf"\d{dec}\d{{1,2}}(?!\d)").mean()
        long = cells.str.contains(rf"\d{dec}\d{{4,}}").mean()
        grouped = {tho: cells.str.contains(rf"\d{re.escape(tho)}\d{{3}}(?:{dec}|\D|$)").mean() for tho in groups}
        thousands = max(grouped, key=lambda tho: grouped[tho])
        votes[decimal] = (float(fraction + long), thousands if grouped[thousands] > 0 and fraction > 0 else "")
    best = max(votes, key=lambda d: votes[d][0])
    return (best, votes[best][1]) if votes[best][0] > 0 else ("", "")
