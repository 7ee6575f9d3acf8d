"""A Friday with faults of every kind, each often enough to be counted: what is delivered of it, and its truth."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from generator.faults import Delivered, inject
from generator.faults.profile import faults_of
from generator.streams import Streams
from tests.unit.generator.generated_days import FRIDAY, friday

STREAMS = Streams.of_day(7, FRIDAY)


EVERY_KIND: dict[str, dict[str, Any]] = {
    "missing": {"share": 0.03},
    "duplicates": {"share": 0.04},
    "late": {"share": 0.05},
    "out_of_order": {"share": 0.02},
    "clock_skew": {"share": 0.2, "mean_hours": 1e6},
    "corrupt_rows": {"share": 0.05},
    "unknown_values": {"share": 0.03},
    "added_columns": {"share": 0.25},
    "bad_messages": {"share": 0.01},
}


FAULT_OF = {
    "missing": "missing",
    "duplicates": "duplicate",
    "late": "late",
    "out_of_order": "out_of_order",
    "clock_skew": "clock_skew",
    "corrupt_rows": "corrupt_row",
    "unknown_values": "unknown_value",
    "added_columns": "added_column",
    "bad_messages": "bad_message",
}


def delivered(*kinds: str) -> Delivered:
    """The Friday with only these kinds of fault."""
    return inject(friday(), faults_of({kind: EVERY_KIND[kind] for kind in kinds}), STREAMS)


@cache
def alone(kind: str) -> Delivered:
    return delivered(kind)


@cache
def all_together() -> Delivered:
    return delivered(*EVERY_KIND)


def truth_of(result: Delivered, fault: str | None = None) -> pd.DataFrame:
    truth = result.truth.to_pandas()
    return truth if fault is None else truth[truth["fault"] == fault].reset_index(drop=True)


def stream(result: Delivered, topic: str) -> pd.DataFrame:
    """Rows of a topic as they are delivered, in order, with the number of their table; the first copy has copy 0."""
    tables = [
        table.drop_columns(["items"] if "items" in table.column_names else []).to_pandas().assign(part=number)
        for number, table in enumerate(result.deliveries[topic].tables)
    ]
    rows = pd.concat(tables, ignore_index=True)
    return rows.assign(copy=rows.groupby("event_id").cumcount())


def original(topic: str) -> pd.DataFrame:
    table = friday()[topic]
    return table.drop_columns(["items"] if "items" in table.column_names else []).to_pandas().set_index("event_id")


def events() -> int:
    return sum(table.num_rows for table in friday().values())


def near(count: int, expected: float) -> bool:
    """Within four standard deviations of a binomial number with a small share."""
    return abs(count - expected) <= 4 * np.sqrt(expected)
