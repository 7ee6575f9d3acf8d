"""Each pattern at the rate its profile says; at rate 0 none, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

import generator.day as generator_day
from generator.city.city import City
from generator.fraud.plan import FraudPlan
from generator.fraud.profile import Fraud, usual_fraud
from generator.fraud.tricks import Tricks
from tests.unit.generator.fraud.fraud_days import (
    FRIDAY,
    city_with,
    couriers_on,
    day_with,
    days,
    much_fraud,
    planned,
    truth,
    usual_weeks,
)

BY_ORDERS = ("stolen_card", "promotion_ring", "account_takeover", "collusion")
OF_LIVES = ("refund_abuse", "false_delivery", "gps_spoofing")


@pytest.mark.parametrize("pattern", BY_ORDERS)
def test_orders_of_a_pattern_come_at_its_share(pattern: str) -> None:
    marks = pd.concat([plan.marks for plan in usual_weeks()])
    share = getattr(usual_fraud(), pattern).orders_share
    orders = sum(len(plan.orders) for plan in usual_weeks())
    found = marks[marks["pattern"] == pattern]["order_id"].nunique()
    deviation = np.sqrt(orders * share * 5)  # counts of bursts are Poisson: orders of a burst come together
    assert orders > 30_000
    assert abs(found - orders * share) < 3 * deviation


def test_abusers_are_the_share_of_customers_that_the_profile_says() -> None:
    customers = {c for plan in usual_weeks() for c in plan.orders["customer_id"]}
    abusers = {
        c for plan in usual_weeks() for c in plan.orders.loc[plan.orders["claim_share"] == 0.45, "customer_id"].tolist()
    }
    share = usual_fraud().refund_abuse.customers_share
    assert abs(len(abusers) / len(customers) - share) < 4 * np.sqrt(share / len(customers))


def test_abusers_claim_at_the_share_that_the_profile_says() -> None:
    plan, claims = planned(FRIDAY, much_fraud(), 1000), truth().query("pattern == 'refund_abuse'")
    delivered = day_with().events["delivery_progress"].to_pandas().query("event_type == 'delivered'")["order_id"]
    theirs = set(plan.marks.query("pattern == 'refund_abuse'")["order_id"]) & set(delivered)
    assert len(theirs) > 60
    assert abs(len(claims) / len(theirs) - much_fraud().refund_abuse.claim_share) < 0.2


def test_cheating_couriers_are_the_share_of_couriers_and_cheat_at_their_share_of_orders() -> None:
    share = usual_fraud().false_delivery.couriers_share
    couriers = sum(len(couriers_on(day)) for day in days())
    cheats = sum(len(plan.tricks.cheats) for plan in usual_weeks())
    assert abs(cheats / couriers - share) < 3 * np.sqrt(share * 5 / couriers)  # who cheats does so for days
    delivered = day_with().events["delivery_progress"].to_pandas().query("event_type == 'delivered'")
    theirs = delivered[delivered["courier_id"].isin(planned(FRIDAY, much_fraud(), 1000).tricks.cheats)]
    false = truth().query("pattern == 'false_delivery'")
    assert len(theirs) > 100
    assert abs(len(false) / len(theirs) - much_fraud().false_delivery.order_share) < 0.12


def test_spoofers_are_the_share_of_couriers_and_spoof_their_share_of_rides() -> None:
    share, profile = usual_fraud().gps_spoofing.couriers_share, much_fraud().gps_spoofing
    couriers = sum(len(couriers_on(day)) for day in days())
    spoofers = sum(len(plan.tricks.spoofers) for plan in usual_weeks())
    assert abs(spoofers / couriers - share) < 3 * np.sqrt(share * 7 / couriers)  # who spoofs does so for days
    delivered = day_with().events["delivery_progress"].to_pandas().query("event_type == 'delivered'")
    theirs = delivered[delivered["courier_id"].isin(planned(FRIDAY, much_fraud(), 1000).tricks.spoofers)]
    spoofed = truth().query("pattern == 'gps_spoofing'")
    assert len(theirs) > 60
    assert abs(len(spoofed) / len(theirs) - profile.order_share) < 0.16


@pytest.mark.parametrize("pattern", [*BY_ORDERS, *OF_LIVES])
def test_a_pattern_at_rate_zero_does_not_occur_and_no_other_choice_changes(pattern: str) -> None:
    full, without = planned(FRIDAY, much_fraud(), 1000), planned(FRIDAY, much_fraud().without(pattern), 1000)
    others = full.marks[full.marks["pattern"] != pattern]
    assert pattern not in set(without.marks["pattern"])
    assert without.tricks.cheats == ({} if pattern == "false_delivery" else full.tricks.cheats)
    assert without.tricks.spoofers == ({} if pattern == "gps_spoofing" else full.tricks.spoofers)
    # who is an abuser follows from the account: an order that a burst no longer takes goes back to its own account
    fixed = [frame[frame["pattern"] != "refund_abuse"] for frame in (others, without.marks)]
    assert marks(fixed[0]) == marks(fixed[1])
    theirs = set(full.marks.query("pattern == @pattern")["order_id"])
    honest = ~full.orders["order_id"].isin(theirs)
    columns = [c for c in without.orders.columns if c in full.orders.columns]
    pd.testing.assert_frame_equal(full.orders.loc[honest, columns], without.orders.loc[honest, columns])


def marks(frame: pd.DataFrame) -> set[tuple[str, ...]]:
    return set(frame.itertuples(index=False, name=None))


@pytest.mark.parametrize("pattern", OF_LIVES)
def test_what_happens_after_the_hand_off_leaves_every_other_event_as_it_was(pattern: str) -> None:
    full, without = day_with(), day_with(pattern)
    theirs = set(truth().query("pattern == @pattern")["order_id"])
    assert pattern not in set(without.truth["fraud"]["pattern"].to_pylist())
    for topic, table in without.events.items():
        if "order_id" not in table.column_names or (topic == "courier_gps" and pattern == "false_delivery"):
            continue  # who taps early is elsewhere afterwards, and may go home early
        was, now = (
            t.filter(pc.invert(pc.is_in(t["order_id"], pa.array(sorted(theirs))))) for t in (table, full.events[topic])
        )
        assert len(now) > 0
        assert was.equals(now)


def test_with_all_rates_at_zero_the_day_is_that_of_a_world_without_fraud(monkeypatch: pytest.MonkeyPatch) -> None:
    honest = generator_day.generate_day_with_truth(city_without(), FRIDAY, 200, 7)
    assert honest.truth["fraud"].num_rows == 0
    nothing = pd.DataFrame(columns=["pattern", "touch", "scheme_id", "order_id"])
    monkeypatch.setattr(generator_day, "plan_fraud", lambda orders, *_: FraudPlan(orders, Tricks(), nothing))
    never = generator_day.generate_day_with_truth(city_without(), FRIDAY, 200, 7)
    assert all(honest.events[topic].equals(never.events[topic]) for topic in never.events)


def city_without() -> City:
    return city_with(usual_fraud().without())


def test_a_day_alone_tells_the_same_truth_as_after_other_days() -> None:
    alone, within = planned(days()[-1], usual_fraud()), usual_weeks()[-1]
    assert len(alone.marks) > 10
    assert marks(alone.marks) == marks(within.marks)
    assert (alone.tricks.cheats, alone.tricks.crews) == (within.tricks.cheats, within.tricks.crews)
    pd.testing.assert_frame_equal(alone.orders, within.orders)


def test_rings_and_schemes_last_for_days_and_then_others_come() -> None:
    for pattern, lasts in (("promotion_ring", 6), ("collusion", 12)):
        seen: dict[str, list[int]] = {}
        for n, plan in enumerate(usual_weeks()):
            for scheme in plan.marks.loc[plan.marks["pattern"] == pattern, "scheme_id"]:
                seen.setdefault(scheme, []).append(n)
        spans = [max(found) - min(found) + 1 for found in seen.values()]
        assert max(spans) > lasts / 2
        assert max(spans) <= lasts + 1
        assert len(seen) > 3


def test_profile_of_fraud_names_a_wrong_field() -> None:
    with pytest.raises(ValueError, match="orders_shares"):
        Fraud.model_validate(usual_fraud().overlaid({"stolen_card": {"orders_shares": 0.1}}))
    with pytest.raises(ValueError, match="most is 2, below least, 5"):
        Fraud.model_validate(usual_fraud().overlaid({"stolen_card": {"burst_orders": {"least": 5, "most": 2}}}))
