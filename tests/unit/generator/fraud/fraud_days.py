"""Days with much fraud, and many days of placements with usual fraud: made once a test run."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache

import pandas as pd

from generator.city.city import City, load_city
from generator.day import Day, generate_day_with_truth
from generator.demand.accounts import with_accounts
from generator.demand.demand import place_orders
from generator.fraud.draft import Stage
from generator.fraud.plan import FraudPlan, plan_fraud
from generator.fraud.profile import Fraud, usual_fraud
from generator.lives.supply import couriers_of_day
from generator.roads.street_travel import travel_of
from generator.streams import Streams

FRIDAY = date(2026, 11, 20)
ORDERS = 1000
FIRST, DAYS, ORDERS_A_DAY = date(2026, 3, 2), 15, 2500


@cache
def much_fraud() -> Fraud:
    """Each pattern far above its usual rate, and short-lived, so that one day shows all of it."""
    rare = ("stolen_card", "promotion_ring", "account_takeover", "collusion")
    changes: dict[str, dict[str, object]] = {name: {"orders_share": 0.03} for name in rare}
    changes["refund_abuse"] = {"customers_share": 0.1}
    changes["false_delivery"] = {"couriers_share": 0.3, "order_share": 0.4}
    changes["gps_spoofing"] = {"couriers_share": 0.2}
    return Fraud.model_validate(usual_fraud().overlaid(changes))


def city_with(fraud: Fraud) -> City:
    return load_city("futian").model_copy(update={"fraud": fraud})


@cache
def day_with(*off: str) -> Day:
    """The Friday with much fraud, but none of the patterns named."""
    fraud = much_fraud().without(*off) if off else much_fraud()
    return generate_day_with_truth(city_with(fraud), FRIDAY, ORDERS, seed=7)


def truth() -> pd.DataFrame:
    return day_with().truth["fraud"].to_pandas()


@cache
def placements() -> pd.DataFrame:
    """Placed events of that Friday by order_id."""
    orders = day_with().events["orders"].to_pandas()
    return orders[orders["event_type"] == "placed"].set_index("order_id")


def planned(day: date, fraud: Fraud, orders_per_day: int = ORDERS_A_DAY) -> FraudPlan:
    """Placements of a day after its fraud, not yet lived."""
    city, streams = city_with(fraud), Streams.of_day(7, day)
    honest = with_accounts(place_orders(city, day, orders_per_day, 7, streams, travel_of(city)), city, day, 7, streams)
    couriers = couriers_of_day(city, day, orders_per_day, 7, streams)
    return plan_fraud(honest, Stage(city, fraud, day, orders_per_day, 7, streams, couriers), travel_of(city))


def days() -> list[date]:
    return [FIRST + timedelta(days=n) for n in range(DAYS)]


def couriers_on(day: date) -> pd.DataFrame:
    return couriers_of_day(load_city("futian"), day, ORDERS_A_DAY, 7, Streams.of_day(7, day))


@cache
def usual_weeks() -> list[FraudPlan]:
    """Plans of DAYS days on end with the usual fraud."""
    return [planned(day, usual_fraud()) for day in days()]
