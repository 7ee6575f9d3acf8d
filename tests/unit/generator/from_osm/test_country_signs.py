from __future__ import annotations

import pytest

from generator.city.city_parts import Bounds
from generator.from_osm.country_signs import CountrySigns, calling_code
from generator.from_osm.whereabouts import whereabouts

HERE = Bounds(min_lat=47.0, max_lat=47.1, min_lng=9.0, max_lng=9.1)


@pytest.mark.parametrize(
    ("phone", "code"),
    [
        ("+49 89 123456", "49"),
        ("+1 (876) 555-0100", "1876"),
        ("+1-212-555-0100", "1"),
        ("+7 727 250", "77"),
        ("+423 1;+41 2", "423"),
        ("089 123", ""),
        ("+800 123", ""),
        ("", ""),
    ],
)
def test_an_international_number_tells_its_calling_code(phone: str, code: str) -> None:
    assert calling_code(phone) == code


def test_what_is_said_in_the_city_counts_before_what_is_said_elsewhere_on_the_map() -> None:
    signs = CountrySigns()
    signs.take({"addr:country": "ch"}, 47.05, 9.05)
    for _ in range(9):
        signs.take({"addr:country": "AT"}, 47.5, 9.7)
    assert [vote.countries for vote in signs.votes(HERE)] == [("CH",)]
    elsewhere = Bounds(min_lat=10, max_lat=11, min_lng=10, max_lng=11)
    assert [vote.countries for vote in signs.votes(elsewhere)] == [("AT",)]


def test_what_less_than_half_say_is_no_vote_and_a_later_kind_of_sign_counts() -> None:
    signs = CountrySigns()
    for country in ("UK", "UK", "FR"):
        signs.take({"addr:country": country}, 47.05, 9.05)
    signs.take({"addr:country": "Schweiz", "phone": "+41 1"}, 47.05, 9.05)
    for country in ("DE", "FR"):
        signs.take({"addr:country": country}, 47.05, 9.05)
    assert [vote.countries for vote in signs.votes(HERE)] == [("CH",)]


def test_of_several_countries_that_boundaries_name_the_nearest_counts() -> None:
    signs = CountrySigns()
    for part in ("ES-CT", "FR-OCC", "AD"):
        signs.take_boundary({"ISO3166-2": part} if "-" in part else {"ISO3166-1": part})
    assert whereabouts(42.5, 1.5, signs, HERE, None).country == "AD"


def test_a_mother_country_at_the_other_end_of_the_earth_is_not_believed() -> None:
    signs = CountrySigns()
    signs.take({"addr:country": "FR"}, -20.9, 55.5)
    found = whereabouts(-20.9, 55.5, signs, HERE, None)
    assert (found.time_zone, found.country, found.known_by) == ("Indian/Reunion", "RE", "")
