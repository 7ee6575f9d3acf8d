"""Where a built city lies: its country by what the map tells, and the 180th meridian."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from generator.day import generate_day
from generator.from_osm.build import build_city
from generator.from_osm.wishes import Wishes
from pipelines.commands.city import box_of
from pipelines.errors import UsageError
from tests.unit.generator.from_osm.drawn_town import STEP, draw_town

pytest.importorskip("osmium", reason="pip install 'dishpatch[city]'")


def test_a_town_that_ends_at_the_180th_meridian_is_a_city_that_ends_there(tmp_path: Path) -> None:
    east = draw_town(tmp_path / "east.osm.pbf", south=-16.8, west=180 - 8 * STEP - 0.0002)
    made = build_city(east, tmp_path / "c", Wishes())
    assert made.city.bounds.max_lng == 180
    assert (made.city.time_zone, made.city.currency) == ("Pacific/Fiji", "FJD")
    placed = generate_day(made.city, date(2026, 11, 20), 100, 7)["orders"]
    assert max(at for at in placed.column("dropoff_lng").to_pylist() if at is not None) <= 180


def test_a_town_across_the_180th_meridian_is_refused_with_the_side_to_take(tmp_path: Path) -> None:
    across = draw_town(tmp_path / "across.osm.pbf", south=-16.8, west=180 - 5 * STEP)
    with pytest.raises(UsageError, match="both sides of the 180th meridian") as refused:
        build_city(across, tmp_path / "c", Wishes())
    told = str(refused.value).rpartition("--bounds ")[2]
    made = build_city(across, tmp_path / "c", Wishes(box=box_of(told)))
    assert 179.98 < made.city.bounds.min_lng < made.city.bounds.max_lng <= 180


BY_BORDER = {"south": 48.1, "west": 11.5}  # Munich, nearer to Vaduz than to Berlin


@pytest.mark.parametrize(
    ("signs", "boundary", "expected", "said"),
    [
        ([{"addr:country": "DE"}] * 3 + [{"addr:country": "AT"}], None, "DE", "3 of 4 addresses of the map say DE"),
        ([{"contact:phone": "+49 (89) 123"}, {"phone": "+43 1 2"}, {"phone": "+4989"}], None, "DE", "begin with +49"),
        (
            [{"addr:country": "UK"}] * 3 + [{"phone": "089 12"}],
            {"ISO3166-1": "DE", "type": "boundary"},
            "DE",
            "name DE",
        ),
        ([{"phone": "+1 212 555 0100"}], None, "LI", "nearest place"),
        ([], None, "LI", "near a border it can be the neighbour's"),
    ],
)
def test_the_country_is_the_one_that_the_map_tells_of(
    tmp_path: Path, signs: list[dict[str, str]], boundary: dict[str, str] | None, expected: str, said: str
) -> None:
    source = draw_town(tmp_path / "munich.osm.pbf", signs=signs, boundary=boundary, **BY_BORDER)
    made = build_city(source, tmp_path / "c", Wishes())
    assert (made.city.time_zone, made.city.currency) == {
        "DE": ("Europe/Berlin", "EUR"),
        "LI": ("Europe/Vaduz", "CHF"),
    }[expected]
    assert all(said in note for note in made.notes)
    assert len(made.notes) == 2


def test_the_currency_is_that_of_the_time_zone_given(tmp_path: Path) -> None:
    made = build_city(draw_town(tmp_path / "m.osm.pbf", **BY_BORDER), tmp_path / "c", Wishes(time_zone="Europe/Berlin"))
    assert made.city.currency == "EUR"
    assert "time zone Europe/Berlin is that of DE" in made.notes[0]
