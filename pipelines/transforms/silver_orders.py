"""Silver orders: one row an order with its whole life. Pure: events in, orders and contradictory orders out."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h3
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.contract_rules import Rule, broken_rules, rules
from pipelines.contracts import conform, load_contract
from pipelines.tables import query
from pipelines.transforms.events import rows_as_json
from pipelines.transforms.local_time import business_dates, cities_by_id, local_clock, with_business_date

TOPICS = ("orders", "restaurant_responses", "courier_assignments", "delivery_progress", "payments", "reviews")
POSITION_RESOLUTION = 9  # H3 cells of about 0.1 square km: enough for features, too coarse for a front door
NO_ZONE, NO_ZONE_NAME = "unknown", "No position"  # of an imported order whose history has no positions
EARTH_RADIUS_M = 6_371_008.8  # mean radius, IUGG

_SQL = Path(__file__).with_suffix(".sql").read_text()


@dataclass(frozen=True)
class SilverOrders:
    """`orders` conforms to silver/orders, `quarantine` to silver/quarantine."""

    orders: pa.Table
    quarantine: pa.Table


def silver_orders(
    events: Mapping[str, pa.Table], cities: pd.DataFrame, watermarks: Mapping[str, pd.Timestamp], token_key: bytes
) -> SilverOrders:
    """Orders from good, distinct events (topic -> bronze rows).

    `cities` is indexed by city_id (events/cities columns); `watermarks` says per city how far its events reach, for an
    order that nobody answered for a day; `token_key` keys the customers' tokens.
    """
    lives = _lives(events, watermarks)
    table = _with_places(lives, cities, token_key)
    contract = load_contract("silver/orders")
    broken = broken_rules(table, _order_rules(rules(contract)))
    good = pc.equal(pc.list_value_length(broken), 0)
    orders = conform(table.filter(good).select(contract.columns), contract)
    bad = pc.invert(good)
    return SilverOrders(
        orders, pa.concat_tables([_contradictory(table.filter(bad), broken.filter(bad)), _orphans(events, cities)])
    )


def _lives(events: Mapping[str, pa.Table], watermarks: Mapping[str, pd.Timestamp]) -> pd.DataFrame:
    marks = pa.table(
        {
            "city_id": pa.array(list(watermarks), pa.string()),
            "watermark": pa.array(list(watermarks.values()), pa.timestamp("us", "UTC")),
        }
    )
    table = query(_SQL, watermarks=marks, **{topic: events[topic] for topic in TOPICS})
    lives: pd.DataFrame = table.to_pandas(types_mapper=_nullable, date_as_object=True)
    return lives


def _nullable(kind: pa.DataType) -> pd.api.extensions.ExtensionDtype | None:
    # integers with missing values must not pass through float64: cents above 2**53 would change
    return {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype(), pa.bool_(): pd.BooleanDtype()}.get(kind)


def _with_places(lives: pd.DataFrame, cities: pd.DataFrame, token_key: bytes) -> pa.Table:
    """Local time by the city's zone, H3 cells for positions, tokens for customers.

    Columns of silver/orders and `city_currency`.
    """
    lives = lives.copy()
    lives["business_date"] = pd.Series(None, index=lives.index, dtype=object)
    lives["local_hour"] = pd.Series(pd.NA, index=lives.index, dtype="Int32")
    for name in ("zone_id", "zone_name", "restaurant_zone_id", "city_currency"):
        lives[name] = pd.Series(None, index=lives.index, dtype=object)
    registered = cities_by_id(cities)
    for city_id, rows in lives.groupby("city_id").groups.items():
        if city_id in registered:
            _place_in_city(lives, rows, registered[str(city_id)])
    pick_ups, drop_offs = (lives["pickup_lat"], lives["pickup_lng"]), (lives["dropoff_lat"], lives["dropoff_lng"])
    lives["pickup_cell"] = _cells(*pick_ups, POSITION_RESOLUTION)
    lives["dropoff_cell"] = _cells(*drop_offs, POSITION_RESOLUTION)
    lives["distance_m"] = great_circle_m(*pick_ups, *drop_offs)
    lives["customer_token"] = _tokens(lives["customer_id"], token_key)
    schema = load_contract("silver/orders").arrow_schema.append(pa.field("city_currency", pa.string()))
    schema = schema.append(pa.field("payment_currency", pa.string()))
    return pa.Table.from_pandas(lives, schema=schema, preserve_index=False)


def _place_in_city(lives: pd.DataFrame, rows: pd.Index[int], city: dict[str, Any]) -> None:
    zone, cut, resolution = str(city["time_zone"]), int(str(city["day_cut_hour"])), int(str(city["zone_resolution"]))
    placed = lives.loc[rows, "placed_at"]
    lives.loc[rows, "business_date"] = business_dates(placed, zone, cut)
    lives.loc[rows, "local_hour"] = local_clock(placed, zone).dt.hour.astype("Int32")
    zones = _cells(lives.loc[rows, "dropoff_lat"], lives.loc[rows, "dropoff_lng"], resolution)
    named = city["zones"]
    names = {z["zone_id"]: z["name"] for z in (named if named is not None else [])}
    lives.loc[rows, "zone_id"] = [cell or NO_ZONE for cell in zones]
    lives.loc[rows, "zone_name"] = [names.get(cell, short_cell(cell)) if cell else NO_ZONE_NAME for cell in zones]
    kitchens = _cells(lives.loc[rows, "pickup_lat"], lives.loc[rows, "pickup_lng"], resolution)
    lives.loc[rows, "restaurant_zone_id"] = [cell or NO_ZONE for cell in kitchens]
    lives.loc[rows, "city_currency"] = str(city["currency"])
    inside = lives.loc[rows, "dropoff_lat"].between(city["min_lat"], city["max_lat"]) & lives.loc[
        rows, "dropoff_lng"
    ].between(city["min_lng"], city["max_lng"])
    outside = rows[~inside.to_numpy() & lives.loc[rows, "dropoff_lat"].notna().to_numpy()]
    lives.loc[outside, "flags"] = [
        ",".join(filter(None, [f, "dropoff_outside_area"])) for f in lives.loc[outside, "flags"]
    ]


def short_cell(cell: str) -> str:
    """A name for a zone that has none: the digits of its H3 cell that differ within a city."""
    return f"Zone {cell[4:].rstrip('f')}"


def _cells(lat: pd.Series[float], lng: pd.Series[float], resolution: int) -> list[str | None]:
    # h3 has no vectorised call; about 1 µs a position
    pairs = zip(lat, lng, strict=True)
    return [None if a != a or b != b else h3.latlng_to_cell(a, b, resolution) for a, b in pairs]


def great_circle_m(
    lat1: pd.Series[float], lng1: pd.Series[float], lat2: pd.Series[float], lng2: pd.Series[float]
) -> pd.Series[float]:
    """Great-circle distance in metres (haversine) between positions in degrees."""
    a, b, c, d = (np.radians(x) for x in (lat1, lng1, lat2, lng2))
    h = np.sin((c - a) / 2) ** 2 + np.cos(a) * np.cos(c) * np.sin((d - b) / 2) ** 2
    metres: pd.Series[float] = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(h, 0, 1)))
    return metres


def _tokens(customers: pd.Series[str], key: bytes) -> pd.Series[str]:
    tokens = {c: hmac.new(key, c.encode(), hashlib.sha256).hexdigest()[:32] for c in customers.dropna().unique()}
    return customers.map(tokens)


def _order_rules(found: list[Rule]) -> list[Rule]:
    # an unregistered city leaves its local columns empty: one rule says so, not five
    local = {
        "business_date_missing",
        "local_hour_missing",
        "zone_id_missing",
        "zone_name_missing",
        "restaurant_zone_id_missing",
    }
    return [rule for rule in found if rule.name not in local]


def _contradictory(rows: pa.Table, broken: pa.ChunkedArray) -> pa.Table:
    n = rows.num_rows
    days = pc.if_else(
        pc.is_null(rows.column("business_date")),
        pc.cast(rows.column("placed_at"), pa.date32()),
        rows.column("business_date"),
    )
    columns = {
        "dataset": pa.array(["silver/orders"] * n, pa.string()),
        "partition_date": days,
        "rules": pa.array([",".join(names) for names in broken.to_pylist()], pa.string()),
        "city_id": rows.column("city_id"),
        "order_id": rows.column("order_id"),
        "event_time": rows.column("placed_at"),
        "row": rows_as_json(rows),
    }
    return conform(pa.table(columns), load_contract("silver/quarantine"))


def _orphans(events: Mapping[str, pa.Table], cities: pd.DataFrame) -> pa.Table:
    """Orders that events speak of but that were never placed: a row each, on the business day of the first event."""
    contract = load_contract("silver/quarantine")
    placed = events["orders"].filter(pc.equal(events["orders"].column("event_type"), "placed")).column("order_id")
    known = ["order_id", "city_id", "event_time", "event_id", "event_type"]
    later = pa.concat_tables([events[topic].select(known) for topic in TOPICS])
    later = later.filter(pc.invert(pc.is_in(later.column("order_id"), value_set=placed.combine_chunks())))
    if later.num_rows == 0:
        return contract.arrow_schema.empty_table()
    frame = later.to_pandas().sort_values(["event_time", "event_id"])
    first = with_business_date(frame.drop_duplicates("order_id"), cities)
    lives = frame.groupby("order_id")["event_type"].agg(list)
    told = first.drop(columns="business_date")
    rows_json = pa.Table.from_pandas(told.assign(events=first["order_id"].map(lives)), preserve_index=False)
    columns = {
        "dataset": pa.array(["silver/orders"] * len(first), pa.string()),
        "partition_date": pa.array(first["business_date"], pa.date32()),
        "rules": pa.array(["order_never_placed"] * len(first), pa.string()),
        "city_id": pa.array(first["city_id"], pa.string()),
        "order_id": pa.array(first["order_id"], pa.string()),
        "event_time": pa.array(first["event_time"], pa.timestamp("us", "UTC")),
        "row": rows_as_json(rows_json),
    }
    return conform(pa.table(columns), contract)
