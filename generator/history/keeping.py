"""The contracts' own rules on a user's rows: what Kafka would refuse is found in the check, with line and rule.

A row that breaks a rule of an event it says is rejected before anything is published, in a dry run as well; so no
single row can stop the import of all others.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from generator.events import TIMESTAMP
from generator.history.findings import Findings, Outcome
from generator.history.said import Said, order_said
from pipelines.contract_rules import Rule, broken_rules, rules
from pipelines.contracts import conform, load_contract

# A payment is called after its order, with `-p1` behind: the 200 characters of a contract's id have room for both.
LONGEST_ORDER_ID = 197
# Envelope columns that the import itself makes, by the same rules for every row: no row can break them.
MADE = ("event_id", "produced_at", "source", "trace_id")


def contract_rules(orders: pd.DataFrame, found: Findings) -> None:
    """Orders whose events would break their contracts are rejected; `orders` are all rows, of which the kept count."""
    too_long = (orders["order_id"].str.len() > LONGEST_ORDER_ID).fillna(False).to_numpy(dtype=bool)
    shown = orders["order_id"].fillna("").str.slice(0, 200).to_numpy(dtype=object)
    detail = f"longer than {LONGEST_ORDER_ID} characters"
    found.add(too_long, Outcome.rejected, "order_id_too_long", shown, detail)
    live = orders[found.kept & found.scope]
    for said in order_said(live):
        if len(said.rows):
            _find(said, "order_id", found)


def shift_contract_rules(shifts: pd.DataFrame, found: Findings) -> None:
    """Shifts whose events would break their contract are rejected."""
    live = shifts[found.kept]
    if len(live):
        columns = ("courier_id", "vehicle", "capacity", "lat", "lng")
        _find(Said("courier_shifts", "started", "starts_at", columns, live), "courier_id", found)


def _find(said: Said, identity: str, found: Findings) -> None:
    checked = _rules(said.topic)
    broken = broken_rules(_table(said), checked)
    names = pc.list_element(broken.filter(pc.greater(pc.list_value_length(broken), 0)), 0).to_pylist()
    bad = said.rows[pc.greater(pc.list_value_length(broken), 0).to_numpy()]
    shown = np.full(len(found.outcome), "", dtype=object)
    shown[bad.index] = bad[identity].fillna("").astype(str).str.slice(0, 200)
    for rule in checked:
        mask = np.zeros(len(found.outcome), dtype=bool)
        mask[bad.index[[name == rule.name for name in names]]] = True
        detail = f"events/{said.topic} {load_contract(f'events/{said.topic}').version}: {rule.description}"
        found.add(mask, Outcome.rejected, rule.name, shown, detail)


@cache
def _rules(topic: str) -> list[Rule]:
    """Rules of a topic's events that a row of a file can break."""
    made = {rule.name for rule in rules(load_contract("events/_envelope")) if rule.name.startswith(MADE)}
    return [r for r in rules(load_contract(f"events/{topic}")) if r.name not in made]


def _table(said: Said) -> pa.Table:
    """The events without the identities that the import makes of them."""
    count = len(said.rows)
    moments = pa.array(said.rows[said.moment], TIMESTAMP)
    envelope = {
        "event_type": pa.array([said.event_type] * count, pa.string()),
        "event_time": moments,
        "produced_at": moments,
        "city_id": pa.array(said.rows["city_id"], pa.string()),
        "is_simulated": pa.array([False] * count, pa.bool_()),
    }
    return conform(pa.table(envelope | said.own_columns()), load_contract(f"events/{said.topic}"))
