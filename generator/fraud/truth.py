"""The truth of fraud: what really was fraudulent in a day, kept apart from its events for evaluation alone."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from generator.fraud.draft import MARKS
from generator.fraud.tricks import Tricks
from generator.lives.chargebacks import CHARGED_BACK
from generator.lives.life import LIFE_TOPICS
from generator.lives.refunds import COMPLAINT, NOT_RECEIVED

_INSTANT = pa.timestamp("us", "UTC")

# One row a fraudulent order of one pattern; a courier's or customer's doing names the culprit, not the victim.
FRAUD_TRUTH = pa.schema(
    [
        pa.field("pattern", pa.string(), nullable=False),  # a section of usual_fraud.yaml
        pa.field("scheme_id", pa.string(), nullable=False),  # the burst, ring, person: rows of one doing share it
        pa.field("order_id", pa.string()),
        pa.field("customer_id", pa.string()),
        pa.field("courier_id", pa.string()),
        pa.field("restaurant_id", pa.string()),
        pa.field("from_time", _INSTANT, nullable=False),  # the first of the events named in event_ids
        pa.field("to_time", _INSTANT, nullable=False),  # the last of them
        pa.field("label_time", _INSTANT),  # when a chargeback tells the business; missing if none ever does
        pa.field("event_ids", pa.list_(pa.string()), nullable=False),  # events that fraud made or altered
    ]
)

ALL = ""  # every event of the topic
# What each pattern makes or alters: (topic, event type, reason); a refund counts only for the reason it was faked for.
TOUCHED: dict[str, tuple[tuple[str, str, str], ...]] = {
    "stolen_card": (("orders", ALL, ALL), ("payments", ALL, ALL)),
    "promotion_ring": (("orders", "placed", ALL), ("payments", ALL, ALL)),
    "refund_abuse": (("payments", "refunded", COMPLAINT),),
    "account_takeover": (("orders", ALL, ALL), ("payments", ALL, ALL)),
    "collusion": tuple((topic, ALL, ALL) for topic in LIFE_TOPICS),
    "false_delivery": (("delivery_progress", "near_customer", ALL), ("delivery_progress", "delivered", ALL)),
    "gps_spoofing": (("courier_gps", ALL, ALL),),
    "false_delivery, told of": (("payments", "refunded", NOT_RECEIVED), ("reviews", "submitted", ALL)),
}
CULPRITS = {
    "stolen_card": ("customer_id",),
    "promotion_ring": ("customer_id",),
    "refund_abuse": ("customer_id",),
    "account_takeover": ("customer_id",),
    "collusion": ("customer_id", "courier_id", "restaurant_id"),
    "false_delivery": ("courier_id",),
    "gps_spoofing": ("courier_id",),
}


def fraud_truth(marks: pd.DataFrame, tricks: Tricks, told: pd.DataFrame, gps: pa.Table) -> pa.Table:
    """The table FRAUD_TRUTH of a day, by time; `marks` as `Draft.marks`, `tricks` after they were played.

    `told`: `events_of` the orders in question, others may be among them; `gps`: the day's courier_gps.
    """
    marks = pd.concat([marks, _of_couriers(tricks)], ignore_index=True)
    told = pd.concat([told, _positions(tricks, gps)], ignore_index=True)
    touched = marks.merge(told, on="order_id")
    touched = touched[_is_touched(touched)]
    if touched.empty:
        return FRAUD_TRUTH.empty_table()
    rows = touched.sort_values(["event_time", "event_id"]).groupby(["pattern", "scheme_id", "order_id"], sort=True)
    truth = rows.agg(
        from_time=("event_time", "min"), to_time=("event_time", "max"), event_ids=("event_id", list)
    ).reset_index()
    truth = truth.join(_persons(told), on="order_id").join(_labels(told), on="order_id")
    for pattern, culprits in CULPRITS.items():
        for person in {"customer_id", "courier_id", "restaurant_id"} - set(culprits):
            truth.loc[truth["pattern"] == pattern, person] = None
    truth = truth.sort_values(["from_time", "pattern", "order_id"])
    return pa.Table.from_pandas(truth, schema=FRAUD_TRUTH, preserve_index=False)


def _of_couriers(tricks: Tricks) -> pd.DataFrame:
    """Marks of what couriers did on their own."""
    rows = [("false_delivery", "false_delivery", scheme, order) for order, scheme in tricks.false_orders.items()]
    rows += [
        ("false_delivery", "false_delivery, told of", scheme, order)
        for order, scheme in tricks.false_orders.items()
        if order in tricks.complaints
    ]
    rows += [("gps_spoofing", "gps_spoofing", scheme, order) for order, scheme in tricks.spoofed.items()]
    return pd.DataFrame(rows, columns=list(MARKS))


def events_of(orders: set[str], events: Mapping[str, pa.Table]) -> pd.DataFrame:
    """Events of the orders: topic, event_id, event_type, event_time, order_id, reason and persons, where known."""
    wanted = pa.array(sorted(orders), pa.string())
    frames: list[pd.DataFrame] = []
    for topic in LIFE_TOPICS:
        table = events[topic].filter(pc.is_in(events[topic].column("order_id"), value_set=wanted))
        names = ["event_id", "event_type", "event_time", "order_id"]
        names += [n for n in ("reason", "customer_id", "courier_id", "restaurant_id") if n in table.column_names]
        frames.append(table.select(names).to_pandas().assign(topic=topic))
    found: pd.DataFrame = pd.concat(frames, ignore_index=True)
    return found


def _positions(tricks: Tricks, gps: pa.Table) -> pd.DataFrame:
    """Events of false positions, likewise."""
    if not tricks.false_positions:
        return pd.DataFrame()
    false = pc.is_in(gps.column("event_id"), value_set=pa.array(sorted(tricks.false_positions)))
    names = ["event_id", "event_type", "event_time", "order_id", "courier_id"]
    return pd.DataFrame(gps.filter(false).select(names).to_pandas().assign(topic="courier_gps"))


def _is_touched(rows: pd.DataFrame) -> pd.Series:
    """Whether the pattern of each row (marks with events) made or altered its event."""
    found = pd.Series(False, index=rows.index)
    for touch, kinds in TOUCHED.items():
        for topic, event_type, reason in kinds:
            here = (rows["touch"] == touch) & (rows["topic"] == topic)
            here &= (rows["event_type"] == event_type) | (event_type == ALL)
            found |= here & ((rows["reason"] == reason) | (reason == ALL))
    return found


def _persons(told: pd.DataFrame) -> pd.DataFrame:
    """By order: its customer and restaurant, and the courier who delivered it."""
    placed = told[told["topic"].eq("orders") & told["event_type"].eq("placed")].set_index("order_id")
    delivered = told[told["topic"].eq("delivery_progress") & told["event_type"].eq("delivered")].set_index("order_id")
    persons: pd.DataFrame = placed[["customer_id", "restaurant_id"]].join(delivered["courier_id"])
    return persons


def _labels(told: pd.DataFrame) -> pd.Series:
    """By order: when it was charged back."""
    back = told[told["topic"].eq("payments") & told["event_type"].eq(CHARGED_BACK)]
    return back.groupby("order_id")["event_time"].min().rename("label_time")
