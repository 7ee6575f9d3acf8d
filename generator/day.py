"""A city's day: placements, shifts and the lives of its orders, as tables of events by topic."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from generator.city.city import City
from generator.demand.accounts import with_accounts
from generator.demand.baskets import items_column
from generator.demand.demand import place_orders
from generator.demand.restaurants import at_volume
from generator.events import EventLog, in_order
from generator.fraud.draft import Stage
from generator.fraud.gps_spoofing import spoof_positions
from generator.fraud.plan import FraudPlan, plan_fraud
from generator.fraud.truth import fraud_truth
from generator.lives.dispatch import Dispatch, nearest_courier
from generator.lives.life import simulate_lives
from generator.lives.placed import seconds_of
from generator.lives.shifts import shift_events
from generator.lives.supply import couriers_of_day
from generator.roads.street_travel import travel_of
from generator.roads.travel import TravelTimes
from generator.scenario.overlay import Overlay
from generator.scenario.scenario import Scenario
from generator.signals.app import app_events
from generator.signals.gps import gps_events
from generator.signals.legs import Legs
from generator.signals.traffic import Traffic, no_traffic, traffic_events
from generator.signals.weather import weather_events, weather_of_day
from generator.streams import Streams
from pipelines.contracts import conform, load_contract

REGISTERED_FROM = datetime(2000, 1, 1, tzinfo=UTC)  # before any event a user could import


def source_of(city: City, seed: int) -> str:
    """What the events of a generated city name as their source, and the id of their producer."""
    return f"generate:{city.city_id}:{seed}"


@dataclass(frozen=True)
class Day:
    """`events` by topic, which are published; `truth` by kind (`fraud`, `faults`), which only an evaluation reads."""

    events: dict[str, pa.Table]
    truth: dict[str, pa.Table]


def generate_day(
    city: City, day: date, orders_per_day: int, seed: int, scenario: Scenario | None = None
) -> dict[str, pa.Table]:
    """The events of `generate_day_with_truth`, by topic."""
    return generate_day_with_truth(city, day, orders_per_day, seed, scenario).events


def generate_day_with_truth(
    city: City,
    day: date,
    orders_per_day: int,
    seed: int,
    scenario: Scenario | None = None,
    dispatch: Dispatch = nearest_courier,
) -> Day:
    """Every event of the orders placed on the local business day `day`, and of its shifts and its weather, by topic.

    Events are in order of time; reviews, refunds and chargebacks may lie on later days. Equal arguments give equal
    tables. The truth of fraud has the columns of `generator.fraud.truth.FRAUD_TRUTH`.
    """
    return begin_day(city, day, orders_per_day, seed, scenario).live(dispatch)


@dataclass(frozen=True)
class BegunDay:
    """What a day is before any courier is sent; `told` are the events that no dispatcher can change."""

    city: City
    day: date
    streams: Streams
    source: str
    orders: pd.DataFrame
    couriers: pd.DataFrame
    over: Overlay
    travel: TravelTimes
    fraud: FraudPlan
    told: dict[str, pa.Table]

    def live(self, dispatch: Dispatch = nearest_courier) -> Day:
        """The day to its end under a dispatcher; can be lived again under another."""
        city, streams, source = self.city, self.streams, self.source
        lived = simulate_lives(
            self.orders, self.couriers, city, streams, self.travel, source=source, tricks=self.fraud.tricks,
            dispatch=dispatch,
        )  # fmt: skip
        tables = lived.tables
        tables["orders"] = in_order(pa.concat_tables([self.told["orders"], tables["orders"]]))
        tables["courier_shifts"] = shift_events(self.couriers, tables, lived.fleet, city, self.day, source)
        legs = Legs.of(lived.legs)
        tables["courier_gps"] = gps_events(
            city, lived.fleet, legs, lived.order_ids, streams, source, self.over.closures
        )
        tables["courier_gps"] = spoof_positions(tables, self.fraud.tricks, streams)
        tables |= {topic: table for topic, table in self.told.items() if topic != "orders"}
        return Day(tables, {"fraud": fraud_truth(self.fraud.marks, self.fraud.tricks, tables)})


def begin_day(city: City, day: date, orders_per_day: int, seed: int, scenario: Scenario | None = None) -> BegunDay:
    """Weather, traffic, placements and couriers of a day."""
    streams, source = Streams.of_day(seed, day), source_of(city, seed)
    city = at_volume(city, orders_per_day)
    over = Overlay(city, day, scenario, weather_of_day(city, day, seed))
    weather = over.weather
    traffic = Traffic(city, day, seed, weather) if city.network is not None else None  # no streets, no traffic
    usual = travel_of(city, traffic)
    orders = place_orders(city, day, orders_per_day, seed, streams, usual, over.lifts, over.offers)
    orders = with_accounts(orders, city, day, seed, streams)
    couriers = over.couriers(couriers_of_day(city, day, orders_per_day, seed, streams))
    fraud = scenario.fraud_in(city) if scenario else city.fraud
    plan = plan_fraud(orders, Stage(city, fraud, day, orders_per_day, seed, streams, couriers), usual)
    orders = over.kitchens(plan.orders)
    told = {
        "orders": _placements(orders, city, source),
        "app_events": app_events(city, orders, day, seed, streams, source),
        "weather": weather_events(city, weather, source),
        "traffic": traffic_events(traffic, seed, source) if traffic else no_traffic(),
    }
    return BegunDay(city, day, streams, source, orders, couriers, over, over.travel(usual, traffic), plan, told)


def _placements(orders: pd.DataFrame, city: City, source: str) -> pa.Table:
    log = EventLog(city.city_id, source)
    log.add("orders", "placed", orders["order_id"].tolist(), seconds_of(orders["placed_at"]), **_facts(orders))
    return log.tables(["orders"])["orders"]


def _facts(orders: pd.DataFrame) -> dict[str, Any]:
    """Columns of the placements' events beside the envelope."""
    as_text = ("customer_id", "device_id", "restaurant_id", "restaurant_name", "promotion_code", "currency")
    as_number = ("pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng")
    return {
        "items": items_column(orders),
        "account_created_at": orders["account_created_seconds"].to_numpy(),
        **{name: orders[name].to_numpy(dtype=np.int64) for name in ("basket_value_cents", "discount_cents")},
        **{name: orders[name].tolist() for name in as_text},
        **{name: orders[name].to_numpy() for name in as_number},
        **{name: seconds_of(orders[name]) for name in ("promised_at", "scheduled_for")},
    }


def city_registration(city: City) -> pa.Table:
    """The one event that describes the city to everything downstream; the same city gives the same event.

    Its time lies before any event of the city, a day later for each revision of the profile, so that the latest counts.
    """
    at = REGISTERED_FROM + timedelta(days=city.revision - 1)
    zones = [{"zone_id": zone.zone_id, "name": zone.name} for zone in city.zones]
    facts = city.model_dump(include={"name", "time_zone", "currency", "day_cut_hour", "zone_resolution"})
    facts |= city.bounds.model_dump() | {"zones": zones}
    identity = hashlib.blake2b(repr((city.city_id, city.revision, facts)).encode(), digest_size=16).hexdigest()
    row = facts | {
        "event_id": identity,
        "event_type": "registered",
        "event_time": at,
        "produced_at": at,
        "city_id": city.city_id,
        "source": f"city:{city.city_id}",
        "is_simulated": city.demand is not None,
    }
    contract = load_contract("events/cities")
    return conform(pa.Table.from_pylist([row], schema=contract.arrow_schema), contract)
