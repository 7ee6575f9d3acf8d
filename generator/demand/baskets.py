"""What is in the baskets: dishes, portions and prices, drawn for all orders at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

from generator.demand.restaurants import TASTED_DISHES, Menus
from generator.streams import Streams
from pipelines.contracts import load_contract

LONGEST = 4  # lines of a basket
MORE_LINES = 0.8  # mean of the lines beyond the first
SECOND_PORTION = 0.18  # share of lines with two of the same


@dataclass(frozen=True)
class Baskets:
    """`items` as the contract types them, and the value of each basket in hundredths of the currency."""

    items: pa.ListArray
    value_cents: np.ndarray

    def items_series(self) -> pd.Series:
        """The items as a column of a data frame, still in Arrow."""
        return pd.Series(pd.arrays.ArrowExtensionArray(pa.chunked_array([self.items])))


def draw_baskets(shop: np.ndarray, menus: Menus, streams: Streams) -> Baskets:
    """One to four lines of different dishes from the menu of each order's restaurant, mostly one portion each."""
    size = len(shop)
    offered = np.diff(menus.first)[shop]
    lines = np.minimum(1 + np.minimum(streams.of("demand/basket").poisson(MORE_LINES, size), LONGEST - 1), offered)
    taste = streams.of("demand/taste").random((size, TASTED_DISHES))
    portions = 1 + (streams.of("demand/portions").random((size, LONGEST)) < SECOND_PORTION)
    taste[np.arange(TASTED_DISHES)[None, :] >= offered[:, None]] = np.inf
    chosen = np.argsort(taste, axis=1)[:, :LONGEST] + menus.first[shop][:, None]
    taken = np.arange(LONGEST)[None, :] < lines[:, None]
    return filled(lines, chosen[taken], portions[taken], menus)


def filled(lines: np.ndarray, dish: np.ndarray, quantity: np.ndarray, menus: Menus) -> Baskets:
    """Baskets of so many lines each; `dish` (a row of the menus) and `quantity` have one element a line."""
    cents = menus.price_cents[dish]
    first = np.concatenate([[0], np.cumsum(lines)])
    return Baskets(_items(first, dish, quantity, cents, menus), _sums(quantity * cents, first))


def _sums(values: np.ndarray, first: np.ndarray) -> np.ndarray:
    total = np.concatenate([[0], np.cumsum(values)])
    return np.asarray(total[first[1:]] - total[first[:-1]])


def _items(first: np.ndarray, dish: np.ndarray, quantity: np.ndarray, cents: np.ndarray, menus: Menus) -> pa.ListArray:
    kind = load_contract("events/orders").arrow_schema.field("items").type
    known = {
        "item_id": menus.item_ids.take(pa.array(dish)),
        "name": menus.names.take(pa.array(dish)),
        "quantity": pa.array(quantity),
        "unit_price_cents": pa.array(cents),
    }
    fields = [kind.value_type.field(n) for n in range(kind.value_type.num_fields)]
    columns = [known[f.name].cast(f.type) if f.name in known else pa.nulls(len(dish), f.type) for f in fields]
    rows = pa.StructArray.from_arrays(columns, fields=fields)
    return pa.ListArray.from_arrays(pa.array(first, pa.int32()), rows).cast(kind)


def items_column(frame: pd.DataFrame) -> pa.Array:
    """The `items` of a frame of placements in the contract's type."""
    kind = load_contract("events/orders").arrow_schema.field("items").type
    column = pa.array(frame["items"], kind)
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
