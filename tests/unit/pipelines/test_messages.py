"""The message format: what goes in comes out, in order and within the broker's limits; the rest is refused."""

from __future__ import annotations

import io
from datetime import UTC
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import messages
from pipelines.contracts import conform, load_contract, topics
from pipelines.errors import ContractViolation
from pipelines.messages import decode, encode, header, micro_batches, partition_of
from tests.unit.pipelines.message_examples import (
    ORIGIN,
    REVIEWS,
    one_message,
    parquet,
    refused,
    reviews,
)

ORDERS = load_contract("events/orders")


def test_a_text_that_is_no_utf8_is_refused_and_not_admitted_to_fail_later() -> None:
    value, headers = one_message(reviews("good", "bad"))
    column = pa.Array.from_buffers(pa.string(), 2, [None, *pa.array([b"good", b"b\xff\xfe"]).buffers()[1:]])
    table = pq.read_table(io.BytesIO(value))
    spoilt = table.set_column(table.column_names.index("text"), "text", column)
    error = refused(parquet(spoilt), headers)
    assert (error.reason, "UTF" in error.detail) == ("invalid_text", True)


# --- partitions


@pytest.mark.parametrize(
    ("key", "murmur2"),
    # the values of Kafka's own test of org.apache.kafka.common.utils.Utils.murmur2
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
        ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        ("abc", 479470107),
    ],
)
def test_a_key_has_the_partition_that_kafkas_own_producer_gives_it(key: str, murmur2: int) -> None:
    for partitions in (1, 4, 7, 64):
        expected = (murmur2 & 0x7FFFFFFF) % partitions
        assert partition_of(pa.array([key]), partitions).tolist() == [expected]


def test_partitions_of_many_keys_are_those_of_each_key_however_the_column_is_chunked() -> None:
    keys = [f"o{n % 7}" for n in range(20)]
    each = [int(partition_of(pa.array([key]), 4)[0]) for key in keys]
    chunked = pa.chunked_array([pa.array(keys[:3]), pa.array(keys[3:4]), pa.array(keys[4:])])
    assert partition_of(pa.array(keys), 4).tolist() == each
    assert partition_of(chunked, 4).tolist() == each
    assert partition_of(pa.array([], pa.string()), 4).tolist() == []


def test_a_row_without_its_key_goes_where_the_empty_key_goes() -> None:
    keys = pa.chunked_array([pa.array(["a", None, ""]), pa.array([None], pa.string())])
    a, empty = (int(partition_of(pa.array([key]), 7)[0]) for key in ("a", ""))
    assert partition_of(keys, 7).tolist() == [a, empty, empty, empty]


def test_rows_of_a_key_stay_in_their_order_and_in_one_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(messages, "MAX_ROWS", 5)
    rows = [{"order_id": f"o{n % 9}", "event_id": f"e{n:03d}"} for n in range(100)]
    batches = list(micro_batches(pa.Table.from_pylist(rows, schema=ORDERS.arrow_schema), ORDERS, 4))
    assert max(batch.num_rows for _, batch in batches) == 5
    seen: dict[str, list[tuple[int, str]]] = {}
    for partition, batch in batches:
        for row in batch.to_pylist():
            seen.setdefault(row["order_id"], []).append((partition, row["event_id"]))
    assert sum(len(events) for events in seen.values()) == 100
    for events in seen.values():
        assert len({partition for partition, _ in events}) == 1
        assert [event for _, event in events] == sorted(event for _, event in events)


# --- there and back


def test_a_column_ahead_of_the_contract_is_sent_only_if_asked_for_and_no_reader_admits_it() -> None:
    wider = reviews("good").append_column("mood", pa.array(["sunny"]))
    with pytest.raises(ContractViolation, match="unknown column mood"):
        list(encode(wider, REVIEWS, ORIGIN, 0))
    ((value, headers),) = encode(wider, REVIEWS, ORIGIN, 0, wider=True)
    assert pq.read_table(io.BytesIO(value)).column_names == [*REVIEWS.columns, "mood"]
    assert refused(value, headers).reason == "schema_mismatch"


