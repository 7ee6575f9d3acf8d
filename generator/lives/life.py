"""The life of orders after placement: kitchen, couriers, door, money, review; every event simulated and marked so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from generator.city.city import City
from generator.city.lives_profile import Lives
from generator.city.signals_profile import ERROR_OF_ACCURACY
from generator.events import EventLog
from generator.fraud.air import deliver_air
from generator.fraud.tricks import Tricks
from generator.lives.dispatch import Dispatch, Requests, nearest_courier
from generator.lives.kitchen import ACCEPTED, REJECTED, Kitchens, cook
from generator.lives.outcomes import CHANGED_MIND, IMPATIENT, NO_COURIER, UNHEARD, Outcomes, outcomes, wishes
from generator.lives.payments import check_out, pay
from generator.lives.placed import PlacedOrders, placed_orders
from generator.lives.reviews import review
from generator.lives.rides import Rides
from generator.lives.trips import Fleet, Trips
from generator.roads.travel import VEHICLES, CrowTravel, TravelTimes, told_position
from generator.signals.legs import Leg
from generator.streams import Streams

LIFE_TOPICS = ("orders", "restaurant_responses", "courier_assignments", "delivery_progress", "payments", "reviews")

USUAL_VEHICLE = "motorcycle"  # what a kitchen has in mind


@dataclass(frozen=True)
class Lived:
    """What came of the orders: events by topic, and the couriers' rides for whoever follows them.

    Topics: orders (cancelled and promise_changed only), restaurant_responses, courier_assignments, delivery_progress,
    payments, reviews; all conform to their event contracts, with is_simulated true. A rejected order ends with the
    restaurant's `rejected`, a failed delivery with `failed`; neither is `cancelled` besides.
    """

    tables: dict[str, pa.Table]
    order_ids: list[str]
    fleet: Fleet
    legs: list[Leg]


def simulate_lives(
    orders: pd.DataFrame,
    couriers: pd.DataFrame,
    city: City,
    streams: Streams,
    travel: TravelTimes,
    *,
    source: str,
    tricks: Tricks | None = None,
    dispatch: Dispatch = nearest_courier,
) -> Lived:
    """Live every order to its end among the given couriers.

    `orders`, one row an order: order_id, placed_at (datetime64[us, UTC]), customer_id, restaurant_id, pickup_lat,
    pickup_lng, dropoff_lat, dropoff_lng, basket_value_cents (Int64, may be missing: then no payment is simulated),
    currency, promised_at (may be missing: then nothing is late), scheduled_for (missing unless a pre-order), ready_at
    (missing: the kitchen is simulated; given: the real ready time, which is kept), preparing_at (optional, likewise);
    optional too are kitchen_minutes, rejection_share, unanswered_share of the restaurant, else a trait of its id; and
    discount_cents (else 0), payment_method, card_token, claim_share, chargeback_share (else the usual).
    `couriers`, one row a shift: courier_id, vehicle (one of `travel.VEHICLES`), capacity, lat, lng, starts_at, ends_at.

    `tricks`: what dishonest couriers do; none, if None. They note what they did. `dispatch` sends the couriers.
    Raises ContractViolation for a missing column or a ready time before placement, UsageError for an unknown vehicle.
    """
    lives = city.lives
    placed = placed_orders(orders, city.zone_info)
    checkout = check_out(placed, lives, streams)
    kitchens = cook(placed, checkout.paid, _usual_ride(placed, city), lives, streams)
    wanted = wishes(placed, checkout.paid, lives, streams)
    fleet = Fleet(couriers, lives, travel)
    tricks = tricks or Tricks()
    accepted = (kitchens.answer == ACCEPTED) & (wanted.cancels > kitchens.answered)
    asked = np.flatnonzero(accepted & ~tricks.waited_for(placed))
    request = np.maximum(kitchens.answered + 3, kitchens.expected_ready - lives.dispatch.lead_seconds)
    rides = Rides(placed, fleet, kitchens.ready, wanted.cancels, lives, streams, travel)
    trips = dispatch(rides, Requests(asked, kitchens.answered, request))
    deliver_air(tricks, placed, kitchens, fleet, trips, lives.dispatch, streams, travel)
    never_came = tricks.call_delivered(placed, fleet, trips, streams)
    ends = outcomes(kitchens, trips, wanted, never_came)
    log = EventLog(city.city_id, source)
    _restaurant_events(log, placed, kitchens, ends)
    _decisions(log, placed, fleet, trips)
    _milestones(log, placed, fleet, trips, _waits(kitchens, trips, ends, lives), city, streams)
    _cancellations(log, placed, ends)
    _new_promises(log, placed, trips, lives, streams)
    pay(log, placed, checkout, ends, lives, streams)
    review(log, placed, ends, lives, streams)
    return Lived(log.tables(LIFE_TOPICS), placed.order_ids, fleet, trips.ridden())


def _usual_ride(orders: PlacedOrders, city: City) -> np.ndarray:
    """What a kitchen reckons with when it works back from a pre-order's time: the distance, not today's rain."""
    hours = orders.hour(np.arange(len(orders)), np.fmax(orders.scheduled, orders.placed))
    vehicle = VEHICLES.index(USUAL_VEHICLE)
    return CrowTravel(city).seconds(
        orders.pickup_lat, orders.pickup_lng, orders.dropoff_lat, orders.dropoff_lng, vehicle, hours
    )


def _restaurant_events(log: EventLog, orders: PlacedOrders, kitchens: Kitchens, ends: Outcomes) -> None:
    """What happened in the kitchen before the order ended. A real ready time stands even if nobody fetches the food."""
    accepted = np.isfinite(ends.accepted)
    rejected = (kitchens.answer == REJECTED) & (kitchens.answered <= ends.ended)
    begun = accepted & (kitchens.preparing < ends.ended)
    ready = accepted & (kitchens.ready < ends.ended)
    for event_type, where, at, expected, reason in (
        ("accepted", accepted, kitchens.answered, kitchens.expected_ready, None),
        ("rejected", rejected, kitchens.answered, None, kitchens.reasons),
        ("preparing", begun, kitchens.preparing, None, None),
        ("ready", ready, kitchens.ready, None, None),
    ):
        which = np.flatnonzero(where)
        log.add(
            "restaurant_responses",
            event_type,
            orders.keys.take(which),
            at[which],
            restaurant_id=orders.restaurants.take(pa.array(which)),
            expected_ready_at=None if expected is None else expected[which],
            reason=None if reason is None else reason[which],
        )


def _waits(kitchens: Kitchens, trips: Trips, ends: Outcomes, lives: Lives) -> np.ndarray:
    """When each courier tells that the food is not ready; NaN where it was, or the order ended before."""
    told = trips.arrived + lives.dispatch.waiting_told_seconds
    with np.errstate(invalid="ignore"):
        return np.where(told < np.fmin(kitchens.ready, ends.ended), told, np.nan)


def _decisions(log: EventLog, orders: PlacedOrders, fleet: Fleet, trips: Trips) -> None:
    """Who was asked, and what they said."""
    couriers = pa.array([*fleet.ids, *fleet.strangers])
    vehicles = pa.array([*fleet.vehicles, *(None for _ in fleet.strangers)])
    made = trips.decided()
    for event_type in ("offered", "accepted", "declined", "assigned", "unassigned"):
        of_type = made[made["event_type"] == event_type]
        who = pa.array(of_type["courier"].to_numpy(dtype=np.int64))
        log.add(
            "courier_assignments",
            event_type,
            orders.keys.take(of_type["order"].to_numpy(dtype=np.int64)),
            of_type["at"].to_numpy(dtype=np.float64),
            repeats=of_type.groupby("order").cumcount().to_numpy(),
            courier_id=couriers.take(who),
            vehicle=vehicles.take(who),
            decided_by=of_type["decided_by"].to_numpy(),
            reason=of_type["reason"].to_numpy(),
        )


def _milestones(
    log: EventLog, orders: PlacedOrders, fleet: Fleet, trips: Trips, waits: np.ndarray, city: City, streams: Streams
) -> None:
    """What couriers report on the way, and where their phones are then, give or take the phones' error."""
    couriers = pa.array([*fleet.ids, *fleet.strangers])
    at_restaurant = (orders.pickup_lat, orders.pickup_lng)
    at_door = _or(trips.handed_lat, orders.dropoff_lat), _or(trips.handed_lng, orders.dropoff_lng)
    for event_type, at, place, reason in (
        ("arrived_at_restaurant", trips.arrived, at_restaurant, None),
        ("waiting", waits, at_restaurant, "food_not_ready"),
        ("picked_up", trips.picked, at_restaurant, None),
        ("near_customer", trips.near, at_door, None),
        ("delivered", np.where(trips.failed, np.nan, trips.done), at_door, None),
        ("failed", np.where(trips.failed, trips.done, np.nan), at_door, "customer_absent"),
    ):
        which = np.flatnonzero(np.isfinite(at))
        error = streams.of(f"progress/{event_type} position").standard_normal((len(orders), 2))
        lat, lng = told_position(*place, ERROR_OF_ACCURACY * city.signals.gps.accuracy_m * error)
        log.add(
            "delivery_progress",
            event_type,
            orders.keys.take(which),
            at[which],
            repeats=trips.visits[which] if event_type == "arrived_at_restaurant" else 0,
            courier_id=couriers.take(pa.array(trips.courier[which])),
            lat=lat[which],
            lng=lng[which],
            reason=reason,
        )


