"""What cards' banks take back weeks later: the only word of stolen cards that reaches the business."""

from __future__ import annotations

import numpy as np

from generator.city.lives_profile import Chargeback, Lives
from generator.lives.books import Books
from generator.streams import Streams

DAY_SECONDS = 86_400
CHARGED_BACK = "charged_back"
UNAUTHORISED = "unauthorised"  # what the cardholder says; true of a stolen card, false or forgetful of an own one


def charge_back(
    books: Books, captured: np.ndarray, captured_at: np.ndarray, refunded: np.ndarray, lives: Lives, streams: Streams
) -> None:
    """Write the chargebacks of captured card payments: what was not given back before, at a time weeks later."""
    orders, size = books.orders, len(books.orders)
    share = np.where(np.isnan(orders.chargeback_share), lives.chargeback.share, orders.chargeback_share)
    left = books.due_cents - refunded
    disputed = captured & (books.checkout.method == "card") & (left > 0)
    disputed &= streams.of("payment/chargeback").random(size) < share
    at = captured_at + delay_days(lives.chargeback, size, streams) * DAY_SECONDS
    books.add(CHARGED_BACK, disputed, at, amount=left, reason=UNAUTHORISED)


def delay_days(profile: Chargeback, size: int, streams: Streams) -> np.ndarray:
    """Days from capture to chargeback, log-normal within the profile's bounds."""
    days = profile.delay_days * np.exp(
        profile.delay_spread * streams.of("payment/chargeback delay").standard_normal(size)
    )
    return np.asarray(np.clip(days, profile.shortest_days, profile.longest_days))
