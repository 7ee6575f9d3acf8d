"""A city's day: placements, shifts and the lives of its orders, as tables of events by topic."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
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
from generator.fraud.gps_spoofing import spoof_positions, spoofed_rides
from generator.fraud.plan import FraudPlan, plan_fraud
from generator.fraud.truth import events_of, fraud_truth
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
    made = DayByTopic(begin_day(city, day, orders_per_day, seed, scenario), dispatch)
    return Day(dict(made), made.truth)


@dataclass(frozen=True)
class BegunDay:
    """What a day is before any courier is sent."""

    city: City
    day: date
    orders_per_day: int
    seed: int
    orders: pd.DataFrame
    couriers: pd.DataFrame
    over: Overlay
    traffic: Traffic | None
    travel: TravelTimes
    fraud: FraudPlan

    @property
    def streams(self) -> Streams:
        return Streams.of_day(self.seed, self.day)

    @property
    def source(self) -> str:
        return source_of(self.city, self.seed)

    def told(self) -> Iterator[tuple[str, pa.Table]]:
        """What no dispatcher can change, by topic; besides it, the placements."""
        city, source = self.city, self.source
        yield "app_events", app_events(city, self.orders, self.day, self.seed, self.streams, source)
        yield "weather", weather_events(city, self.over.weather, source)
        yield "traffic", traffic_events(self.traffic, self.seed, source) if self.traffic else no_traffic()

    def live(self, dispatch: Dispatch, truth: dict[str, pa.Table]) -> Iterator[tuple[str, pa.Table]]:
        """The rest of the day under a dispatcher, by topic; `truth` learns its truth with the last of them.

        Can be lived again under another dispatcher.
        """
        city, streams, source, tricks = self.city, self.streams, self.source, self.fraud.tricks
        lived = simulate_lives(
            self.orders, self.couriers, city, streams, self.travel, source=source, tricks=tricks, dispatch=dispatch
        )
        tables, legs = lived.tables, Legs.of(lived.legs)
        tables["orders"] = in_order(pa.concat_tables([_placements(self.orders, city, source), tables["orders"]]))
        tables["courier_shifts"] = shift_events(self.couriers, tables, lived.fleet, city, self.day, source)
        rides = spoofed_rides(tables, tricks, streams)
        told = events_of({*self.fraud.marks["order_id"], *tricks.false_orders, *rides.index}, tables)
        for topic in list(tables):
            yield topic, tables.pop(topic)
        gps = gps_events(city, lived.fleet, legs, lived.order_ids, streams, source, self.over.closures)
        gps = spoof_positions(gps, rides, tricks, streams)
        truth["fraud"] = fraud_truth(self.fraud.marks, tricks, told, gps)
        yield "courier_gps", gps


@dataclass(frozen=True)
class DayByTopic:
    """A day under a dispatcher, `for topic, table in …`; a table is not kept once it is given.

    `truth` is there after the last topic.
    """

    begun: BegunDay
    dispatch: Dispatch = nearest_courier
    truth: dict[str, pa.Table] = field(default_factory=dict)

    def __iter__(self) -> Iterator[tuple[str, pa.Table]]:
        yield from self.begun.told()
        yield from self.begun.live(self.dispatch, self.truth)


def begin_day(city: City, day: date, orders_per_day: int, seed: int, scenario: Scenario | None = None) -> BegunDay:
    """Weather, traffic, placements and couriers of a day."""
    streams, city = Streams.of_day(seed, day), at_volume(city, orders_per_day)
    over = Overlay(city, day, scenario, weather_of_day(city, day, seed))
    traffic = Traffic(city, day, seed, over.weather) if city.network is not None else None  # no streets, no traffic
    usual = travel_of(city, traffic)
    orders = place_orders(city, day, orders_per_day, seed, streams, usual, over.lifts, over.offers)
    orders = with_accounts(orders, city, day, seed, streams)
    couriers = over.couriers(couriers_of_day(city, day, orders_per_day, seed, streams))
    fraud = scenario.fraud_in(city) if scenario else city.fraud
    plan = plan_fraud(orders, Stage(city, fraud, day, orders_per_day, seed, streams, couriers), usual)
    orders = over.kitchens(plan.orders)
    travel = over.travel(usual, traffic)
    return BegunDay(city, day, orders_per_day, seed, orders, couriers, over, traffic, travel, plan)


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
