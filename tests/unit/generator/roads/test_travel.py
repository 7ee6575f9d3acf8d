from __future__ import annotations

from datetime import date

import numpy as np
import pytest

from generator.city.city import City, load_city
from generator.roads.network import load_network
from generator.roads.street_travel import StreetTravel, travel_of
from generator.roads.travel import DETOUR, VEHICLES, CrowTravel, straight_metres, vehicle_codes
from generator.scenario.scenario import load_scenario
from generator.scenario.scenario_travel import ScenarioTravel
from pipelines.errors import UsageError

BIKE, CAR = VEHICLES.index("e_bike"), VEHICLES.index("car")
BOUNDS = {"min_lat": 4.5, "max_lat": 4.9, "min_lng": -74.3, "max_lng": -73.9}
BOGOTA = City(city_id="bogota", name="Bogotá", time_zone="America/Bogota", currency="COP", bounds=BOUNDS)


def pairs() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    network, random = load_network(load_city("futian").network), np.random.default_rng(1)  # type: ignore[arg-type]
    start, end = random.integers(0, len(network.node_lat), (2, 300))
    return network.node_lat[start], network.node_lng[start], network.node_lat[end], network.node_lng[end]


def test_straight_line_is_the_great_circle_over_a_city() -> None:
    # one hundredth of a degree of latitude is 1,112 m; of longitude at 60° half of it
    assert straight_metres(60.0, 20.0, 60.01, 20.0) == pytest.approx(1_112, abs=1)
    assert straight_metres(60.0, 20.0, 60.0, 20.01) == pytest.approx(556, abs=1)


def test_streets_are_never_shorter_than_the_straight_line() -> None:
    places = pairs()
    seconds = StreetTravel(load_city("futian")).seconds(*places, BIKE, 3)
    assert (seconds * 20 / 3.6 >= straight_metres(*places) * 0.995).all()
    assert np.median(seconds * 20 / 3.6 / np.maximum(straight_metres(*places), 1)) == pytest.approx(DETOUR, abs=0.25)


def test_rush_hour_slows_cars_more_than_bikes() -> None:
    travel, places = StreetTravel(load_city("futian")), pairs()
    slower = {v: travel.seconds(*places, v, 18).sum() / travel.seconds(*places, v, 3).sum() for v in (BIKE, CAR)}
    assert 1.0 < slower[BIKE] < slower[CAR]


def test_city_without_streets_travels_straight_times_detour() -> None:
    travel = travel_of(BOGOTA)
    assert isinstance(travel, CrowTravel)
    metres = float(straight_metres(4.60, -74.10, 4.61, -74.10)) * DETOUR
    assert travel.seconds(4.60, -74.10, 4.61, -74.10, VEHICLES.index("walking"), 18) == pytest.approx(metres / 5 * 3.6)


def test_unknown_vehicle_is_named_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"'hovercraft'; known: walking, bicycle"):
        vehicle_codes(["car", "hovercraft"])


def test_rain_slows_only_its_zone_and_hours() -> None:
    city, day = load_city("futian"), date(2026, 11, 22)
    base = travel_of(city)
    wet = ScenarioTravel(base, city, day, load_scenario("rainy_sunday"))
    inside, outside = (22.5515, 114.0122, 22.5480, 114.0130), (22.5345, 114.0255, 22.5310, 114.0250)
    assert wet.seconds(*inside, BIKE, 19) == pytest.approx(1.9 * base.seconds(*inside, BIKE, 19))
    assert wet.seconds(*inside, BIKE, 17) == base.seconds(*inside, BIKE, 17)
    assert wet.seconds(*outside, BIKE, 19) == base.seconds(*outside, BIKE, 19)
    dry = ScenarioTravel(base, city, date(2026, 11, 21), load_scenario("rainy_sunday"))
    assert dry.seconds(*inside, BIKE, 19) == base.seconds(*inside, BIKE, 19)
