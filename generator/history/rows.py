"""A user's file as rows of text: every cell as it stands, with its line number and the original line.

Nothing is converted here, so an identity keeps its leading zeros and a row that cannot be read later is known by its
line. A line that is no row (a wrong number of fields, bytes that are no text, broken JSON) is kept and marked.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generator.history.file_bytes import MAX_BYTES, check_kind
from generator.history.mapping import FileSpec
from generator.history.targets import nearest
from pipelines.errors import ImportRefused, MappingError

TEXT_FIELD = re.compile(r"columns\.(\w+_id|\w+_name|vehicle)\.column")
UNDECODED = re.compile("[\udc80-\udcff]")  # what `surrogateescape` makes of a byte that is no text


@dataclass
class RawRows:
    """Rows of one file: `cells` (text or None, one column a column of the file), and for each row the number of its
    first line and its original text. `broken`: row position -> (rule, what is wrong). `blank`: empty lines skipped."""

    cells: pd.DataFrame
    lines: np.ndarray
    originals: list[str]
    broken: dict[int, tuple[str, str]] = field(default_factory=dict)
    blank: int = 0


def read_rows(content: bytes, spec: FileSpec, path: Path, key: str) -> RawRows:
    """Rows of a file's content. `key` is `orders` or `couriers`, for messages.

    MappingError: another format than declared, or a column the mapping names is not there. ImportRefused: no rows.
    """
    check_kind(content, spec.format, spec.encoding, path)
    reader = {"csv": _csv_rows, "jsonl": _jsonl_rows, "parquet": _parquet_rows}[spec.format]
    rows = reader(content, spec, path)
    if not len(rows.cells):
        raise ImportRefused(f"{path} has a header and no rows; nothing to import")
    _check_columns(rows, spec, path, key)
    for position, original in enumerate(rows.originals):
        if not original.isascii() and UNDECODED.search(original):
            rows.broken.setdefault(position, ("not_text", f"bytes that are not {spec.encoding} text"))
            rows.cells.iloc[position] = None
    return rows


def _check_columns(rows: RawRows, spec: FileSpec, path: Path, key: str) -> None:
    there = [str(c) for c in rows.cells.columns]
    for mapping_key, column in spec.file_columns().items():
        if column in there:
            continue
        if spec.format == "jsonl" and len(rows.broken) < len(rows.cells) and not mapping_key.startswith("identity"):
            rows.cells[column] = None  # a key that no record has: missing everywhere, the row rules decide
            continue
        raise MappingError(
            f"{path} has no column {column!r}, named by {key}.{mapping_key}{nearest(column, there)} "
            f"Columns of the file: {', '.join(there)}"
        )


def _decode(content: bytes, spec: FileSpec) -> str:
    """Text with undecodable bytes kept as surrogates (they mark their row and are written back as they were)."""
    text = content.decode(spec.encoding, errors="surrogateescape")
    return text.removeprefix("\ufeff").removeprefix("ï»¿")  # a UTF-8 mark read as UTF-8, or as a one-byte encoding


def _csv_rows(content: bytes, spec: FileSpec, path: Path) -> RawRows:
    lines = io.StringIO(_decode(content, spec), newline="").readlines()
    if len(lines) < spec.header_line:
        raise MappingError(f"{path} has {len(lines)} lines, but the mapping's header_line is {spec.header_line}")
    reader = csv.reader(lines[spec.header_line - 1 :], delimiter=spec.separator, strict=True)
    records: list[list[str]] = []
    ends: list[int] = []
    start = spec.header_line
    try:
        # A row loop: only the parser knows on which line a record with a line break inside quotes begins and ends.
        for record in reader:
            records.append(record)
            ends.append(reader.line_num)
    except csv.Error as error:
        line = start + (ends[-1] if ends else 0)
        raise MappingError(f"{path}: from line {line} on the quotes do not match ({error}); mend that line") from None
    header = [name.strip() for name in records[0]]
    _check_header(header, spec, path)
    return _split_records(records[1:], [start - 1 + e for e in ends], header, lines)


def _check_header(header: list[str], spec: FileSpec, path: Path) -> None:
    twice = sorted({n for n in header if header.count(n) > 1 and n in spec.file_columns().values()})
    if twice:
        raise MappingError(f"{path}: the header has {', '.join(map(repr, twice))} twice; rename one of them")
    if len(header) == 1 and len(set(spec.file_columns().values())) > 1:
        other = [s for s in ";\t|," if s != spec.separator and s in header[0]]
        hint = f"; the separator may be {other[0]!r}, the mapping says {spec.separator!r}" if other else ""
        raise MappingError(f"{path}: the header is one column, {header[0][:80]!r}{hint}")


def _split_records(records: list[list[str]], ends: list[int], header: list[str], lines: list[str]) -> RawRows:
    """`ends[i]` is the last line (1-based) of the i-th record, the header being the 0th."""
    width = len(header)
    cells: list[list[str]] = []
    first_lines: list[int] = []
    originals: list[str] = []
    broken: dict[int, tuple[str, str]] = {}
    blank = 0
    for record, before, end in zip(records, ends[:-1], ends[1:], strict=True):
        if not record:
            blank += 1
            continue
        original = "".join(lines[before:end]).rstrip("\r\n")
        if len(record) != width:
            broken[len(cells)] = ("wrong_number_of_fields", f"{len(record)} fields, the header has {width}")
            record = (record + [""] * width)[:width]
        cells.append(record)
        first_lines.append(before + 1)
        originals.append(original)
    frame = pd.DataFrame(cells, columns=header, dtype=object)
    return RawRows(frame, np.array(first_lines, dtype=np.int64), originals, broken, blank)


class _KeyTwiceError(ValueError):
    """A JSON object with the same key twice."""


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _KeyTwiceError(f"key {next(n for n in names if names.count(n) > 1)!r} is there twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _flat(record: dict[str, Any], prefix: str = "") -> dict[str, str | None]:
    """Nested keys joined by dots; lists as JSON text; numbers as the text they were written in."""
    flat: dict[str, str | None] = {}
    for name, value in record.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        elif isinstance(value, list | bool):
            flat[prefix + name] = json.dumps(value, ensure_ascii=False)
        else:
            flat[prefix + name] = value
    return flat


def _jsonl_rows(content: bytes, spec: FileSpec, path: Path) -> RawRows:
    text = _decode(content, spec)
    rows = RawRows(pd.DataFrame(), np.array([], dtype=np.int64), [])
    records: list[dict[str, str | None]] = []
    numbers: list[int] = []
    lines = text.split("\n")
    for number, raw in enumerate(lines, start=1):  # a row loop: each line is its own JSON document
        line = raw.rstrip("\r")
        if not line.strip():
            rows.blank += number < len(lines)
            continue
        try:
            record = json.loads(
                line, parse_float=str, parse_int=str, parse_constant=_no_constant, object_pairs_hook=_pairs
            )
            records.append(_flat(record) if isinstance(record, dict) else {})
            if not isinstance(record, dict):
                rows.broken[len(records) - 1] = ("not_an_object", "a line is one JSON object")
        except ValueError as error:  # JSONDecodeError is one
            last = number == len(lines) and not isinstance(error, _KeyTwiceError)
            rule = "key_twice" if isinstance(error, _KeyTwiceError) else "truncated_last_line" if last else "not_json"
            records.append({})
            rows.broken[len(records) - 1] = (rule, str(error))
        numbers.append(number)
        rows.originals.append(line)
    frame = pd.DataFrame(records, dtype=object)
    rows.cells = frame.where(frame.notna(), None)
    rows.lines = np.array(numbers, dtype=np.int64)
    return rows


def _parquet_rows(content: bytes, spec: FileSpec, path: Path) -> RawRows:
    try:
        file = pq.ParquetFile(io.BytesIO(content))
        size = sum(file.metadata.row_group(i).total_byte_size for i in range(file.metadata.num_row_groups))
        if size > MAX_BYTES:
            raise ImportRefused(f"{path} expands to more than {MAX_BYTES >> 30} GiB; split it by day")
        table = file.read()
    except (pa.ArrowInvalid, OSError) as error:
        raise MappingError(f"{path} cannot be read as Parquet ({error}); it may be cut off, copy it again") from None
    _check_identities(table.schema, spec, path)
    columns = {name: _as_text(table.column(name), name, path) for name in table.column_names}
    frame = pd.DataFrame(columns, dtype=object)
    originals = [json.dumps(r, ensure_ascii=False) for r in frame.to_dict("records")]
    return RawRows(frame, np.arange(1, len(frame) + 1), originals)


def _check_identities(schema: pa.Schema, spec: FileSpec, path: Path) -> None:
    """MappingError where a number with decimals stands for an identity or a name: digits may be lost already."""
    for key, column in spec.file_columns().items():
        is_text = key.startswith("identity") or TEXT_FIELD.fullmatch(key)
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
