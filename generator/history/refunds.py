"""Refunds: rows that give money back, and the order each belongs to, in the same file or in one imported before."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np
import pandas as pd

from generator.history.findings import Findings, Outcome
from generator.history.values import TEXT

# stem of an identity (its template without the day) -> (day, identity) of orders imported before
EarlierOrders = dict[str, list[tuple[str, str]]]
REFUND_COLUMNS = ["order_id", "refund_id", "refunded_at", "amount_cents", "currency", "city_id"]


@dataclass(frozen=True)
class Identified:
    """Of each row: identity of its order, stem (the identity's template with the day left out), local day, and the
    identity of the row itself, where the mapping has one. `has_day`: the order's identity has its day in it."""

    identity: pd.Series
    stem: pd.Series
    day: pd.Series
    own: pd.Series | None
    has_day: bool


def find_orders(
    rows: Identified, refunds: np.ndarray, orders: np.ndarray, earlier: EarlierOrders, found: Findings
) -> pd.Series:
    """Identity of the order each refund is of (missing elsewhere): the last of its stem begun on or before its day.

    A refund without such an order is set aside; where an identity has no day, the stem is the whole identity.
    """
    known: EarlierOrders = {stem: list(of) for stem, of in earlier.items()}
    for position in np.flatnonzero(orders):
        known.setdefault(str(rows.stem[position]), []).append((str(rows.day[position]), str(rows.identity[position])))
    target = np.full(len(orders), None, dtype=object)
    several, none = np.zeros(len(orders), dtype=bool), np.zeros(len(orders), dtype=bool)
    for position in np.flatnonzero(refunds):  # a row loop: refunds are few, each looks up one stem
        of = sorted(set(known.get(str(rows.stem[position]), [])))
        last = bisect_right(of, (str(rows.day[position]), "\uffff"))
        if last == 0:
            none[position] = True
            continue
        target[position] = of[last - 1][1]
        several[position] = last > 1
    shown = rows.stem.fillna("").to_numpy(dtype=object)
    found.add(none, Outcome.quarantined, "refund_without_order", shown, "no such order here or imported before")
    found.note(several, "a refund whose code several orders have was taken as of the last one before it")
    return pd.Series(target, dtype=TEXT)


def refund_amounts(orders: pd.DataFrame, refunds: np.ndarray, found: Findings) -> pd.Series:
    """What each refund row gives back, in hundredths, not negative: `refund_cents`, else its basket value."""
    name = "refund_cents" if "refund_cents" in orders else "basket_value_cents"
    amounts = orders[name] if name in orders else pd.Series(pd.NA, index=orders.index, dtype="Int64")
    with found.within(refunds):
        found.add(amounts.isna().to_numpy(), Outcome.rejected, f"{name}_missing", "", "a refund of what?")
        nothing = (amounts == 0).fillna(False).to_numpy(dtype=bool)
        found.add(nothing, Outcome.quarantined, "refund_of_nothing", "0")
    return amounts.abs()


def refund_of_order_rows(orders: pd.DataFrame, rows: np.ndarray, found: Findings) -> np.ndarray:
    """Mask of order rows that say in columns of their own what was given back; one without its time is set aside."""
    if "refund_cents" not in orders:
        return np.zeros(len(orders), dtype=bool)
    some = ((orders["refund_cents"] != 0).fillna(False).to_numpy(dtype=bool)) & rows
    at = orders["refunded_at"] if "refunded_at" in orders else pd.Series(pd.NaT, index=orders.index)
    shown = orders["refund_cents"].astype(str).to_numpy(dtype=object)
    untimed = some & at.isna().to_numpy()
    found.add(untimed, Outcome.quarantined, "refund_without_time", shown, "given back, when is not said")
    if untimed.all():
        return np.zeros(len(orders), dtype=bool)
    early = some & (at < orders["placed_at"]).to_numpy()
    found.add(early, Outcome.quarantined, "refunded_before_placement", shown, "given back before it was ordered")
    timed: np.ndarray = some & ~untimed & ~early
    return timed


def refund_ids(order_ids: pd.Series, rows: Identified, amounts: pd.Series) -> pd.Series:
    """Identity of each refund: its order's and the row's own, or its order's, day and amount."""
    own = rows.own if rows.own is not None else rows.day + "/" + amounts.astype(TEXT)
    ids: pd.Series = order_ids + "/refund/" + own
    return ids


def refund_table(
    orders: pd.DataFrame, order_ids: pd.Series, ids: pd.Series, at: pd.Series, amounts: pd.Series, where: np.ndarray
) -> pd.DataFrame:
    """Refunds of the rows `where` (`REFUND_COLUMNS`), one row each."""
    columns = {
        "order_id": order_ids,
        "refund_id": ids,
        "refunded_at": at,
        "amount_cents": amounts,
        "currency": orders["currency"],
        "city_id": orders["city_id"],
    }
    return pd.DataFrame(columns)[where].reset_index(drop=True)
