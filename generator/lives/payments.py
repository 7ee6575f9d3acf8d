"""The money of an order: asked for, authorised, captured, given back, charged back weeks later."""

from __future__ import annotations

import numpy as np
import pandas as pd

from generator.city.lives_profile import Lives
from generator.events import EventLog
from generator.lives.books import Books, Checkout, cards_of
from generator.lives.chargebacks import charge_back
from generator.lives.outcomes import Outcomes
from generator.lives.placed import PlacedOrders
from generator.lives.refunds import refund
from generator.streams import Streams


def check_out(orders: PlacedOrders, lives: Lives, streams: Streams) -> Checkout:
    """How and when each order is paid for: seconds after placement, within a third of the time to a given beginning."""
    size, payment = len(orders), lives.payment
    names, weights = np.array(list(payment.methods), dtype=object), np.array(list(payment.methods.values()))
    method = streams.of("payment/method").choice(names, size, p=weights / weights.sum())
    method = np.where(pd.isna(orders.method_given), method, orders.method_given)
    fails = (streams.of("payment/first attempt").random(size) < payment.first_attempt_fails_share) & (method != "cash")
    steps = streams.of("payment/steps").gamma(4.0, 0.9, (size, 3)).T  # each a few seconds: a bank's answer
    first = 0.3 + steps[0]
    last = np.where(fails, first + 15 + 6 * steps[1], 0.3) + steps[2] + 0.5
    begun = np.fmin(orders.preparing_given, orders.ready_given)
    room = np.where(np.isnan(begun), np.inf, (begun - orders.placed) * 0.3)
    squeeze = np.minimum(1.0, room / last)
    asked = np.minimum(0.3, 0.1 * last * squeeze)
    at = orders.placed
    return Checkout(method, fails, at + asked, at + first * squeeze, at + last * squeeze, cards_of(orders))


def pay(
    log: EventLog, orders: PlacedOrders, checkout: Checkout, outcomes: Outcomes, lives: Lives, streams: Streams
) -> None:
    """Add the payment events of every order whose basket is known.

    A wallet is captured at once, a card when the restaurant accepts, cash at the door. Nothing is refunded that was not
    captured, and nothing charged back that was refunded; an authorisation that is never captured lapses without an
    event.
    """
    known = (orders.basket_cents >= 0) & np.array([c is not None for c in orders.currencies], dtype=bool)
    fails, method, books = checkout.first_fails & known, checkout.method, Books.of(log, orders, checkout)
    first = np.ones(len(orders), dtype=np.int64)
    books.add("pending", fails, checkout.asked, attempt=first)
    books.add("failed", fails, checkout.refused, attempt=first)
    asked = np.where(checkout.first_fails, (checkout.refused + checkout.paid) / 2, checkout.asked)
    books.add("pending", known, asked)
    books.add("authorised", known & (method != "cash"), checkout.paid)
    at = np.select(
        [method == "wallet", method == "card"], [checkout.paid + 0.4, outcomes.accepted + 1.5], outcomes.delivered + 2.0
    )
    captured = known & np.isfinite(at)
    books.add("captured", captured, at)
    refunded = refund(books, outcomes, captured, lives, streams)
    charge_back(books, captured, at, refunded, lives, streams)
