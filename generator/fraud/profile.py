"""How much fraud there is and what it looks like: the typed form of `usual_fraud.yaml`, where each number says why."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, model_validator

from generator.city.lives_profile import Overlaid, Seconds, Section, Share

USUAL_FRAUD = Path(__file__).resolve().parent / "usual_fraud.yaml"

Count = Annotated[int, Field(ge=1)]
Days = Annotated[float, Field(gt=0)]
Minutes = Annotated[float, Field(gt=0)]


class Several(Section):
    """A whole number between two bounds, both included, each equally likely."""

    least: Count
    most: Count

    @model_validator(mode="after")
    def _in_order(self) -> Several:
        if self.most < self.least:
            raise ValueError(f"most is {self.most}, below least, {self.least}")
        return self

    @property
    def mean(self) -> float:
        return (self.least + self.most) / 2


class Basket(Section):
    """Dishes in an order, and the share of them in two portions."""

    dishes: Several
    two_portions_share: Share


class StolenCard(Section):
    orders_share: Share
    burst_orders: Several
    burst_minutes: Minutes
    many_cards_share: Share
    account_minutes: Minutes
    basket: Basket
    charged_back_share: Share


class PromotionRing(Section):
    orders_share: Share
    ring_orders: Several
    lasts_days: Days
    devices: Count
    account_minutes: Minutes


class RefundAbuse(Section):
    customers_share: Share
    claim_share: Share


class AccountTakeover(Section):
    orders_share: Share
    session_orders: Several
    session_minutes: Minutes
    least_account_days: Days
    basket: Basket
    charged_back_share: Share


class Collusion(Section):
    orders_share: Share
    pair_orders_per_day: Annotated[float, Field(gt=0)]
    lasts_days: Days
    accounts: Count
    devices: Count
    couriers: Count
    account_days: Days
    basket: Basket
    ready_seconds: Seconds
    trip_seconds: Annotated[float, Field(ge=30)]
    patience_seconds: Seconds
    claim_share: Share
    charged_back_share: Share


class FalseDelivery(Section):
    couriers_share: Share
    lasts_days: Days
    order_share: Share
    way_part: Share
    tap_seconds: Annotated[float, Field(ge=1)]
    complaint_share: Share


class GpsSpoofing(Section):
    couriers_share: Share
    lasts_days: Days
    order_share: Share
    stands_share: Share
    jump_share: Share
    jump_metres: Annotated[float, Field(gt=0)]


class Fraud(Overlaid):
    """One section a pattern; a pattern whose share is 0 does not occur. Units are in the names."""

    stolen_card: StolenCard
    promotion_ring: PromotionRing
    refund_abuse: RefundAbuse
    account_takeover: AccountTakeover
    collusion: Collusion
    false_delivery: FalseDelivery
    gps_spoofing: GpsSpoofing

    def without(self, *patterns: str) -> Fraud:
        """This fraud with the rates of the patterns (of all, if none is named) at 0."""
        named = patterns or tuple(type(self).model_fields)
        shares = {name: getattr(self, name) for name in named}
        return self.model_copy(
            update={
                name: section.model_copy(
                    update={
                        field: 0.0
                        for field in ("orders_share", "customers_share", "couriers_share")
                        if hasattr(section, field)
                    }
                )
                for name, section in shares.items()
            }
        )


@cache
def usual_fraud() -> Fraud:
    """The fraud of a usual city, from `usual_fraud.yaml`."""
    return Fraud.model_validate(yaml.safe_load(USUAL_FRAUD.read_text(encoding="utf-8")))
