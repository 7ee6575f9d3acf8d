"""Events of a user's own rows: placements, milestones, ends and refunds, as they were (`is_simulated` false)."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pyarrow as pa

from generator.events import TIMESTAMP, event_ids, in_order, produced_at, trace_ids
from generator.history.check import Checked
from generator.history.said import Said, order_said
from pipelines.contracts import conform, load_contract


def real_events(checked: Checked, source: str) -> dict[str, pa.Table]:
    """Events of orders and refunds by topic, conforming to their contracts, in order of time.

    An end whose time is not known has the placement's time and `is_time_unknown`. Kitchen milestones are left to the
    simulation where the mapping simulates the restaurant's answers, which keeps them as they are.
    """
    found: dict[str, list[pa.Table]] = {}
    for said in order_said(checked.orders, checked.mapping.simulate):
        found.setdefault(said.topic, []).append(_events(said, source))
    found.setdefault("payments", []).append(_refunded(checked.kept.refunds, source))
    merged = {topic: in_order(pa.concat_tables(tables)) for topic, tables in found.items()}
    return {topic: table for topic, table in merged.items() if table.num_rows or topic == "orders"}


def _events(said: Said, source: str) -> pa.Table:
    """The events as their contract has them."""
    ids = said.rows["order_id"].astype(str).tolist()
    table = envelope(said.topic, said.event_type, ids, said.rows[said.moment], said.rows["city_id"], source)
    table["trace_id"] = trace_ids(ids)
    return conform(pa.table(table | said.own_columns()), load_contract(f"events/{said.topic}"))


def envelope(
    topic: str,
    event_type: str,
    keys: list[str],
    times: pd.Series,
    cities: pd.Series | str,
    source: str,
    repeats: list[int] | None = None,
) -> dict[str, Any]:
    """Envelope columns of real events, one a key; `repeats` tells events of one key and type apart."""
    ids = event_ids(source, topic, event_type, keys, repeats if repeats is not None else [0] * len(keys))
    event_time = pa.array(times, TIMESTAMP)
    in_city = [cities] * len(keys) if isinstance(cities, str) else cities
    return {
        "event_id": ids,
        "event_type": pa.array([event_type] * len(keys), pa.string()),
        "event_time": event_time,
        "produced_at": produced_at(event_time, ids),
        "city_id": pa.array(in_city, pa.string()),
        "source": pa.array([source] * len(keys), pa.string()),
        "is_simulated": pa.array([False] * len(keys), pa.bool_()),
    }


def _refunded(refunds: pd.DataFrame, source: str) -> pa.Table:
    """What went back, each on its own day; the payment is the order's first."""
    contract = load_contract("events/payments")
    if refunds.empty:
        return contract.arrow_schema.empty_table()
    ids = refunds["order_id"].astype(str).tolist()
    columns = envelope(
        "payments",
        "refunded",
        refunds["refund_id"].astype(str).tolist(),
        refunds["refunded_at"],
        refunds["city_id"],
        source,
    )
    columns["trace_id"] = trace_ids(ids)
    columns["order_id"] = pa.array(ids, pa.string())
    columns["payment_id"] = pa.array([f"{i}-p1" for i in ids], pa.string())
    columns["amount_cents"] = pa.array(refunds["amount_cents"].astype("int64"), pa.int64())
    columns["currency"] = pa.array(refunds["currency"], pa.string())
    return conform(pa.table(columns), contract)
