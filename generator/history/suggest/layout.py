"""How a file is laid out: its format, encoding, separator and header line, told by its content."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from generator.history.csv_rows import SEPARATOR_LINE
from generator.history.file_bytes import PARQUET_MAGIC, check_kind, read_bytes
from generator.history.mapping_parts import DETECT, FileSpec
from generator.history.raw import RawRows
from generator.history.rows import read_rows
from generator.history.text_of import detect_encoding
from pipelines.errors import MappingError

SEPARATORS = (",", ";", "\t", "|")
SAMPLE_LINES = 60
HEADERS_WITHIN = 6  # lines of titles and explanations that exports put above the header
LOOKS_LIKE_DATA = re.compile(r"[-+($€£₹]*\d[\d.,:/\- T+Z)]*|\d+.*\d{2}:\d{2}.*")


@dataclass(frozen=True)
class Layout:
    """A file's layout as the keys of a mapping, its rows as text, and the lines above the header."""

    spec: FileSpec
    rows: RawRows
    above_header: list[str]


def layout_of(path: Path) -> Layout:
    """The layout of a CSV, JSON-lines or Parquet file, gzipped or not. MappingError: it is none of them."""
    content = read_bytes(path)
    if content.startswith(PARQUET_MAGIC):
        return _read(content, FileSpec(format="parquet", identity="-", columns={}), path, [])
    if not content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{"):
        check_kind(content, "csv", DETECT, path)  # a workbook or a page is named before its encoding is asked for
    encoding = detect_encoding(content, path)
    text = content.decode(encoding, errors="replace").removeprefix("\ufeff")
    if text.lstrip().startswith("{"):
        return _read(content, FileSpec(format="jsonl", encoding=encoding, identity="-", columns={}), path, [])
    lines = text.splitlines()[:SAMPLE_LINES]
    said = SEPARATOR_LINE.fullmatch(lines[0]) if lines else None  # skipped by whoever reads the file
    lines = lines[1:] if said else lines
    separator = said[1] if said else _separator(lines, path)
    header = _header_line(lines, separator)
    _check_names(lines, separator, header, path)
    spec = FileSpec(format="csv", encoding=encoding, separator=separator, header_line=header, identity="-", columns={})
    return _read(content, spec, path, lines[: header - 1])


def _read(content: bytes, spec: FileSpec, path: Path, above: list[str]) -> Layout:
    rows = read_rows(content, spec, path, "orders")
    names = [str(name) for name in rows.cells.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise MappingError(f"{path}: the header has {', '.join(map(repr, twice))} twice; rename one of them")
    return Layout(spec, rows, above)


def _records(lines: list[str], separator: str) -> list[list[str]]:
    return list(csv.reader(lines, delimiter=separator))


def _check_names(lines: list[str], separator: str, header: int, path: Path) -> None:
    """MappingError where the line of names is a row of data: half its cells or more look like numbers or times."""
    names = [c.strip() for c in _records(lines[header - 1 :], separator)[0]]
    if sum(bool(LOOKS_LIKE_DATA.fullmatch(name)) for name in names) * 2 >= len(names):
        raise MappingError(
            f"{path}: no line of column names was found; line {header} looks like data ({', '.join(names[:4])}). "
            "Write a line of names above it: a mapping calls columns by their names"
        )


def _separator(lines: list[str], path: Path) -> str:
    """The separator by which most lines have the same number of fields, and more than one."""
    best, score = "", 0.0
    for separator in SEPARATORS:
        widths = Counter(len(r) for r in _records(lines, separator) if len(r) > 1)
        if widths:
            width, count = widths.most_common(1)[0]
            if count + width / 1000 > score:
                best, score = separator, count + width / 1000
    if not best:
        raise MappingError(f"{path}: no separator among , ; tab | gives columns; it does not look like CSV")
    return best


def _header_line(lines: list[str], separator: str) -> int:
    """Line (1-based) of the column names: the last of the leading lines whose cells are all words, each its own."""
    records = _records(lines, separator)
    width = Counter(len(r) for r in records).most_common(1)[0][0]
    found = 1
    for number, record in enumerate(records[:HEADERS_WITHIN], start=1):
        if len(record) != width:
            found = max(found, number + 1) if number == found else found
            continue
        words = [c.strip() for c in record]
        wordy = all(words) and len(set(words)) == width and not any(LOOKS_LIKE_DATA.fullmatch(w) for w in words)
        if not wordy:
            break
        found = number
    return min(found, len(lines))
