"""What the user says to `dishpatch city build`: impossible options are named, odd names are kept."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from generator.from_osm.build import build_city
from generator.from_osm.wishes import Wishes, city_id_of
from pipelines.cli import app
from pipelines.errors import UsageError
from tests.unit.generator.from_osm.drawn_town import draw_town

pytest.importorskip("osmium", reason="pip install 'dishpatch[city]'")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_town(tmp_path_factory.mktemp("map") / "drawn-town.osm.pbf")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (("--time-zone", "Mars/X"), "--time-zone Mars/X: no such IANA time zone"),
        (("--time-zone", "Europe/Munich"), "did you mean Europe/"),
        (("--currency", "euro"), "--currency euro: no ISO 4217 code"),
        (("--currency", "EUX"), "--currency EUX: no ISO 4217 code"),
        (("--name", " "), "--name: is empty"),
        (("--name", "x" * 81), "has 81 characters; give at most 80"),
        (("--name", "A\x1b[31m"), "cannot be printed"),
        (("--out", "/proc/zz"), "--out /proc/zz: cannot be written"),
    ],
)
def test_an_option_that_no_city_can_have_is_named(town: Path, option: tuple[str, str], said: str) -> None:
    run = CliRunner().invoke(app, ["city", "build", str(town), "--out", str(town.parent / "never"), *option])
    assert isinstance(run.exception, UsageError)
    assert re.search(said, str(run.exception))
    assert ".part" not in str(run.exception)
    assert not (town.parent / "never").exists()


@pytest.mark.parametrize("name", ["A\nB: {x}", "2024", "no", "Zoë \N{OPEN BOOK} 'n' \"q\" # not: a comment"])
def test_a_name_of_any_letters_is_read_back_on_one_line(town: Path, tmp_path: Path, name: str) -> None:
    made = build_city(town, tmp_path / "c", Wishes(name=name))
    assert made.city.name == " ".join(name.split())
    assert made.city.city_id == city_id_of(name)
    first, second = (made.folder / "profile.yaml").read_text(encoding="utf-8").splitlines()[:2]
    assert first.startswith(f"# {made.city.name}, made by")
    assert second.startswith("# menus")


def test_a_map_whose_names_cannot_be_printed_is_a_city(tmp_path: Path) -> None:
    odd = tmp_path / "odd\nname: x.osm.pbf"
    draw_town(odd, signs=[{"amenity": "cafe", "name": "A\x7fB\x85C\u2028D", "addr:country": "NL"}] * 2)
    made = build_city(odd, tmp_path / "c", Wishes())
    assert "A\x7fB\x85C\u2028D" in {shop.name for shop in made.city.restaurants.known}  # type: ignore[union-attr]
