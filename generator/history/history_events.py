"""Events of an import: what the rows say as it was, the rest of each order's life simulated and marked so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from generator.city.city import City
from generator.events import in_order
from generator.history.aftermath import money_and_reviews
from generator.history.check import Checked
from generator.history.real_events import envelope, real_events
from generator.history.targets import MILESTONES
from generator.lives.life import simulate_lives
from generator.roads.travel import CrowTravel
from generator.streams import Streams
from pipelines.contracts import conform, load_contract


def events_of(checked: Checked, seed: int) -> dict[str, pa.Table]:
    """All events of the files by topic, conforming to their contracts; the same files and seed give the same events.

    What the rows say is real (`is_simulated` false): placements, milestones, ends, refunds, shifts. Simulated events
    are those of the topics in the mapping's `simulate`, and of them only what the rows do not say.
    """
    source = f"replay:{checked.mapping.name}"
    tables = real_events(checked, source) | {"courier_shifts": _shifts(checked, source)}
    if not checked.mapping.simulate:
        return tables
    for city in checked.cities:
        orders = checked.orders[checked.orders["city_id"] == city.city_id].reset_index(drop=True)
        if len(orders):
            for topic, table in _simulated(checked, city, orders, seed, source).items():
                tables[topic] = in_order(pa.concat_tables([tables[topic], table])) if topic in tables else table
    return tables


def _simulated(checked: Checked, city: City, orders: pd.DataFrame, seed: int, source: str) -> dict[str, pa.Table]:
    """Simulated events of one city's orders: of whole lives, or beside real milestones of money and stars alone."""
    name = f"{checked.producer_id}/{checked.unit}"
    streams = Streams(
        seed, name if len(checked.mapping.cities) == 1 or checked.key != "several" else f"{name}/{city.city_id}"
    )
    if any(field in checked.mapping.orders.columns for field in MILESTONES):
        lives = money_and_reviews(orders, city, streams, source)
    else:
        # Where the file does not say how much a courier carries, the simulated one carries one order at a time.
        couriers = checked.shifts.assign(capacity=checked.shifts["capacity"].fillna(1).astype("int64"))
        lives = simulate_lives(orders, couriers, city, streams, CrowTravel(city), source=source).tables
        lives["restaurant_responses"] = _mark_real(lives["restaurant_responses"], orders)
    if len(checked.kept.refunds):  # the file says what went back
        paid = lives["payments"]
        lives["payments"] = paid.filter(pc.not_equal(paid.column("event_type"), "refunded"))
    return {topic: table for topic, table in lives.items() if topic in checked.mapping.simulate}


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
        columns = envelope("courier_shifts", event_type, keys, shifts[moment], checked.city.city_id, source, repeats)
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
