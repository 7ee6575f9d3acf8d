"""Tables of the warehouse and of Cassandra say what the contract says."""

from __future__ import annotations

import re

import pytest

from pipelines.contract_ddl import CQL_TYPES, SNOWFLAKE_TYPES, cql_ddl, snowflake_ddl, snowflake_name
from pipelines.contracts import ARROW_TYPES, dataset_keys, load_contract


def test_every_scalar_type_has_a_type_in_both_stores() -> None:
    assert set(SNOWFLAKE_TYPES) == set(CQL_TYPES) == set(ARROW_TYPES.values())


def test_a_gold_table_is_created_with_types_and_what_is_required() -> None:
    ddl = snowflake_ddl(load_contract("gold/satisfaction_by_day_and_restaurant"))
    assert ddl.startswith(
        "CREATE TABLE IF NOT EXISTS GOLD.SATISFACTION_BY_DAY_AND_RESTAURANT (CITY_ID VARCHAR NOT NULL"
    )
    assert "BUSINESS_DATE DATE NOT NULL" in ddl
    assert "RATING_MEAN FLOAT," in ddl
    assert "ORDERS_DELIVERED NUMBER(19,0) NOT NULL" in ddl


def test_money_is_whole_cents_and_instants_have_microseconds_and_no_zone() -> None:
    ddl = snowflake_ddl(load_contract("warehouse/orders"))
    assert snowflake_name(load_contract("warehouse/orders")) == "SILVER.ORDERS"
    assert "BASKET_VALUE_CENTS NUMBER(19,0)," in ddl
    assert "PLACED_AT TIMESTAMP_NTZ(6) NOT NULL" in ddl
    assert "IS_LATE BOOLEAN," in ddl


def test_a_cassandra_table_has_its_partition_and_clustering_keys() -> None:
    ddl = cql_ddl(load_contract("operations/active_orders_by_zone"), "shop")
    contract = load_contract("operations/active_orders_by_zone")
    partition = [name.strip() for name in contract.custom("partitionKey").split(",")]
    assert ddl.startswith("CREATE TABLE IF NOT EXISTS shop.active_orders_by_zone (")
    assert f"PRIMARY KEY (({', '.join(partition)})" in ddl
    assert "order_id text" in ddl


@pytest.mark.parametrize("key", dataset_keys("operations"))
def test_a_cassandra_key_is_the_contracts_primary_key(key: str) -> None:
    contract = load_contract(key)
    inside = re.search(r"PRIMARY KEY \(\(([^)]*)\)([^)]*)\)", cql_ddl(contract, "k"))
    assert inside is not None
    named = [name.strip() for name in f"{inside[1]}{inside[2]}".split(",")]
    assert named == contract.primary_key


@pytest.mark.parametrize("key", [*dataset_keys("gold"), *dataset_keys("warehouse")])
def test_every_column_of_a_warehouse_contract_is_in_its_table(key: str) -> None:
    contract = load_contract(key)
    columns = re.findall(
        r"[(,] ?([A-Z_0-9]+) (?:VARCHAR|NUMBER|FLOAT|BOOLEAN|DATE|TIMESTAMP_NTZ)", snowflake_ddl(contract)
    )
    assert columns == [name.upper() for name in contract.columns]
