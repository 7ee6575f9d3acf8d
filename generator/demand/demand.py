"""Who orders what, when: the placements of one business day."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from generator.city.business_day import business_day, local_clock
from generator.city.city import City
from generator.city.tables_of_parts import drawn_from
from generator.demand.baskets import draw_baskets
from generator.demand.choices import Choices, choose
from generator.demand.people import customers_of
from generator.demand.restaurants import restaurants_of
from generator.roads.travel import VEHICLES, TravelTimes
from generator.scenario.surges import SLOT_SECONDS, Lift, Offer
from generator.streams import Streams
from pipelines.errors import UsageError

PREORDER_AHEAD_HOURS = (1.5, 6.0)  # pre-orders are placed this long before they are wanted
PREORDER_STEP_SECONDS = 900  # and wanted at a quarter of an hour
PREORDER_WINDOW_SECONDS = 900  # the promise is the end of the quarter
LATEST_WANTED_BEFORE_CUT_SECONDS = 3 * 3600  # nobody pre-orders for the dead hours before the cut


def weekday_factor(city: City, day: date) -> float:
    """Demand of the day's weekday over the mean of the week."""
    if city.demand is None:
        raise UsageError(f"city {city.city_id} has no `demand` in its profile, so no day of it can be generated")
    return city.demand.weekdays[day.weekday()] / float(np.mean(city.demand.weekdays))


def place_orders(
    city: City,
    day: date,
    orders_per_day: int,
    seed: int,
    streams: Streams,
    travel: TravelTimes,
    lifts: Sequence[Lift] = (),
    offers: Sequence[Offer] = (),
) -> pd.DataFrame:
    """Placements of the day in the form `simulate_lives` takes, with `restaurant_name` and `items` (Arrow).

    `orders_per_day` is the mean of a usual week; a day has its weekday's share of it, give or take chance (Poisson).
    `lifts` take orders away or add some, marked `is_surge`; the usual ones and their ids stay as they were.
    `offer_code` and `offer_part` (of the basket) tell of a promotion that the order uses; None and 0 without one.
    """
    if orders_per_day < 1:
        raise UsageError(f"orders per day must be at least 1, not {orders_per_day}")
    expected = orders_per_day * weekday_factor(city, day)
    name = f"{city.city_id}-{seed}-{day:%Y%m%d}"
    size = int(streams.of("demand/count").poisson(expected))
    usual = _placements(city, day, seed, _times(city, day, size, streams), streams, travel)
    usual.insert(0, "order_id", [f"{name}-{n:06d}" for n in range(size)])
    frames = [usual.assign(is_surge=False)]
    for number, lift in enumerate(lifts):
        own = Streams(seed, f"{streams.unit}|{lift.name}")
        frames[0] = frames[0][~lift.taken_away(frames[0], own)]
        times = _extra_times(city, day, expected, lift, own)
        if len(times):
            extra = _placements(city, day, seed, times, own, travel)
            extra.insert(0, "order_id", [f"{name}-s{number}-{n:06d}" for n in range(len(extra))])
            frames.append(extra[lift.concerns(extra)].assign(is_surge=True))
    frame = pd.concat(frames, ignore_index=True) if len(frames) > 1 else frames[0].reset_index(drop=True)
    return _with_offers(frame, offers, streams)


def _placements(
    city: City, day: date, seed: int, placed: np.ndarray, streams: Streams, travel: TravelTimes
) -> pd.DataFrame:
    """Everything about orders placed at the given sorted seconds but their ids."""
    clock = local_clock(city, placed)
    chosen = choose(city, seed, clock, day.weekday() < 5, streams)
    frame = _columns(city, seed, chosen, streams)
    wanted = _wanted_at(city, day, placed, streams)
    hours = np.floor(clock).astype(np.int64)
    frame["promised_at"] = stamps(promise(city, frame, placed, wanted, hours, travel, streams))
    frame["placed_at"], frame["scheduled_for"] = stamps(placed), stamps(wanted)
    frame["ready_at"] = pd.Series(pd.NaT, index=frame.index, dtype="datetime64[us, UTC]")
    frame["currency"] = city.currency
    return frame


def _columns(city: City, seed: int, chosen: Choices, streams: Streams) -> pd.DataFrame:
    """Customer, place of delivery, restaurant and basket of each order."""
    shops, people, shop = restaurants_of(city, seed), customers_of(city, seed), chosen.restaurant
    baskets = draw_baskets(shop, shops.menus, streams)
    return pd.DataFrame(
        {
            "customer_id": np.array(people.ids, dtype=object)[chosen.customer],
            **shops.told(shop),
            "dropoff_lat": chosen.dropoff_lat,
            "dropoff_lng": chosen.dropoff_lng,
            "dropoff_zone": chosen.dropoff_zone,
            "items": baskets.items_series(),
            "basket_value_cents": pd.array(baskets.value_cents, dtype="Int64"),
        }
    )


