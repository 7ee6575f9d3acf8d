"""Accounts, devices and promotions of honest customers: who holds which account on a day, on what, and what it saves.

A place in the customer roll (home, workplace, taste) is held by one account after another, and an account by one device
after another. All of it follows from seed, place and time, so that a day alone tells of the same accounts as a month.
Ids are hashes: no id says how its owner came to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from generator.city.business_day import business_day
from generator.city.city import City
from generator.city.lives_profile import Account
from generator.demand.people import customers_of
from generator.identity import Keys, hexadecimal, identified
from generator.lives.placed import seconds_of
from generator.streams import Streams

DAY_SECONDS = 86_400
SHORTEST_HOLD_DAYS = 20.0  # nobody changes account or device more often than this


def account_ids(city: City, seed: int, keys: Sequence[str] | pa.Array) -> pa.Array:
    """Id of the account that each key stands for."""
    digits = pc.utf8_slice_codeunits(hexadecimal(identified(f"{seed}|account", Keys.of(keys), 0)), 0, 12)
    return pc.binary_join_element_wise(f"{city.city_id}-{seed}-c", digits, "")


def device_ids(seed: int, keys: Sequence[str] | pa.Array) -> pa.Array:
    """Id of the device that each key stands for."""
    digits = pc.utf8_slice_codeunits(hexadecimal(identified(f"{seed}|device", Keys.of(keys), 0)), 0, 16)
    return pc.binary_join_element_wise("dev_", digits, "")


def with_accounts(orders: pd.DataFrame, city: City, day: date, seed: int, streams: Streams) -> pd.DataFrame:
    """The placements of `place_orders` with the accounts that made them.

    Replaces customer_id (a place in the roll) by the id of the account that holds the place, and adds device_id,
    account_created_seconds (since 1970 UTC), promotion_code (None if none) and discount_cents.
    """
    accounts, size = city.lives.account, len(orders)
    places = pd.Index(customers_of(city, seed).ids).get_indexer(pd.Index(orders["customer_id"]))
    now = business_day(city, day)[0]
    nth, opened = _held(accounts.hold_days, accounts.hold_spread, "account", city, seed, now)
    which, _ = _held(accounts.device_days, accounts.device_spread, "device", city, seed, now)
    second = _second_devices(accounts, city, seed)[places] & (
        streams.of("account/second device").random(size) < accounts.second_device_use
    )
    holders = pc.binary_join_element_wise(pa.array(orders["customer_id"]).cast(pa.string()), _text(nth[places]), "/")
    devices = pc.binary_join_element_wise(holders, _text(np.where(second, -1, which[places])), "/")
    orders = orders.assign(
        customer_id=account_ids(city, seed, holders).to_numpy(zero_copy_only=False),
        device_id=device_ids(seed, devices).to_numpy(zero_copy_only=False),
        account_created_seconds=opened[places],
    )
    return _promotions(_newcomers(orders, city, seed, streams), city, streams)


def usual_holders(city: City, day: date, seed: int, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ids of the account and the usual device of whoever holds each place (row of the customer roll) on a day."""
    accounts, now = city.lives.account, business_day(city, day)[0]
    nth, _ = _held(accounts.hold_days, accounts.hold_spread, "account", city, seed, now)
    which, _ = _held(accounts.device_days, accounts.device_spread, "device", city, seed, now)
    ids = pa.array(customers_of(city, seed).ids).take(pa.array(places))
    holders = pc.binary_join_element_wise(ids, _text(nth[places]), "/")
    devices = device_ids(seed, pc.binary_join_element_wise(holders, _text(which[places]), "/"))
    return account_ids(city, seed, holders).to_numpy(zero_copy_only=False), devices.to_numpy(zero_copy_only=False)


def _held(days: float, spread: float, what: str, city: City, seed: int, now: float) -> tuple[np.ndarray, np.ndarray]:
    """Which account (or device) holds each place at `now`, counted from 0, and the second since when it does."""
    streams, count = Streams(seed, "accounts"), len(customers_of(city, seed).ids)
    lasts = days * np.exp(spread * streams.forever(f"{what}/lasts").standard_normal(count))
    lasts = np.maximum(lasts, SHORTEST_HOLD_DAYS) * DAY_SECONDS
    phase = streams.forever(f"{what}/phase").random(count)
    nth = np.floor(now / lasts + phase)
    return nth.astype(np.int64), (nth - phase) * lasts


def _second_devices(accounts: Account, city: City, seed: int) -> np.ndarray:
    drawn = Streams(seed, "accounts").forever("account/has second device")
    return np.asarray(drawn.random(len(customers_of(city, seed).ids)) < accounts.second_device_share)


def _newcomers(orders: pd.DataFrame, city: City, seed: int, streams: Streams) -> pd.DataFrame:
    """Some orders are the first of an account opened for them: by a guest, a neighbour, somebody of the household."""
    accounts, size = city.lives.account, len(orders)
    new = streams.of("account/newcomer").random(size) < accounts.newcomer_share
    minutes = accounts.newcomer_minutes * np.exp(0.9 * streams.of("account/opened").standard_normal(size))
    shared = streams.of("account/shared device").random(size) < accounts.shared_device_share
    at, keys = np.flatnonzero(new), [f"new {order}" for order in orders["order_id"][new]]
    customers, devices = (orders[name].to_numpy(dtype=object, copy=True) for name in ("customer_id", "device_id"))
    customers[at] = account_ids(city, seed, keys).to_pylist()
    devices[at] = np.where(shared[at], devices[at], device_ids(seed, keys).to_numpy(zero_copy_only=False))
    opened = np.where(new, seconds_of(orders["placed_at"]) - 60 * minutes, orders["account_created_seconds"])
    return orders.assign(customer_id=customers, device_id=devices, account_created_seconds=opened, is_newcomer=new)


def _promotions(orders: pd.DataFrame, city: City, streams: Streams) -> pd.DataFrame:
    """Newcomers use the welcome, others now and then an offer to everybody; an offer of the day goes before both."""
    promotion, size, new = city.lives.promotion, len(orders), orders["is_newcomer"].to_numpy()
    drawn = streams.of("promotion/used").random(size)
    welcome, offer = new & (drawn < promotion.welcome_share), ~new & (drawn < promotion.offer_share)
    part = np.select([welcome, offer], [promotion.welcome_part, promotion.offer_part], 0.0)
    codes = np.full(size, None, dtype=object)
    codes[welcome], codes[offer] = promotion.welcome_code, promotion.offer_code
    of_day = orders["offer_code"].notna().to_numpy()
    codes[of_day], part[of_day] = orders["offer_code"][of_day], orders["offer_part"][of_day]
    return orders.drop(columns="is_newcomer").assign(
        promotion_code=codes, discount_cents=discount(orders["basket_value_cents"].to_numpy(dtype=np.int64), part)
    )


def discount(basket_cents: np.ndarray, part: np.ndarray | float) -> np.ndarray:
    """Whole hundredths of the currency that `part` of each basket comes to."""
    return np.rint(basket_cents * part).astype(np.int64)


def _text(numbers: np.ndarray) -> pa.Array:
    return pa.array(numbers).cast(pa.string())
