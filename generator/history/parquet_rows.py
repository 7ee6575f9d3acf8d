"""Rows of a Parquet file as text that converts back exactly. Sizes are bounded before anything is decoded."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generator.history.file_bytes import MAX_BYTES
from generator.history.mapping_parts import FileSpec
from generator.history.raw import RawRows
from pipelines.errors import ImportRefused, MappingError

TEXT_FIELD = re.compile(r"columns\.(\w+_id|\w+_name|vehicle)\.column")
# Cells of one file: each takes about 60 bytes as text in memory. 484 bytes of Parquet can claim half a billion rows.
MAX_CELLS = 40_000_000


def parquet_rows(content: bytes, spec: FileSpec, path: Path) -> RawRows:
    """Rows of the content; only the columns a mapping names are decoded (all, where it names none).

    MappingError: not Parquet, cut off, or an identity held as decimals. ImportRefused: larger than can be read whole.
    """
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        _check_size(file, path)
        _check_identities(file.schema_arrow, spec, path)
        named = set(spec.file_columns().values())
        wanted = [c for c in file.schema_arrow.names if c in named or not named]
        table = _read_bounded(content, file, wanted, path)
    except (pa.ArrowInvalid, OSError) as error:
        raise MappingError(f"{path} cannot be read as Parquet ({error}); it may be cut off, copy it again") from None
    columns = {name: _as_text(table.column(name), name, path) for name in table.column_names}
    frame = pd.DataFrame(columns, dtype=object).reindex(columns=file.schema_arrow.names)
    frame = frame.where(frame.notna(), None)
    originals = [json.dumps(r, ensure_ascii=False) for r in frame[wanted].to_dict("records")]
    return RawRows(frame, np.arange(1, table.num_rows + 1), originals)


def _check_size(file: pq.ParquetFile, path: Path) -> None:
    """Refuse by what the file says of itself: uncompressed bytes, and rows times columns."""
    metadata = file.metadata
    size = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    if size > MAX_BYTES:
        raise ImportRefused(f"{path} expands to more than {MAX_BYTES >> 30} GiB; split it by day")
    if metadata.num_rows * max(metadata.num_columns, 1) > MAX_CELLS:
        raise ImportRefused(
            f"{path} says it has {metadata.num_rows:,} rows of {metadata.num_columns} columns, more than "
            f"{MAX_CELLS:,} cells; split it by day"
        )


def _read_bounded(content: bytes, file: pq.ParquetFile, wanted: list[str], path: Path) -> pa.Table:
    """The wanted columns, texts as dictionaries; refused where rows times length of value pass the bound.

    A text that repeats costs nothing in the file and its whole length in memory, once for each row.
    """
    schema = file.schema_arrow
    plain = (pa.string(), pa.large_string(), pa.binary(), pa.large_binary())
    texts = [c for c in wanted if schema.field(c).type in plain]
    table = pq.ParquetFile(io.BytesIO(content), read_dictionary=texts).read(columns=wanted)
    size = 0
    for name in table.column_names:
        for chunk in table.column(name).chunks:
            if pa.types.is_dictionary(chunk.type) and chunk.type.value_type in plain:
                lengths = pc.binary_length(chunk.dictionary).cast(pa.int64())
                size += pc.sum(pc.take(lengths, chunk.indices)).as_py() or 0
            else:
                size += chunk.nbytes
    if size > MAX_BYTES:
        raise ImportRefused(f"{path} expands to more than {MAX_BYTES >> 30} GiB of text; split it by day")
    return table


def _check_identities(schema: pa.Schema, spec: FileSpec, path: Path) -> None:
    """MappingError where a number with decimals stands for an identity or a name: digits may be lost already."""
    for key, column in spec.file_columns().items():
        is_text = key.startswith(("identity", "row_identity")) or TEXT_FIELD.fullmatch(key)
        if is_text and column in schema.names and pa.types.is_floating(schema.field(column).type):
            raise MappingError(
                f"{path}: column {column} ({key}) is {schema.field(column).type}; identities are text or integers. "
                "Export it as text (a missing value may have turned it into decimals)"
            )


def _as_text(column: pa.ChunkedArray, name: str, path: Path) -> list[str | None]:
    """A typed column as text that converts back exactly; instants as ISO 8601, with an offset if they have one."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        stamp = column.cast(pa.timestamp("us", kind.tz)) if kind.tz is None else column.cast(pa.timestamp("us", "UTC"))
        text = pc.strftime(stamp, format="%Y-%m-%dT%H:%M:%S")
        text = pc.binary_join_element_wise(text, "Z", "") if kind.tz is not None else text
        return list(text.to_pylist())
    try:
        return list(column.cast(pa.string()).to_pylist())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):
        if pa.types.is_nested(kind):
            return [None if v is None else json.dumps(v, default=str) for v in column.to_pylist()]
        raise MappingError(f"{path}: column {name} has the type {kind}, which has no plain text") from None
