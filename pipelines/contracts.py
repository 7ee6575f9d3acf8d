"""Data contracts: the one place a dataset's columns, types and rules are written.

A contract is an ODCS v3 file, `data_contracts/<layer>/<dataset>.odcs.yaml`. Arrow schemas, Snowflake and Cassandra DDL
(`pipelines.contract_ddl`) and row rules (`pipelines.contract_rules`) are derived from it. The custom property `extends`
names contracts whose columns and rules come first, so that the envelope of an event is written once;
`dishpatch contracts export` writes the resolved, self-contained files for other tools.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml
from open_data_contract_standard.model import DataQuality, OpenDataContractStandard, SchemaProperty

from pipelines.errors import ContractViolation, UsageError

CONTRACTS_DIR = Path(__file__).resolve().parent.parent / "data_contracts"
LAYERS = ("events", "bronze", "operations", "silver", "warehouse", "gold")

ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "float64": pa.float64(),
    "bool": pa.bool_(),
    "date32": pa.date32(),
    "timestamp[us, UTC]": pa.timestamp("us", "UTC"),
}


@dataclass(frozen=True)
class Contract:
    """One dataset's contract with its `extends` resolved. `key` is `<layer>/<dataset>`."""

    key: str
    document: OpenDataContractStandard
    properties: tuple[SchemaProperty, ...]
    quality: tuple[DataQuality, ...]

    @property
    def name(self) -> str:
        return self.key.split("/")[1]

    @property
    def version(self) -> str:
        return str(self.document.version)

    @property
    def purpose(self) -> str:
        return str(self.document.description.purpose) if self.document.description else ""

    @cached_property
    def arrow_schema(self) -> pa.Schema:
        """Columns in contract order. All are nullable.

        What is required is a rule, so that a row that lacks it can be kept aside.
        """
        return pa.schema([pa.field(str(p.name), arrow_type(p)) for p in self.properties])

    @property
    def columns(self) -> list[str]:
        return [str(p.name) for p in self.properties]

    @property
    def primary_key(self) -> list[str]:
        keys = [p for p in self.properties if p.primaryKey]
        return [str(p.name) for p in sorted(keys, key=lambda p: p.primaryKeyPosition or 0)]

    @property
    def partition_columns(self) -> list[str]:
        return [str(p.name) for p in self.properties if p.partitioned]

    def custom(self, name: str) -> Any:
        """Value of a custom property, or None."""
        found = [c.value for c in self.document.customProperties or [] if c.property == name]
        return found[0] if found else None


def arrow_type(prop: SchemaProperty) -> pa.DataType:
    """Arrow type of a property; lists and structs from `items` and `properties`."""
    if prop.logicalType == "array":
        assert prop.items is not None
        return pa.list_(pa.field("item", arrow_type(prop.items)))
    if prop.logicalType == "object":
        return pa.struct([pa.field(str(p.name), arrow_type(p)) for p in prop.properties or []])
    try:
        return ARROW_TYPES[str(prop.physicalType)]
    except KeyError:
        raise ContractViolation(
            f"column {prop.name}: physicalType {prop.physicalType!r} is not one of {', '.join(ARROW_TYPES)}"
        ) from None


@cache
def load_contract(key: str) -> Contract:
    """The contract `<layer>/<dataset>`, e.g. `events/orders`; UsageError lists the known ones."""
    path = CONTRACTS_DIR / f"{key}.odcs.yaml"
    if not path.exists():
        raise UsageError(f"no contract {key!r}; known: {', '.join(dataset_keys())}")
    document = OpenDataContractStandard.model_validate(yaml.safe_load(path.read_text()))
    if not document.schema_:
        raise ContractViolation(f"{path.name}: no schema")
    properties: dict[str, SchemaProperty] = {}
    quality: list[DataQuality] = []
    own = document.schema_[0]
    for parent in _parents(document):
        base = load_contract(parent)
        properties.update({str(p.name): p for p in base.properties})
        quality.extend(base.quality)
    for prop in own.properties or []:
        properties[str(prop.name)] = _overlay(properties.get(str(prop.name)), prop)
    return Contract(key, document, tuple(properties.values()), (*quality, *(own.quality or [])))


