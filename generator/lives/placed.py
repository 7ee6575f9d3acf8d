"""The orders to be lived, as arrays: sorted by placement, times in seconds since 1970 UTC, NaN where one is missing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pyarrow as pa

from generator.identity import Keys
from generator.streams import uniform_of
from pipelines.errors import ContractViolation

REQUIRED = (
    "order_id", "placed_at", "customer_id", "restaurant_id", "pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng",
    "basket_value_cents", "currency", "promised_at", "scheduled_for", "ready_at",
)  # fmt: skip


@dataclass(frozen=True)
class PlacedOrders:
    """One element an order. `basket_cents` is -1 where unknown; `utc_offset` is the city's at placement, in seconds."""

    order_ids: list[str]
    customer_ids: list[str]
    restaurant_ids: list[str]
    currencies: list[str | None]
    placed: np.ndarray
    promised: np.ndarray
    scheduled: np.ndarray
    ready_given: np.ndarray
    preparing_given: np.ndarray
    pickup_lat: np.ndarray
    pickup_lng: np.ndarray
    dropoff_lat: np.ndarray
    dropoff_lng: np.ndarray
    basket_cents: np.ndarray
    utc_offset: np.ndarray
    kitchen_minutes: np.ndarray  # NaN where the restaurant's usual speed is not known
    kitchen_score: np.ndarray  # how slow the restaurant is among its like, standard normal; NaN likewise
    rejection_share: np.ndarray  # NaN likewise
    unanswered_share: np.ndarray  # NaN likewise
    kitchen_factor: np.ndarray  # times as long as usual; 1 is usual
    kitchen_closed: np.ndarray  # bool: the kitchen is out of action when the order comes
    kitchen_opens: np.ndarray  # when a kitchen that is closed at the time of cooking opens again; NaN: it is open
    is_surge: np.ndarray  # bool: beyond what a usual day brings, so no kitchen is staffed for it
    discount_cents: np.ndarray  # 0 where no promotion was used
    method_given: np.ndarray  # text; missing: the usual shares of methods
    card_given: np.ndarray  # text, token of the card; missing: the customer's own
    claim_share: np.ndarray  # chance of claiming a refund after the hand-off; NaN: the usual
    chargeback_share: np.ndarray  # chance that a card payment is charged back; NaN: the usual

    def __len__(self) -> int:
        return len(self.order_ids)

    @cached_property
    def keys(self) -> Keys:
        """The order ids with their hashes."""
        return Keys.of(self.order_ids)

    @cached_property
    def currency(self) -> pa.Array:
        """Currency of each order, null where unknown."""
        return pa.array(self.currencies, pa.string())

    @cached_property
    def restaurants(self) -> pa.Array:
        """Restaurant of each order, dictionary-encoded."""
        return pa.array(self.restaurant_ids, pa.string()).dictionary_encode()

    def hour(self, which: np.ndarray | int, seconds: np.ndarray | float) -> np.ndarray:
        """Local hour (0 to 23) at `seconds` for the orders `which`."""
        return np.asarray((seconds + self.utc_offset[which]) // 3600 % 24).astype(np.int64)


def placed_orders(frame: pd.DataFrame, time_zone: ZoneInfo) -> PlacedOrders:
    """The frame of `simulate_lives` as arrays; ContractViolation names a missing column or an impossible ready time."""
    missing = [name for name in REQUIRED if name not in frame.columns]
    if missing:
        raise ContractViolation(f"orders to simulate lack the column {', '.join(missing)}")
    # What a scenario or rain adds comes last: chance is drawn by the row, and usual orders keep theirs.
    frame = frame.assign(added=np.nan_to_num(_optional(frame, "is_surge")) > 0)
    frame = frame.sort_values(["added", "placed_at", "order_id"], kind="stable").reset_index(drop=True)
    placed, ready = seconds_of(frame["placed_at"]), seconds_of(frame["ready_at"])
    preparing = _optional(frame, "preparing_at")
    with np.errstate(invalid="ignore"):
        wrong = np.flatnonzero((ready <= placed) | (preparing < placed) | (preparing > ready))
    if len(wrong):
        row = frame.iloc[wrong[0]]
        raise ContractViolation(
            f"order {row['order_id']}: placed {row['placed_at']}, ready {row['ready_at']}: nothing is ready or begun"
            f" before it is placed ({len(wrong)} such orders). Reject these rows before simulating."
        )
    basket = frame["basket_value_cents"].astype("Int64").fillna(-1).to_numpy(dtype=np.int64)
    floats = {name: frame[name].to_numpy(dtype=np.float64) for name in REQUIRED if name.endswith(("_lat", "_lng"))}
    return PlacedOrders(
        order_ids=frame["order_id"].astype(str).tolist(),
        customer_ids=frame["customer_id"].astype(str).tolist(),
        restaurant_ids=frame["restaurant_id"].astype(str).tolist(),
        currencies=[None if pd.isna(c) else str(c) for c in frame["currency"]],
        placed=placed,
        promised=seconds_of(frame["promised_at"]),
        scheduled=seconds_of(frame["scheduled_for"]),
        ready_given=ready,
        preparing_given=preparing,
        basket_cents=basket,
        utc_offset=utc_offsets(frame["placed_at"], time_zone),
        kitchen_minutes=_optional(frame, "kitchen_minutes"),
        kitchen_score=_optional(frame, "kitchen_score"),
        rejection_share=_optional(frame, "rejection_share"),
        unanswered_share=_optional(frame, "unanswered_share"),
        kitchen_factor=np.nan_to_num(_optional(frame, "kitchen_factor"), nan=1.0),
        kitchen_closed=np.nan_to_num(_optional(frame, "kitchen_closed")) > 0,
        kitchen_opens=_optional(frame, "kitchen_opens_at"),
        is_surge=np.nan_to_num(_optional(frame, "is_surge")) > 0,
        discount_cents=np.nan_to_num(_optional(frame, "discount_cents")).astype(np.int64),
        method_given=_texts(frame, "payment_method"),
        card_given=_texts(frame, "card_token"),
        claim_share=_optional(frame, "claim_share"),
        chargeback_share=_optional(frame, "chargeback_share"),
        **floats,
    )


def seconds_of(times: pd.Series) -> np.ndarray:
    """Seconds since 1970 UTC; NaN for a missing time."""
    stamps = pd.to_datetime(times, utc=True)
    micros = stamps.dt.tz_localize(None).to_numpy(dtype="datetime64[us]")
    return np.where(np.isnat(micros), np.nan, micros.astype(np.int64) / 1e6)


def utc_offsets(times: pd.Series, time_zone: ZoneInfo) -> np.ndarray:
    """Seconds to add to UTC for the local clock at each time."""
    stamps = pd.to_datetime(times, utc=True)
    local = stamps.dt.tz_convert(time_zone).dt.tz_localize(None)
    return np.asarray((local - stamps.dt.tz_localize(None)).dt.total_seconds(), dtype=np.float64)


def traits(ids: list[str], concern: str) -> np.ndarray:
    """A lasting uniform number in [0, 1) for each id, worked out once for each distinct id."""
    codes, distinct = pd.factorize(np.array(ids, dtype=object))
    return uniform_of([str(d) for d in distinct], concern)[codes] if len(ids) else np.array([])


def _texts(frame: pd.DataFrame, name: str) -> np.ndarray:
    found = frame[name] if name in frame.columns else pd.Series(None, index=frame.index, dtype=object)
    return found.to_numpy(dtype=object)


def _optional(frame: pd.DataFrame, name: str) -> np.ndarray:
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    if name.endswith("_at"):
        return seconds_of(frame[name])
    return frame[name].to_numpy(dtype=np.float64)
