"""The restaurant's part: answer, reject or stay silent; begin; be ready, later when many orders are on the stove."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.special import ndtr, ndtri

from generator.city.lives_profile import Lives
from generator.city.tables_of_parts import drawn_from
from generator.lives.placed import PlacedOrders, traits
from generator.streams import Streams

ACCEPTED, REJECTED, UNANSWERED = 0, 1, 2

OUT_OF_ACTION = "kitchen_closed"  # reason of every rejection while a kitchen is closed

BUSY_WINDOW_SECONDS = 1_500  # an order weighs on a kitchen for about this long
BEGINS_SECONDS, BEGINS_SPREAD = 20.0, 0.6  # from the answer until somebody begins to cook
LEAST_SECONDS = 120.0  # no dish is quicker, unless a history says so
BEFORE_SCHEDULED_SECONDS = 420  # a pre-order's food is meant to leave this long before ride's end, hand-off included


@dataclass(frozen=True)
class Kitchens:
    """One element an order; seconds since 1970. `answer` is ACCEPTED, REJECTED or UNANSWERED; `answered` is when."""

    answer: np.ndarray
    answered: np.ndarray
    preparing: np.ndarray
    expected_ready: np.ndarray
    ready: np.ndarray
    reasons: np.ndarray


def usual_minutes(orders: PlacedOrders, lives: Lives) -> np.ndarray:
    """Usual minutes of each order's kitchen: as given, else a lasting trait of the restaurant's id."""
    trait = _scores(orders)
    if lives.kitchen.preparation_minutes is not None:
        return _tabled_minutes(trait, np.zeros(len(orders)), lives)
    guessed = lives.kitchen.usual_minutes * np.exp(lives.kitchen.restaurant_spread * trait)
    return np.where(np.isnan(orders.kitchen_minutes), guessed, orders.kitchen_minutes)


def _scores(orders: PlacedOrders) -> np.ndarray:
    """How slow each order's restaurant lastingly is, standard normal: as given, else a trait of its id."""
    trait = ndtri(np.clip(traits(orders.restaurant_ids, "kitchen speed"), 0.01, 0.99))
    return np.where(np.isnan(orders.kitchen_score), trait, orders.kitchen_score)


def _tabled_minutes(scores: np.ndarray, chance: np.ndarray, lives: Lives) -> np.ndarray:
    """Minutes by the profile's table. `scores` of the restaurant, `chance` of the order, both standard normal, find the
    place in the table together, each with the weight of its spread, so that all orders together follow the table."""
    kitchen = lives.kitchen
    assert kitchen.preparation_minutes is not None
    whole = max(float(np.hypot(kitchen.restaurant_spread, kitchen.order_spread)), 1e-9)
    level = ndtr((kitchen.restaurant_spread * scores + kitchen.order_spread * chance) / whole)
    return drawn_from(kitchen.preparation_minutes, level)


def _in_steps(minutes: np.ndarray, step: float) -> np.ndarray:
    """Rounded to the step of the kitchens' clocks, one step at least; a step of 0 rounds nothing."""
    return np.asarray(np.maximum(np.round(minutes / step), 1) * step if step > 0 else minutes)


def kitchen_load(restaurant_ids: list[str], starts: np.ndarray, is_surge: np.ndarray | None = None) -> np.ndarray:
    """Orders at once in each order's kitchen over what is usual for that kitchen that day; 1 is usual.

    A kitchen is staffed for its usual day, so only what exceeds it slows it; a surge is not usual. Without usual orders
    whatever comes counts as usual.
    """
    if not len(starts):
        return np.zeros(0)
    codes, _ = pd.factorize(np.array(restaurant_ids, dtype=object))
    order = np.lexsort((starts, codes))
    # kitchens one after another on one axis of time, so far apart that no window reaches into the one before
    apart = float(np.ptp(starts)) + 2 * BUSY_WINDOW_SECONDS
    along = (starts - starts.min())[order] + codes[order] * apart
    counted = np.ones(len(starts)) if is_surge is None else np.where(is_surge, 0.0, 1.0)
    number, first = np.arange(len(starts)), np.searchsorted(along, along - BUSY_WINDOW_SECONDS)
    before = np.concatenate([[0.0], np.cumsum(counted[order])])  # usual orders before each
    at_once, usual_at_once = np.empty(len(starts)), np.empty(len(starts))
    at_once[order], usual_at_once[order] = number - first, before[number] - before[first]
    usual_orders = np.bincount(codes, counted)
    none = usual_orders == 0
    total = np.where(none, np.bincount(codes, at_once), np.bincount(codes, usual_at_once * counted))
    usual = total / np.where(none, np.bincount(codes), usual_orders)
    return np.asarray((1 + at_once) / (1 + usual[codes]))


