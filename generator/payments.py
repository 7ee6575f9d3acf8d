"""The money of an order: asked for, authorised, captured, given back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generator.events import EventLog
from generator.lives_profile import Lives
from generator.outcomes import Outcomes
from generator.placed import PlacedOrders
from generator.streams import Streams, uniform_of


@dataclass(frozen=True)
class Checkout:
    """One element an order: method of payment, whether the first attempt fails, seconds of each step since 1970."""

    method: np.ndarray
    first_fails: np.ndarray
    asked: np.ndarray
    refused: np.ndarray
    paid: np.ndarray  # authorised, or for cash when the order is passed on
    card_tokens: pa.Array  # of the customer's card, whatever the method


def check_out(orders: PlacedOrders, lives: Lives, streams: Streams) -> Checkout:
    """How and when each order is paid for: seconds after placement, within a third of the time to a given beginning."""
    size, payment = len(orders), lives.payment
    names, weights = np.array(list(payment.methods), dtype=object), np.array(list(payment.methods.values()))
    method = streams.of("payment/method").choice(names, size, p=weights / weights.sum())
    fails = (streams.of("payment/first attempt").random(size) < payment.first_attempt_fails_share) & (method != "cash")
    steps = streams.of("payment/steps").gamma(4.0, 0.9, (3, size))  # each a few seconds: a bank's answer
    first = 0.3 + steps[0]
    last = np.where(fails, first + 15 + 6 * steps[1], 0.3) + steps[2] + 0.5
    begun = np.fmin(orders.preparing_given, orders.ready_given)
    room = np.where(np.isnan(begun), np.inf, (begun - orders.placed) * 0.3)
    squeeze = np.minimum(1.0, room / last)
    asked = np.minimum(0.3, 0.1 * last * squeeze)
    at = orders.placed
    return Checkout(method, fails, at + asked, at + first * squeeze, at + last * squeeze, card_tokens(orders))


def pay(
    log: EventLog, orders: PlacedOrders, checkout: Checkout, outcomes: Outcomes, lives: Lives, streams: Streams
) -> None:
    """Add the payment events of every order whose basket is known.

    A wallet is captured at once, a card when the restaurant accepts, cash at the door. Nothing is refunded that was not
    captured; an authorisation that is never captured lapses without an event.
    """
    known = (orders.basket_cents >= 0) & np.array([c is not None for c in orders.currencies], dtype=bool)
    fails, method = checkout.first_fails & known, checkout.method
    second = np.where(checkout.first_fails, 2, 1)
    _add(log, orders, checkout, "pending", fails, checkout.asked, np.ones(len(orders)))
    _add(log, orders, checkout, "failed", fails, checkout.refused, np.ones(len(orders)))
    asked = np.where(checkout.first_fails, (checkout.refused + checkout.paid) / 2, checkout.asked)
    _add(log, orders, checkout, "pending", known, asked, second)
    _add(log, orders, checkout, "authorised", known & (method != "cash"), checkout.paid, second)
    at = np.select(
        [method == "wallet", method == "card"], [checkout.paid + 0.4, outcomes.accepted + 1.5], outcomes.delivered + 2.0
    )
    captured = known & np.isfinite(at)
    _add(log, orders, checkout, "captured", captured, at, second)
    _refund(log, orders, checkout, outcomes, captured, lives, streams)


def _refund(
    log: EventLog,
    orders: PlacedOrders,
    checkout: Checkout,
    outcomes: Outcomes,
    captured: np.ndarray,
    lives: Lives,
    streams: Streams,
) -> None:
    """Back goes the part of the basket that the outcome entitles to, or a goodwill part when it came very late."""
    payment, size = lives.payment, len(orders)
    with np.errstate(invalid="ignore"):
        very_late = outcomes.delivered - orders.promised > payment.goodwill_after_seconds
    goodwill = very_late & (streams.of("payment/goodwill").random(size) < payment.goodwill_share)
    part = np.where(goodwill, payment.goodwill_part, outcomes.refund_part)
    amount = np.rint(orders.basket_cents * part).astype(np.int64)
    wait = payment.refund_seconds * np.exp(0.8 * streams.of("payment/refund").standard_normal(size))
    second = np.where(checkout.first_fails, 2, 1)
    _add(log, orders, checkout, "refunded", captured & (amount > 0), outcomes.ended + 60 + wait, second, amount)


def _add(
    log: EventLog,
    orders: PlacedOrders,
    checkout: Checkout,
    event_type: str,
    where: np.ndarray,
    at: np.ndarray,
    attempt: np.ndarray,
    amount: np.ndarray | None = None,
) -> None:
    which = np.flatnonzero(where)
    keys, attempts, methods = orders.keys.take(which), attempt[which].astype(np.int64), checkout.method[which]
    numbers, tokens = pa.array(attempts).cast(pa.string()), checkout.card_tokens.take(pa.array(which))
    log.add(
        "payments",
        event_type,
        keys,
        at[which],
        repeats=attempts,
        payment_id=pc.binary_join_element_wise(keys.text, numbers, "-p"),
        amount_cents=(orders.basket_cents if amount is None else amount)[which],
        currency=orders.currency.take(pa.array(which)),
        method=methods,
        card_token=pc.if_else(pa.array(methods == "card", pa.bool_()), tokens, None),
    )


def card_tokens(orders: PlacedOrders) -> pa.Array:
    """The token of each order's customer's card."""
    customers = pa.array([str(each) for each in orders.customer_ids], pa.string()).dictionary_encode()
    shares = uniform_of(customers.dictionary.to_pylist(), "card")
    tokens = pa.array([f"tok_{int(u * 16**12):012x}" for u in shares], pa.string())
    return tokens.take(customers.indices)
