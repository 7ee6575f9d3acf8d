"""GPS spoofing: couriers whose phones tell positions they are not at, standing at the restaurant or jumping about."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from generator.fraud.profile import GpsSpoofing
from generator.fraud.tricks import Tricks
from generator.roads.travel import METRES_PER_DEGREE
from generator.streams import Streams

PATTERN = "gps_spoofing"
STANDING_KMH = 0.5  # what a phone that stands still believes its speed to be


def spoof_positions(gps: pa.Table, rides: pd.DataFrame, tricks: Tricks, streams: Streams) -> pa.Table:
    """The courier_gps events of a day with `spoofed_rides`; they differ in position, speed and heading alone.

    Notes in `tricks` on which orders which events told a false position. Between pick-up and hand-off the phone either
    stands at the restaurant, or some of its positions lie far off the way.
    """
    profile = tricks.fraud.gps_spoofing
    at = np.flatnonzero(pc.is_in(gps.column("order_id"), pa.array(rides.index, pa.string())).to_numpy())
    if not len(at):
        return gps
    names = ["event_id", "order_id", "courier_id", "event_time", "lat", "lng", "accuracy_m"]
    told = gps.select(names).take(pa.array(at)).to_pandas()
    told = told.assign(row=at).join(rides, on="order_id")
    told = told[(told["event_time"] > told["picked_up"]) & (told["event_time"] < told["delivered"])]
    jumps = streams.of(f"fraud/{PATTERN}/jump").random(len(told)) < profile.jump_share
    told = told[told["stands"].to_numpy() | jumps]
    couriers = told.drop_duplicates("order_id").set_index("order_id")["courier_id"]
    tricks.spoofed = {str(order): tricks.spoofers[courier] for order, courier in couriers.items()}
    tricks.false_positions = set(told["event_id"])
    return _replaced(gps, told, profile, streams)


def spoofed_rides(events: Mapping[str, pa.Table], tricks: Tricks, streams: Streams) -> pd.DataFrame:
    """Rides whose positions are false, by order_id: picked_up, delivered, pickup_lat, pickup_lng, stands (or jumps).

    `events` has orders and delivery_progress.
    """
    profile = tricks.fraud.gps_spoofing
    progress = events["delivery_progress"].select(["order_id", "event_type", "event_time", "courier_id"]).to_pandas()
    progress = progress[progress["courier_id"].isin(tricks.spoofers)]
    times = progress.pivot_table(index="order_id", columns="event_type", values="event_time", aggfunc="min")
    times = times.reindex(columns=["picked_up", "delivered"]).dropna().sort_index()
    chance = streams.of(f"fraud/{PATTERN}/order").random((len(times), 2))
    stands = pd.Series(chance[:, 1] < profile.stands_share, index=times.index)
    orders = events["orders"].filter(pc.equal(events["orders"].column("event_type"), "placed"))
    places = orders.select(["order_id", "pickup_lat", "pickup_lng"]).to_pandas().set_index("order_id")
    rides: pd.DataFrame = times.assign(stands=stands)[chance[:, 0] < profile.order_share].join(places)
    return rides


def _replaced(gps: pa.Table, told: pd.DataFrame, profile: GpsSpoofing, streams: Streams) -> pa.Table:
    """The positions of `told` replaced: at the restaurant give or take the phone's error, or far from where it was."""
    rows, stands, size = told["row"].to_numpy(), told["stands"].to_numpy(dtype=bool), len(told)
    random = streams.of(f"fraud/{PATTERN}/where")
    error = told["accuracy_m"].to_numpy()[:, None] * random.standard_normal((size, 2)) / 2
    angle, far = random.uniform(0, 2 * np.pi, size), profile.jump_metres * random.uniform(0.5, 1.5, size)
    off = np.where(stands[:, None], error, far[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    start = told[["lat", "lng"]].to_numpy(copy=True)
    start[stands] = told.loc[stands, ["pickup_lat", "pickup_lng"]].to_numpy()
    still = np.round(np.abs(STANDING_KMH * random.standard_normal(int(stands.sum()))), 1)
    new = {
        "lat": (rows, np.round(start[:, 0] + off[:, 0] / METRES_PER_DEGREE, 6)),
        "lng": (rows, np.round(start[:, 1] + off[:, 1] / METRES_PER_DEGREE / np.cos(np.radians(start[:, 0])), 6)),
        "speed_kmh": (rows[stands], still),
        "heading_deg": (rows[stands], np.full(len(still), np.nan)),
    }
    for name, (where, values) in new.items():
        column = np.array(gps.column(name))
        column[where] = values
        gps = gps.set_column(gps.column_names.index(name), gps.schema.field(name), pa.array(column, from_pandas=True))
    return gps
