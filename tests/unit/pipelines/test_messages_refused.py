"""Messages that are refused, each for its own reason and in little memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa
import pytest

from pipelines import messages
from pipelines.messages import decode
from tests.unit.pipelines.message_examples import (
    REVIEWS,
    end_of,
    one_message,
    parquet,
    refused,
    reviews,
    with_header,
)

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
