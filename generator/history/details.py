"""What a user's rows say that no event holds: kept in the import's details, and sums of money for its account."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd

from generator.history.findings import Findings, Outcome
from generator.history.kinds import ORDER, REFUND
from generator.history.mapping_parts import FileSpec
from generator.history.rows import unused_columns
from generator.history.targets import MONEY, ORDERS
from generator.history.values import TEXT


def details_of(
    orders: pd.DataFrame, own: pd.DataFrame, spec: FileSpec, where: np.ndarray, found: Findings
) -> pd.DataFrame:
    """One row a kept order: order_id, line, the fields no event holds, the mapping's `details`, and as `unmapped` (JSON
    text) what a JSON line has besides. Without any of them only order_id and line."""
    kept = orders[where].reset_index(drop=True)
    table = pd.DataFrame({"order_id": kept["order_id"], "line": found.rows.lines[where]})
    for name in (n for n, target in ORDERS.items() if target.is_detail and n in orders):
        values = kept[name]
        table[name] = [None if v is None else json.dumps(v) for v in values] if name == "tags" else values
    for named in own:
        table[named] = own[named][where].to_numpy()
    for name in ("restaurant_notified_at", "courier_accepted_at"):
        if name in spec.columns:  # the first has no event, the second only where the courier is known
            table[name] = kept[name]
    extra = unused_columns(found.rows, spec) if spec.format == "jsonl" else []
    if extra:
        cells = found.rows.cells[extra][where].to_dict("records")
        texts = [{k: str(v) for k, v in row.items() if v is not None and v == v} for row in cells]
        table["unmapped"] = pd.Series([json.dumps(t, ensure_ascii=False) if t else None for t in texts], dtype=TEXT)
    return table


def money_sums(
    orders: pd.DataFrame, kinds: np.ndarray, spec: FileSpec, found: Findings
) -> dict[str, dict[str, dict[str, int]]]:
    """{field: {currency: {"read", "orders", "refunds", "other_movement", "left_out"}}} in hundredths.

    `read` is over all readable rows and the sum of the others; amounts of different currencies are never added.
    """
    parts = {
        "orders": (kinds == ORDER) & found.kept,
        "refunds": (kinds == REFUND) & found.kept,
        "other_movement": found.outcome == Outcome.other_movement,
    }
    parts["left_out"] = ~(parts["orders"] | parts["refunds"] | parts["other_movement"])
    sums: dict[str, dict[str, dict[str, int]]] = {}
    for name in (n for n in MONEY if n in spec.columns):
        for currency, rows in orders.groupby("currency")[name]:
            masks = {part: mask[rows.index] for part, mask in parts.items()}
            by_part = {part: int(rows[mask].sum()) for part, mask in masks.items()}
            sums.setdefault(name, {})[str(currency)] = {"read": sum(by_part.values()), **by_part}
    return sums
