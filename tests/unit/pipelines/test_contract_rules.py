"""Rules derived from a contract's columns: which rows break which, and that missing is not wrong."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from open_data_contract_standard.model import OpenDataContractStandard

from pipelines.contract_rules import Rule, broken_rules, rules
from pipelines.contracts import Contract, dataset_keys, load_contract


def made(*properties: dict[str, Any], quality: list[dict[str, Any]] | None = None) -> Contract:
    document = OpenDataContractStandard.model_validate(
        {
            "apiVersion": "v3.2.0",
            "kind": "DataContract",
            "id": "urn:made",
            "version": "1.0.0",
            "status": "active",
            "schema": [{"name": "made", "properties": list(properties), "quality": quality or []}],
        }
    )
    schema = document.schema_[0]
    return Contract("silver/made", document, tuple(schema.properties), tuple(schema.quality or ()))


def text(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, "logicalType": "string", "physicalType": "string"} | more


def number(name: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "logicalType": "number", "physicalType": "float64", "logicalTypeOptions": options}


def integer(name: str, **options: Any) -> dict[str, Any]:
    return {"name": name, "logicalType": "integer", "physicalType": "int64", "logicalTypeOptions": options}


def broken(contract: Contract, **columns: list[Any]) -> list[list[str]]:
    """Names of the broken rules, row by row."""
    schema = contract.arrow_schema
    table = pa.table({name: pa.array(columns[name], schema.field(name).type) for name in schema.names})
    return broken_rules(table, rules(contract)).to_pylist()


def test_a_required_value_must_be_there() -> None:
    assert broken(made(text("city", required=True)), city=["x", None, ""]) == [[], ["city_missing"], []]


def test_a_value_is_one_of_the_enum_and_a_missing_one_is_not_unknown() -> None:
    contract = made(text("by", enum=[{"value": "customer"}, {"value": "chef d'œuvre"}]))
    given = ["customer", "chef d'œuvre", "Customer", "", None]
    assert broken(contract, by=given) == [[], [], ["by_unknown"], ["by_unknown"], []]


def test_text_has_its_least_length() -> None:
    assert broken(made(text("id", logicalTypeOptions={"minLength": 1})), id=["a", "", None]) == [[], ["id_empty"], []]


def test_a_pattern_must_match_the_whole_text() -> None:
    contract = made(text("currency", logicalTypeOptions={"pattern": "^[A-Z]{3}$"}))
    given = ["EUR", "eur", "EUR\n", "EURO", None]
    malformed = ["currency_malformed"]
    assert broken(contract, currency=given) == [[], malformed, malformed, malformed, []]
    unanchored = made(text("currency", logicalTypeOptions={"pattern": "[A-Z]{3}"}))
    assert broken(unanchored, currency=given) == [[], malformed, malformed, malformed, []]


def test_a_range_holds_at_its_ends() -> None:
    contract = made(integer("stars", minimum=1, maximum=5))
    out = ["stars_out_of_range"]
    assert broken(contract, stars=[1, 5, 0, 6, None]) == [[], [], out, out, []]


@pytest.mark.parametrize("options", [{"minimum": 0}, {"maximum": 10}, {"minimum": -90, "maximum": 90}])
def test_not_a_number_is_out_of_every_range(options: dict[str, float]) -> None:
    assert broken(made(number("lat", **options)), lat=[float("nan"), 1.0, None]) == [["lat_out_of_range"], [], []]


def test_infinity_is_out_of_a_closed_range() -> None:
    out = ["lat_out_of_range"]
    contract = made(number("lat", minimum=-90, maximum=90))
    assert broken(contract, lat=[float("inf"), float("-inf"), 90.0]) == [out, out, []]


def test_integers_above_two_to_the_53rd_are_compared_exactly() -> None:
    contract = made(integer("cents", maximum=2**53))
    assert broken(contract, cents=[2**53, 2**53 + 1]) == [[], ["cents_out_of_range"]]


ITEM = {
    "name": "item",
    "logicalType": "object",
    "physicalType": "struct",
    "required": True,
    "properties": [text("name", required=True), text("note")],
}
BASKET = made({"name": "items", "logicalType": "array", "physicalType": "list", "items": ITEM})


def test_a_missing_element_of_a_list_is_found() -> None:
    whole = {"name": "Soup", "note": None}
    given = [[whole], [whole, None], [None], [], None]
    assert broken(BASKET, items=given) == [[], ["items_element_missing"], ["items_element_missing"], [], []]


def test_a_missing_required_field_within_a_list_is_found() -> None:
    given = [[{"name": "Soup", "note": None}], [{"name": "Soup", "note": "x"}, {"name": None, "note": "y"}]]
    assert broken(BASKET, items=given) == [[], ["items_name_missing"]]


def test_a_row_breaks_each_rule_by_name_in_column_order() -> None:
    contract = made(text("city", required=True), integer("stars", minimum=1), text("by", enum=[{"value": "a"}]))
    assert broken(contract, city=[None], stars=[0], by=["b"]) == [["city_missing", "stars_out_of_range", "by_unknown"]]


def test_a_written_rule_that_speaks_of_missing_values_is_kept() -> None:
    ordered = {"name": "ends_after_start", "type": "custom", "engine": "duckdb", "severity": "flag"}
    contract = made(integer("start"), integer("stop"), quality=[ordered | {"implementation": "stop >= start"}])
    found = broken(contract, start=[1, 2, None, 1], stop=[2, 1, 1, None])
    assert found == [[], ["ends_after_start"], [], []]
    assert rules(contract)[-1].severity == "flag"


def test_each_rows_broken_rules_stand_beside_it_in_a_table_of_many_messages() -> None:
    contract = load_contract("events/payments")
    row = {"event_id": "e", "currency": "EUR", "amount_cents": 1}
    messages = [
        pa.Table.from_pylist([row | {"amount_cents": n} for n in range(first, first + size)], contract.arrow_schema)
        for first, size in ((-40, 74), (-5, 81), (300, 75), (-90, 77), (7, 3), (-2, 4))
    ]
    table = pa.concat_tables(messages)
    wanted = [amount < 0 for amount in table["amount_cents"].to_pylist()]
    for _ in range(20):  # threads that read the chunks finish in another order now and then
        broken = broken_rules(table, rules(contract)).to_pylist()
        assert ["amount_cents_out_of_range" in names for names in broken] == wanted


def test_no_rows_and_no_rules_break_nothing() -> None:
    contract = made(text("city", required=True))
    assert broken(contract, city=[]) == []
    assert broken_rules(pa.table({"city": [None]}), []).to_pylist() == [[]]


def test_a_rules_name_with_a_quote_is_text_and_not_sql() -> None:
    odd = Rule("o'clock", '"city" IS NOT NULL', "quarantine", "")
    assert broken_rules(pa.table({"city": pa.array([None], pa.string())}), [odd]).to_pylist() == [["o'clock"]]


ORDER = {
    "event_type": ["placed"],
    "restaurant_id": ["r1"],
    "pickup_lat": [52.5],
    "pickup_lng": [13.4],
    "dropoff_lat": [52.5],
    "dropoff_lng": [13.4],
}


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"restaurant_id": [None]}, "placement_is_complete"),
        ({"dropoff_lat": [None]}, "placement_is_complete"),
        ({"dropoff_lat": [0.0], "dropoff_lng": [0.0]}, "dropoff_position_missing"),
        ({"pickup_lat": [0.01], "pickup_lng": [-0.01]}, "pickup_position_missing"),
        ({"dropoff_lat": [91.0]}, "dropoff_lat_out_of_range"),
        ({"dropoff_lat": [float("nan")]}, "dropoff_lat_out_of_range"),
        ({"basket_value_cents": [-1]}, "basket_value_cents_out_of_range"),
        ({"items": [[]]}, "order_without_items"),
        ({"items": [[None]]}, "items_element_missing"),
        ({"event_type": ["exploded"]}, "event_type_unknown"),
    ],
)
def test_a_placement_that_cannot_be_served_breaks_a_rule_that_says_why(change: dict[str, Any], rule: str) -> None:
    contract = load_contract("events/orders")
    columns = {name: (ORDER | change).get(name, [None]) for name in contract.columns}
    assert rule in broken(contract, **columns)[0]
    sound = {name: ORDER.get(name, [None]) for name in contract.columns}
    assert rule not in broken(contract, **sound)[0]


@pytest.mark.parametrize("key", dataset_keys())
def test_every_rule_of_every_contract_can_be_asked_and_has_a_name_of_its_own(key: str) -> None:
    contract = load_contract(key)
    found = rules(contract)
    assert len({rule.name for rule in found}) == len(found)
    row = {field.name: pa.nulls(1, field.type) for field in contract.arrow_schema}
    if key.endswith("/orders") and "city_id" in row and "outcome" in row:
        # the transform's working columns
        row |= {name: pa.nulls(1, pa.string()) for name in ("city_currency", "payment_currency")}
    names = broken_rules(pa.table(row), found).to_pylist()[0]
    required = [f"{p.name}_missing" for p in contract.properties if p.required]
    assert set(required) <= set(names)
