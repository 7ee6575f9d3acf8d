"""`dishpatch city build`: from a map to a city that days can be generated of."""

from __future__ import annotations

import os
import sys
from datetime import date
from functools import cache
from pathlib import Path

import h3
import numpy as np
import pytest
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import dijkstra
from typer.testing import CliRunner

from generator.city.city import load_city
from generator.day import generate_day
from generator.demand.restaurants import restaurants_of
from generator.from_osm.build import Built, build_city
from generator.from_osm.driving import Streets, driving_streets, largest_network
from generator.from_osm.extract import Place, read_extract
from generator.from_osm.simplify import junctions, simplified
from generator.from_osm.wishes import Wishes, city_id_of
from generator.from_osm.zones import zones_of
from generator.roads.network import load_network
from pipelines.cli import app
from pipelines.errors import SetupError, UsageError
from tests.unit.generator.from_osm.drawn_town import SOUTH, STEP, WEST, draw_town

pytest.importorskip("osmium", reason="pip install 'dishpatch[city]'")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_town(tmp_path_factory.mktemp("map") / "drawn-town.osm.pbf")


@pytest.fixture(scope="module")
def built(town: Path) -> Built:
    return build_city(town, town.parent / "city", Wishes())


def streets_of(town: Path) -> Streets:
    return driving_streets(read_extract(town))


def node_at(streets: Streets, row: int, column: int) -> int:
    return int(np.argmin(np.hypot(streets.lat - SOUTH - row * STEP, streets.lng - WEST - column * STEP)))


def test_one_way_street_leads_one_way_and_a_private_lane_nowhere(town: Path) -> None:
    streets = streets_of(town)
    edges = set(zip(streets.start.tolist(), streets.end.tolist(), strict=True))
    west, east = node_at(streets, 4, 3), node_at(streets, 4, 4)
    assert (west, east) in edges
    assert (east, west) not in edges
    assert (node_at(streets, 2, 2), node_at(streets, 6, 6)) not in edges
    forward = (streets.start == west) & (streets.end == east)
    assert streets.metres[forward] / streets.seconds[forward] * 3.6 == pytest.approx(38)  # primary, limit 30 mph


def test_an_island_that_no_street_reaches_is_left_out(town: Path) -> None:
    streets = streets_of(town)
    assert len(streets.lat) == 81 + 4
    assert len(largest_network(streets, "map").lat) == 81 + 2


def test_distances_between_the_nodes_that_stay_are_those_of_the_map(town: Path) -> None:
    streets = largest_network(streets_of(town), "map")
    network = simplified(streets, most_nodes=60)
    assert len(network.node_lat) < len(streets.lat)
    whole = csr_matrix((streets.metres, (streets.start, streets.end)), shape=(len(streets.lat),) * 2)
    size = len(network.node_lat)
    fewer = csr_matrix((network.edge_metres, (network.edge_from, network.edge_to)), shape=(size, size))
    nodes = zip(network.node_lat, network.node_lng, strict=True)
    kept = [int(np.argmin(np.hypot(streets.lat - a, streets.lng - b))) for a, b in nodes]
    assert dijkstra(fewer) == pytest.approx(dijkstra(whole, indices=kept)[:, kept], abs=0.01)


def test_bends_that_are_no_nodes_any_more_are_the_shape_of_their_edge(town: Path) -> None:
    streets = largest_network(streets_of(town), "map")
    network = simplified(streets)
    assert network.shape_first is not None
    assert len(network.shape_first) == len(network.edge_from) + 1
    there = set(zip(network.node_lat.round(4), network.node_lng.round(4), strict=True))
    shown = set(zip(network.shape_lat.astype(float).round(4), network.shape_lng.astype(float).round(4), strict=True))  # type: ignore[union-attr]
    drawn = set(zip(streets.lat.round(4), streets.lng.round(4), strict=True))
    assert drawn <= there | shown


def test_a_ring_road_without_a_junction_is_a_network(tmp_path: Path) -> None:
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    start, end = np.arange(40), (np.arange(40) + 1) % 40
    ones = np.ones(40)
    ring = Streets(50 + 0.01 * np.sin(angle), 5 + 0.01 * np.cos(angle), start, end, 100 * ones, 10 * ones, ones > 0)
    assert not junctions(ring).any()
    network = simplified(ring, most_nodes=12)
    assert 3 <= len(network.node_lat) <= 12
    assert network.edge_metres.sum() == pytest.approx(4000)
    network.save(tmp_path / "network.npz")
    load_network(tmp_path / "network.npz")


