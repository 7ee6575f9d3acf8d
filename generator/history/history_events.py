"""Events of an import: placements and shifts as they were, the rest of each order's life simulated and marked so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from generator.events import TIMESTAMP, event_ids, in_order, produced_at, trace_ids
from generator.history.check import Checked
from generator.life import simulate_lives
from generator.streams import Streams
from generator.travel import CrowTravel
from pipelines.contracts import conform, load_contract

PLACED_COLUMNS = (
    "order_id", "customer_id", "restaurant_id", "restaurant_name", "basket_value_cents", "currency", "promised_at",
    "scheduled_for", "pickup_lat", "pickup_lng", "dropoff_lat", "dropoff_lng",
)  # fmt: skip


def events_of(checked: Checked, seed: int) -> dict[str, pa.Table]:
    """All events of the files by topic, conforming to their contracts; the same files and seed give the same events.

    Placements and shifts are real (`is_simulated` false), and so is a kitchen's beginning and ready time that the file
    gives. Simulated events are those of the topics in the mapping's `simulate`.
    """
    source = f"replay:{checked.mapping.name}"
    tables = {"orders": _placed(checked, source), "courier_shifts": _shifts(checked, source)}
    if checked.mapping.simulate and len(checked.orders):
        for topic, table in _lives(checked, seed, source).items():
            if topic in checked.mapping.simulate:
                tables[topic] = in_order(pa.concat_tables([tables[topic], table])) if topic in tables else table
    return tables


def _lives(checked: Checked, seed: int, source: str) -> dict[str, pa.Table]:
    city = checked.city
    # Where the file does not say how much a courier carries, the simulated one carries one order at a time.
    couriers = checked.shifts.assign(capacity=checked.shifts["capacity"].fillna(1).astype("int64"))
    streams = Streams(seed, f"{checked.producer_id}/{checked.unit}")
    lives = simulate_lives(checked.orders, couriers, city, streams, CrowTravel(city), source=source)
    lives["restaurant_responses"] = _mark_real(lives["restaurant_responses"], checked.orders)
    return lives


def _mark_real(responses: pa.Table, orders: pd.DataFrame) -> pa.Table:
    """`is_simulated` false for the beginning and end of cooking that the file itself gave."""
    given = orders.set_index("order_id")
    simulated = responses.column("is_simulated").to_numpy().copy()
    ids = responses.column("order_id").to_pandas()
    types = responses.column("event_type").to_pandas()
    for event_type, column in (("preparing", "preparing_at"), ("ready", "ready_at")):
        known = ids.map(given[column].notna()).fillna(False).to_numpy(dtype=bool)
        simulated[(types == event_type).to_numpy() & known] = False
    place = responses.column_names.index("is_simulated")
    return responses.set_column(place, responses.schema.field("is_simulated"), pa.array(simulated, pa.bool_()))


def _envelope(
    topic: str, event_type: str, keys: list[str], times: pd.Series, checked: Checked, source: str, repeats: list[int]
) -> dict[str, Any]:
    """Envelope columns of real events, one a key."""
    ids = event_ids(source, topic, event_type, keys, repeats)
    event_time = pa.array(times, TIMESTAMP)
    return {
        "event_id": ids,
        "event_type": pa.array([event_type] * len(keys), pa.string()),
        "event_time": event_time,
        "produced_at": produced_at(event_time, ids),
        "city_id": pa.array([checked.city.city_id] * len(keys), pa.string()),
        "source": pa.array([source] * len(keys), pa.string()),
        "is_simulated": pa.array([False] * len(keys), pa.bool_()),
    }


def _placed(checked: Checked, source: str) -> pa.Table:
    contract = load_contract("events/orders")
    orders = checked.orders
    keys = orders["order_id"].astype(str).tolist()
    columns = _envelope("orders", "placed", keys, orders["placed_at"], checked, source, [0] * len(keys))
    columns["trace_id"] = trace_ids(keys)
    for name in PLACED_COLUMNS:
        columns[name] = pa.array(orders[name], contract.arrow_schema.field(name).type, from_pandas=True)
    return in_order(conform(pa.table(columns), contract))


def _shifts(checked: Checked, source: str) -> pa.Table:
    contract = load_contract("events/courier_shifts")
    shifts = checked.shifts
    keys = shifts["courier_id"].astype(str).tolist()
    # A courier's shifts are told apart by when they began, whichever file they come in.
    repeats = (
        [] if not keys else (shifts["starts_at"] - pd.Timestamp(0, tz="UTC")).dt.total_seconds().astype(int).tolist()
    )
    tables = []
    for event_type, moment in (("started", "starts_at"), ("ended", "ends_at")):
        if not keys:
            break
        columns = _envelope("courier_shifts", event_type, keys, shifts[moment], checked, source, repeats)
        columns["courier_id"] = pa.array(keys, pa.string())
        columns["vehicle"] = pa.array(shifts["vehicle"], pa.string(), from_pandas=True)
        columns["capacity"] = pa.array(shifts["capacity"], pa.int32(), from_pandas=True)
        if event_type == "started":  # where it ended is not in the file
            columns |= {name: pa.array(shifts[name], pa.float64()) for name in ("lat", "lng")}
        tables.append(conform(pa.table(columns), contract))
    return in_order(pa.concat_tables(tables)) if tables else contract.arrow_schema.empty_table()


def rows_by_topic(tables: dict[str, pa.Table]) -> dict[str, dict[str, int]]:
    """{topic: {"real", "simulated"}} rows."""
    counts = {}
    for topic, table in tables.items():
        simulated = int(np.sum(table.column("is_simulated").to_numpy())) if table.num_rows else 0
        counts[topic] = {"real": table.num_rows - simulated, "simulated": simulated}
    return counts


def is_empty(tables: dict[str, pa.Table]) -> bool:
    """Whether there is no event at all."""
    return not any(pc.count(t.column("event_id")).as_py() for t in tables.values())
