"""Couriers' positions: on the streets, where progress says they are, as fast as they move, and not without errors."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest

from generator.city.city import load_city
from generator.roads.network import load_network
from generator.roads.travel import METRES_PER_DEGREE, straight_metres
from tests.unit.generator.generated_days import friday, friday_with_truth

LNG = float(np.cos(np.radians(22.53)))


@cache
def pings() -> pd.DataFrame:
    return friday()["courier_gps"].to_pandas().sort_values(["courier_id", "event_time"], ignore_index=True)


@cache
def holding() -> pd.DataFrame:
    """One row an order that was delivered: its courier, and the times of its milestones."""
    progress = friday()["delivery_progress"].to_pandas()
    times = progress.pivot_table(index="order_id", columns="event_type", values="event_time", aggfunc="min")
    places = progress[progress["event_type"] == "delivered"].set_index("order_id")[["courier_id", "lat", "lng"]]
    shops = progress[progress["event_type"] == "picked_up"].set_index("order_id")[["lat", "lng"]]
    return times.join(places, how="inner").join(shops.add_suffix("_shop"))


def metres_to_streets(lat: np.ndarray, lng: np.ndarray) -> np.ndarray:
    """Metres from each position to the nearest of all edges of the network."""
    path = load_city("futian").network
    assert path is not None
    network = load_network(path)
    x, y = network.node_lng * LNG * METRES_PER_DEGREE, network.node_lat * METRES_PER_DEGREE
    ax, ay = x[network.edge_from], y[network.edge_from]
    dx, dy = x[network.edge_to] - ax, y[network.edge_to] - ay
    px, py = (lng * LNG * METRES_PER_DEGREE)[:, None] - ax, (lat * METRES_PER_DEGREE)[:, None] - ay
    part = np.clip((px * dx + py * dy) / np.maximum(dx**2 + dy**2, 1e-9), 0, 1)
    return np.hypot(px - part * dx, py - part * dy).min(axis=1)


def test_riding_couriers_are_on_the_streets_within_what_their_phones_state() -> None:
    riding = pings()[pings()["heading_deg"].notna()].iloc[::60]
    off = metres_to_streets(riding["lat"].to_numpy(), riding["lng"].to_numpy())
    assert len(off) > 200
    assert np.mean(off <= 2.5 * riding["accuracy_m"].to_numpy() + 30) > 0.97
    assert np.median(off) < 15


def test_between_arrival_and_pick_up_the_phone_is_at_the_restaurant_and_at_the_end_at_the_door() -> None:
    found = pings().merge(holding().reset_index(), on=["order_id", "courier_id"], suffixes=("", "_door"))
    tricks = friday_with_truth().truth["fraud"].column("order_id").to_pylist()  # who is said to be there need not be
    found = found[~found["order_id"].isin(tricks)]
    at = found["event_time"]
    for since, until, lat, lng in (
        ("arrived_at_restaurant", "picked_up", "lat_shop", "lng_shop"),
        ("near_customer", "delivered", "lat_door", "lng_door"),
    ):
        there = found[(at >= found[since]) & (at <= found[until])]
        off = straight_metres(*(there[c].to_numpy() for c in ("lat", "lng", lat, lng)))
        assert len(off) > 500
        assert np.mean(off <= 4 * there["accuracy_m"] + 25) > 0.99  # both are told by a phone
        assert there["heading_deg"].isna().all()


def test_an_order_is_named_from_assignment_to_hand_off_and_by_nobody_else() -> None:
    assigned = friday()["courier_assignments"].to_pandas()
    first = assigned[assigned["event_type"] == "assigned"].groupby("order_id")["event_time"].min()
    found = pings().merge(holding().reset_index(), on="order_id", suffixes=("", "_door")).set_index("order_id")
    own = found[found["courier_id"] == found["courier_id_door"]]
    assert (own["event_time"] >= first.reindex(own.index)).all()
    assert (own["event_time"] <= own["delivered"]).all()
    assert own.index.nunique() > 0.95 * len(holding())  # some phones are silent for a whole order


def test_speed_and_heading_are_those_of_the_movement() -> None:
    rows = pings()
    nearby = straight_metres(
        *(rows[c].to_numpy()[s] for s in (slice(None, -1), slice(1, None)) for c in ("lat", "lng"))
    )
    seconds = rows["event_time"].diff().dt.total_seconds().to_numpy()[1:]
    moving = rows["heading_deg"].notna().to_numpy()
    same = (rows["order_id"].eq(rows["order_id"].shift(-1)) & rows["courier_id"].eq(rows["courier_id"].shift(-1)))[:-1]
    both = same.to_numpy() & moving[:-1] & moving[1:] & (seconds < 40) & (nearby > 60)
    covered = nearby[both] / seconds[both] * 3.6
    assert both.sum() > 1000
    assert np.median(covered / rows["speed_kmh"].to_numpy()[:-1][both]) == pytest.approx(1.0, abs=0.2)
    north = np.diff(rows["lat"].to_numpy())[both]
    east = np.diff(rows["lng"].to_numpy())[both] * LNG
    turned = (np.degrees(np.arctan2(east, north)) - rows["heading_deg"].to_numpy()[:-1][both] + 180) % 360 - 180
    assert np.median(np.abs(turned)) < 25
    assert rows["speed_kmh"][~moving].max() < 4


def test_positions_come_often_on_the_way_seldom_while_waiting_and_sometimes_not_at_all() -> None:
    rows = pings()
    gap = rows.groupby("courier_id")["event_time"].diff().dt.total_seconds()
    riding = rows["heading_deg"].notna() & rows["heading_deg"].shift().notna()
    waiting = rows["order_id"].isna() & rows["order_id"].shift().isna()
    assert gap[riding].median() == pytest.approx(30, abs=1)
    assert gap[waiting].median() == pytest.approx(180, abs=5)
    assert 0.001 < (gap[riding] > 80).mean() < 0.1


def test_couriers_tell_where_they_are_on_shift_only() -> None:
    shifts = (
        friday()["courier_shifts"]
        .to_pandas()
        .pivot_table(index="courier_id", columns="event_type", values="event_time", aggfunc="min")
    )
    told = pings().groupby("courier_id")["event_time"].agg(["min", "max"]).join(shifts)
    assert (told["min"] >= told["started"]).all()
    assert (told["max"] <= told["ended"].fillna(told["dropped_out"])).all()
    assert len(told) == len(shifts)


def test_towers_make_the_same_places_worse_every_time() -> None:
    rows = pings()
    cell = rows["lat"].round(3).astype(str) + rows["lng"].round(3).astype(str)
    half = np.arange(len(rows)) % 2 == 0
    groups = [np.log(rows["accuracy_m"][part]).groupby(cell[part]).agg(["mean", "size"]) for part in (half, ~half)]
    both = groups[0].add_suffix("_a").join(groups[1].add_suffix("_b"), how="inner")
    often = both[(both["size_a"] > 15) & (both["size_b"] > 15)]
    assert np.corrcoef(often["mean_a"], often["mean_b"])[0, 1] > 0.5
