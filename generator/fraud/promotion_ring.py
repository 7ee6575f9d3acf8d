"""Promotion rings: a few telephones at one address that are new customers again and again."""

from __future__ import annotations

import numpy as np

from generator.demand.accounts import discount
from generator.demand.people import customers_of
from generator.fraud.draft import Draft, Stage
from generator.fraud.lasting import schemes
from generator.fraud.lots import lot, some

PATTERN = "promotion_ring"


def promotion_rings(draft: Draft, stage: Stage) -> None:
    """Turn some orders into first orders of accounts that a ring opens for the welcome."""
    profile, promotion, streams = stage.fraud.promotion_ring, stage.city.lives.promotion, stage.streams
    at = some(PATTERN, profile.orders_share * len(draft), lot(PATTERN, len(draft), streams), streams)
    alive = profile.orders_share * stage.orders_per_day * profile.lasts_days / profile.ring_orders.mean
    rings = schemes(PATTERN, max(1, round(alive)), profile.lasts_days, stage.seed, stage.now)
    spread = profile.ring_orders.most - profile.ring_orders.least + 1
    sizes = np.array([profile.ring_orders.least + stage.number(key, spread) for key, _ in rings])
    chosen = streams.of(f"fraud/{PATTERN}/ring").choice(len(rings), len(at), p=sizes / sizes.sum())
    keys = [rings[n][0] for n in chosen]
    phones = streams.of(f"fraud/{PATTERN}/device").integers(0, profile.devices, len(at))
    minutes = profile.account_minutes * np.exp(0.7 * streams.of(f"fraud/{PATTERN}/account").standard_normal(len(at)))
    people = customers_of(stage.city, stage.seed)
    doors = [stage.number(f"{key}|door", len(people.ids)) for key in keys]
    baskets = draft.column("basket_value_cents")[at].astype(np.int64)
    draft.put(
        at,
        customer_id=stage.accounts([f"ring {draft.order_ids[i]}" for i in at]),
        device_id=stage.devices([f"{key}|{phone}" for key, phone in zip(keys, phones, strict=True)]),
        account_created_seconds=draft.placed[at] - 60 * minutes,
        promotion_code=promotion.welcome_code,
        discount_cents=discount(baskets, promotion.welcome_part),
        dropoff_lat=people.home_lat[doors],
        dropoff_lng=people.home_lng[doors],
        dropoff_zone=people.home_zone[doors],
    )
    for key, position in zip(keys, at, strict=True):
        draft.mark(PATTERN, key, [position])
