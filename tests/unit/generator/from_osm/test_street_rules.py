from __future__ import annotations

import pytest

from generator.from_osm.street_rules import direction, is_driven, kmh, speed_limit


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ("50", 50.0),
        ("30 mph", 48.27),
        ("30mph", 48.27),
        ("50 km/h", 50.0),
        ("FI:urban", 50.0),
        ("DE:rural", 80.0),
        ("walk", 7.0),
        ("90;30;90", 30.0),
        ("none", None),
        ("signals", None),
        ("", None),
    ],
)
def test_speed_limits_are_read_in_their_units_and_words(told: str, expected: float | None) -> None:
    assert speed_limit(told) == (None if expected is None else pytest.approx(expected))


@pytest.mark.parametrize(
    ("tags", "ways"),
    [
        ({"highway": "residential"}, (True, True)),
        ({"highway": "residential", "oneway": "yes"}, (True, False)),
        ({"highway": "residential", "oneway": "-1"}, (False, True)),
        ({"highway": "residential", "oneway": "reversible"}, (False, False)),
        ({"highway": "primary", "junction": "roundabout"}, (True, False)),
        ({"highway": "motorway"}, (True, False)),
        ({"highway": "motorway", "oneway": "no"}, (True, True)),
    ],
)
def test_one_way_rules_are_told_or_implied(tags: dict[str, str], ways: tuple[bool, bool]) -> None:
    assert direction(tags) == ways


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"highway": "primary_link"}, True),
        ({"highway": "footway"}, False),
        ({"highway": "service"}, False),
        ({"highway": "residential", "access": "private"}, False),
        ({"highway": "residential", "access": "no", "motor_vehicle": "yes"}, True),
        ({"highway": "residential", "motor_vehicle": "no"}, False),
        ({"highway": "pedestrian", "area": "yes"}, False),
    ],
)
def test_cars_drive_where_the_most_particular_rule_lets_them(tags: dict[str, str], expected: bool) -> None:
    assert is_driven(tags) is expected


def test_a_limit_slows_a_street_and_an_open_road_runs_near_its_own() -> None:
    assert kmh({"highway": "primary"}, "forward") == 38
    assert kmh({"highway": "primary", "maxspeed": "20"}, "forward") == 20
    assert kmh({"highway": "primary", "maxspeed": "90"}, "forward") == 72
    both = {"highway": "primary", "maxspeed:forward": "20", "maxspeed:backward": "30"}
    assert (kmh(both, "forward"), kmh(both, "backward")) == (20, 30)
