"""Accounts, devices and promotions of honest customers: lasting, sometimes shared, never younger than an order."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import pandas as pd

from generator.city.city import City, load_city
from generator.demand.accounts import with_accounts
from generator.demand.demand import place_orders
from generator.roads.street_travel import travel_of
from generator.streams import Streams

MONDAY = date(2026, 3, 2)


@cache
def weeks() -> pd.DataFrame:
    """Placements with accounts of every fourth day of a year."""
    days = [MONDAY + timedelta(days=n) for n in range(0, 360, 24)]
    return pd.concat([of_day(load_city("futian"), day).assign(day=day) for day in days], ignore_index=True)


def of_day(city: City, day: date) -> pd.DataFrame:
    streams = Streams.of_day(7, day)
    return with_accounts(place_orders(city, day, 600, 7, streams, travel_of(city)), city, day, 7, streams)


def ages() -> pd.Series:
    opened = pd.to_datetime(weeks()["account_created_seconds"], unit="s", utc=True)
    return (weeks()["placed_at"] - opened).dt.total_seconds() / 86_400


def test_no_account_is_younger_than_its_order_and_one_account_was_opened_once() -> None:
    assert (ages() > 0).all()
    opened = weeks().groupby("customer_id")["account_created_seconds"].nunique()
    assert len(opened) > 3000
    assert (opened == 1).all()


def test_newcomers_and_their_promotion_come_at_the_rates_of_the_profile() -> None:
    account, promotion = load_city("futian").lives.account, load_city("futian").lives.promotion
    new = ages() < 0.1
    assert abs(new.mean() - account.newcomer_share) < 0.005
    assert set(weeks()[new]["promotion_code"].dropna()) == {promotion.welcome_code}
    assert abs(weeks()[new]["promotion_code"].notna().mean() - promotion.welcome_share) < 0.12
    others = weeks()[~new]
    assert abs((others["promotion_code"] == promotion.offer_code).mean() - promotion.offer_share) < 0.01
    saved = others["discount_cents"] / others["basket_value_cents"]
    assert abs(saved[others["promotion_code"].notna()].mean() - promotion.offer_part) < 0.001
    assert (saved[others["promotion_code"].isna()] == 0).all()


def test_customers_keep_their_device_for_years_some_have_two_and_some_share_one() -> None:
    again = weeks().groupby("customer_id").filter(lambda rows: len(rows) >= 3)
    devices = again.groupby("customer_id")["device_id"].nunique()
    assert (devices == 1).mean() > 0.6
    assert 0.05 < (devices >= 2).mean() < 0.4
    owners = weeks().groupby("device_id")["customer_id"].nunique()
    assert 0 < (owners > 1).mean() < 0.02
    assert owners.max() <= 4


def test_every_customers_id_has_one_form() -> None:
    assert weeks()["customer_id"].str.fullmatch(r"futian-7-c[0-9a-f]{12}").all()
    assert weeks()["device_id"].str.fullmatch(r"dev_[0-9a-f]{16}").all()