def _or(given: np.ndarray, usual: np.ndarray) -> np.ndarray:
    return np.where(np.isnan(given), usual, given)


def _cancellations(log: EventLog, orders: PlacedOrders, ends: Outcomes) -> None:
    for kind, by, reason in (
        (CHANGED_MIND, "customer", "changed_mind"),
        (IMPATIENT, "customer", "waited_too_long"),
        (NO_COURIER, "platform", "no_courier"),
        (UNHEARD, "platform", "unanswered"),
    ):
        which = np.flatnonzero(ends.kind == kind)
        log.add("orders", "cancelled", orders.keys.take(which), ends.ended[which], cancelled_by=by, reason=reason)


def _new_promises(log: EventLog, orders: PlacedOrders, trips: Trips, lives: Lives, streams: Streams) -> None:
    """Some who will clearly wait longer are told so: not before a courier is assigned, nor after the pick-up."""
    promise, size = lives.promise, len(orders)
    told = streams.of("promise/told").random(size) < promise.change_share
    guess = trips.near + lives.riding.hand_off_seconds + streams.of("promise/guess").normal(0, 120, size)
    early = streams.of("promise/early").uniform(60, 600, size)
    with np.errstate(invalid="ignore"):
        which = np.flatnonzero((guess - orders.promised > promise.change_after_seconds) & told)
    at = np.clip(orders.promised[which] - early[which], trips.assigned[which] + 2, trips.picked[which])
    new = np.ceil(guess[which] / promise.step_seconds) * promise.step_seconds
    told_at = np.maximum(new, at + promise.step_seconds)
    log.add("orders", "promise_changed", orders.keys.take(which), at, promised_at=told_at)
