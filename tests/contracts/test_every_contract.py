"""Every contract file, as an analyst and another tool would read it: valid, described, and on one grain."""

from __future__ import annotations

import re

import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard, SchemaProperty

from pipelines.contract_rules import rules
from pipelines.contracts import CONTRACTS_DIR, LAYERS, Contract, dataset_keys, load_contract, topics

FILES = sorted(path.relative_to(CONTRACTS_DIR).as_posix() for path in CONTRACTS_DIR.rglob("*.yaml"))
KEYS = dataset_keys()
DAILY_GOLD = [key for key in dataset_keys("gold") if key != "gold/built_days"]  # that one registers days


def grain(contract: Contract) -> str:
    return str(contract.document.schema_[0].dataGranularityDescription or "")


def nested(prop: SchemaProperty) -> list[SchemaProperty]:
    """The property and every field within it."""
    inner = [*(prop.properties or []), *((prop.items.properties or []) if prop.items else [])]
    return [prop, *(field for one in inner for field in nested(one))]


def test_every_layer_has_contracts_and_every_file_is_in_a_layer() -> None:
    assert {name.split("/")[0] for name in FILES} == set(LAYERS)
    assert all(name.endswith(".odcs.yaml") for name in FILES)
    assert {f"{key}.odcs.yaml" for key in KEYS} == {name for name in FILES if "/_" not in name}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_a_valid_odcs_3_contract_that_says_who_it_is(name: str) -> None:
    document = OpenDataContractStandard.model_validate(yaml.safe_load((CONTRACTS_DIR / name).read_text()))
    layer, dataset = name.removesuffix(".odcs.yaml").split("/")
    assert (document.apiVersion or "").startswith("v3.")
    assert document.kind == "DataContract"
    assert document.id == f"urn:dishpatch:{layer}:{dataset}"
    assert re.fullmatch(r"\d+\.\d+\.\d+", document.version or "")
    assert document.status == "active"
    assert [schema.name for schema in document.schema_ or []] == [dataset]


@pytest.mark.parametrize("key", KEYS)
def test_a_contract_says_what_it_is_for_and_what_a_row_is(key: str) -> None:
    contract = load_contract(key)
    assert contract.document.name
    assert len(contract.purpose) > 20
    assert grain(contract).startswith("one row a")


@pytest.mark.parametrize("key", KEYS)
def test_every_column_and_field_is_described_and_typed(key: str) -> None:
    fields = [field for prop in load_contract(key).properties for field in nested(prop)]
    assert [f.name for f in fields if not (f.description or "").strip()] == []
    assert [f.name for f in fields if not (f.logicalType and f.physicalType)] == []


@pytest.mark.parametrize("key", KEYS)
def test_columns_have_one_name_each_in_snake_case(key: str) -> None:
    columns = load_contract(key).columns
    assert len(set(columns)) == len(columns)
    assert [name for name in columns if not re.fullmatch(r"[a-z][a-z0-9_]*", name)] == []


@pytest.mark.parametrize("key", KEYS)
def test_amounts_are_whole_hundredths_and_instants_have_a_zone(key: str) -> None:
    schema = load_contract(key).arrow_schema
    kinds = {field.name: str(field.type) for field in schema}
    assert {n: k for n, k in kinds.items() if n.endswith("_cents") and k != "int64"} == {}
    assert {n: k for n, k in kinds.items() if k.startswith("timestamp") and k != "timestamp[us, tz=UTC]"} == {}


@pytest.mark.parametrize("key", KEYS)
def test_rules_have_a_severity_we_act_on(key: str) -> None:
    assert {rule.severity for rule in rules(load_contract(key))} <= {"quarantine", "flag"}


@pytest.mark.parametrize("topic", topics())
def test_an_event_carries_the_envelope_and_a_key_that_keeps_its_order(topic: str) -> None:
    contract = load_contract(f"events/{topic}")
    envelope = load_contract("events/_envelope").columns
    assert contract.columns[: len(envelope)] == envelope
    key = contract.custom("messageKey")
    assert next(prop for prop in contract.properties if prop.name == key).required


@pytest.mark.parametrize("topic", topics())
def test_a_bronze_table_is_the_event_and_where_it_came_from(topic: str) -> None:
    event, table, ingest = (load_contract(key) for key in (f"events/{topic}", f"bronze/{topic}", "bronze/_ingest"))
    assert table.columns == [*event.columns, *ingest.columns]
    assert list(table.arrow_schema)[: len(event.columns)] == list(event.arrow_schema)
    assert table.partition_columns == ["event_date"]
    assert set(rules(event)) | set(rules(ingest)) == set(rules(table))


def test_every_topic_has_its_bronze_table_and_no_other() -> None:
    assert [key.split("/")[1] for key in dataset_keys("bronze")] == topics()


def test_the_warehouses_orders_are_silvers_column_by_column() -> None:
    assert load_contract("warehouse/orders").arrow_schema == load_contract("silver/orders").arrow_schema


@pytest.mark.parametrize("key", DAILY_GOLD)
def test_a_gold_table_names_its_grain_and_its_key_is_that_grain(key: str) -> None:
    contract = load_contract(key)
    by = re.sub(r"^.*?_by_", "", contract.name).split("_and_")
    columns = {"hour": "local_hour", "zone": "zone_id", "restaurant": "restaurant_id"}
    expected = ["city_id", "business_date", *(columns[word] for word in by if word in columns)]
    assert contract.primary_key == expected
    required = {p.name for p in contract.properties if p.required}
    assert set(contract.primary_key) <= required
    assert contract.custom("schema") == "GOLD"


@pytest.mark.parametrize("key", DAILY_GOLD)
def test_a_measures_rate_says_numerator_and_denominator(key: str) -> None:
    rates = [p for p in load_contract(key).properties if re.search(r"rate|share", str(p.name))]
    assert [p.name for p in rates if " / " not in (p.description or "")] == []


@pytest.mark.parametrize("key", ["silver/orders", "warehouse/orders", *DAILY_GOLD])
def test_nothing_personal_is_left_from_silver_on(key: str) -> None:
    personal = re.compile(r"customer_id|device_id|_lat$|_lng$|phone|email|address|card_|^text$")
    assert [name for name in load_contract(key).columns if personal.search(name)] == []


def test_columns_that_tell_of_a_person_are_marked_confidential() -> None:
    named = {"customer_id", "device_id", "dropoff_lat", "dropoff_lng", "card_token", "text"}
    unmarked = [
        f"{key}.{prop.name}"
        for key in KEYS
        for prop in load_contract(key).properties
        if prop.name in named and prop.classification != "confidential"
    ]
    assert unmarked == []
