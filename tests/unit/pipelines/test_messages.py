"""The message format: what goes in comes out, in order and within the broker's limits; the rest is refused."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
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
from pipelines.messages import Headers, MessageRejected, Origin, decode, encode, header, micro_batches, partition_of

ORDERS = load_contract("events/orders")
REVIEWS = load_contract("events/reviews")
ORIGIN = Origin("generator", "futian/2026-11-20", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
NOON = datetime(2026, 9, 12, 12, tzinfo=UTC)


def reviews(*texts: str) -> pa.Table:
    """One review an order, with these texts."""
    rows = [{"event_id": f"e{n}", "order_id": f"o{n}", "event_time": NOON, "text": t} for n, t in enumerate(texts)]
    return pa.Table.from_pylist(rows, schema=REVIEWS.arrow_schema)


def one_message(rows: pa.Table) -> tuple[bytes, Headers]:
    (message,) = encode(rows, REVIEWS, ORIGIN, 0)
    return message


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def with_header(headers: Headers, name: str, value: str | None) -> Headers:
    """The headers with one of them changed, or without it."""
    others = [(n, v) for n, v in headers if n != name]
    return others if value is None else [*others, (name, value.encode())]


def refused(value: bytes | None, headers: Headers | None, topic: str = "reviews") -> MessageRejected:
    with pytest.raises(MessageRejected) as caught:
        decode(value, headers, topic)
    return caught.value


def end_of(value: bytes, headers: Headers) -> str:
    """How many rows were admitted, or the reason why none was."""
    try:
        return f"{decode(value, headers, 'reviews')[0].num_rows} rows"
    except MessageRejected as error:
        return error.reason


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


# --- what is refused, and by which reason


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "null_value"),
        (b"", "empty_value"),
        (b"PAR1", "not_parquet"),
        (b"PAR1PAR1", "not_parquet"),
        (b'{"order_id": "o1", "rating_overall": 5}', "not_parquet"),
        (b"\x00" * 64, "not_parquet"),
    ],
)
def test_a_value_that_is_no_parquet_is_refused_by_reason(value: bytes | None, reason: str) -> None:
    _, headers = one_message(reviews("good"))
    assert refused(value, headers).reason == reason


def test_a_truncated_value_is_refused_wherever_it_ends() -> None:
    value, headers = one_message(reviews("good", "bad"))
    for end in range(1, len(value), 97):
        assert refused(value[:end], headers).reason == "not_parquet"


def test_a_value_with_a_damaged_byte_is_refused_or_whole_and_never_another_error() -> None:
    value, headers = one_message(reviews("good", "bad"))
    for position in range(4, len(value), 53):
        damaged = value[:position] + bytes([value[position] ^ 0xFF]) + value[position + 1 :]
        assert end_of(damaged, headers) in {"2 rows", "not_parquet", "schema_mismatch", "row_count_mismatch"}


@pytest.mark.parametrize("stated", ["1", "3", "-2", "two", "", "2.0", None])
def test_a_row_count_that_is_not_the_values_is_refused(stated: str | None) -> None:
    value, headers = one_message(reviews("good", "bad"))
    error = refused(value, with_header(headers, "rows", stated))
    assert error.reason == "row_count_mismatch"
    assert "the value has 2" in error.detail


@pytest.mark.parametrize("name", ["contract", "contract_version"])
def test_without_its_contract_a_message_is_refused(name: str) -> None:
    value, headers = one_message(reviews("good"))
    assert refused(value, with_header(headers, name, None)).reason == "headers_missing"
    assert refused(value, None).reason == "headers_missing"


def test_a_message_of_another_topics_contract_is_refused() -> None:
    value, headers = one_message(reviews("good"))
    error = refused(value, headers, topic="payments")
    assert (error.reason, error.detail) == (
        "wrong_contract",
        "header contract is events/reviews, this topic's is events/payments",
    )


@pytest.mark.parametrize(
    "version", ["1.1.0", "1.0.1", "2.0.0", "0.9.0", "1", "1.0", "latest", "", "1.0.0-rc1", "1.-1.0"]
)
def test_a_version_we_do_not_know_is_refused_with_the_known_one(version: str) -> None:
    value, headers = one_message(reviews("good"))
    error = refused(value, with_header(headers, "contract_version", version))
    assert error.reason == "unknown_contract_version"
    assert f"known is {REVIEWS.version}" in error.detail


def test_a_column_too_many_or_of_another_type_is_refused_by_name() -> None:
    _, headers = one_message(reviews("good"))
    extra = reviews("good").append_column("tip", pa.array([1]))
    assert "unknown column tip" in refused(parquet(extra), headers).detail
    position = REVIEWS.columns.index("rating_overall")
    mistyped = reviews("good").set_column(position, "rating_overall", pa.array(["5"]))
    error = refused(parquet(mistyped), headers)
    assert (error.reason, "rating_overall is string, expected int32" in error.detail) == ("schema_mismatch", True)


def test_a_column_too_few_is_missing_values() -> None:
    _, headers = one_message(reviews("good"))
    rows, _ = decode(parquet(reviews("good").drop_columns(["text", "language"])), headers, "reviews")
    assert rows.column("text").to_pylist() == [None]


# --- values that expand


POOLS: list[pa.MemoryPool] = []  # kept: what a failing test holds is freed into the pool it came from


@contextmanager
def peak_memory() -> Iterator[pa.MemoryPool]:
    """A pool that sees everything Arrow allocates meanwhile; `max_memory()` is the peak in bytes."""
    usual = pa.default_memory_pool()
    pool = pa.proxy_memory_pool(usual)
    POOLS.append(pool)
    pa.set_memory_pool(pool)
    try:
        yield pool
    finally:
        pa.set_memory_pool(usual)


def same_text(n: int) -> pa.DictionaryArray:
    """`n` times one text of 100,000 letters, held once."""
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(n, np.int32)), pa.array(["x" * 100_000]))


def text_bomb() -> bytes:
    """A few kilobytes of Parquet whose 100,000 texts would be 10 GB."""
    rows = reviews("good").take(pa.array(np.zeros(100_000, np.int64)))
    bomb = rows.set_column(REVIEWS.columns.index("text"), "text", same_text(100_000))
    return parquet(bomb, compression="zstd", store_schema=False)


def test_a_small_value_that_would_expand_to_gigabytes_is_refused_in_little_memory() -> None:
    value, headers = text_bomb(), with_header(one_message(reviews("good"))[1], "rows", "100000")
    assert len(value) < 20_000
    with peak_memory() as pool:
        error = refused(value, headers)
    assert (error.reason, "expand to more than 256 MiB" in error.detail) == ("too_large", True)
    assert 0 < pool.max_memory() < 20 * 2**20


def test_gigabytes_of_equal_text_within_lists_are_refused_in_little_memory() -> None:
    names = pa.StructArray.from_arrays([same_text(100_000)], ["name"])
    bomb = pa.table({"items": pa.ListArray.from_arrays(pa.array(range(0, 100_001, 1000), pa.int32()), names)})
    value = parquet(bomb, compression="zstd", store_schema=False)
    headers = with_header(with_header(one_message(reviews("good"))[1], "contract", "events/orders"), "rows", "100")
    assert len(value) < 20_000
    with peak_memory() as pool:
        assert refused(value, headers, "orders").reason == "too_large"
    assert 0 < pool.max_memory() < 20 * 2**20


def test_a_row_with_a_list_of_millions_of_equal_numbers_is_refused_in_little_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(messages, "MAX_DECODED_BYTES", 8 * 2**20)
    n = 4_000_000
    numbers = pa.ListArray.from_arrays(pa.array([0, n], pa.int32()), pa.array(np.zeros(n, np.int32)))
    value = parquet(pa.table({"items": numbers}), compression="zstd")
    headers = with_header(with_header(one_message(reviews("good"))[1], "contract", "events/orders"), "rows", "1")
    assert len(value) < 10_000
    with peak_memory() as pool:
        assert refused(value, headers, "orders").reason == "too_large"
    assert pool.max_memory() < 2**20


def test_more_rows_than_a_message_may_have_are_refused_before_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    value, headers = one_message(reviews(*["good"] * 21))
    monkeypatch.setattr(messages, "MAX_ROWS", 2)
    error = refused(value, headers)
    assert (error.reason, error.detail) == ("too_large", "21 rows in one message; the limit is 20")
