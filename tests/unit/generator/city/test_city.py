from __future__ import annotations

from pathlib import Path

import h3
import pytest
import yaml

from generator.city.city import CITIES_DIR, City, load_city, read_city
from generator.city.lives_profile import usual_lives
from generator.roads.network import load_network
from pipelines.errors import UsageError

BOUNDS = {"min_lat": 4.5, "max_lat": 4.9, "min_lng": -74.3, "max_lng": -73.9}


def changed(tmp_path: Path, **fields: object) -> Path:
    """Futian's profile with fields replaced, as a file."""
    document = yaml.safe_load((CITIES_DIR / "futian" / "profile.yaml").read_text(encoding="utf-8"))
    path = tmp_path / "profile.yaml"
    path.write_text(yaml.safe_dump(document | {"network": None} | fields, allow_unicode=True), encoding="utf-8")
    return path


def test_every_zone_with_streets_has_a_name_of_its_own() -> None:
    city = load_city("futian")
    assert city.network is not None
    network = load_network(city.network)
    cells = {h3.latlng_to_cell(a, b, 7) for a, b in zip(network.node_lat, network.node_lng, strict=True)}
    named = {zone.zone_id: zone.name for zone in city.zones}
    assert cells == set(named)
    assert len(set(named.values())) == len(named)


def test_streets_lie_within_the_bounds() -> None:
    city = load_city("futian")
    assert city.network is not None
    network, bounds = load_network(city.network), city.bounds
    assert bounds.min_lat < network.node_lat.min() < network.node_lat.max() < bounds.max_lat
    assert bounds.min_lng < network.node_lng.min() < network.node_lng.max() < bounds.max_lng


def test_network_file_is_small_and_its_attribution_lies_beside_it() -> None:
    folder = CITIES_DIR / "futian"
    assert (folder / "network.npz").stat().st_size < 150_000
    assert "© OpenStreetMap contributors, ODbL 1.0" in (folder / "ATTRIBUTION.md").read_text(encoding="utf-8")


def test_city_of_an_import_lives_the_usual_lives() -> None:
    city = City(city_id="bogota", name="Bogotá", time_zone="America/Bogota", currency="COP", bounds=BOUNDS)
    assert city.lives == usual_lives()


def test_profile_overlays_single_values_of_the_usual_lives(tmp_path: Path) -> None:
    city = read_city(changed(tmp_path, lives={"review": {"share": 0.5}}))
    assert city.lives.review.share == 0.5
    assert city.lives.review.text_share == usual_lives().review.text_share


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"time_zone": "Asia/Shenzen"}, "Asia/Shenzen"),
        ({"currency": "yuan"}, "currency"),
        ({"lives": {"review": {"share": 1.5}}}, "lives.review.share"),
        ({"lives": {"reviews": {"share": 0.5}}}, "lives.reviews"),
        ({"zones": [{"zone_id": "nowhere", "name": "X"}]}, "nowhere"),
        ({"demnad": {}}, "demnad"),
        ({"city_id": "../evil"}, "city_id: .* \\(found '../evil'\\)"),
        ({"network": "gone.npz"}, "network: no file .*gone.npz"),
        ({"lives": {"payment": {"methods": {"bitcoin": 1}}}}, "lives.payment.methods: .*'bitcoin'; known: card, cash"),
        ({"lives": {"payment": {"methods": {"card": 0}}}}, "lives.payment.methods: the weights are all zero"),
        ({"lives": {"payment": {"methods": {"card": 1, "cash": -1}}}}, "lives.payment.methods.cash: .*found -1"),
        (
            {"lives": {"kitchen": {"rejection_reasons": {}}}},
            "lives.kitchen.rejection_reasons: the weights are all zero",
        ),
        ({"lives": {"riding": {"congestion_by_hour": [0] * 24}}}, "congestion_by_hour: hour 0: 0 is no factor"),
        ({"lives": {"riding": {"congestion_by_hour": [1] * 23 + [99]}}}, "hour 23: 99 is no factor .* give 0.2 to 20"),
        ({"bounds": {"min_lat": 22.5, "max_lat": float("inf"), "min_lng": 113, "max_lng": 114}}, "bounds.max_lat"),
    ],
)
def test_wrong_profile_is_refused_with_the_field_and_value(
    tmp_path: Path, fields: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        read_city(changed(tmp_path, **fields))


@pytest.mark.parametrize(("part", "field"), [("restaurants", "hubs"), ("customers", "homes")])
def test_a_hub_that_draws_nothing_within_the_bounds_is_refused(tmp_path: Path, part: str, field: str) -> None:
    futian = load_city("futian").model_dump(mode="json", exclude={"network", "lives", "fraud", "signals"})
    turned = {"lat": 52.5, "lng": 13.4, "weight": 1}  # Berlin
    path = changed(tmp_path, **{part: futian[part] | {field: [turned]}})
    with pytest.raises(UsageError, match=rf"{part}\.{field}\.0: 52\.5, 13\.4 lies .* km outside the bounds"):
        read_city(path)
    near = turned | {"lat": 22.558, "lng": 114.02}  # 220 m north of the bounds
    read_city(changed(tmp_path, **{part: futian[part] | {field: [near]}}))


def test_a_path_without_a_city_is_told_from_a_name_that_nobody_has(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no such file or folder exists; known: futian; or give the folder"):
        load_city(str(tmp_path / "missing" / "path"))
    with pytest.raises(UsageError, match=r"holds no profile\.yaml; known: futian"):
        load_city(str(tmp_path))


def test_unknown_city_lists_the_known_ones() -> None:
    with pytest.raises(UsageError, match="known: futian"):
        load_city("atlantis")
