"""A user's file as rows of text: every cell as it stands, with its line number and the original line.

Nothing is converted here, so an identity keeps its leading zeros and a row that cannot be read later is known by its
line. A line that is no row (a wrong number of fields, bytes that are no text, broken JSON) is kept and marked.
"""

from __future__ import annotations

import re
from pathlib import Path

from generator.history.csv_rows import csv_rows
from generator.history.file_bytes import check_kind
from generator.history.jsonl_rows import jsonl_rows
from generator.history.mapping_parts import FileSpec
from generator.history.parquet_rows import parquet_rows
from generator.history.raw import RawRows
from generator.history.targets import nearest
from generator.history.text_of import decode
from pipelines.errors import ImportRefused, MappingError

UNDECODED = re.compile("[\udc80-\udcff]")  # what `surrogateescape` makes of a byte that is no text


def read_rows(content: bytes, spec: FileSpec, path: Path, key: str) -> RawRows:
    """Rows of a file's content. `key` is `orders` or `couriers`, for messages.

    MappingError: another format than declared, or a column the mapping names is not there. ImportRefused: no rows.
    """
    check_kind(content, spec.format, spec.encoding, path)
    rows = _rows(content, spec, path)
    if not len(rows.lines):
        raise ImportRefused(f"{path} has a header and no rows; nothing to import")
    _check_columns(rows, spec, path, key)
    rows.read_columns = sorted(set(spec.file_columns().values()))
    _mark_undecoded(rows)
    return rows


def _rows(content: bytes, spec: FileSpec, path: Path) -> RawRows:
    if spec.format == "parquet":
        return parquet_rows(content, spec, path)
    text, encoding = decode(content, spec.encoding, path)
    rows = csv_rows(text, spec, path) if spec.format == "csv" else jsonl_rows(text, spec)
    rows.encoding = encoding
    return rows


def _mark_undecoded(rows: RawRows) -> None:
    """Rows with bytes that are no text lose their cells and are marked."""
    hint = "" if rows.encoding != "utf-8" else "; if the file is older Windows text, write `encoding: cp1252`"
    for position, original in enumerate(rows.originals):
        if not original.isascii() and UNDECODED.search(original):
            rows.broken.setdefault(position, ("not_text", f"bytes that are not {rows.encoding} text{hint}"))
            rows.cells.iloc[position] = None


def _check_columns(rows: RawRows, spec: FileSpec, path: Path, key: str) -> None:
    there = [str(c) for c in rows.cells.columns]
    for mapping_key, column in spec.file_columns().items():
        if column in there:
            continue
        if spec.format == "jsonl" and len(rows.broken) < len(rows.cells) and "identity {" not in mapping_key:
            rows.cells[column] = None  # a key that no record has: missing everywhere, the row rules decide
            there.append(column)
            continue
        raise MappingError(
            f"{path} has no column {column!r}, named by {key}.{mapping_key}{nearest(column, there)} "
            f"Columns of the file: {', '.join(there)}"
        )


def unused_columns(rows: RawRows, spec: FileSpec) -> list[str]:
    """Columns (in JSON lines: keys) of the file that the mapping does not name."""
    used = set(spec.file_columns().values())
    return [str(c) for c in rows.cells.columns if str(c) not in used]
