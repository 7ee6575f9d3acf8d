"""Contracts load with what they inherit, and decide which tables are theirs."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
import yaml
from open_data_contract_standard.model import OpenDataContractStandard
from typer.testing import CliRunner

from pipelines import contracts
from pipelines.cli import app
from pipelines.contracts import Contract, conform, dataset_keys, load_contract
from pipelines.errors import ContractViolation, UsageError

INSTANT = pa.timestamp("us", "UTC")


def made(*properties: dict[str, object], key: str = "silver/made") -> Contract:
    """A contract with these columns, validated by the standard's model as one from a file is."""
    document = OpenDataContractStandard.model_validate(
        {
            "apiVersion": "v3.2.0",
            "kind": "DataContract",
            "id": "urn:made",
            "version": "1.2.3",
            "status": "active",
            "schema": [{"name": "made", "properties": list(properties)}],
        }
    )
    return Contract(key, document, tuple(document.schema_[0].properties), ())


SALES = made(
    {"name": "city", "logicalType": "string", "physicalType": "string"},
    {"name": "cents", "logicalType": "integer", "physicalType": "int64"},
)


def test_an_event_has_the_envelopes_columns_first_and_its_own_enum_on_them() -> None:
    orders = load_contract("events/orders")
    assert orders.columns[:8] == load_contract("events/_envelope").columns
    event_type = next(p for p in orders.properties if p.name == "event_type")
    assert event_type.required
    assert event_type.description == "What happened"
    assert [e["value"] if isinstance(e, dict) else e.value for e in event_type.enum] == [
        "placed",
        "promise_changed",
        "cancelled",
    ]


def test_lists_of_structs_and_instants_have_their_arrow_types() -> None:
    schema = load_contract("events/orders").arrow_schema
    assert schema.field("event_time").type == INSTANT
    item = schema.field("items").type.value_type
    assert [(f.name, f.type) for f in item] == [
        ("item_id", pa.string()),
        ("name", pa.string()),
        ("quantity", pa.int32()),
        ("unit_price_cents", pa.int64()),
    ]


def test_an_unknown_contract_names_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"no contract 'events/order'; known: .*events/cities, .*gold/"):
        load_contract("events/order")


def test_a_physical_type_that_arrow_does_not_have_is_refused_with_its_column() -> None:
    strange = made({"name": "price", "logicalType": "number", "physicalType": "money"})
    with pytest.raises(ContractViolation, match=r"column price: physicalType 'money' is not one of string, int32"):
        _ = strange.arrow_schema


def test_primary_key_and_partitions_come_in_their_stated_order() -> None:
    gold = load_contract("gold/orders_by_hour_and_zone")
    assert gold.primary_key == ["city_id", "business_date", "local_hour", "zone_id"]
    assert load_contract("silver/quarantine").partition_columns == ["dataset", "partition_date"]
    assert (gold.custom("schema"), gold.custom("nothing")) == ("GOLD", None)


# --- conform


def test_a_table_takes_the_contracts_columns_and_order_and_missing_ones_are_missing() -> None:
    table = conform(pa.table({"cents": pa.array([5], pa.int64())}), SALES)
    assert table.schema == SALES.arrow_schema
    assert table.to_pylist() == [{"city": None, "cents": 5}]


@pytest.mark.parametrize(
    ("values", "given"),
    [
        (pa.array(["7", "8x"]), "string"),
        (pa.array(["7"]).dictionary_encode(), "dictionary<values=string, indices=int32, ordered=0>"),
        (pa.array([7.0]), "double"),
        (pa.array([7], pa.int32()), "int32"),
        (pa.array([7], pa.uint64()), "uint64"),
        (pa.array([None], pa.null()), "null"),
    ],
)
def test_another_type_is_refused_and_never_cast(values: pa.Array, given: str) -> None:
    with pytest.raises(ContractViolation) as refused:
        conform(pa.table({"cents": values}), SALES)
    assert str(refused.value) == f"silver/made 1.2.3: column cents is {given}, expected int64"


def test_an_instant_of_another_unit_or_without_a_zone_is_refused() -> None:
    for kind in (pa.timestamp("ns", "UTC"), pa.timestamp("us"), pa.timestamp("us", "Europe/Berlin"), pa.int64()):
        with pytest.raises(ContractViolation, match=r"column event_time is .*, expected timestamp\[us, tz=UTC\]"):
            conform(pa.table({"event_time": pa.array([0], kind)}), load_contract("events/orders"))


def test_a_column_the_contract_does_not_know_is_refused_by_name() -> None:
    with pytest.raises(ContractViolation, match=r"silver/made 1\.2\.3: unknown column colour, tip"):
        conform(pa.table({"colour": ["red"], "tip": [1]}), SALES)


@pytest.mark.parametrize(
    "text", [pa.array(["a"]), pa.array(["a"]).dictionary_encode(), pa.array(["a"], pa.large_string())]
)
def test_text_is_text_however_it_is_stored(text: pa.Array) -> None:
    assert conform(pa.table({"city": text}), SALES).column("city").to_pylist() == ["a"]


def test_a_field_within_a_list_of_another_type_or_name_is_refused() -> None:
    item = {"item_id": "i1", "name": "Soup", "quantity": "2", "unit_price_cents": 500}
    with pytest.raises(ContractViolation, match="column items is"):
        conform(pa.table({"items": [[item]]}), load_contract("events/orders"))
    renamed = {"item_id": "i1", "title": "Soup", "quantity": 2, "unit_price_cents": 500}
    with pytest.raises(ContractViolation, match="column items is"):
        conform(pa.table({"items": [[renamed]]}), load_contract("events/orders"))


def test_no_rows_conform_too() -> None:
    for key in dataset_keys():
        contract = load_contract(key)
        assert conform(contract.arrow_schema.empty_table(), contract).schema == contract.arrow_schema


# --- export


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that `dishpatch contracts export` wrote."""
    folder = tmp_path_factory.mktemp("exported")
    told = CliRunner().invoke(app, ["contracts", "export", str(folder)])
    assert told.exit_code == 0, told.output
    assert told.output == f"{len(dataset_keys())} contracts written to {folder}\n"
    return folder


def test_the_export_holds_every_dataset_and_nothing_that_only_lends_columns(exported: Path) -> None:
    files = sorted(path.relative_to(exported).as_posix() for path in exported.rglob("*.yaml"))
    assert files == sorted(f"{key}.odcs.yaml" for key in dataset_keys())


@pytest.mark.parametrize("key", dataset_keys())
def test_an_exported_contract_stands_alone_and_means_the_same(key: str, exported: Path) -> None:
    original = load_contract(key)
    text = (exported / f"{key}.odcs.yaml").read_text()
    assert "extends" not in text
    OpenDataContractStandard.model_validate(yaml.safe_load(text))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(contracts, "CONTRACTS_DIR", exported)  # nothing to inherit from is there
        again = load_contract.__wrapped__(key)
    assert again.arrow_schema == original.arrow_schema
    assert (again.primary_key, again.partition_columns) == (original.primary_key, original.partition_columns)
    assert again.properties == original.properties
    assert again.quality == original.quality
    assert (again.version, again.purpose) == (original.version, original.purpose)


def test_the_commands_list_and_show_a_contract() -> None:
    listed = CliRunner().invoke(app, ["contracts", "list"]).output
    assert [line.split()[0] for line in listed.splitlines()] == dataset_keys()
    shown = CliRunner().invoke(app, ["contracts", "show", "bronze/orders"]).output
    assert yaml.safe_load(shown)["schema"][0]["properties"][0]["name"] == "event_id"