def test_built_city_reads_back_with_zones_named_after_the_places_of_the_map(built: Built) -> None:
    city = load_city(str(built.folder))
    assert city == load_city(str(built.folder / "profile.yaml"))
    assert (city.city_id, city.name) == ("drawn_town", "Drawn Town")
    assert (city.time_zone, city.currency) == ("Europe/Amsterdam", "EUR")
    names = {zone.name for zone in city.zones}
    assert {"Southside", "Northgate"} <= names
    network = load_network(city.network)  # type: ignore[arg-type]
    cells = {
        h3.latlng_to_cell(a, b, city.zone_resolution) for a, b in zip(network.node_lat, network.node_lng, strict=True)
    }
    assert cells <= {zone.zone_id for zone in city.zones}
    assert "© OpenStreetMap contributors, ODbL 1.0" in (built.folder / "ATTRIBUTION.md").read_text(encoding="utf-8")


def test_restaurants_of_the_map_come_first_and_with_their_cuisine(built: Built) -> None:
    city = load_city(str(built.folder))
    shops = restaurants_of(city, 7)
    cuisine = dict(zip(shops.names, shops.cuisines, strict=True))
    assert built.known_restaurants == 16  # those with a name
    assert cuisine["Pizza Uno 0"] == "pizza"
    assert cuisine["Umi 2"] == "sushi"
    assert cuisine["Qapla 3"] in city.restaurants.cuisines  # type: ignore[union-attr]
    assert len(set(shops.names)) == len(shops.names) == 90


def test_a_map_without_restaurants_gets_invented_ones(tmp_path: Path) -> None:
    plain = draw_town(tmp_path / "plain.osm.pbf", with_restaurants=False)
    made = build_city(plain, tmp_path / "city", Wishes(name="Plain", time_zone="Europe/Berlin", currency="PLN"))
    assert not (made.folder / "restaurants.yaml").exists()
    assert (made.city.time_zone, made.city.currency) == ("Europe/Berlin", "PLN")
    assert len(restaurants_of(made.city, 7).ids) == 90


def test_a_day_of_a_built_city_lies_within_it_and_mostly_arrives(built: Built) -> None:
    city = load_city(str(built.folder))
    tables = generate_day(city, date(2026, 11, 20), 300, 7)
    orders = tables["orders"].to_pandas()
    placed = orders[orders["event_type"] == "placed"]
    named = {zone.zone_id for zone in city.zones}
    for place in ("pickup", "dropoff"):
        pairs = zip(placed[f"{place}_lat"], placed[f"{place}_lng"], strict=True)
        assert {h3.latlng_to_cell(a, b, city.zone_resolution) for a, b in pairs} <= named
    delivered = tables["delivery_progress"].column("event_type").to_pylist().count("delivered")
    assert 0.88 <= delivered / len(placed) <= 0.98


def test_command_says_what_it_made_and_how_to_go_on(town: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["city", "build", str(town), "--out", str(tmp_path / "c"), "--name", "Ours"])
    assert run.exit_code == 0, run.output
    assert "note: time zone Europe/Amsterdam is guessed" in run.output
    assert f"dishpatch generate --city {tmp_path / 'c'}" in run.output
    again = CliRunner().invoke(app, ["city", "build", str(town), "--out", str(tmp_path / "c")])
    assert isinstance(again.exception, UsageError)
    assert "--replace" in str(again.exception)


def test_edits_are_kept_when_the_map_cannot_be_read(built: Built, tmp_path: Path) -> None:
    before = (built.folder / "profile.yaml").read_bytes()
    bad = tmp_path / "bad.osm.pbf"
    bad.write_bytes(b"<html>not found</html>")
    with pytest.raises(UsageError):
        build_city(bad, built.folder, Wishes(), overwrite=True)
    assert (built.folder / "profile.yaml").read_bytes() == before


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"<html>not found</html>", "cannot be read"),
        (b"\x00\x00\x00\x0d\x0a\x09OSMHeader" * 9, "cannot be read"),
    ],
)
def test_a_file_that_is_no_map_is_named_with_the_remedy(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "x.osm.pbf"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=said) as refused:
        read_extract(path)
    assert str(path) in str(refused.value)


