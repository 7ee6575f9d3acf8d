"""How orders live after they are placed: the typed form of `cities/usual_lives.yaml`, where each number says why."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field

USUAL_LIVES = Path(__file__).resolve().parents[1] / "cities" / "usual_lives.yaml"

Share = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0)]
Parts = Annotated[tuple[float, ...], Field(min_length=1, max_length=64)]  # see `tables_of_parts`
Spread = Annotated[float, Field(ge=0, le=2)]  # sigma of a log-normal factor with median 1
PAYMENT_METHODS = ("card", "cash", "wallet")  # the words of events/payments
LEAST_CONGESTION, MOST_CONGESTION = 0.2, 20.0  # of free flow; beyond, rides are no rides


def _some_weight(weights: dict[str, float]) -> dict[str, float]:
    if sum(weights.values()) <= 0:
        raise ValueError("the weights are all zero; give at least one above it")
    return weights


def _known_methods(weights: dict[str, float]) -> dict[str, float]:
    for name in weights:
        if name not in PAYMENT_METHODS:
            raise ValueError(f"no payment method is named {name!r}; known: {', '.join(PAYMENT_METHODS)}")
    return weights


def _possible_congestion(factors: tuple[float, ...]) -> tuple[float, ...]:
    for hour, factor in enumerate(factors):
        if not LEAST_CONGESTION <= factor <= MOST_CONGESTION:
            raise ValueError(
                f"hour {hour}: {factor:g} is no factor on the time of free streets; 1 is free, 1.5 takes half as long "
                f"again; give {LEAST_CONGESTION:g} to {MOST_CONGESTION:g}"
            )
    return factors


Weights = Annotated[dict[str, Annotated[float, Field(ge=0)]], AfterValidator(_some_weight)]  # relative, by name
Congestion = Annotated[tuple[float, ...], Field(min_length=24, max_length=24), AfterValidator(_possible_congestion)]


class Section(BaseModel):
    """Frozen, and a misspelt field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Overlaid(Section):
    """A profile of sections, of which a city replaces single values."""

    def overlaid(self, changes: dict[str, Any]) -> dict[str, Any]:
        """This profile with single values replaced, section by section, ready to be validated."""
        merged = self.model_dump()
        for section, values in changes.items():
            known = merged.get(section)
            merged[section] = known | values if isinstance(known, dict) and isinstance(values, dict) else values
        return merged


class Kitchen(Section):
    answer_seconds: Seconds
    answer_spread: Spread
    unanswered_after_seconds: Seconds
    rejection_share: Share
    unanswered_share: Share
    usual_minutes: Annotated[float, Field(gt=0)]
    restaurant_spread: Spread
    order_spread: Spread
    load_exponent: Annotated[float, Field(ge=0, le=2)]
    rejection_reasons: Weights
    # Measured from a history by `generate --like`; they take the place of the medians and spreads above.
    preparation_minutes: Parts | None = None
    preparation_step_minutes: Annotated[float, Field(ge=0)] = 0.0  # kitchens that tell whole minutes: 1
    preparation_counts_from: Literal["preparing", "placed"] = "preparing"
    begin_minutes: Parts | None = None  # from placement to the beginning


class Customer(Section):
    change_mind_share: Share
    change_mind_seconds: Seconds
    impatient_share: Share
    impatient_after_seconds: Seconds
    absent_share: Share
    absent_wait_seconds: Seconds


class Dispatch(Section):
    lead_seconds: Seconds
    patience_seconds: Seconds
    retry_seconds: Annotated[float, Field(ge=1)]
    answer_seconds: Annotated[float, Field(ge=1)]
    decline_share: Share
    decline_far_share: Share
    temper_spread: Spread
    far_seconds: Seconds
    reach_seconds: Seconds
    breakdown_share: Share
    breakdown_seconds: Seconds
    waiting_told_seconds: Seconds
    decline_reasons: Weights


class ShiftPlan(Section):
    break_in_shifts_of_hours: Annotated[float, Field(gt=0)]
    break_minutes: Annotated[float, Field(ge=0)]
    drop_out_share: Share


class Riding(Section):
    courier_spread: Spread
    trip_spread: Spread
    arrive_seconds: Seconds
    pick_up_seconds: Seconds
    hand_off_seconds: Seconds
    service_spread: Spread
    congestion_by_hour: Congestion


class Promise(Section):
    slack_seconds: Seconds
    step_seconds: Annotated[float, Field(ge=1)]
    change_after_seconds: Seconds
    change_share: Share
    minutes: Parts | None = None  # what customers are told, measured; instead of kitchen, ride and slack


class Payment(Section):
    methods: Annotated[Weights, AfterValidator(_known_methods)]
    first_attempt_fails_share: Share
    refund_seconds: Seconds
    goodwill_after_seconds: Seconds
    goodwill_share: Share
    goodwill_part: Share


class Account(Section):
    hold_days: Annotated[float, Field(gt=0)]
    hold_spread: Spread
    device_days: Annotated[float, Field(gt=0)]
    device_spread: Spread
    second_device_share: Share
    second_device_use: Share
    newcomer_share: Share
    newcomer_minutes: Annotated[float, Field(gt=0)]
    shared_device_share: Share


class Promotion(Section):
    welcome_code: Annotated[str, Field(min_length=1)]
    welcome_share: Share
    welcome_part: Share
    offer_code: Annotated[str, Field(min_length=1)]
    offer_share: Share
    offer_part: Share


class Claim(Section):
    share: Share
    refund_part: Share
    delay_seconds: Seconds


class Chargeback(Section):
    share: Share
    delay_days: Annotated[float, Field(gt=0)]
    delay_spread: Spread
    shortest_days: Annotated[float, Field(ge=0)]
    longest_days: Annotated[float, Field(gt=0)]


class Review(Section):
    share: Share
    share_when_late: Share
    text_share: Share
    delay_seconds: Seconds
    longest_delay_seconds: Seconds
    languages: Weights


class Lives(Overlaid):
    """Probabilities and durations of everything between placement and review. Units are in the names."""

    kitchen: Kitchen
    customer: Customer
    dispatch: Dispatch
    shift: ShiftPlan
    riding: Riding
    promise: Promise
    payment: Payment
    account: Account
    promotion: Promotion
    claim: Claim
    chargeback: Chargeback
    review: Review


@cache
def usual_lives() -> Lives:
    """The lives of a usual city, from `cities/usual_lives.yaml`."""
    return Lives.model_validate(yaml.safe_load(USUAL_LIVES.read_text(encoding="utf-8")))