def cook(orders: PlacedOrders, paid: np.ndarray, ride_seconds: np.ndarray, lives: Lives, streams: Streams) -> Kitchens:
    """Kitchens' answers and times. `paid`: when the restaurant sees the order; `ride_seconds`: a usual ride of each.

    A given ready time is kept: such an order was accepted, and acceptance and beginning come before it.
    """
    kitchen, size = lives.kitchen, len(orders)
    real, least = ~np.isnan(orders.ready_given), LEAST_SECONDS if kitchen.preparation_minutes is None else 1.0
    wait = kitchen.answer_seconds * np.exp(kitchen.answer_spread * streams.of("kitchen/answer").standard_normal(size))
    answered = paid + np.clip(wait, 4.0, kitchen.unanswered_after_seconds - 60)
    minutes = usual_minutes(orders, lives)
    leave = orders.scheduled - ride_seconds - BEFORE_SCHEDULED_SECONDS
    answered, start = _beginnings(orders, paid, answered, lives, streams)
    start = np.fmax(np.fmax(start, leave - minutes * 60), orders.kitchen_opens)
    load = kitchen_load(orders.restaurant_ids, start, orders.is_surge)
    slower = load**kitchen.load_exponent * orders.kitchen_factor
    expected = minutes * 60 * slower
    chance = streams.of("kitchen/duration").standard_normal(size)
    took = expected * np.exp(kitchen.order_spread * chance)
    if kitchen.preparation_minutes is not None:
        minutes_taken = _tabled_minutes(_scores(orders), chance, lives) * slower
        took = _in_steps(minutes_taken, kitchen.preparation_step_minutes) * 60
        if kitchen.preparation_counts_from == "placed":
            took = np.maximum(orders.placed + took - start, 60.0)
    start, answered = _before_ready(orders, real, start, answered, paid, expected, streams)
    ready = np.where(real, orders.ready_given, start + np.maximum(took, least))
    answer = np.where(orders.kitchen_closed, REJECTED, _answers(orders, load, lives, streams))
    answer = np.where(real, ACCEPTED, answer)
    answered = np.where(answer == UNANSWERED, orders.placed + kitchen.unanswered_after_seconds, answered)
    names = np.array(list(kitchen.rejection_reasons), dtype=object)
    weights = np.array(list(kitchen.rejection_reasons.values()))
    reasons = streams.of("kitchen/reason").choice(names, size, p=weights / weights.sum())
    reasons = np.where(orders.kitchen_closed, OUT_OF_ACTION, reasons)
    said = np.where(
        real, start + (ready - start) * np.maximum(expected, least) / np.maximum(took, least), start + expected
    )
    expected_ready = np.maximum(np.ceil(said / 60) * 60, start + 60)
    return Kitchens(answer, answered, start, expected_ready, ready, reasons)


def _beginnings(
    orders: PlacedOrders, paid: np.ndarray, answered: np.ndarray, lives: Lives, streams: Streams
) -> tuple[np.ndarray, np.ndarray]:
    """Answers and beginnings: soon after the answer, or as the profile's table of beginnings says."""
    if lives.kitchen.begin_minutes is None:
        lag = BEGINS_SECONDS * np.exp(BEGINS_SPREAD * streams.of("kitchen/begin lag").standard_normal(len(orders)))
        return answered, answered + lag
    lag = drawn_from(lives.kitchen.begin_minutes, streams.of("kitchen/begin").random(len(orders))) * 60
    start = np.maximum(orders.placed + lag, paid + 5)
    return np.minimum(answered, paid + (start - paid) * 0.9), start


def _before_ready(
    orders: PlacedOrders,
    real: np.ndarray,
    start: np.ndarray,
    answered: np.ndarray,
    paid: np.ndarray,
    expected: np.ndarray,
    streams: Streams,
) -> tuple[np.ndarray, np.ndarray]:
    """Beginning and acceptance of orders whose ready time is given: as given, else fitted between payment and ready."""
    room, early = orders.ready_given - paid, streams.of("kitchen/fitted").random((len(orders), 2))
    fitted = np.maximum(orders.ready_given - expected, paid + room * (0.25 + 0.3 * early[:, 0]))
    begun = np.where(np.isnan(orders.preparing_given), fitted, orders.preparing_given)
    start = np.where(real, begun, start)
    latest = paid + (start - paid) * (0.5 + 0.45 * early[:, 1])
    return start, np.where(real, np.minimum(answered, latest), answered)


def _answers(orders: PlacedOrders, load: np.ndarray, lives: Lives, streams: Streams) -> np.ndarray:
    """ACCEPTED, REJECTED or UNANSWERED; a kitchen with more than its usual orders rejects more."""
    given = orders.rejection_share
    reject = np.where(np.isnan(given), lives.kitchen.rejection_share, given) * np.clip(load, 0.5, 4.0) ** 1.5
    given = orders.unanswered_share
    silent = np.where(np.isnan(given), lives.kitchen.unanswered_share, given)
    drawn = streams.of("kitchen/acceptance").random(len(orders))
    return np.select([drawn < silent, drawn < silent + reject], [UNANSWERED, REJECTED], ACCEPTED)
