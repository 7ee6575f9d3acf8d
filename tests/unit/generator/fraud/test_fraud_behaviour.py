"""What each pattern looks like in ordinary events: what a detector can find, and what the truth says of it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow.compute as pc
import pytest

from generator.city.city import load_city
from generator.lives.life import LIFE_TOPICS
from pipelines.contract_rules import broken_rules, rules
from pipelines.contracts import load_contract
from pipelines.transforms.silver_orders import great_circle_m
from tests.unit.generator.fraud.fraud_days import day_with, much_fraud, placements, truth

PATTERNS = ("stolen_card", "promotion_ring", "refund_abuse", "account_takeover", "collusion", "false_delivery")


def of(pattern: str) -> pd.DataFrame:
    """Truth of the pattern with what its orders' placements say."""
    rows = truth().query("pattern == @pattern").set_index("order_id")
    assert len(rows) > 5
    return rows[["scheme_id", "courier_id"]].join(placements())


def payments(event_type: str) -> pd.DataFrame:
    table = day_with().events["payments"].to_pandas()
    return table[table["event_type"] == event_type].drop_duplicates("order_id").set_index("order_id")


def honest() -> pd.DataFrame:
    return placements()[~placements().index.isin(truth()["order_id"])]


def age_minutes(rows: pd.DataFrame) -> pd.Series:
    return (rows["event_time"] - rows["account_created_at"]).dt.total_seconds() / 60


def metres(lat: pd.Series, lng: pd.Series, other: pd.DataFrame) -> pd.Series:
    return great_circle_m(lat, lng, other["dropoff_lat"], other["dropoff_lng"])


@pytest.mark.parametrize("topic", LIFE_TOPICS)
def test_events_of_fraud_keep_their_contracts(topic: str) -> None:
    broken = broken_rules(day_with().events[topic], rules(load_contract(f"events/{topic}")))
    assert pc.max(pc.list_value_length(broken)).as_py() == 0


def test_stolen_cards_are_used_in_bursts_on_new_accounts_for_dear_baskets_to_one_door() -> None:
    rows, profile = of("stolen_card").join(payments("pending")["card_token"]), much_fraud().stolen_card
    bursts = rows.groupby("scheme_id")
    seconds = bursts["event_time"].agg(lambda at: (at.max() - at.min()).total_seconds())
    assert seconds.max() <= profile.burst_minutes * 60
    assert bursts.size().between(1, profile.burst_orders.most).all()
    assert bursts.size().mean() > profile.burst_orders.mean - 1
    one = pd.concat([bursts["card_token"].nunique() == 1, bursts["device_id"].nunique() == 1], axis=1)
    assert one.any(axis=1).all()
    several = one[bursts.size() > 1]
    assert 0 < several["card_token"].mean() < 1
    assert (bursts["dropoff_lat"].nunique() == 1).all()
    assert age_minutes(rows).median() < 120
    assert rows["basket_value_cents"].median() > 1.8 * honest()["basket_value_cents"].median()


def test_rings_share_telephones_and_a_door_and_each_account_uses_the_welcome() -> None:
    rows, profile = of("promotion_ring"), much_fraud().promotion_ring
    rings = rows.groupby("scheme_id")
    assert (rings["device_id"].nunique() <= profile.devices).all()
    assert (rings["dropoff_lat"].nunique() == 1).all()
    assert rows["customer_id"].is_unique
    assert set(rows["promotion_code"]) == {load_city("futian").lives.promotion.welcome_code}
    saved = rows["discount_cents"] / rows["basket_value_cents"]
    assert np.allclose(saved, load_city("futian").lives.promotion.welcome_part, atol=0.01)


def test_abusers_refunds_are_complaints_after_the_hand_off() -> None:
    refunds = payments("refunded").loc[of("refund_abuse").index]
    assert set(refunds["reason"]) == {"complaint"}


def test_taken_over_accounts_are_old_and_order_from_a_new_device_to_another_door_on_their_own_card() -> None:
    rows, profile = of("account_takeover").join(payments("pending")["card_token"]), much_fraud().account_takeover
    assert (age_minutes(rows) > profile.least_account_days * 24 * 60).all()
    assert not set(rows["device_id"]) & set(honest()["device_id"])
    assert (rows.groupby("scheme_id")["customer_id"].nunique() == 1).all()
    own = (
        honest()
        .join(payments("pending")[["method", "card_token"]])
        .query("method == 'card'")
        .groupby("customer_id")["card_token"]
        .first()
    )
    both = rows[rows["customer_id"].isin(own.index)]
    assert (both["card_token"].to_numpy() == own.reindex(both["customer_id"]).to_numpy()).all()


