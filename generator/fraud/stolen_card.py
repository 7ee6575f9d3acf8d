"""Bursts on stolen cards: within minutes several dear orders to one door, by accounts opened just before."""

from __future__ import annotations

import numpy as np

from generator.fraud.baskets import fill_baskets
from generator.fraud.draft import Draft, Stage
from generator.fraud.lots import bursts, lot
from generator.lives.books import card_tokens

PATTERN = "stolen_card"


def stolen_cards(draft: Draft, stage: Stage) -> None:
    """Turn some orders into bursts: one card on many accounts and devices, or many cards on one."""
    profile, streams = stage.fraud.stolen_card, stage.streams
    mine = lot(PATTERN, len(draft), streams)
    expected, seconds = profile.orders_share * len(draft), profile.burst_minutes * 60
    found = bursts(PATTERN, expected, profile.burst_orders, seconds, mine, draft.placed, streams)
    many_cards = streams.of(f"fraud/{PATTERN}/many cards").random(len(found)) < profile.many_cards_share
    ages = streams.of(f"fraud/{PATTERN}/account").standard_normal((len(found), profile.burst_orders.most))
    for at, many, age in zip(found, many_cards, ages, strict=True):
        orders, burst = [draft.order_ids[i] for i in at], f"burst {draft.order_ids[at[0]]}"
        accounts = [burst] * len(at) if many else [f"burst {order}" for order in orders]
        cards = [f"burst {order}" for order in orders] if many else [burst] * len(at)
        minutes = profile.account_minutes * np.exp(0.8 * age[: len(at)])
        opened = draft.placed[at[0]] - 60 * minutes[0] if many else draft.placed[at] - 60 * minutes
        draft.put(
            at,
            customer_id=stage.accounts(accounts),
            device_id=stage.devices(accounts),
            account_created_seconds=opened,
            card_token=card_tokens(cards),
            payment_method="card",
            chargeback_share=profile.charged_back_share,
            scheduled_for=None,
            dropoff_lat=draft.column("dropoff_lat")[at[0]],
            dropoff_lng=draft.column("dropoff_lng")[at[0]],
            dropoff_zone=draft.column("dropoff_zone")[at[0]],
        )
        draft.mark(PATTERN, burst, at)
    every = np.concatenate(found) if found else mine[:0]
    fill_baskets(draft, stage, PATTERN, profile.basket, every)
