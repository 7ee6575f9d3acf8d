"""Collusion: a restaurant and couriers deliver air to accounts of their own, for bonuses and refunds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.demand.demand import stamps
from generator.demand.people import customers_of
from generator.demand.restaurants import restaurants_of
from generator.fraud.baskets import fill_baskets
from generator.fraud.draft import Draft, Stage
from generator.fraud.lasting import DAY_SECONDS, schemes
from generator.fraud.lots import lot, some
from generator.lives.placed import seconds_of
from generator.roads.travel import straight_metres
from generator.streams import uniform_of

PATTERN = "collusion"
NEAR_DOORS = 60  # the accounts live at doors that are among this many nearest to the restaurant


@dataclass(frozen=True)
class Scheme:
    """A restaurant (row of the roll) and rows of the customers who live near it, the couriers of the day who are in it,
    and since when it runs."""

    key: str
    since: float
    restaurant: int
    neighbours: np.ndarray
    crew: tuple[str, ...]


def collude(draft: Draft, stage: Stage) -> dict[str, tuple[str, ...]]:
    """Turn some orders into such deliveries; returns order_id -> couriers who wait for it."""
    profile, streams = stage.fraud.collusion, stage.streams
    found = _schemes(stage)
    mine = lot(PATTERN, len(draft), streams)
    at_work = np.array([_at_work(scheme, stage, draft.placed[mine]) for scheme in found])
    open_to = mine[at_work.any(axis=0)] if len(found) else mine[:0]
    at = some(PATTERN, profile.orders_share * len(draft), open_to, streams)
    drawn = streams.of(f"fraud/{PATTERN}/scheme").random(len(at))
    possible = [np.flatnonzero(at_work[:, np.searchsorted(mine, position)]) for position in at]
    chosen = [found[which[int(u * len(which))]] for which, u in zip(possible, drawn, strict=True)]
    accounts = streams.of(f"fraud/{PATTERN}/account").integers(0, profile.accounts, len(at))
    ready = profile.ready_seconds * np.exp(0.35 * streams.of(f"fraud/{PATTERN}/ready").standard_normal(len(at)))
    for n, (position, scheme) in enumerate(zip(at, chosen, strict=True)):
        _turn(draft, stage, int(position), scheme, int(accounts[n]))
        draft.mark(PATTERN, scheme.key, [position])
    fill_baskets(draft, stage, PATTERN, profile.basket, at)
    draft.put(at, ready_at=list(stamps(draft.placed[at] + np.maximum(ready, 30.0))))
    return {draft.order_ids[i]: scheme.crew for i, scheme in zip(at, chosen, strict=True)}


def _schemes(stage: Stage) -> list[Scheme]:
    """Those that run today. In the crew are the couriers at work who rank first for the scheme, the same day by day."""
    profile = stage.fraud.collusion
    if profile.orders_share == 0 or stage.couriers.empty:
        return []
    lines = max(1, round(profile.orders_share * stage.orders_per_day / profile.pair_orders_per_day))
    couriers = sorted(set(stage.couriers["courier_id"]))
    found = []
    for key, since in schemes(PATTERN, lines, profile.lasts_days, stage.seed, stage.now):
        rank = np.argsort(uniform_of([f"{key}|{courier}" for courier in couriers], f"fraud/{PATTERN}"))
        crew = tuple(couriers[i] for i in rank[: profile.couriers])
        restaurant = stage.number(f"{key}|restaurant", len(restaurants_of(stage.city, stage.seed).ids))
        found.append(Scheme(key, since, restaurant, _neighbours(stage, restaurant), crew))
    return found


def _at_work(scheme: Scheme, stage: Stage, at: np.ndarray) -> np.ndarray:
    """For each second of `at`, whether one of the crew is on shift then and for a while after."""
    shifts = stage.couriers[stage.couriers["courier_id"].isin(scheme.crew)]
    starts, ends = seconds_of(shifts["starts_at"]), seconds_of(shifts["ends_at"])
    last = ends - stage.fraud.collusion.patience_seconds / 2
    return np.asarray(((at[:, None] >= starts) & (at[:, None] <= last)).any(axis=1))


def _turn(draft: Draft, stage: Stage, position: int, scheme: Scheme, account: int) -> None:
    """Make one order that of an account of the scheme, for its restaurant."""
    profile, shops = stage.fraud.collusion, restaurants_of(stage.city, stage.seed)
    key = f"{scheme.key}|account {account}"
    people = customers_of(stage.city, stage.seed)
    door = scheme.neighbours[stage.number(f"{key}|door", len(scheme.neighbours))]  # the account's, each time
    age_days = profile.account_days * float(uniform_of([key], "fraud/account age")[0])
    draft.put(
        [position],
        customer_id=stage.accounts([key])[0],
        device_id=stage.devices([f"{scheme.key}|device {account % profile.devices}"])[0],
        account_created_seconds=scheme.since - age_days * DAY_SECONDS,
        **shops.told(np.array([scheme.restaurant])),
        dropoff_lat=people.home_lat[door],
        dropoff_lng=people.home_lng[door],
        dropoff_zone=people.home_zone[door],
        scheduled_for=None,
        claim_share=profile.claim_share,
        chargeback_share=profile.charged_back_share,
    )


def _neighbours(stage: Stage, shop: int) -> np.ndarray:
    """Rows of the customers who live nearest to the restaurant."""
    shops, people = restaurants_of(stage.city, stage.seed), customers_of(stage.city, stage.seed)
    metres = straight_metres(people.home_lat, people.home_lng, shops.lat[shop], shops.lng[shop])
    return np.argsort(metres, kind="stable")[:NEAR_DOORS]
