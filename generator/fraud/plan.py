"""The fraud of a day, put together: which orders it takes the place of, and which couriers play along."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from generator.demand.demand import local_hours, promise, stamps
from generator.fraud.account_takeover import account_takeovers
from generator.fraud.collusion import collude
from generator.fraud.draft import Draft, Stage
from generator.fraud.lasting import under_a_spell
from generator.fraud.promotion_ring import promotion_rings
from generator.fraud.refund_abuse import refund_abuse
from generator.fraud.stolen_card import stolen_cards
from generator.fraud.tricks import Tricks
from generator.lives.placed import seconds_of
from generator.roads.travel import TravelTimes
from generator.streams import Streams


@dataclass(frozen=True)
class FraudPlan:
    """`orders` to live, with `tricks` of couriers; `marks` says which orders are of which scheme."""

    orders: pd.DataFrame
    tricks: Tricks
    marks: pd.DataFrame


def plan_fraud(orders: pd.DataFrame, stage: Stage, travel: TravelTimes) -> FraudPlan:
    """Turn some of the placements (as `with_accounts` gives them) to fraud, each pattern at its rate.

    Only the rows of fraudulent orders change. `travel`: the usual, for the promises of orders to another door. Orders
    that rain or a scenario adds are turned by chances of their own, so that they change nothing of the usual ones.
    """
    added = orders["is_surge"].to_numpy(dtype=bool)
    other = replace(stage, streams=Streams(stage.seed, f"{stage.streams.unit}|added"))
    drawn = [_drawn(orders[~added], stage, travel)]
    if added.any():
        drawn.append(_drawn(orders[added], other, travel))
    altered, crews, marks = (list(part) for part in zip(*drawn, strict=True))
    courier_ids = sorted(set(stage.couriers["courier_id"]))
    false = stage.fraud.false_delivery
    cheats = under_a_spell("false_delivery", courier_ids, false.couriers_share, false.lasts_days, stage.now)
    spoof = stage.fraud.gps_spoofing
    spoofers = under_a_spell("gps_spoofing", courier_ids, spoof.couriers_share, spoof.lasts_days, stage.now)
    tricks = Tricks(stage.fraud, {order: crew for part in crews for order, crew in part.items()}, cheats, spoofers)
    return FraudPlan(pd.concat(altered, ignore_index=True), tricks, pd.concat(marks, ignore_index=True))


def _drawn(
    orders: pd.DataFrame, stage: Stage, travel: TravelTimes
) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]], pd.DataFrame]:
    """The orders with what customers and restaurants do, the crews that wait for some of them, and the marks."""
    draft = Draft(orders)
    stolen_cards(draft, stage)
    promotion_rings(draft, stage)
    account_takeovers(draft, stage)
    crews = collude(draft, stage)
    refund_abuse(draft, stage)
    altered, at = draft.orders()
    return _promised_anew(altered, at, stage, travel), crews, draft.marks()


def _promised_anew(orders: pd.DataFrame, at: np.ndarray, stage: Stage, travel: TravelTimes) -> pd.DataFrame:
    """Who orders to another door or from another kitchen is promised what anybody would be."""
    if stage.city.lives.promise.minutes is not None:  # promises that do not depend on where and from whom
        return orders
    rows = orders.iloc[at]
    placed, wanted = seconds_of(rows["placed_at"]), seconds_of(rows["scheduled_for"])
    promised = promise(stage.city, rows, placed, wanted, local_hours(stage.city, placed), travel, stage.streams)
    column = orders["promised_at"].copy()
    column.iloc[at] = stamps(promised).to_numpy()
    return orders.assign(promised_at=column)
