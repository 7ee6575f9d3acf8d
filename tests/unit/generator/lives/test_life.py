"""Lives of orders: cause before effect, one courier at a time, and every ending told consistently."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pandas as pd
import pyarrow as pa
import pytest

from generator.city.city import City
from generator.lives.life import LIFE_TOPICS, simulate_lives
from generator.roads.street_travel import travel_of
from generator.streams import Streams
from pipelines.errors import ContractViolation, UsageError
from tests.unit.generator.generated_days import friday, lives

BOUNDS = {"min_lat": 4.5, "max_lat": 4.9, "min_lng": -74.3, "max_lng": -73.9}
BOGOTA = City(city_id="bogota", name="Bogotá", time_zone="America/Bogota", currency="COP", bounds=BOUNDS)
NOON = datetime(2026, 11, 20, 17, tzinfo=UTC)


def orders(count: int = 40, **columns: object) -> pd.DataFrame:
    """Orders a minute apart from four restaurants, wanted now, with baskets and promises, none ready yet."""
    placed = pd.Series(pd.to_datetime([NOON + timedelta(minutes=n) for n in range(count)], utc=True))
    placed = placed.astype("datetime64[us, UTC]")
    frame = pd.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(count)],
            "placed_at": placed,
            "customer_id": [f"c{n}" for n in range(count)],
            "restaurant_id": [f"r{n % 4}" for n in range(count)],
            "pickup_lat": 4.60,
            "pickup_lng": -74.08,
            "dropoff_lat": 4.615,
            "dropoff_lng": -74.07,
            "basket_value_cents": pd.array([25_000] * count, dtype="Int64"),
            "currency": "COP",
            "promised_at": placed + pd.Timedelta(minutes=40),
            "scheduled_for": pd.NaT,
            "ready_at": pd.NaT,
        }
    )
    return frame.assign(**columns)


def couriers(count: int = 40, vehicle: str = "motorcycle") -> pd.DataFrame:
    day = pd.Series([NOON - timedelta(hours=1), NOON + timedelta(hours=8)])
    return pd.DataFrame(
        {
            "courier_id": [f"k{n}" for n in range(count)],
            "vehicle": vehicle,
            "capacity": 1,
            "lat": 4.602,
            "lng": -74.081,
            "starts_at": day[0],
            "ends_at": day[1],
        }
    )


def simulate(frame: pd.DataFrame, fleet: pd.DataFrame, city: City = BOGOTA) -> dict[str, pd.DataFrame]:
    tables = simulate_lives(frame, fleet, city, Streams(1, "test"), travel_of(city), source="test").tables
    return {topic: table.to_pandas() for topic, table in tables.items()}


def times(events: pd.DataFrame, event_type: str) -> pd.Series:
    return events[events["event_type"] == event_type].set_index("order_id")["event_time"].groupby(level=0).max()


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("placed", "payments.pending"),
        ("payments.pending", "payments.authorised"),
        ("payments.authorised", "restaurant_responses.accepted"),
        ("payments.authorised", "restaurant_responses.rejected"),
        ("restaurant_responses.accepted", "restaurant_responses.preparing"),
        ("restaurant_responses.preparing", "restaurant_responses.ready"),
        ("restaurant_responses.ready", "delivery_progress.picked_up"),
        ("delivery_progress.arrived_at_restaurant", "delivery_progress.picked_up"),
        ("delivery_progress.arrived_at_restaurant", "delivery_progress.waiting"),
        ("delivery_progress.waiting", "delivery_progress.picked_up"),
        ("delivery_progress.waiting", "restaurant_responses.ready"),
        ("delivery_progress.picked_up", "delivery_progress.near_customer"),
        ("delivery_progress.near_customer", "delivery_progress.delivered"),
        ("delivery_progress.near_customer", "delivery_progress.failed"),
        ("delivery_progress.delivered", "reviews.submitted"),
        ("placed", "orders.cancelled"),
        ("orders.promise_changed", "delivery_progress.delivered"),
        ("payments.captured", "payments.refunded"),
    ],
)
def test_cause_comes_before_effect(earlier: str, later: str) -> None:
    both = lives()[[earlier, later]].dropna()
    assert len(both) > 0
    assert (both[earlier] < both[later]).all()


def test_order_ends_once_and_nothing_happens_to_it_afterwards_but_money() -> None:
    found = lives()
    endings = [
        "delivery_progress.delivered",
        "delivery_progress.failed",
        "orders.cancelled",
        "restaurant_responses.rejected",
    ]
    assert (found[endings].notna().sum(axis=1) == 1).all()
    ended = found[endings].min(axis=1)
    for step in ("accepted", "preparing", "ready"):
        assert not (found[f"restaurant_responses.{step}"] > ended).any()
    for step in ("arrived_at_restaurant", "picked_up", "near_customer"):
        assert not (found[f"delivery_progress.{step}"] > ended).any()


def test_no_order_is_in_two_couriers_hands_and_no_courier_holds_two_orders() -> None:
    assignments = friday()["courier_assignments"].to_pandas()
    progress = friday()["delivery_progress"].to_pandas()
    ends = pd.concat([times(progress, "delivered"), times(progress, "failed")])
    held = []
    for (order, courier), events in assignments.groupby(["order_id", "courier_id"]):
        taken = events[events["event_type"] == "assigned"]["event_time"]
        off = events[events["event_type"] == "unassigned"]["event_time"]
        if len(taken):
            held.append((order, courier, taken.iloc[0], off.iloc[0] if len(off) else ends[order]))
    spans = pd.DataFrame(held, columns=["order", "courier", "start", "end"])
    assert (spans["end"] > spans["start"]).all()
    for holder in ("order", "courier"):
        ordered = spans.sort_values([holder, "start"])
        before = ordered.groupby(holder)["end"].shift()
        assert not (ordered["start"] < before).any()


def test_whoever_reports_progress_is_the_courier_assigned_last() -> None:
    assignments = friday()["courier_assignments"].to_pandas()
    last = assignments[assignments["event_type"] == "assigned"].sort_values("event_time").groupby("order_id")
    progress = friday()["delivery_progress"].to_pandas()
    assert (progress["courier_id"] == progress["order_id"].map(last["courier_id"].last())).all()


def test_declining_courier_is_followed_by_another() -> None:
    assignments = friday()["courier_assignments"].to_pandas()
    declined = assignments[assignments["event_type"] == "declined"]
    assert len(declined) > 10
    pairs = assignments[assignments["event_type"] == "offered"].groupby(["order_id", "courier_id"]).size()
    assert (pairs.loc[list(zip(declined["order_id"], declined["courier_id"], strict=True))] == 1).all()


def test_courier_works_within_the_shift_that_is_told() -> None:
    shifts = (
        friday()["courier_shifts"]
        .to_pandas()
        .pivot_table(index="courier_id", columns="event_type", values="event_time", aggfunc="first")
    )
    events = friday()["delivery_progress"].to_pandas().groupby("courier_id")["event_time"].agg(["min", "max"])
    assert (events["min"] > shifts["started"].reindex(events.index)).all()
    over = shifts["ended"].fillna(shifts["dropped_out"])
    assert (events["max"] < over.reindex(events.index)).all()


def test_nothing_is_refunded_beyond_what_was_captured() -> None:
    payments = friday()["payments"].to_pandas()
    sums = payments.pivot_table(
        index="order_id", columns="event_type", values="amount_cents", aggfunc="sum", fill_value=0
    )
    assert (sums["refunded"] <= sums["captured"]).all()
    assert (sums["refunded"] > 0).sum() > 5


def test_order_without_a_courier_is_cancelled_by_the_platform() -> None:
    found = simulate(orders(), couriers(0))
    cancelled = found["orders"][found["orders"]["event_type"] == "cancelled"]
    assert (cancelled["reason"] == "no_courier").mean() > 0.8
    assert set(cancelled[cancelled["reason"] == "no_courier"]["cancelled_by"]) == {"platform"}
    assert len(found["delivery_progress"]) == 0


def test_one_courier_serves_one_order_after_another() -> None:
    found = simulate(orders(3), couriers(1))
    delivered = times(found["delivery_progress"], "delivered").sort_values()
    picked = times(found["delivery_progress"], "picked_up").reindex(delivered.index)
    assert len(delivered) >= 2
    assert (picked.iloc[1:].to_numpy() > delivered.iloc[:-1].to_numpy()).all()


def test_given_ready_time_is_kept_to_the_millisecond_and_such_an_order_was_accepted() -> None:
    frame = orders()
    ready = (frame["placed_at"] + pd.Timedelta(minutes=9, milliseconds=123)).astype("datetime64[us, UTC]")
    begun = (frame["placed_at"] + pd.Timedelta(seconds=50)).astype("datetime64[us, UTC]")
    found = simulate(frame.assign(ready_at=ready, preparing_at=begun), couriers())["restaurant_responses"]
    assert (times(found, "ready").reindex(frame["order_id"]).to_numpy() == ready.to_numpy()).all()
    assert (times(found, "preparing").reindex(frame["order_id"]).to_numpy() == begun.to_numpy()).all()
    assert (times(found, "accepted") < times(found, "preparing")).all()
    assert len(times(found, "rejected")) == 0


def test_ready_time_before_placement_is_refused_and_names_the_order() -> None:
    frame = orders(3)
    frame["ready_at"] = frame["placed_at"] - pd.Timedelta(minutes=1)
    with pytest.raises(ContractViolation, match="order o0"):
        simulate(frame, couriers())


def test_missing_column_is_named() -> None:
    with pytest.raises(ContractViolation, match="promised_at"):
        simulate(orders().drop(columns="promised_at"), couriers())


def test_unknown_vehicle_is_refused() -> None:
    with pytest.raises(UsageError, match="'scooter'"):
        simulate(orders(), couriers(vehicle="scooter"))


def test_order_without_basket_has_no_payment_and_without_promise_no_new_promise() -> None:
    frame = orders(basket_value_cents=pd.array([pd.NA] * 40, dtype="Int64"), promised_at=pd.NaT)
    found = simulate(frame, couriers(2))
    assert len(found["payments"]) == 0
    assert "promise_changed" not in set(found["orders"]["event_type"])
    assert len(times(found["delivery_progress"], "delivered")) > 0


def test_pre_order_arrives_about_when_it_is_wanted() -> None:
    frame = orders()
    wanted = (frame["placed_at"] + pd.Timedelta(hours=3)).astype("datetime64[us, UTC]")
    found = simulate(frame.assign(scheduled_for=wanted, promised_at=wanted + pd.Timedelta(minutes=15)), couriers())
    delivered = times(found["delivery_progress"], "delivered")
    minutes = delivered - wanted.set_axis(frame["order_id"]).reindex(delivered.index)
    assert abs(minutes.dt.total_seconds().median()) < 600


def test_lives_do_not_depend_on_the_order_of_rows() -> None:
    tables = [
        simulate_lives(frame, fleet, BOGOTA, Streams(1, "test"), travel_of(BOGOTA), source="test").tables
        for frame, fleet in ((orders(), couriers()), (orders().iloc[::-1], couriers().iloc[::-1]))
    ]
    assert all(tables[0][topic].equals(tables[1][topic]) for topic in LIFE_TOPICS)


def test_no_orders_give_empty_tables_of_every_topic() -> None:
    tables = simulate_lives(orders(0), couriers(), BOGOTA, Streams(1, "test"), travel_of(BOGOTA), source="test").tables
    assert set(tables) == set(LIFE_TOPICS)
    assert all(isinstance(t, pa.Table) and t.num_rows == 0 for t in tables.values())
