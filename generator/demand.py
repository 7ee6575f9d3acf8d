"""Who orders what, when: the placements of one business day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa

from generator.city import City
from generator.measured_choices import measured_choices
from generator.people import CustomerRoll, RestaurantRoll, customers_of, restaurants_of
from generator.streams import Streams
from generator.tables_of_parts import drawn_from
from generator.travel import VEHICLES, TravelTimes
from pipelines.contracts import load_contract
from pipelines.errors import UsageError

SLOT_SECONDS = 300  # demand is drawn on a grid of five minutes and spread evenly within
WORK_HOURS = range(8, 18)  # weekdays: orders of these hours go to the workplace of four customers in five
AT_WORK_SHARE = 0.8
PREORDER_AHEAD_HOURS = (1.5, 6.0)  # pre-orders are placed this long before they are wanted
PREORDER_STEP_SECONDS = 900  # and wanted at a quarter of an hour
PREORDER_WINDOW_SECONDS = 900  # the promise is the end of the quarter
LATEST_WANTED_BEFORE_CUT_SECONDS = 3 * 3600  # nobody pre-orders for the dead hours before the cut


def business_day(city: City, day: date) -> tuple[float, float]:
    """Start and end of a local business day in seconds since 1970 UTC; 23 or 25 hours apart when clocks change."""

    def cut(of: date) -> float:
        return datetime.combine(of, time(city.day_cut_hour), city.zone_info).astimezone(UTC).timestamp()

    return cut(day), cut(day + timedelta(days=1))


def weekday_factor(city: City, day: date) -> float:
    """Demand of the day's weekday over the mean of the week."""
    if city.demand is None:
        raise UsageError(f"city {city.city_id} has no `demand` in its profile, so no day of it can be generated")
    return city.demand.weekdays[day.weekday()] / float(np.mean(city.demand.weekdays))


def place_orders(
    city: City, day: date, orders_per_day: int, seed: int, streams: Streams, travel: TravelTimes
) -> pd.DataFrame:
    """Placements of the day in the form `simulate_lives` takes, with `restaurant_name` and `items` (list of dicts).

    `orders_per_day` is the mean of a usual week; a day has its weekday's share of it, give or take chance (Poisson).
    """
    demand = city.demand
    expected = orders_per_day * weekday_factor(city, day)
    if demand is None or orders_per_day < 1:
        raise UsageError(f"orders per day must be at least 1, not {orders_per_day}")
    size = int(streams.of("demand/count").poisson(expected))
    placed = _times(city, day, size, streams)
    hours = _local_hours(city, placed)
    frame = _choices(city, seed, hours, day.weekday() < 5, streams)
    frame.insert(0, "order_id", [f"{city.city_id}-{seed}-{day:%Y%m%d}-{n:06d}" for n in range(size)])
    wanted = _wanted_at(city, day, placed, streams)
    frame["promised_at"] = _stamps(_promise(city, frame, placed, wanted, hours, travel, streams))
    frame["placed_at"], frame["scheduled_for"] = _stamps(placed), _stamps(wanted)
    frame["ready_at"] = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]")
    frame["currency"] = city.currency
    return frame


def _times(city: City, day: date, size: int, streams: Streams) -> np.ndarray:
    """Sorted seconds of placement, drawn from the hourly curve made smooth; whatever hours the local day has."""
    assert city.demand is not None
    start, end = business_day(city, day)
    slots = np.arange(start, end, SLOT_SECONDS)
    curve = np.array(city.demand.weekend_hours if day.weekday() >= 5 else city.demand.weekday_hours)
    clock = _local_clock(city, slots + SLOT_SECONDS / 2)
    if len(curve) == 24:
        weight = np.interp(clock, np.arange(-1, 25) + 0.5, np.concatenate([curve[-1:], curve, curve[:1]]))
    else:  # quarters are fine enough as they are
        weight = curve[np.floor(clock * len(curve) / 24).astype(np.int64)]
    drawn = streams.of("demand/time").choice(len(slots), size, p=weight / weight.sum())
    return np.sort(slots[drawn] + streams.of("demand/within slot").random(size) * SLOT_SECONDS)


def _local_clock(city: City, seconds: np.ndarray) -> np.ndarray:
    """Hours since local midnight, as a fraction."""
    local = pd.to_datetime(seconds, unit="s", utc=True).tz_convert(city.zone_info)
    return np.asarray(local.hour + local.minute / 60 + local.second / 3600, dtype=np.float64)


def _local_hours(city: City, seconds: np.ndarray) -> np.ndarray:
    return np.asarray(np.floor(_local_clock(city, seconds)), dtype=np.int64)


def _choices(city: City, seed: int, hours: np.ndarray, is_weekday: bool, streams: Streams) -> pd.DataFrame:
    """Customer, place of delivery, restaurant and basket of each order."""
    shops, people, size = restaurants_of(city, seed), customers_of(city, seed), len(hours)
    if city.customers is not None and city.customers.trip_km is not None:
        shop, who = measured_choices(city, seed, hours, streams)
        return _chosen(shops, people, shop, who, np.zeros(size, dtype=bool), streams)
    who = streams.of("demand/customer").choice(len(people.ids), size, p=people.activity / people.activity.sum())
    goes_to_work = streams.of("demand/at work").random(size) < AT_WORK_SHARE
    at_work = np.isin(hours, WORK_HOURS) & is_weekday & goes_to_work
    drawn = streams.of("demand/restaurant").random((size, 1))
    liking = np.where(at_work[:, None], people.liking_work[who], people.liking_home[who])
    shop = np.minimum((liking < drawn).sum(axis=1), len(shops.ids) - 1)
    return _chosen(shops, people, shop, who, at_work, streams)