def _parents(document: OpenDataContractStandard) -> list[str]:
    found = [str(c.value) for c in document.customProperties or [] if c.property == "extends"]
    return [part.strip() for value in found for part in value.split(",")]


def _overlay(base: SchemaProperty | None, own: SchemaProperty) -> SchemaProperty:
    """A property restated in an extending contract narrows the inherited one: what it says wins, the rest stays."""
    if base is None:
        return own
    return base.model_copy(
        update=own.model_dump(exclude_unset=True) | {k: getattr(own, k) for k in own.model_fields_set}
    )


def resolved_yaml(contract: Contract) -> str:
    """The contract as a self-contained ODCS file: inherited columns and rules written out, `extends` gone."""
    assert contract.document.schema_ is not None
    schema = contract.document.schema_[0].model_copy(
        update={"properties": list(contract.properties), "quality": list(contract.quality) or None}
    )
    custom = [c for c in contract.document.customProperties or [] if c.property != "extends"]
    document = contract.document.model_copy(update={"schema_": [schema], "customProperties": custom or None})
    return str(document.to_yaml())


def dataset_keys(layer: str | None = None) -> list[str]:
    """Keys of every dataset's contract, in layer order; files that begin with an underscore only lend columns."""
    layers = (layer,) if layer else LAYERS
    return [
        f"{name}/{path.name.removesuffix('.odcs.yaml')}"
        for name in layers
        for path in sorted((CONTRACTS_DIR / name).glob("[!_]*.odcs.yaml"))
    ]


def topics() -> list[str]:
    """The Kafka topics, one an event contract."""
    return [key.split("/")[1] for key in dataset_keys("events")]


def conform(table: pa.Table, contract: Contract, *, wider: bool = False) -> pa.Table:
    """The table with exactly the contract's columns in its order; if `wider`, columns that it lacks come after them.

    A missing column becomes missing values; a column of another type is refused, never cast: ContractViolation names
    the column, both types and the contract. Dictionary-encoded text counts as text.
    """
    unknown = [c for c in table.column_names if c not in contract.arrow_schema.names]
    if unknown and not wider:
        raise ContractViolation(f"{contract.key} {contract.version}: unknown column {', '.join(unknown)}")
    columns = []
    for field in contract.arrow_schema:
        if field.name not in table.column_names:
            columns.append(pa.nulls(table.num_rows, field.type))
            continue
        column = table.column(field.name)
        if pa.types.is_dictionary(column.type) and column.type.value_type == field.type:
            column = column.cast(field.type)
        if not _same_type(column.type, field.type):
            raise ContractViolation(
                f"{contract.key} {contract.version}: column {field.name} is {column.type}, expected {field.type}"
            )
        columns.append(column.cast(field.type))
    conformed = pa.table(columns, schema=contract.arrow_schema)
    for name in unknown:
        conformed = conformed.append_column(name, table.column(name))
    return conformed


def _same_type(have: pa.DataType, want: pa.DataType) -> bool:
    """Equal, or equal but for the name and nullability of nested fields, or text in its large or view form."""
    if pa.types.is_large_string(have) or pa.types.is_string_view(have):
        have = pa.string()
    if pa.types.is_list(want) and (pa.types.is_list(have) or pa.types.is_large_list(have)):
        return _same_type(have.value_type, want.value_type)
    if pa.types.is_struct(want) and pa.types.is_struct(have):
        return have.num_fields == want.num_fields and all(
            have.field(i).name == want.field(i).name and _same_type(have.field(i).type, want.field(i).type)
            for i in range(want.num_fields)
        )
    return bool(have == want)
