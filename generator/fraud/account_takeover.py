"""Account takeover: an old account orders from another device to another door, on the card it has on file."""

from __future__ import annotations

import numpy as np

from generator.demand.people import customers_of
from generator.fraud.baskets import fill_baskets
from generator.fraud.draft import Draft, Stage
from generator.fraud.lots import bursts, lot

PATTERN = "account_takeover"
DAY_SECONDS = 86_400


def account_takeovers(draft: Draft, stage: Stage) -> None:
    """Turn some orders into sessions of a thief in somebody's old account; the owner's card is charged."""
    profile, streams = stage.fraud.account_takeover, stage.streams
    mine = lot(PATTERN, len(draft), streams)
    opened = draft.column("account_created_seconds").astype(np.float64)
    old = mine[draft.placed[mine] - opened[mine] >= profile.least_account_days * DAY_SECONDS]
    people = customers_of(stage.city, stage.seed)
    expected, seconds = profile.orders_share * len(draft), profile.session_minutes * 60
    found = bursts(PATTERN, expected, profile.session_orders, seconds, old, draft.placed, streams)
    for at in found:
        victim, session = at[0], f"session {draft.order_ids[at[0]]}"
        door = stage.number(session, len(people.ids))
        draft.put(
            at,
            customer_id=draft.column("customer_id")[victim],
            account_created_seconds=opened[victim],
            device_id=stage.devices([session])[0],
            payment_method="card",
            chargeback_share=profile.charged_back_share,
            scheduled_for=None,
            dropoff_lat=people.home_lat[door],
            dropoff_lng=people.home_lng[door],
            dropoff_zone=people.home_zone[door],
        )
        draft.mark(PATTERN, session, at)
    every = np.concatenate(found) if found else mine[:0]
    fill_baskets(draft, stage, PATTERN, profile.basket, every)
