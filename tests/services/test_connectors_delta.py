"""What does not have a contract's types never reaches a table of the lake."""

from __future__ import annotations

from datetime import date

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.connectors import delta
from pipelines.contracts import load_contract
from pipelines.errors import ContractViolation
from tests.services.tiny_events import Row

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("stores")]

CONTRACT = load_contract("bronze/payments")


WRONG = [pa.array(["7", "8x"]), pa.array(["7", "8"]), pa.array([7.0, 8.5]), pa.array([7, 8], pa.int32())]


def rows(amounts: pa.Array) -> pa.Table:
    return pa.table({"amount_cents": amounts, "event_date": pa.array([date(2026, 3, 6)] * len(amounts))})


def stored() -> list[Row]:
    found: list[Row] = delta.read(delta.open_table("bronze/payments")).to_pylist()
    return found


@pytest.mark.parametrize(
    "wrong", [pa.array(["7", "8x"]), pa.array(["7", "8"]), pa.array([7.0, 8.5]), pa.array([7, 8], pa.int32())]
)
@pytest.mark.parametrize("replace", [None, "event_date = '2026-03-06'"])
def test_a_column_of_another_type_is_refused_before_the_writer(wrong: pa.Array, replace: str | None) -> None:
    table = delta.ensure_table("bronze/payments", CONTRACT)
    version = table.version()
    with pytest.raises(ContractViolation, match=f"column amount_cents is {wrong.type}, expected int64"):
        delta.write(table, rows(wrong), CONTRACT, {"a": 1}, replace=replace)
    again = delta.open_table("bronze/payments")
    assert again.version() == version
    assert delta.versions(again, ["a"]) == {}


def test_the_files_have_the_types_that_the_log_says() -> None:
    table = delta.ensure_table("bronze/payments", CONTRACT)
    delta.write(table, rows(pa.array([9007199254740993, None], pa.int64())), CONTRACT, {})
    logged = pa.schema(delta.open_table("bronze/payments").schema().to_arrow())
    files = list(delta.open_table("bronze/payments").to_pyarrow_dataset().get_fragments())
    assert files
    for file in files:
        for field in pq.read_schema(file.path, filesystem=file.filesystem):
            assert (field.name, field.type) == (field.name, logged.field(field.name).type)
    assert {row["amount_cents"] for row in stored()} >= {9007199254740993, None}


def test_a_second_writer_of_the_same_progress_is_told_that_the_table_moved() -> None:
    first = delta.ensure_table("bronze/reviews", load_contract("bronze/reviews"))
    second = delta.open_table("bronze/reviews")
    empty = load_contract("bronze/reviews").arrow_schema.empty_table()
    delta.write(first, empty, load_contract("bronze/reviews"), {"kafka:reviews:0": 5})
    with pytest.raises(delta.TableMoved):
        delta.write(second, empty, load_contract("bronze/reviews"), {"kafka:reviews:0": 5})
    assert delta.versions(delta.open_table("bronze/reviews"), ["kafka:reviews:0"]) == {"kafka:reviews:0": 5}


def test_a_table_of_another_contract_is_refused_by_the_columns_that_differ() -> None:
    delta.ensure_table("bronze/cities", load_contract("bronze/cities"))
    with pytest.raises(ContractViolation, match=r"differ in .*time_zone"):
        delta.ensure_table("bronze/cities", load_contract("bronze/reviews"))