def values_of(kind: pa.DataType) -> st.SearchStrategy[Any]:
    if pa.types.is_list(kind):
        return st.none() | st.lists(values_of(kind.value_type), max_size=3)
    if pa.types.is_struct(kind):
        return st.none() | st.fixed_dictionaries({f.name: values_of(f.type) for f in kind})
    known = {
        pa.string(): st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
        pa.int32(): st.integers(-(2**31), 2**31 - 1),
        pa.int64(): st.integers(-(2**63), 2**63 - 1),
        pa.float64(): st.floats(allow_nan=False),
        pa.bool_(): st.booleans(),
        pa.timestamp("us", "UTC"): st.datetimes(timezones=st.just(UTC)),
    }
    return st.none() | known[kind]


@st.composite
def tables_of_orders(draw: st.DrawFn) -> pa.Table:
    n = draw(st.integers(1, 12))
    keys = draw(st.lists(st.sampled_from(["a", "b", "c", "ü"]), min_size=n, max_size=n))
    some = draw(st.lists(st.sampled_from(ORDERS.columns), max_size=5, unique=True))
    columns = {name: pa.nulls(n, ORDERS.arrow_schema.field(name).type) for name in ORDERS.columns}
    for name in some:
        kind = ORDERS.arrow_schema.field(name).type
        columns[name] = pa.array(draw(st.lists(values_of(kind), min_size=n, max_size=n)), kind)
    columns["order_id"] = pa.array(keys)
    return conform(pa.table(columns), ORDERS)


@settings(max_examples=60, deadline=None)
@given(tables_of_orders(), st.integers(1, 5), st.integers(1, 4))
def test_any_rows_in_any_number_of_batches_come_back_the_same(table: pa.Table, max_rows: int, partitions: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(messages, "MAX_ROWS", max_rows)
        numbers = partition_of(table.column("order_id"), partitions)
        found: dict[int, list[pa.Table]] = {}
        for partition, batch in micro_batches(table, ORDERS, partitions):
            for value, headers in encode(batch, ORDERS, ORIGIN, 0):
                rows, version = decode(value, headers, "orders")
                assert version == ORDERS.version
                found.setdefault(partition, []).append(rows)
    for partition, parts in found.items():
        assert pa.concat_tables(parts).equals(table.filter(pa.array(numbers == partition)))
    assert sum(part.num_rows for parts in found.values() for part in parts) == table.num_rows


@pytest.mark.parametrize("topic", topics())
def test_every_topics_rows_come_back_as_its_contract_says(topic: str) -> None:
    contract = load_contract(f"events/{topic}")
    table = pa.table([pa.nulls(2, field.type) for field in contract.arrow_schema], schema=contract.arrow_schema)
    ((value, headers),) = encode(table, contract, ORIGIN, 0)
    assert decode(value, headers, topic) == (table, contract.version)


def test_headers_say_what_the_value_is_and_where_it_comes_from() -> None:
    ((_, headers),) = encode(reviews("good", "bad"), REVIEWS, ORIGIN, 17)
    assert {name: value.decode() for name, value in headers} == {
        "contract": "events/reviews",
        "contract_version": REVIEWS.version,
        "rows": "2",
        "traceparent": ORIGIN.traceparent,
        "producer_id": "generator",
        "unit": "futian/2026-11-20",
        "sequence": "17",
    }
    assert header(headers, "nothing") is None
    assert header(None, "rows") is None
    assert header([("rows", b"\xff")], "rows") == "\ufffd"


def test_a_batch_over_1_9_mb_becomes_messages_with_consecutive_sequences_and_nothing_missing() -> None:
    noise = np.random.default_rng(7)
    table = reviews(*(noise.bytes(60_000).hex() for _ in range(60)))  # about 3.6 MB that do not compress further
    sent = list(encode(table, REVIEWS, ORIGIN, 40))
    assert len(sent) > 1
    assert max(len(value) for value, _ in sent) <= messages.MAX_VALUE_BYTES
    assert [header(headers, "sequence") for _, headers in sent] == [str(40 + n) for n in range(len(sent))]
    assert pa.concat_tables([decode(value, headers, "reviews")[0] for value, headers in sent]).equals(table)


def test_a_table_its_contract_does_not_admit_is_not_sent() -> None:
    with pytest.raises(messages.ContractViolation, match="column rating_overall is string, expected int32"):
        list(encode(pa.table({"rating_overall": ["5"]}), REVIEWS, ORIGIN, 0))
