"""The Kafka message format: a value is one Parquet micro-batch (zstd) of rows of one partition.

Headers: `contract` (events/<topic>), `contract_version`, `rows`, `traceparent`, `producer_id`, `sequence` (per
producer, topic and partition, from 0 within a transaction of a unit) and `unit`. A reader admits a message only if its
bytes are Parquet, its headers name a contract version we know, its row count is the stated one and its columns have the
contract's types; anything else is a `MessageRejected` whose reason goes to the dead letters with the original bytes.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from kafka.partitioner.default import murmur2

from pipelines.contracts import Contract, conform, load_contract
from pipelines.errors import ContractViolation

MAX_ROWS = 10_000  # a message; at 50 bytes an event about 500 KB, well under the broker's 2 MB
MAX_VALUE_BYTES = 1_900_000  # the broker's message.max.bytes is 2 MiB, headers and framing included
MAX_DECODED_BYTES = 256 * 1024 * 1024  # a message of a few hundred bytes can expand to gigabytes through its dictionary
WIDEST_VALUE_BYTES = 8  # of a number or an instant, or of a text's offset and dictionary index

FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999  # years 1 to 9999

NO_DAY = ""  # in counts by day: of a message that cannot be read, and of an event without a time

Headers = list[tuple[str, bytes]]
AnyHeaders = Sequence[tuple[str, bytes | None]]  # of any producer: a header's value can be null


class MessageRejected(ContractViolation):
    """A message its contract does not admit. `reason` is a stable word, the message the detail."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Origin:
    """Who produced a message: the headers that are the same for all messages of a unit."""

    producer_id: str
    unit: str
    traceparent: str


def partition_of(keys: pa.Array | pa.ChunkedArray, partitions: int) -> np.ndarray:
    """Partition (int32) of each key, by Kafka's own default (murmur2), so keyed producers of other makes agree.

    A missing key goes where the empty one goes: a row without its key is kept aside later, not here.
    """
    keys = keys.fill_null("")
    encoded = (
        keys.combine_chunks().dictionary_encode() if isinstance(keys, pa.ChunkedArray) else keys.dictionary_encode()
    )
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks().unify_dictionaries()
    numbers = np.array(
        [(murmur2(key.as_py().encode()) & 0x7FFFFFFF) % partitions for key in encoded.dictionary], dtype=np.int32
    )
    return numbers[encoded.indices.to_numpy(zero_copy_only=False)] if len(numbers) else np.array([], dtype=np.int32)


def micro_batches(
    table: pa.Table, contract: Contract, partitions: int, max_rows: int | None = None
) -> Iterator[tuple[int, pa.Table]]:
    """(partition, rows) with at most `max_rows`, and never more than MAX_ROWS, rows each.

    Rows of a key stay in their order and in one partition.
    """
    size = min(max_rows or MAX_ROWS, MAX_ROWS)
    numbers = partition_of(table.column(str(contract.custom("messageKey"))), partitions)
    for partition in np.unique(numbers):
        rows = table.filter(pa.array(numbers == partition))
        for start in range(0, rows.num_rows, size):
            yield int(partition), rows.slice(start, size)


def encode(
    rows: pa.Table, contract: Contract, origin: Origin, sequence: int, *, wider: bool = False
) -> Iterator[tuple[bytes, Headers]]:
    """Message values with their headers, numbered from `sequence`.

    A batch of more than MAX_VALUE_BYTES is halved until it fits. If `wider`, columns that the contract lacks are sent
    too, as by a producer ahead of it; a reader refuses such a message.
    """
    sink = io.BytesIO()
    pq.write_table(conform(rows, contract, wider=wider), sink, compression="zstd")
    value = sink.getvalue()
    if len(value) > MAX_VALUE_BYTES and rows.num_rows > 1:
        half = rows.num_rows // 2
        for part in (rows.slice(0, half), rows.slice(half)):
            for encoded in encode(part, contract, origin, sequence, wider=wider):
                yield encoded
                sequence += 1
        return
    yield (
        value,
        [
            ("contract", contract.key.encode()),
            ("contract_version", contract.version.encode()),
            ("rows", str(rows.num_rows).encode()),
            ("traceparent", origin.traceparent.encode()),
            ("producer_id", origin.producer_id.encode()),
            ("unit", origin.unit.encode()),
            ("sequence", str(sequence).encode()),
        ],
    )


def header(headers: AnyHeaders | None, name: str) -> str | None:
    """Text of a header, None where it is absent or not text."""
    for key, value in headers or ():
        if key == name and value is not None:
            return value.decode("utf-8", "replace")
    return None


