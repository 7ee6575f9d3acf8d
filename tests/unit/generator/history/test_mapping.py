"""A mapping says exactly what it means, and a slip in it is named with its nearest known word."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from generator.history.mapping import load_mapping, shipped_mappings
from pipelines.errors import MappingError
from tests.unit.generator.history.examples import MAPPING, TOWN, mapping


def test_every_shipped_mapping_loads_and_bears_its_own_name() -> None:
    assert shipped_mappings()
    assert [load_mapping(name).name for name in shipped_mappings()] == shipped_mappings()


def test_a_mapping_is_read_from_a_users_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(MAPPING), encoding="utf-8")
    assert load_mapping(str(path)).cities[0].city_id == "lunchtown"


def test_an_unknown_mapping_is_refused_with_the_nearest_shipped_one() -> None:
    with pytest.raises(MappingError, match="did you mean 'rappi'"):
        load_mapping("rapi")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({**MAPPING, "clok": "utc"}, "clok: no such key; did you mean 'clock'"),
        ({**MAPPING, "orders": {**MAPPING["orders"], "seperator": ";"}}, "did you mean 'separator'"),
        ({**MAPPING, "cities": [{**TOWN, "timezone": "UTC"}]}, "did you mean 'time_zone'"),
        ({**MAPPING, "cities": [{**TOWN, "time_zone": "America/Bogotta"}]}, "America/Bogotta"),
        ({**MAPPING, "clock": "moon"}, "clock"),
        ({**MAPPING, "cities": [TOWN, TOWN]}, "lunchtown"),
    ],
)
def test_a_slip_in_a_mapping_is_named(tmp_path: Path, content: dict[str, object], message: str) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    with pytest.raises(MappingError, match=message):
        load_mapping(str(path))


def test_a_field_that_orders_do_not_have_is_refused_with_the_nearest_one() -> None:
    with pytest.raises(MappingError, match="did you mean 'promised_at'"):
        mapping(columns={"promise_at": {"column": "x"}})


def test_half_a_position_cannot_be_mapped_and_lives_are_not_simulated_without_one() -> None:
    columns = {k: v for k, v in MAPPING["orders"]["columns"].items() if k != "pickup_lat"}
    with pytest.raises(MappingError, match="pickup_lat and pickup_lng belong together"):
        mapping(orders={"columns": columns})
    shop = {"restaurant_id": {"column": "shop"}}
    placeless = {k: v for k, v in MAPPING["orders"]["columns"].items() if not k.endswith(("_lat", "_lng"))} | shop
    orders = {"columns": placeless, "restaurant_id_from_pickup": None}
    assert mapping(orders=orders).orders.columns.keys() == placeless.keys()
    with pytest.raises(MappingError, match="without positions"):
        mapping(orders=orders, simulate=["payments"])


def test_lives_are_not_simulated_beside_real_milestones() -> None:
    columns = {"delivered_at": {"column": "d"}}
    with pytest.raises(MappingError, match="own delivered_at would contradict it"):
        mapping(columns=columns, simulate=["payments", "delivery_progress"])
    assert mapping(columns=columns, simulate=["payments", "reviews"]).simulate == ["payments", "reviews"]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"state": {"column": "s", "values": {"ok": "done"}}}, "no word 'done'; known: delivered"),
        ({"refund_cents": {"column": "r"}}, "refund_cents without refunded_at"),
        ({"placed_at": {"column": "p", "default_time": "noon"}}, "time of the day such as '12:00', not 'noon'"),
        ({"delivered_at": {"column": "d"}, "delivery_minutes": {"column": "m"}}, "not both"),
    ],
)
def test_columns_that_contradict_each_other_are_refused(columns: dict[str, object], message: str) -> None:
    with pytest.raises(MappingError, match=message):
        mapping(columns=columns)


def test_a_column_has_a_name_or_a_constant_not_both() -> None:
    with pytest.raises(MappingError, match="either `column`"):
        mapping(columns={"customer_id": {"column": "c", "constant": "x"}})


def test_a_restaurant_is_mapped_or_derived() -> None:
    with pytest.raises(MappingError, match="derived by restaurant_id_from_pickup"):
        mapping(orders={"restaurant_id_from_pickup": None})
    by_name = mapping(orders={"restaurant_id_from_pickup": None}, columns={"restaurant_id": {"column": "r"}})
    assert by_name.orders.restaurant_id_from_pickup is None


def test_a_restaurant_is_not_both_mapped_and_derived() -> None:
    with pytest.raises(MappingError, match="mapped and derived"):
        mapping(columns={"restaurant_id": {"column": "r"}}, orders={"restaurant_id_from_pickup": {"decimals": 4}})


def test_clock_times_beside_dated_placements_are_refused() -> None:
    with pytest.raises(MappingError, match="has no date"):
        mapping(columns={"ready_at": {"column": "r", "format": "%H:%M"}})


def test_a_file_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: [", encoding="utf-8")
    with pytest.raises(MappingError, match="cannot be read as YAML"):
        load_mapping(str(path))


def test_a_key_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("name: a\nclock: local\nclock: utc\n", encoding="utf-8")
    with pytest.raises(MappingError, match="key 'clock' is there twice"):
        load_mapping(str(path))


def test_a_value_of_another_kind_is_told_with_what_was_found() -> None:
    with pytest.raises(MappingError, match=r"placed_at: give keys and values \(found 'p'\)"):
        mapping(columns={"placed_at": "p"})


def test_every_key_of_a_mapping_is_documented() -> None:
    from generator.history.mapping import Mapping
    from generator.history.mapping_parts import Column, FileSpec
    from generator.history.targets import TARGETS

    text = (Path(__file__).parents[4] / "docs" / "mappings.md").read_text(encoding="utf-8")
    keys = {k for part in (Mapping, FileSpec, Column) for k in part.model_fields} | {
        f for t in TARGETS.values() for f in t
    }
    assert sorted(k for k in keys if f"`{k}`" not in text) == []


@pytest.mark.parametrize(
    ("column", "message"),
    [
        ({"format": "yyyy-MM-dd HH:mm:ss"}, r"placed_at.format: 'yyyy-MM-dd HH:mm:ss' has no code .* %Y-%m-%d"),
        ({"format": "%Y-%m-%d %Q"}, "placed_at.format: '%Y-%m-%d %Q': 'Q' is a bad directive"),
        ({"unit": "min"}, "placed_at.unit: no unit 'min'"),
    ],
)
def test_a_format_that_reads_no_time_is_refused_with_its_key(column: dict[str, str], message: str) -> None:
    with pytest.raises(MappingError, match=message):
        mapping(columns={"placed_at": {"column": "placed"} | column})


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"customer_id": {"column": "c", "format": "%Y"}}, "customer_id.format: '%Y' is for times"),
        ({"distance_m": {"column": "c", "unit": "parsec"}}, "distance_m.unit: no unit 'parsec'; known: m, "),
        ({"tax_cents": {"column": "c", "unit": "m"}}, "tax_cents.unit: no unit 'm'; known: cents, minor"),
    ],
)
def test_a_key_that_would_be_ignored_is_refused(columns: dict[str, object], message: str) -> None:
    with pytest.raises(MappingError, match=message):
        mapping(columns=columns)


@pytest.mark.parametrize("template", ["{order_id", "order_id}", "abc", "{city}/{day}", "{order_id}/{"])
def test_an_identity_that_is_the_same_for_every_row_is_refused(template: str) -> None:
    with pytest.raises(MappingError, match=r"orders\.identity: "):
        mapping(orders={"identity": template})
