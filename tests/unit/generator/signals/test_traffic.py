"""The traffic: hours, streets and rain make it; rides follow it; sensors tell it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from generator.city.business_day import business_day
from generator.city.city import load_city
from generator.roads.routes import routes_of
from generator.roads.street_travel import StreetTravel
from generator.roads.travel import VEHICLES
from generator.signals.traffic import Traffic, edge_ids, sensors_of
from generator.signals.weather import Weather, weather_of_day
from tests.unit.generator.generated_days import FRIDAY, friday

FUTIAN = load_city("futian")
START = business_day(FUTIAN, FRIDAY)[0]
EVENING, NIGHT = START + 14.5 * 3600, START + 0.5 * 3600  # half past six, half past four
BIKE, CAR = VEHICLES.index("e_bike"), VEHICLES.index("car")


def dry() -> Weather:
    weather = weather_of_day(FUTIAN, FRIDAY, 7)
    return replace(weather, sky_rain=np.zeros_like(weather.sky_rain))


def wet() -> Weather:
    return dry().with_rain(START, START + 86_400, 12.0)


def rides(traffic: Traffic, vehicle: int, at: float) -> np.ndarray:
    """Seconds of forty rides across town that begin at `at`."""
    network, travel = traffic.network, StreetTravel(FUTIAN, traffic)
    start, end = np.random.default_rng(1).integers(0, len(network.node_lat), (2, 40))
    here, there = (travel.spots(network.node_lat[node], network.node_lng[node]) for node in (start, end))
    hour = int((at + 8 * 3600) // 3600 % 24)
    return np.array([travel.ride_seconds(here[n], there[n], vehicle, hour, at) for n in range(40)])


def test_a_way_is_made_of_edges_that_join_and_its_length_is_the_matrix() -> None:
    assert FUTIAN.network is not None
    routes = routes_of(FUTIAN.network)
    network, random = routes.network, np.random.default_rng(3)
    start, end = random.integers(0, len(network.node_lat), (2, 200))
    paths = routes.shortest.paths(start, end, network.edge_from)
    for n in range(200):
        edges = paths.edges[paths.first[n] : paths.first[n + 1]]
        assert np.array_equal(edges, routes.shortest.edges(start[n], end[n], network.edge_from))
        if start[n] == end[n]:
            assert len(edges) == 0
            continue
        assert network.edge_from[edges[0]] == start[n]
        assert network.edge_to[edges[-1]] == end[n]
        assert np.array_equal(network.edge_to[edges[:-1]], network.edge_from[edges[1:]])
        assert network.edge_metres[edges].sum() == pytest.approx(routes.shortest.total[start[n], end[n]], rel=1e-4)


def test_slower_traffic_makes_rides_longer_for_cars_more_than_for_bikes() -> None:
    traffic = Traffic(FUTIAN, FRIDAY, 7, dry())
    longer = {v: rides(traffic, v, EVENING).sum() / rides(traffic, v, NIGHT).sum() for v in (BIKE, CAR)}
    assert 1.1 < longer[BIKE] < longer[CAR]


def test_a_jam_on_a_rides_own_streets_delays_it_and_elsewhere_does_not() -> None:
    assert FUTIAN.network is not None
    traffic, routes = Traffic(FUTIAN, FRIDAY, 7, dry()), routes_of(FUTIAN.network)
    network, travel = routes.network, StreetTravel(FUTIAN, traffic)
    way = routes.fastest.edges(10, 900, network.edge_from)
    here, there = (travel.spots(network.node_lat[node], network.node_lng[node]) for node in (10, 900))
    before = travel.ride_seconds(here, there, CAR, 4, NIGHT)
    elsewhere = np.setdiff1d(np.arange(len(network.edge_kmh)), way)
    for step in range(12):
        traffic.slowness(NIGHT + 300 * step)[elsewhere] *= 3
    assert travel.ride_seconds(here, there, CAR, 4, NIGHT) == before
    for step in range(12):
        traffic.slowness(NIGHT + 300 * step)[way] *= 2
    assert travel.ride_seconds(here, there, CAR, 4, NIGHT) == pytest.approx(2 * before, rel=0.01)


def test_usual_ride_is_about_what_is_reckoned_with() -> None:
    traffic, usual = Traffic(FUTIAN, FRIDAY, 7, dry()), StreetTravel(FUTIAN)
    for vehicle in (BIKE, CAR):
        real = rides(traffic, vehicle, EVENING).sum()
        nodes = np.random.default_rng(1).integers(0, len(traffic.network.node_lat), (2, 40))
        lat, lng = traffic.network.node_lat[nodes], traffic.network.node_lng[nodes]
        reckoned = usual.seconds(lat[0], lng[0], lat[1], lng[1], vehicle, 18).sum()
        assert real == pytest.approx(reckoned, rel=0.06)


def test_rain_slows_riders_and_streets() -> None:
    in_rain, in_sun = Traffic(FUTIAN, FRIDAY, 7, wet()), Traffic(FUTIAN, FRIDAY, 7, dry())
    assert (in_rain.slowness(EVENING) > in_sun.slowness(EVENING)).all()
    for vehicle in (BIKE, CAR):
        assert rides(in_rain, vehicle, EVENING).sum() > 1.1 * rides(in_sun, vehicle, EVENING).sum()
    assert in_rain.riders_slowness(CAR, EVENING) == 1.0 < in_rain.riders_slowness(BIKE, EVENING)


def test_sensors_tell_the_speed_of_their_edges_within_what_few_vehicles_allow() -> None:
    traffic = Traffic(FUTIAN, FRIDAY, 7, weather_of_day(FUTIAN, FRIDAY, 7))
    table = friday()["traffic"].to_pandas()
    edges = {name: edge for edge, name in enumerate(edge_ids(FUTIAN, np.arange(len(traffic.network.edge_kmh))))}
    assert {edges[name] for name in table["edge_id"]} == set(sensors_of(traffic, 7).tolist())
    some = table[table["observed_vehicles"] > 25].iloc[::200]
    ends = some["event_time"].astype("int64") / 1e6
    true = [
        traffic.network.edge_kmh[edges[name]] / traffic.slowness(end - 150)[edges[name]]
        for name, end in zip(some["edge_id"], ends, strict=True)
    ]
    assert np.abs(np.log(some["speed_kmh"].to_numpy() / np.array(true))).max() < 0.25
    assert 10_000 < len(table) < 12_000
    assert not table.duplicated(["edge_id", "event_time"]).any()


def test_observed_streets_are_slower_in_the_evening_rush_than_before_dawn() -> None:
    table = friday()["traffic"].to_pandas()
    ratio = (table["speed_kmh"] / table["free_flow_kmh"]).groupby(
        table["event_time"].dt.tz_convert("Asia/Shanghai").dt.hour
    )
    assert ratio.mean()[18] < 0.8 * ratio.mean()[4]