def decode(value: bytes | None, headers: AnyHeaders | None, topic: str) -> tuple[pa.Table, str]:
    """(rows as the contract's table, contract version) of one message, or MessageRejected with the reason."""
    contract = load_contract(f"events/{topic}")
    if value is None:
        raise MessageRejected("null_value", "the value is null; this topic has no deletes")
    if len(value) == 0:
        raise MessageRejected("empty_value", "the value has no bytes")
    version = _admitted_version(headers, contract)
    table = _read_parquet(value)
    stated = header(headers, "rows")
    if stated is None or count(stated) != table.num_rows:
        raise MessageRejected("row_count_mismatch", f"header rows says {stated}, the value has {table.num_rows}")
    try:
        table = conform(table, contract)
    except ContractViolation as error:
        raise MessageRejected("schema_mismatch", str(error)) from error
    _refuse_unwritable_times(table)
    return table, version


def _refuse_unwritable_times(table: pa.Table) -> None:
    """Refuse instants outside the years 1 to 9999: a date of theirs in a table's log would keep every reader out."""
    for field in table.schema:
        if pa.types.is_timestamp(field.type):
            bounds = pc.min_max(table.column(field.name).cast(pa.int64()))
            for us in (bounds["min"].as_py(), bounds["max"].as_py()):
                if us is not None and not FIRST_US <= us <= LAST_US:
                    raise MessageRejected(
                        "time_out_of_range", f"{field.name} holds {us} µs since 1970; is it in another unit?"
                    )


def _admitted_version(headers: AnyHeaders | None, contract: Contract) -> str:
    name, version = header(headers, "contract"), header(headers, "contract_version")
    if name is None or version is None:
        raise MessageRejected("headers_missing", "headers contract and contract_version are required")
    if name != contract.key:
        raise MessageRejected("wrong_contract", f"header contract is {name}, this topic's is {contract.key}")
    known = version.split(".")[0] == contract.version.split(".")[0] and _number(version) <= _number(contract.version)
    if not known:
        raise MessageRejected(
            "unknown_contract_version",
            f"{name} {version}; known is {contract.version}: upgrade, then replay the dead letter",
        )
    return version


def _number(version: str) -> tuple[int, ...]:
    numbers = [count(part) for part in version.split(".")]
    return tuple(n for n in numbers if n is not None) if len(numbers) == 3 and None not in numbers else (10**9,)


def count(text: str) -> int | None:
    """The number that a header states, None where it is none: only ASCII digits, at most nine of them."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def _read_parquet(value: bytes) -> pa.Table:
    try:
        metadata = pq.read_metadata(pa.BufferReader(value))
        if metadata.num_rows > 10 * MAX_ROWS:
            raise MessageRejected("too_large", f"{metadata.num_rows} rows in one message; the limit is {10 * MAX_ROWS}")
        _refuse_expansion(value, metadata)
        table = pq.read_table(pa.BufferReader(value), partitioning=None)
    except (pa.ArrowException, OSError, ValueError) as error:
        raise MessageRejected("not_parquet", f"{len(value)} bytes, first {value[:8]!r}: {error}") from error
    try:
        table.validate(full=True)  # Parquet does not check that a text is text
    except pa.ArrowInvalid as error:
        raise MessageRejected(
            "invalid_text", f"{len(value)} bytes of Parquet hold what is no UTF-8: {error}"
        ) from error
    return table


def _refuse_expansion(value: bytes, metadata: pq.FileMetaData) -> None:
    """Refuse a message whose values would expand past MAX_DECODED_BYTES, before expanding them."""
    groups = [metadata.row_group(i) for i in range(metadata.num_row_groups)]
    # run-length coding makes millions of equal list elements a few bytes, and a row can hold any number of them
    values = sum(group.column(i).num_values for group in groups for i in range(group.num_columns))
    plain = sum(group.total_byte_size for group in groups) + WIDEST_VALUE_BYTES * values
    text = [
        metadata.schema.column(i).path
        for i in range(metadata.num_columns)
        if metadata.schema.column(i).physical_type == "BYTE_ARRAY"
    ]
    expanded = plain
    if plain <= MAX_DECODED_BYTES and text:
        encoded = pq.ParquetFile(pa.BufferReader(value), read_dictionary=text).read(columns=text)
        expanded += sum(_expanded_bytes(chunk) for column in encoded.columns for chunk in column.chunks)
    if expanded > MAX_DECODED_BYTES:
        raise MessageRejected("too_large", f"{len(value)} bytes expand to more than {MAX_DECODED_BYTES // 2**20} MiB")


def _expanded_bytes(array: pa.Array) -> int:
    if pa.types.is_dictionary(array.type):
        longest = pc.max(pc.binary_length(array.dictionary)).as_py() or 0
        return int(longest) * len(array)
    if pa.types.is_list(array.type):
        return _expanded_bytes(array.values)
    if pa.types.is_struct(array.type):
        return sum(_expanded_bytes(array.field(i)) for i in range(array.type.num_fields))
    return 0
