"""What customers are given back in the hours after an order: by its ending, out of goodwill, or because they ask."""

from __future__ import annotations

import numpy as np

from generator.city.lives_profile import Lives
from generator.lives.books import Books
from generator.lives.outcomes import CHANGED_MIND, FAILED, IMPATIENT, NO_COURIER, TURNED_DOWN, UNHEARD, Outcomes
from generator.streams import Streams

REASONS = {
    NO_COURIER: "no_courier",
    UNHEARD: "unanswered",
    TURNED_DOWN: "restaurant_rejected",
    IMPATIENT: "cancelled",
    CHANGED_MIND: "cancelled",
    FAILED: "delivery_failed",
}
LATE, COMPLAINT, NOT_RECEIVED = "late", "complaint", "not_received"


def refund(books: Books, outcomes: Outcomes, captured: np.ndarray, lives: Lives, streams: Streams) -> np.ndarray:
    """Write at most one refund an order, of what was captured; returns the cents given back, one element an order.

    Back goes the part that the ending entitles to; all of it to who got nothing though it was called delivered; a part
    out of goodwill when it came very late, or to who claims that something was missing.
    """
    payment, claim, orders, size = lives.payment, lives.claim, books.orders, len(books.orders)
    with np.errstate(invalid="ignore"):
        very_late = outcomes.delivered - orders.promised > payment.goodwill_after_seconds
    goodwill = very_late & (streams.of("payment/goodwill").random(size) < payment.goodwill_share)
    asks = np.where(np.isnan(orders.claim_share), claim.share, orders.claim_share)
    claims = np.isfinite(outcomes.delivered) & (streams.of("payment/claim").random(size) < asks)
    kinds = [outcomes.never_came, goodwill, claims]
    part = np.select(kinds, [1.0, payment.goodwill_part, claim.refund_part], outcomes.refund_part)
    by_ending = np.array([REASONS.get(int(kind), "") for kind in outcomes.kind], dtype=object)
    reason = np.select(kinds, [NOT_RECEIVED, LATE, COMPLAINT], by_ending).astype(object)
    amount = np.rint(books.due_cents * part).astype(np.int64)
    given = captured & (amount > 0)
    usual = payment.refund_seconds * np.exp(0.8 * streams.of("payment/refund").standard_normal(size))
    asking = claim.delay_seconds * np.exp(0.7 * streams.of("payment/claim delay").standard_normal(size))
    wait = np.where(np.isin(reason, (COMPLAINT, NOT_RECEIVED)), asking, usual)
    books.add("refunded", given, outcomes.ended + 60 + wait, amount=amount, reason=reason)
    return np.where(given, amount, 0)
