"""Money after the hand-off: claims within hours, chargebacks weeks later, and never more back than was paid."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from generator.city.city import load_city
from generator.lives.life import simulate_lives
from generator.roads.street_travel import travel_of
from generator.streams import Streams
from tests.unit.generator.lives.test_life import BOGOTA, couriers, orders

ORDERS = 1200


@pytest.fixture(scope="module")
def paid() -> pd.DataFrame:
    """Payments of many orders, all by card and half of them disputed, an eighth with a claim."""
    frame = orders(
        ORDERS,
        payment_method="card",
        chargeback_share=0.5,
        claim_share=0.125,
        discount_cents=5_000,
        card_token="tok_abc",
    )
    lives = simulate_lives(frame, couriers(400), BOGOTA, Streams(1, "test"), travel_of(BOGOTA), source="test").tables
    return lives["payments"].to_pandas()


def of(payments: pd.DataFrame, event_type: str) -> pd.DataFrame:
    return payments[payments["event_type"] == event_type].set_index("order_id")


def test_what_is_asked_for_is_the_basket_less_its_discount_on_the_card_given(paid: pd.DataFrame) -> None:
    assert set(of(paid, "captured")["amount_cents"]) == {20_000}
    assert set(paid["card_token"]) == {"tok_abc"}


def test_claims_come_at_their_rate_and_give_back_their_part(paid: pd.DataFrame) -> None:
    claims = of(paid, "refunded").query("reason == 'complaint'")
    satisfied = of(paid, "captured").index.difference(of(paid, "refunded").query("reason != 'complaint'").index)
    assert abs(len(claims) / len(satisfied) - 0.125) < 0.04
    assert set(claims["amount_cents"]) == {10_000}


def test_chargebacks_come_weeks_later_as_the_profile_says(paid: pd.DataFrame) -> None:
    back, captured = of(paid, "charged_back"), of(paid, "captured")
    days = (back["event_time"] - captured["event_time"].reindex(back.index)).dt.total_seconds() / 86_400
    profile = BOGOTA.lives.chargeback
    kept = captured.index.difference(of(paid, "refunded").query("amount_cents == 20000").index)
    assert abs(len(back) / len(kept) - 0.5) < 0.05
    assert abs(np.median(days) / profile.delay_days - 1) < 0.08
    assert days.between(14, 56).mean() > 0.85
    assert days.min() >= profile.shortest_days
    assert days.max() <= profile.longest_days


def test_never_more_goes_back_than_was_captured(paid: pd.DataFrame) -> None:
    sums = paid.pivot_table(index="order_id", columns="event_type", values="amount_cents", aggfunc="sum").fillna(0)
    assert ((sums["refunded"] + sums["charged_back"]) <= sums["captured"]).all()
    assert ((sums["refunded"] > 0) & (sums["charged_back"] > 0)).sum() > 10


def test_only_cards_are_charged_back() -> None:
    frame = orders(200, payment_method="wallet", chargeback_share=1.0)
    lives = simulate_lives(frame, couriers(), BOGOTA, Streams(1, "test"), travel_of(BOGOTA), source="test").tables
    payments = lives["payments"].to_pandas()
    assert set(payments["method"]) == {"wallet"}
    assert "charged_back" not in set(payments["event_type"])


def test_usual_delays_put_nine_chargebacks_in_ten_between_two_and_eight_weeks() -> None:
    profile = load_city("futian").lives.chargeback
    days = profile.delay_days * np.exp(profile.delay_spread * np.random.default_rng(1).standard_normal(20_000))
    assert 0.86 < ((days >= 14) & (days <= 56)).mean() < 0.94
