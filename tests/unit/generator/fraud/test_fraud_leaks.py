"""What fraud must not betray by how it is made: no number of the events is one thing in fraud and another elsewhere."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd

from generator.roads.travel import straight_metres
from tests.unit.generator.fraud.fraud_days import day_with, placements, truth

LONG_ENOUGH_SECONDS, FASTEST_KMH = 20, 80


@cache
def events(topic: str) -> pd.DataFrame:
    frame: pd.DataFrame = day_with().events[topic].to_pandas()
    return frame


def orders_of(pattern: str) -> set[str]:
    return set(truth().query("pattern == @pattern")["order_id"])


def times(topic: str) -> pd.DataFrame:
    """Seconds since 1970 by order and event type, the last of each."""
    frame = events(topic).assign(at=events(topic)["event_time"].astype("int64") / 1e6)
    table: pd.DataFrame = frame.pivot_table(index="order_id", columns="event_type", values="at", aggfunc="max")
    return table


def test_no_delay_of_a_collusion_is_always_the_same() -> None:
    asked, ridden, cooked = (
        times(topic).loc[lambda t: t.index.isin(orders_of("collusion"))]
        for topic in ("courier_assignments", "delivery_progress", "restaurant_responses")
    )
    trip = ridden.join(asked["assigned"]).dropna(subset=["assigned", "arrived_at_restaurant", "delivered"])
    whole = trip["delivered"] - trip["assigned"]
    delays = [
        asked["accepted"] - asked["offered"],
        cooked["preparing"] - cooked["accepted"],
        (trip["arrived_at_restaurant"] - trip["assigned"]) / whole,
        (trip["picked_up"] - trip["assigned"]) / whole,
        (trip["near_customer"] - trip["assigned"]) / whole,
    ]
    assert all(delay.dropna().round(4).nunique() > 0.8 * delay.notna().sum() > 5 for delay in delays)


def test_a_kitchen_begins_soon_but_never_after_one_fixed_time() -> None:
    table = times("restaurant_responses")
    delay = (table["preparing"] - table["accepted"]).round(1)
    assert delay.value_counts(normalize=True).iloc[0] < 0.02


def test_phones_are_off_the_door_by_metres_in_honest_deliveries_and_further_in_false_ones() -> None:
    done = events("delivery_progress").query("event_type == 'delivered'").set_index("order_id")
    doors = placements().loc[done.index]
    off = pd.Series(straight_metres(done["lat"], done["lng"], doors["dropoff_lat"], doors["dropoff_lng"]), done.index)
    false = off.index.isin(orders_of("false_delivery"))
    assert 2 < off[~false].median() < 20
    assert (off[~false] == 0).mean() < 0.01
    assert off[false].median() > 100


def test_a_phone_can_be_silent_for_a_whole_honest_order_and_heard_during_a_collusion() -> None:
    heard = set(events("courier_gps")["order_id"].dropna())
    done = events("delivery_progress").query("event_type == 'delivered'")["order_id"]
    air = done.isin(orders_of("collusion"))
    assert 0.005 < 1 - done[~air].isin(heard).mean() < 0.06
    assert 0.1 < done[air].isin(heard).mean() < 1


def test_who_holds_an_order_tells_no_position_without_it() -> None:
    held = (
        times("delivery_progress")
        .join(times("courier_assignments")["assigned"])
        .dropna(subset=["assigned", "delivered"])
    )
    done = events("delivery_progress").query("event_type == 'delivered'").set_index("order_id")["courier_id"]
    gps = events("courier_gps").assign(at=events("courier_gps")["event_time"].astype("int64") / 1e6)
    without = gps[gps["order_id"].isna()].groupby("courier_id")["at"].apply(np.sort)
    for order, row in held.iterrows():
        at = without.get(done[order], np.array([]))
        assert np.searchsorted(at, row["assigned"]) == np.searchsorted(at, row["delivered"]), order


def test_no_phone_is_heard_after_its_shift_has_ended() -> None:
    shifts = events("courier_shifts").query("event_type == 'ended' or event_type == 'dropped_out'")
    ended = shifts.groupby("courier_id")["event_time"].max()
    last = events("courier_gps").groupby("courier_id")["event_time"].max()
    assert (last <= ended.reindex(last.index) + pd.Timedelta(seconds=1)).all()


def test_only_spoofed_positions_are_further_apart_than_anyone_rides() -> None:
    gps = events("courier_gps").sort_values(["courier_id", "event_time"])
    lat, lng, who = (gps[name].to_numpy() for name in ("lat", "lng", "courier_id"))
    seconds = np.diff(gps["event_time"].astype("int64").to_numpy()) / 1e6
    metres = straight_metres(lat[:-1], lng[:-1], lat[1:], lng[1:])
    far = (who[1:] == who[:-1]) & (seconds > LONG_ENOUGH_SECONDS) & (metres / seconds * 3.6 > FASTEST_KMH)
    assert far.any()
    assert set(who[1:][far]) <= set(truth().query("pattern == 'gps_spoofing'")["courier_id"])
