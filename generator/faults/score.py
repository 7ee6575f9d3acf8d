"""How much of what was injected quality monitoring caught, and how often it was wrong. Pure: tables in, table out.

An alarm is what monitoring raised about a row (quarantined), an event that came again (a repeat), a message (a dead
letter) or an order (its life contradicts itself). `pipelines` knows nothing of the truth; this joins the two.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import pandas as pd
import pyarrow as pa

Level = Literal["row", "repeat", "message", "order"]

# Which faults an alarm of a level can be about: a repeat is no sign of a wrong clock, a refused message none of delay.
_IDENTITY: dict[Level, tuple[tuple[str, frozenset[str]], ...]] = {
    "row": (("event_id", frozenset({"clock_skew", "late", "unknown_value", "corrupt_row"})),),
    "repeat": (("event_id", frozenset({"duplicate"})),),
    "message": (("message_id", frozenset({"bad_message"})), ("event_id", frozenset({"added_column"}))),
    "order": (("key", frozenset({"missing", "clock_skew", "unknown_value", "corrupt_row", "added_column"})),),
}


@dataclass(frozen=True)
class Alarm:
    """One alarm: the event, message or order it is about. A message's alarm names the events in it, where readable."""

    level: Level
    event_ids: tuple[str, ...] = ()
    message_id: str | None = None
    key: str | None = None


@dataclass(frozen=True)
class Score:
    """`by_fault`: one row a fault and variant (injected, caught, share_caught). `by_level`: alarms and false ones."""

    by_fault: pd.DataFrame
    by_level: pd.DataFrame


def score(truth: pa.Table, alarms: Iterable[Alarm]) -> Score:
    """Join the truth (schema TRUTH) with what monitoring raised.

    A fault is caught if an alarm that can be about it names its event, message or order. An alarm is false if it names
    none that was injected.
    """
    faults = truth.select(["fault", "variant", "event_id", "message_id", "key"]).to_pandas()
    raised = _named(alarms)
    pairs = pd.concat([_pairs(faults, raised, level) for level in _IDENTITY])
    caught = pd.Series(faults.index.isin(pairs["fault_row"]), index=faults.index)
    by_fault = (
        faults.assign(caught=caught, variant=faults["variant"].fillna(""))
        .groupby(["fault", "variant"])["caught"]
        .agg(injected="size", caught="sum", share_caught="mean")
        .reset_index()
    )
    each = raised.drop_duplicates("alarm")
    by_level = (
        each.assign(is_false=~each["alarm"].isin(pairs["alarm"]))
        .groupby("level")["is_false"]
        .agg(alarms="size", false_alarms="sum")
        .reset_index()
    )
    return Score(by_fault, by_level)


def _named(alarms: Iterable[Alarm]) -> pd.DataFrame:
    """One row for each alarm and event it names: alarm (its number), level, event_id, message_id, key."""
    rows = [
        (number, alarm.level, event_id, alarm.message_id, alarm.key)
        for number, alarm in enumerate(alarms)
        for event_id in alarm.event_ids or (None,)
    ]
    return pd.DataFrame(rows, columns=["alarm", "level", "event_id", "message_id", "key"], dtype=object)


def _pairs(faults: pd.DataFrame, raised: pd.DataFrame, level: Level) -> pd.DataFrame:
    """Row number of each fault beside the number of each alarm of this level that can be about it."""
    found = []
    for column, about in _IDENTITY[level]:
        those = faults.loc[faults["fault"].isin(about), [column]].dropna().rename_axis("fault_row").reset_index()
        named = raised.loc[raised["level"] == level, ["alarm", column]].dropna().astype({column: str})
        found.append(those.astype({column: str}).merge(named, on=column)[["fault_row", "alarm"]])
    return pd.concat(found)