def test_a_cut_off_map_is_refused(town: Path, tmp_path: Path) -> None:
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(town.read_bytes()[: town.stat().st_size // 2])
    with pytest.raises(UsageError, match="cut off"):
        read_extract(path)


def test_a_missing_map_or_an_area_without_streets_is_refused(town: Path) -> None:
    with pytest.raises(UsageError, match="no such file"):
        read_extract(Path("nowhere.osm.pbf"))
    with pytest.raises(UsageError, match="no street that cars may use within --bounds"):
        read_extract(town, (10.0, 10.0, 11.0, 11.0))
    with pytest.raises(UsageError, match="at least 20 are needed"):
        build_city(town, None, Wishes(box=(SOUTH - 0.0005, WEST - 0.0005, SOUTH + 0.0025, WEST + 0.0025)))


def test_unknown_time_zone_or_currency_is_named_and_nothing_is_left(town: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Europe/Eindhoven"):
        build_city(town, tmp_path / "c", Wishes(time_zone="Europe/Eindhoven"))
    assert list(tmp_path.iterdir()) == []


def test_what_lies_where_no_street_leads_draws_nobody(tmp_path: Path) -> None:
    towns = [{"place": "town", "name": "Isle"}]
    cafes = [{"amenity": "cafe", "name": f"Quay {n}"} for n in range(30)]
    by_places = draw_town(tmp_path / "isle.osm.pbf", island=towns, with_restaurants=False)
    by_eateries = draw_town(tmp_path / "quay.osm.pbf", island=cafes)
    for source, known in ((by_places, 0), (by_eateries, 16)):
        made = build_city(source, tmp_path / f"{known}", Wishes())
        assert made.known_restaurants == known
        hubs = made.city.restaurants.hubs  # type: ignore[union-attr]
        assert all(made.city.bounds.has(hub.lat, hub.lng) for hub in hubs)


def test_a_map_of_too_many_junctions_becomes_a_part_whose_hubs_lie_in_it(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.from_osm.build.MOST_NODES", 60)
    made = build_city(town, tmp_path / "c", Wishes())
    assert any("choose another area with --bounds" in note for note in made.notes)
    assert made.city.bounds.max_lat < SOUTH + 8 * STEP
    assert all(made.city.bounds.has(hub.lat, hub.lng) for hub in made.city.restaurants.hubs)  # type: ignore[union-attr]


def test_a_map_that_makes_no_city_is_named_and_not_the_file_that_is_gone(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("generator.from_osm.profile_text.COUNTED_RESTAURANTS", 0)
    with pytest.raises(UsageError, match=r"^drawn-town\.osm\.pbf: makes no city: restaurants\.count: .*--bounds"):
        build_city(town, tmp_path / "c", Wishes())
    assert list(tmp_path.iterdir()) == []


def test_zones_keep_apart_where_a_place_is_named_like_the_second_part_of_another() -> None:
    lat, lng = np.array([52.09, 52.09, 52.09]), np.array([5.12, 5.14, 5.16])
    names = ("Old Town", "Old Town", "Old Town 1")
    places = [Place(name, "suburb", a, b) for name, a, b in zip(names, lat, lng, strict=True)]
    zones = zones_of(lat, lng, places)
    assert sorted(zone.name for zone in zones.zones) == ["Old Town 1", "Old Town 2", "Old Town 3"]


def test_without_pyosmium_the_error_says_what_to_install(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "osmium", None)
    with pytest.raises(SetupError, match=r"pip install 'dishpatch\[city\]'"):
        read_extract(town)


def test_ids_are_plain_letters() -> None:
    assert city_id_of("São Paulo – Centro") == "sao_paulo_centro"
    assert city_id_of("東京") == "city"


@cache
def evaluation_map(name: str) -> Path:
    folder = os.environ.get("DISHPATCH_EVALUATION_DATA")
    if not folder or not (Path(folder) / "osm" / name).exists():
        pytest.skip(f"set DISHPATCH_EVALUATION_DATA to a folder with osm/{name}")
    return Path(folder) / "osm" / name


def test_a_whole_country_of_16000_nodes_becomes_a_city_with_bounded_tables(tmp_path: Path) -> None:
    made = build_city(evaluation_map("andorra.osm.pbf"), tmp_path / "andorra", Wishes())
    assert made.driving_nodes > 15_900
    assert made.kept_nodes <= 3_000
    tables = generate_day(made.city, date(2026, 11, 20), 800, 7)
    placed = tables["orders"].column("event_type").to_pylist().count("placed")
    delivered = tables["delivery_progress"].column("event_type").to_pylist().count("delivered")
    assert 0.88 <= delivered / placed <= 0.98
