"""How payments are written down: what is due of each order, on which card, and the event of each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from generator.events import EventLog
from generator.lives.placed import PlacedOrders
from generator.streams import uniform_of


@dataclass(frozen=True)
class Checkout:
    """One element an order: method of payment, whether the first attempt fails, seconds of each step since 1970."""

    method: np.ndarray
    first_fails: np.ndarray
    asked: np.ndarray
    refused: np.ndarray
    paid: np.ndarray  # authorised, or for cash when the order is passed on
    card_tokens: pa.Array  # of the card, whatever the method


@dataclass(frozen=True)
class Books:
    """What payments are written with: one element an order. `due_cents` is the basket less its discount."""

    log: EventLog
    orders: PlacedOrders
    checkout: Checkout
    due_cents: np.ndarray

    @classmethod
    def of(cls, log: EventLog, orders: PlacedOrders, checkout: Checkout) -> Books:
        """Empty books of the orders."""
        return cls(log, orders, checkout, orders.basket_cents - orders.discount_cents)

    def add(
        self,
        event_type: str,
        where: np.ndarray,
        at: np.ndarray,
        *,
        attempt: np.ndarray | None = None,
        amount: np.ndarray | None = None,
        reason: np.ndarray | str | None = None,
    ) -> None:
        """Write an event for the orders `where`: of the attempt that went through, and of what is due, unless given."""
        which, checkout = np.flatnonzero(where), self.checkout
        last = np.where(checkout.first_fails, 2, 1) if attempt is None else attempt
        keys, attempts, methods = self.orders.keys.take(which), last[which].astype(np.int64), checkout.method[which]
        numbers, tokens = pa.array(attempts).cast(pa.string()), checkout.card_tokens.take(pa.array(which))
        self.log.add(
            "payments",
            event_type,
            keys,
            at[which],
            repeats=attempts,
            payment_id=pc.binary_join_element_wise(keys.text, numbers, "-p"),
            amount_cents=(self.due_cents if amount is None else amount)[which],
            currency=self.orders.currency.take(pa.array(which)),
            method=methods,
            card_token=pc.if_else(pa.array(methods == "card", pa.bool_()), tokens, None),
            reason=reason[which] if isinstance(reason, np.ndarray) else reason,
        )


def cards_of(orders: PlacedOrders) -> pa.Array:
    """The token of each order's card: as given, else that of its customer."""
    customers = pa.array([str(each) for each in orders.customer_ids], pa.string()).dictionary_encode()
    own = pa.array(card_tokens(customers.dictionary.to_pylist()), pa.string()).take(customers.indices)
    return pc.coalesce(pa.array(orders.card_given, pa.string(), from_pandas=True), own)


def card_tokens(keys: Sequence[str]) -> list[str]:
    """The provider's token of the card that each key (a customer's id, say) stands for."""
    return [f"tok_{int(share * 16**12):012x}" for share in uniform_of(list(keys), "card")]
