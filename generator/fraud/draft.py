"""A day's placements while fraud takes the place of some of them, and the note of which ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from generator.city.business_day import business_day
from generator.city.city import City
from generator.demand.accounts import account_ids, device_ids
from generator.demand.baskets import Baskets, items_column
from generator.fraud.profile import Fraud
from generator.lives.placed import seconds_of
from generator.streams import Streams, stable_hash

MARKS = ("pattern", "touch", "scheme_id", "order_id")

# What a simulated life may be given besides what placements have.
GIVEN = {"payment_method": object, "card_token": object, "claim_share": float, "chargeback_share": float}


@dataclass(frozen=True)
class Stage:
    """Where and when the fraud plays; `couriers` are those of the day, as `supply.couriers_of_day` gives them."""

    city: City
    fraud: Fraud
    day: date
    orders_per_day: int
    seed: int
    streams: Streams
    couriers: pd.DataFrame

    @property
    def now(self) -> float:
        """Start of the business day, seconds since 1970 UTC."""
        return business_day(self.city, self.day)[0]

    def accounts(self, keys: list[str]) -> list[str]:
        """Id of the account that each key stands for, in the form of every account's."""
        return [str(one) for one in account_ids(self.city, self.seed, keys).to_pylist()]

    def devices(self, keys: list[str]) -> list[str]:
        """Id of the device that each key stands for, likewise."""
        return [str(one) for one in device_ids(self.seed, keys).to_pylist()]

    def number(self, key: str, below: int) -> int:
        """A number from 0 to below - 1 that the key decides."""
        return stable_hash(f"{self.seed}|{key}") % below


class Draft:
    """Columns of placements as they are changed, one position an order; rows that nobody touches stay as they are."""

    def __init__(self, orders: pd.DataFrame) -> None:
        self._orders = orders.reset_index(drop=True).copy(deep=False)
        self._columns: dict[str, np.ndarray] = {}
        self._changed: set[int] = set()
        self._marks: list[tuple[str, str, str, str]] = []
        self.placed = seconds_of(self._orders["placed_at"])
        self.order_ids: list[str] = self._orders["order_id"].tolist()

    def __len__(self) -> int:
        return len(self._orders)

    def column(self, name: str) -> np.ndarray:
        """The column as it is now, as objects; empty where placements have none of the name."""
        if name not in self._columns:
            known = name in self._orders.columns
            start = self._orders[name].to_numpy(dtype=object, copy=True) if known else np.full(len(self), None)
            self._columns[name] = start
        return self._columns[name]

    def put(self, at: Sequence[int] | np.ndarray, **values: Any) -> None:
        """Set columns of the positions `at`: a list gives one value a position, anything else goes to all."""
        for name, value in values.items():
            column = self.column(name)
            for n, position in enumerate(at):
                column[position] = value[n] if isinstance(value, list | np.ndarray) else value

    def fill(self, at: np.ndarray, baskets: Baskets) -> None:
        """Give the orders `at` these baskets, at full price."""
        both = pa.concat_arrays([items_column(self._orders), baskets.items])
        rows = np.arange(len(self))
        rows[at] = len(self) + np.arange(len(at))
        self._orders["items"] = Baskets(both.take(pa.array(rows)), rows).items_series()
        self.put(at, basket_value_cents=baskets.value_cents, promotion_code=None, discount_cents=0)

    def mark(self, pattern: str, scheme_id: str, at: Sequence[int] | np.ndarray, *, altered: bool = True) -> None:
        """Note for the truth that the orders `at` are of this scheme; where altered, their promises are made anew."""
        self._marks += [(pattern, pattern, scheme_id, self.order_ids[i]) for i in at]
        if altered:
            self._changed |= {int(i) for i in at}

    def marks(self) -> pd.DataFrame:
        """One row a note, with the columns MARKS."""
        return pd.DataFrame(self._marks, columns=list(MARKS))

    def orders(self) -> tuple[pd.DataFrame, np.ndarray]:
        """The placements with their changes, and the positions that were altered."""
        kinds: dict[str, Any] = {**GIVEN, **{str(name): kind for name, kind in self._orders.dtypes.items()}}
        columns = {name: self.column(name) for name in [*self._columns, *GIVEN]}
        changed = {name: pd.Series(column, dtype=kinds[name]) for name, column in columns.items()}
        return self._orders.assign(**changed), np.array(sorted(self._changed), dtype=np.int64)