def _chosen(
    shops: RestaurantRoll,
    people: CustomerRoll,
    shop: np.ndarray,
    who: np.ndarray,
    at_work: np.ndarray,
    streams: Streams,
) -> pd.DataFrame:
    """The columns that follow from who orders where: `shop` and `who` are places in the rolls, one an order."""
    items = _baskets([shops.ids[s] for s in shop], [shops.dishes[s] for s in shop], streams)
    return pd.DataFrame(
        {
            "customer_id": [people.ids[w] for w in who],
            "restaurant_id": [shops.ids[s] for s in shop],
            "restaurant_name": [shops.names[s] for s in shop],
            "pickup_lat": shops.lat[shop],
            "pickup_lng": shops.lng[shop],
            "dropoff_lat": np.where(at_work, people.work_lat[who], people.home_lat[who]),
            "dropoff_lng": np.where(at_work, people.work_lng[who], people.home_lng[who]),
            "items": pd.Series(items, dtype=object),
            "basket_value_cents": pd.array([_value(basket) for basket in items], dtype="Int64"),
            "kitchen_minutes": shops.kitchen_minutes[shop],
            "kitchen_score": shops.kitchen_score[shop],
            "rejection_share": shops.rejection_share[shop],
            "unanswered_share": shops.unanswered_share[shop],
        }
    )


def _value(basket: list[dict[str, object]]) -> int:
    return sum(int(str(line["quantity"])) * int(str(line["unit_price_cents"])) for line in basket)


def _baskets(
    shop_ids: list[str], menus: list[list[tuple[str, int]]], streams: Streams
) -> list[list[dict[str, object]]]:
    """One to four lines of different dishes, mostly one portion each."""
    size, longest = len(menus), 4
    random = streams.of("demand/basket")
    lines = 1 + np.minimum(random.poisson(0.8, size), longest - 1)
    taste = random.random((size, 16))
    portions = 1 + (random.random((size, longest)) < 0.18)
    baskets = []
    for n, (shop, menu) in enumerate(zip(shop_ids, menus, strict=True)):  # a basket is a list: rows differ in length
        chosen = np.argsort(taste[n, : len(menu)])[: lines[n]]
        baskets.append(
            [
                {
                    "item_id": f"{shop}-{dish:02d}",
                    "name": menu[dish][0],
                    "quantity": int(portions[n, line]),
                    "unit_price_cents": menu[dish][1],
                }
                for line, dish in enumerate(chosen)
            ]
        )
    return baskets


def _wanted_at(city: City, day: date, placed: np.ndarray, streams: Streams) -> np.ndarray:
    """For pre-orders the second at which they are wanted, else NaN."""
    assert city.demand is not None
    size, (_, end) = len(placed), business_day(city, day)
    ahead = streams.of("demand/pre-order ahead").uniform(*PREORDER_AHEAD_HOURS, size) * 3600
    wanted = np.ceil((placed + ahead) / PREORDER_STEP_SECONDS) * PREORDER_STEP_SECONDS
    asked = streams.of("demand/pre-order").random(size) < city.demand.preorder_share
    return np.where(asked & (wanted < end - LATEST_WANTED_BEFORE_CUT_SECONDS), wanted, np.nan)


def _promise(
    city: City,
    frame: pd.DataFrame,
    placed: np.ndarray,
    wanted: np.ndarray,
    hours: np.ndarray,
    travel: TravelTimes,
    streams: Streams,
) -> np.ndarray:
    """What the customer is told: the kitchen's usual minutes, a usual ride, and slack, rounded up to the step; or as
    the profile's table of promises says."""
    promise, bike = city.lives.promise, VEHICLES.index("e_bike")
    if promise.minutes is not None:
        minutes = drawn_from(promise.minutes, streams.of("demand/promise").random(len(placed)))
        soon = placed + np.maximum(minutes * 60, promise.step_seconds)
        return np.where(np.isnan(wanted), soon, wanted + PREORDER_WINDOW_SECONDS)
    pickup = frame[["pickup_lat", "pickup_lng"]].to_numpy()
    dropoff = frame[["dropoff_lat", "dropoff_lng"]].to_numpy()
    ride = travel.seconds(pickup[:, 0], pickup[:, 1], dropoff[:, 0], dropoff[:, 1], bike, hours)
    told = placed + frame["kitchen_minutes"].to_numpy() * 60 + ride + promise.slack_seconds
    soon = np.ceil(told / promise.step_seconds) * promise.step_seconds
    return np.where(np.isnan(wanted), soon, wanted + PREORDER_WINDOW_SECONDS)


def _stamps(seconds: np.ndarray) -> pd.Series:
    """Timestamps (us, UTC) rounded to the millisecond, as events carry them; NaN becomes NaT."""
    return pd.Series(pd.to_datetime(np.round(seconds * 1e3), unit="ms", utc=True)).astype("datetime64[us, UTC]")


def items_column(frame: pd.DataFrame) -> pa.Array:
    """The `items` of a frame of placements in the contract's type."""
    return pa.array(list(frame["items"]), load_contract("events/orders").arrow_schema.field("items").type)