def test_colluding_restaurants_and_couriers_deliver_improbably_fast() -> None:
    rows = of("collusion")
    progress = day_with().events["delivery_progress"].to_pandas()
    delivered = progress[progress["event_type"] == "delivered"].set_index("order_id")
    took = (delivered["event_time"] - placements()["event_time"]).dt.total_seconds() / 60
    fast = took.reindex(rows.index).dropna()
    assert len(fast) > 0.8 * len(rows)
    assert fast.median() < 0.6 * took.reindex(honest().index).median()
    schemes = rows.groupby("scheme_id")
    assert (schemes["restaurant_id"].nunique() == 1).all()
    assert (schemes["courier_id"].nunique() <= much_fraud().collusion.couriers).all()
    assert (schemes["customer_id"].nunique() <= much_fraud().collusion.accounts).all()
    assert (rows["courier_id"].dropna() == delivered["courier_id"].reindex(rows["courier_id"].dropna().index)).all()


def test_false_deliveries_are_told_far_from_the_door_soon_after_the_pick_up_and_end_in_refunds() -> None:
    rows = of("false_delivery")
    progress = day_with().events["delivery_progress"].to_pandas()
    done = progress[progress["event_type"] == "delivered"].set_index("order_id")
    away = metres(done["lat"], done["lng"], placements().reindex(done.index))
    assert (away[~away.index.isin(rows.index)] < 50).all()  # a phone is off by metres
    assert away.reindex(rows.index).median() > 300
    refunds = payments("refunded")["reason"].reindex(rows.index)
    assert abs((refunds == "not_received").mean() - much_fraud().false_delivery.complaint_share) < 0.12
    stars = day_with().events["reviews"].to_pandas().set_index("order_id")
    theirs = stars.reindex(refunds[refunds == "not_received"].index).dropna(subset=["rating_overall"])
    assert len(theirs) > 5
    assert theirs["rating_delivery"].mean() < 2
    assert set(done.loc[rows.index, "courier_id"]) == set(rows["courier_id"])


def test_spoofed_phones_stand_at_the_restaurant_or_jump_while_the_food_is_under_way() -> None:
    rows = of("gps_spoofing")
    ids = {i for ids in truth().query("pattern == 'gps_spoofing'")["event_ids"] for i in ids}
    gps, honest_gps = (day.events["courier_gps"].to_pandas() for day in (day_with(), day_with("gps_spoofing")))
    false, true = (t[t["event_id"].isin(ids)].set_index("event_id") for t in (gps, honest_gps))
    assert len(false) == len(ids) == len(true)
    places = placements().loc[false["order_id"]]
    here = (pd.Series(places[axis].to_numpy(), index=false.index) for axis in ("pickup_lat", "pickup_lng"))
    from_restaurant = great_circle_m(false["lat"], false["lng"], *here)
    moved = great_circle_m(
        false["lat"], false["lng"], true["lat"].reindex(false.index), true["lng"].reindex(false.index)
    )
    stands = false["heading_deg"].isna() & (from_restaurant < 300)
    assert 0.2 < stands.groupby(false["order_id"]).mean().round().mean() < 0.8
    assert (false["speed_kmh"][stands] < 3).mean() > 0.95
    jump = much_fraud().gps_spoofing.jump_metres
    assert moved[~stands].between(0.4 * jump, 1.6 * jump).mean() > 0.9
    assert set(rows["courier_id"]) == set(false["courier_id"])


def test_no_courier_holds_two_orders_even_if_dishonest() -> None:
    made = day_with().events["courier_assignments"].to_pandas().sort_values("event_time")
    progress = day_with().events["delivery_progress"].to_pandas()
    ends = progress[progress["event_type"].isin(["delivered", "failed"])].set_index("order_id")["event_time"]
    key = ["order_id", "courier_id"]
    spans = (
        made[made["event_type"] == "assigned"].set_index(key)[["event_time"]].rename(columns={"event_time": "start"})
    )
    spans["end"] = made[made["event_type"] == "unassigned"].set_index(key)["event_time"].reindex(spans.index)
    spans["end"] = spans["end"].fillna(spans.index.get_level_values("order_id").to_series(index=spans.index).map(ends))
    ordered = spans.reset_index().sort_values(["courier_id", "start"])
    before = ordered.groupby("courier_id")["end"].shift()
    assert len(ordered) > 500
    assert not (ordered["start"] < before).any()