def _slots(city: City, day: date) -> tuple[np.ndarray, np.ndarray]:
    """Starts of the day's slots, whatever hours it has, and each one's weight by the hourly curve made smooth."""
    assert city.demand is not None
    start, end = business_day(city, day)
    slots = np.arange(start, end, SLOT_SECONDS)
    curve = np.array(city.demand.weekend_hours if day.weekday() >= 5 else city.demand.weekday_hours)
    clock = local_clock(city, slots + SLOT_SECONDS / 2)
    if len(curve) == 24:
        return slots, np.interp(clock, np.arange(-1, 25) + 0.5, np.concatenate([curve[-1:], curve, curve[:1]]))
    return slots, curve[np.floor(clock * len(curve) / 24).astype(np.int64)]  # quarters are fine enough as they are


def _times(city: City, day: date, size: int, streams: Streams) -> np.ndarray:
    """Sorted seconds of placement."""
    slots, weight = _slots(city, day)
    drawn = streams.of("demand/time").choice(len(slots), size, p=weight / weight.sum())
    return np.sort(slots[drawn] + streams.of("demand/within slot").random(size) * SLOT_SECONDS)


def _extra_times(city: City, day: date, expected: float, lift: Lift, streams: Streams) -> np.ndarray:
    """Sorted seconds of the orders that a lift adds to the usual ones, before it is asked which of them it concerns."""
    slots, weight = _slots(city, day)
    more = expected * weight / weight.sum() * np.maximum(lift.factor(slots + SLOT_SECONDS / 2) - 1, 0.0)
    counts = streams.of("demand/count").poisson(more)
    within = streams.of("demand/within slot").random(int(counts.sum())) * SLOT_SECONDS
    return np.sort(np.repeat(slots, counts) + within)


def local_hours(city: City, seconds: np.ndarray) -> np.ndarray:
    """Local clock hour of each instant, int64."""
    return np.asarray(np.floor(local_clock(city, seconds)), dtype=np.int64)


def _with_offers(frame: pd.DataFrame, offers: Sequence[Offer], streams: Streams) -> pd.DataFrame:
    """Which promotion each order uses; the first that holds and is used counts."""
    code, part = np.full(len(frame), None, dtype=object), np.zeros(len(frame))
    for offer in offers:
        used = offer.used(frame, streams) & (part == 0)
        code[used], part[used] = offer.promotion.code, offer.promotion.discount_share
    return frame.assign(offer_code=code, offer_part=part)


def _wanted_at(city: City, day: date, placed: np.ndarray, streams: Streams) -> np.ndarray:
    """For pre-orders the second at which they are wanted, else NaN."""
    assert city.demand is not None
    size, (_, end) = len(placed), business_day(city, day)
    ahead = streams.of("demand/pre-order ahead").uniform(*PREORDER_AHEAD_HOURS, size) * 3600
    wanted = np.ceil((placed + ahead) / PREORDER_STEP_SECONDS) * PREORDER_STEP_SECONDS
    asked = streams.of("demand/pre-order").random(size) < city.demand.preorder_share
    return np.where(asked & (wanted < end - LATEST_WANTED_BEFORE_CUT_SECONDS), wanted, np.nan)


def promise(
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
    profile, bike = city.lives.promise, VEHICLES.index("e_bike")
    if profile.minutes is not None:
        minutes = drawn_from(profile.minutes, streams.of("demand/promise").random(len(placed)))
        soon = placed + np.maximum(minutes * 60, profile.step_seconds)
        return np.where(np.isnan(wanted), soon, wanted + PREORDER_WINDOW_SECONDS)
    pickup = frame[["pickup_lat", "pickup_lng"]].to_numpy()
    dropoff = frame[["dropoff_lat", "dropoff_lng"]].to_numpy()
    ride = travel.seconds(pickup[:, 0], pickup[:, 1], dropoff[:, 0], dropoff[:, 1], bike, hours)
    told = placed + frame["kitchen_minutes"].to_numpy() * 60 + ride + profile.slack_seconds
    soon = np.ceil(told / profile.step_seconds) * profile.step_seconds
    return np.where(np.isnan(wanted), soon, wanted + PREORDER_WINDOW_SECONDS)


def stamps(seconds: np.ndarray) -> pd.Series:
    """Timestamps (us, UTC) rounded to the millisecond, as events carry them; NaN becomes NaT."""
    return pd.Series(pd.to_datetime(np.round(seconds * 1e3), unit="ms", utc=True)).astype("datetime64[us, UTC]")
