"""How each order ended: what kitchen, customer and couriers made of it together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.city.lives_profile import Lives
from generator.lives.kitchen import ACCEPTED, REJECTED, UNANSWERED, Kitchens
from generator.lives.placed import PlacedOrders
from generator.lives.trips import Trips
from generator.streams import Streams

DELIVERED, FAILED, NO_COURIER, UNHEARD, TURNED_DOWN, CHANGED_MIND, IMPATIENT = range(7)

# Part of the basket that goes back. Who changes their mind over food that is being cooked (before: all of it),
# or is not at home, gets half: who bears such losses differs from business to business.
REFUND_PART = {
    NO_COURIER: 1.0,
    UNHEARD: 1.0,
    TURNED_DOWN: 1.0,
    IMPATIENT: 1.0,
    CHANGED_MIND: 0.5,
    FAILED: 0.5,
    DELIVERED: 0.0,
}


@dataclass(frozen=True)
class Wishes:
    """When a customer cancels if the food is not picked up by then (infinite: never), and whether for impatience."""

    cancels: np.ndarray
    impatient: np.ndarray


@dataclass(frozen=True)
class Outcomes:
    """One element an order; seconds since 1970, NaN for what did not happen. `kind` is one of the constants above."""

    kind: np.ndarray
    ended: np.ndarray
    accepted: np.ndarray
    delivered: np.ndarray
    refund_part: np.ndarray
    never_came: np.ndarray  # called delivered, but the customer says that nothing came


def wishes(orders: PlacedOrders, paid: np.ndarray, lives: Lives, streams: Streams) -> Wishes:
    """Draw customers' minds. An order with a real ready time was wanted until then: it is cancelled only afterwards."""
    size, customer = len(orders), lives.customer
    real = ~np.isnan(orders.ready_given)
    changes = (streams.of("customer/changes mind").random(size) < customer.change_mind_share) & ~real
    minded = paid + 8 + streams.of("customer/when").exponential(customer.change_mind_seconds, size)
    loses = streams.of("customer/loses patience").random(size) < customer.impatient_share
    patience = streams.of("customer/patience").exponential(customer.impatient_after_seconds, size)
    left = np.where(np.isnan(orders.promised), np.inf, np.fmax(orders.promised, orders.placed + 600) + 60 + patience)
    left = np.where(real, np.fmax(left, orders.ready_given + 5), left)
    minded, left = np.where(changes, minded, np.inf), np.where(loses, left, np.inf)
    return Wishes(np.minimum(minded, left), left < minded)


def outcomes(kitchens: Kitchens, trips: Trips, wanted: Wishes, never_came: np.ndarray) -> Outcomes:
    """Put the parts together; whatever comes first in time ends the order."""
    before_answer = wanted.cancels <= kitchens.answered
    by_customer = np.where(wanted.impatient, IMPATIENT, CHANGED_MIND)
    with_courier = np.select(
        [trips.failed, np.isfinite(trips.done), np.isfinite(trips.given_up)],
        [FAILED, DELIVERED, NO_COURIER],
        by_customer,
    )
    kind = np.select(
        [before_answer, kitchens.answer == UNANSWERED, kitchens.answer == REJECTED],
        [by_customer, np.full_like(by_customer, UNHEARD), np.full_like(by_customer, TURNED_DOWN)],
        with_courier,
    )
    cancelled = np.isin(kind, (CHANGED_MIND, IMPATIENT))
    ended = np.select(
        [cancelled, np.isin(kind, (UNHEARD, TURNED_DOWN)), kind == NO_COURIER],
        [wanted.cancels, kitchens.answered, trips.given_up],
        trips.done,
    )
    accepted = np.where((kitchens.answer == ACCEPTED) & ~before_answer, kitchens.answered, np.nan)
    delivered = np.where(kind == DELIVERED, trips.done, np.nan)
    part = np.array([REFUND_PART[k] for k in range(len(REFUND_PART))])[kind]
    part = np.where((kind == CHANGED_MIND) & (before_answer | (wanted.cancels <= kitchens.preparing)), 1.0, part)
    return Outcomes(kind, ended, accepted, delivered, part, never_came & (kind == DELIVERED))
