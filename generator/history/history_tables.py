"""The orders of a user's file: every row through every rule, the kept ones as simulations and events take them."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pandas as pd

from generator.history.convert import identities, read_details, read_fields, read_moments
from generator.history.details import details_of, money_sums
from generator.history.findings import Findings, Outcome
from generator.history.keeping import contract_rules
from generator.history.kinds import CHARGE, ORDER, REFUND, sort_rows
from generator.history.lifecycle import delivered_after, life_rules
from generator.history.mapping import Mapping
from generator.history.mapping_parts import FileSpec
from generator.history.places import Places, places_of
from generator.history.refunds import (
    REFUND_COLUMNS,
    EarlierOrders,
    Identified,
    find_orders,
    refund_amounts,
    refund_ids,
    refund_of_order_rows,
    refund_table,
)
from generator.history.rules import digests, future_rules, order_rules, position_rules, repeated_rows
from generator.history.targets import MONEY, ORDERS
from generator.history.values import TEXT, cells_of, other_currency

Earlier = dict[str, tuple[str, str]]  # identity -> (digest of its row, where it was imported)
KEY_COLUMNS = ["kind", "identity", "digest", "stem", "day"]

# What an order may lack, and the type of the empty column where the mapping does not fill it.
OPTIONAL = {
    "customer_id": "string", "courier_id": "string", "vehicle": "string", "restaurant_id": "string",
    "restaurant_name": "string", "cancelled_by": "string", "cancel_reason": "string", "basket_value_cents": "Int64",
    "pickup_lat": "float64", "pickup_lng": "float64", "dropoff_lat": "float64", "dropoff_lng": "float64",
    "items": "object", "promised_at": "datetime64[us, UTC]", "scheduled_for": "datetime64[us, UTC]",
    "ready_at": "datetime64[us, UTC]", "preparing_at": "datetime64[us, UTC]",
}  # fmt: skip


@dataclass(frozen=True)
class Known:
    """What earlier imports brought in: orders by identity and by stem, rows by their own identity, shifts."""

    orders: Earlier = field(default_factory=dict)
    stems: EarlierOrders = field(default_factory=dict)
    rows: Earlier = field(default_factory=dict)
    couriers: Earlier = field(default_factory=dict)


@dataclass(frozen=True)
class Kept:
    """Rows of one file that are imported, their identities with digests, the first business date of any good row.

    `refunds` (`REFUND_COLUMNS`), `details` (what no event holds) and `sums` (money by field) are of orders only.
    """

    rows: pd.DataFrame
    keys: pd.DataFrame
    first_date: date | None = None
    refunds: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=REFUND_COLUMNS))
    details: pd.DataFrame = field(default_factory=pd.DataFrame)
    sums: dict[str, dict[str, dict[str, int]]] = field(default_factory=dict)


@dataclass(frozen=True)
class OrderRows:
    """Rows of an orders file as they were read: kind of each, fields that are no times, and the city of each."""

    spec: FileSpec
    kinds: np.ndarray
    fields: pd.DataFrame
    details: pd.DataFrame
    places: Places


def read_orders(mapping: Mapping, day: date | None, wanted: str | None, found: Findings) -> OrderRows:
    """Kinds, fields and cities of an orders file; `wanted` names the city instead of finding it."""
    spec = mapping.orders
    kinds = sort_rows(spec, found)
    fields = read_fields(spec, ORDERS, found, kinds)
    with found.within(kinds == ORDER):
        details = read_details(spec, found)
        places = places_of(mapping, spec, fields, day, wanted, found)
    return OrderRows(spec, kinds, fields, details, places)


def kept_orders(read: OrderRows, found: Findings, known: Known) -> Kept:
    """Orders and refunds by every rule. `known`: rows that other files brought in."""
    spec, is_order = read.spec, read.kinds == ORDER
    moments = read_moments(spec, ORDERS, read.places, found, read.kinds)
    orders = pd.concat([read.fields, moments], axis="columns")
    if "delivery_minutes" in orders:
        orders = delivered_after(orders, spec.columns["delivery_minutes"].after)
    _currencies(orders, read, found)
    if not read.places.mapping.clock_times_only:  # there the day is said by who imports, not by the row
        future_rules(orders, is_order, found)
    with found.within(is_order):
        for city, rows in read.places.by_city():
            for place in ("pickup", "dropoff"):
                position_rules(orders, place, city, rows, found, correct=spec.swapped == "correct")
        orders = life_rules(order_rules(orders, spec.preorder_least_minutes, found), spec.longest_life_hours, found)
    identified = _identified(orders, read, found)
    _fill(orders, identified, read)
    with found.within(is_order):
        contract_rules(orders, found)
    if identified.own is not None:
        repeated_rows(identified.own, found, known.rows)
    with found.within(is_order):
        repeated_rows(identified.identity, found, known.orders)
    refunds = _refunds(orders, identified, read.kinds, known, found)
    return _kept(orders, read, identified, refunds, found)


def _currencies(orders: pd.DataFrame, read: OrderRows, found: Findings) -> None:
    """Amounts in another currency than the city's are not read as the city's."""
    currencies = read.places.each("currency")
    for name in (n for n in MONEY if n in read.spec.columns):
        cells = cells_of(found.rows.cells, read.spec.columns[name], read.spec, is_text=False)
        shown = cells.fillna("").to_numpy(dtype=object)
        found.add(other_currency(cells, currencies), Outcome.rejected, f"{name}_in_another_currency", shown)
    if "currency" in orders:
        other = (orders["currency"].str.upper() != currencies).fillna(False).to_numpy(dtype=bool)
        shown = orders["currency"].fillna("").to_numpy(dtype=object)
        found.add(other, Outcome.quarantined, "currency_is_not_the_citys", shown, "currencies are never added up")


def _identified(orders: pd.DataFrame, read: OrderRows, found: Findings) -> Identified:
    """Identities of each row; the day of a refund is its own."""
    spec, places = read.spec, read.places
    moment = orders["placed_at"]
    if "refunded_at" in orders:
        moment = moment.where(read.kinds != REFUND, orders["refunded_at"])
    days = places.days(moment)
    no_day = pd.Series([""] * len(orders), dtype=TEXT)
    with found.within(read.kinds != CHARGE):
        identity = identities(spec.identity, "order_id", orders, days, places, found)
        stem = identities(spec.identity, "order_id", orders, no_day, places, found)
    own = None
    if spec.row_identity is not None:
        own = identities(spec.row_identity, "row", orders, days, places, found)
    return Identified(identity, stem, days, own, "{day}" in spec.identity)


def _fill(orders: pd.DataFrame, rows: Identified, read: OrderRows) -> None:
    """Columns the mapping did not fill, and those every order has."""
    places = read.places
    for name, kind in OPTIONAL.items():
        if name not in orders:
            orders[name] = pd.Series([None] * len(orders), dtype=kind)
    orders["order_id"] = rows.identity
    orders["city_id"] = places.each("city_id")
    orders["currency"] = places.each("currency")
    orders["business_date"] = places.business_dates(orders["placed_at"])
    if read.spec.restaurant_id_from_pickup:
        orders["restaurant_id"] = _place_ids(orders, read.spec.restaurant_id_from_pickup.decimals)


def _refunds(orders: pd.DataFrame, rows: Identified, kinds: np.ndarray, known: Known, found: Findings) -> pd.DataFrame:
    """Refunds of rows that are refunds and of orders that say what went back, one row each (`REFUND_COLUMNS`)."""
    is_order, is_refund = kinds == ORDER, kinds == REFUND
    parts = []
    if is_refund.any():
        amounts = refund_amounts(orders, is_refund, found)
        target = find_orders(rows, is_refund & found.kept, is_order & found.kept, known.stems, found)
        ids = refund_ids(target, rows, amounts)
        if rows.own is None:
            with found.within(is_refund):
                repeated_rows(ids, found, known.rows)
        at = orders["refunded_at"] if "refunded_at" in orders else orders["placed_at"]
        parts.append(refund_table(orders, target, ids, at, amounts, is_refund & found.kept))
    own = refund_of_order_rows(orders, is_order, found) & found.kept
    if own.any():
        ids, amounts = rows.identity + "/refund", orders["refund_cents"].abs()
        parts.append(refund_table(orders, rows.identity, ids, orders["refunded_at"], amounts, own))
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=REFUND_COLUMNS)


def _kept(orders: pd.DataFrame, read: OrderRows, rows: Identified, refunds: pd.DataFrame, found: Findings) -> Kept:
    spec, is_order = read.spec, read.kinds == ORDER
    first = min(orders["business_date"][is_order & (found.outcome <= Outcome.duplicate)], default=None)
    if first is None and len(refunds):
        first = min(refunds["refunded_at"]).date()
    where = is_order & found.kept
    kept = orders[where].reset_index(drop=True)
    keys = [keys_of("orders", rows.identity, where, found, rows.stem, rows.day)]
    if rows.own is not None:
        keys.append(keys_of("rows", rows.own, found.outcome <= Outcome.other_movement, found))
    elif (read.kinds == REFUND).any():
        refund_rows = (read.kinds == REFUND) & found.kept
        ids = pd.Series(index=orders.index, dtype=TEXT)
        ids[refund_rows] = refunds["refund_id"].iloc[: int(refund_rows.sum())].to_numpy()
        keys.append(keys_of("rows", ids, refund_rows, found))
    details = details_of(orders, read.details, spec, where, found)
    sums = money_sums(orders, read.kinds, spec, found)
    return Kept(kept, pd.concat(keys, ignore_index=True), first, refunds, details, sums)


def _place_ids(orders: pd.DataFrame, decimals: int) -> pd.Series:
    """An identity of the place an order is picked up at, e.g. `medellin-r+6.2251-75.5700`; missing without one."""
    rounded = f"{{:+.{decimals}f}}".format
    lat, lng = (orders[c].map(rounded).astype("string") for c in ("pickup_lat", "pickup_lng"))
    ids: pd.Series = orders["city_id"] + "-r" + lat + lng
    return ids.where(orders["pickup_lat"].notna() & orders["pickup_lng"].notna())


def keys_of(
    kind: str,
    identity: pd.Series,
    where: np.ndarray,
    found: Findings,
    stem: pd.Series | None = None,
    day: pd.Series | None = None,
) -> pd.DataFrame:
    """Identity and digest of the rows `where` (`KEY_COLUMNS`), to know them again in another file."""
    positions = where.nonzero()[0]
    columns = {"kind": [kind] * len(positions), "identity": identity[where].tolist()}
    columns["digest"] = digests(found.rows, positions)
    for name, values in (("stem", stem), ("day", day)):
        columns[name] = [None] * len(positions) if values is None else values[where].tolist()
    return pd.DataFrame(columns, dtype="string")
