"""Rows of a CSV file, each with the line it begins on and its original text."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import numpy as np
import pandas as pd

from generator.history.mapping_parts import FileSpec
from generator.history.raw import RawRows
from pipelines.errors import MappingError

SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?")  # what a spreadsheet is told the separator by
# A cell can be as long as a file: the usual limit of 128 KiB would stop at a note.
csv.field_size_limit(1 << 30)


def csv_rows(text: str, spec: FileSpec, path: Path) -> RawRows:
    """Rows of the text. MappingError where the header is not there or the quotes do not match."""
    lines = io.StringIO(text, newline="").readlines()
    header_line = spec.header_line + int(_has_separator_line(lines, spec, path))
    if len(lines) < header_line:
        raise MappingError(f"{path} has {len(lines)} lines, but the mapping's header_line is {spec.header_line}")
    reader = csv.reader(lines[header_line - 1 :], delimiter=spec.separator, strict=True)
    records: list[list[str]] = []
    ends: list[int] = []
    cut = ""
    try:
        # A row loop: only the parser knows on which line a record with a line break inside quotes begins and ends.
        for record in reader:
            records.append(record)
            ends.append(header_line - 1 + reader.line_num)
    except csv.Error as error:
        line = ends[-1] + 1 if ends else header_line
        if line < len(lines) or not records:
            raise MappingError(
                f"{path}: from line {line} on the quotes do not match ({error}); mend that line"
            ) from None
        cut = f"the file ends within quotes ({error})"
        records.append([])
        ends.append(len(lines))
    header = [name.strip() for name in records[0]]
    _check_header(header, spec, path)
    rows = _split(records[1:], ends, header, lines)
    _mark_truncated(rows, lines, cut)
    return rows


def _has_separator_line(lines: list[str], spec: FileSpec, path: Path) -> bool:
    """Whether the first line only says the separator; MappingError where it says another than the mapping."""
    said = SEPARATOR_LINE.fullmatch(lines[0]) if lines else None
    if said and said[1] != spec.separator:
        raise MappingError(f"{path}: its first line says the separator is {said[1]!r}, the mapping {spec.separator!r}")
    return said is not None


def _check_header(header: list[str], spec: FileSpec, path: Path) -> None:
    twice = sorted({n for n in header if header.count(n) > 1 and n in spec.file_columns().values()})
    if twice:
        raise MappingError(f"{path}: the header has {', '.join(map(repr, twice))} twice; rename one of them")
    if len(header) == 1 and len(set(spec.file_columns().values())) > 1:
        other = [s for s in ";\t|," if s != spec.separator and s in header[0]]
        hint = f"; the separator may be {other[0]!r}, the mapping says {spec.separator!r}" if other else ""
        raise MappingError(f"{path}: the header is one column, {header[0][:80]!r}{hint}")


def _split(records: list[list[str]], ends: list[int], header: list[str], lines: list[str]) -> RawRows:
    """`ends[i]` is the last line (1-based) of the i-th record, the header being the 0th."""
    width = len(header)
    cells: list[list[str]] = []
    first_lines: list[int] = []
    originals: list[str] = []
    broken: dict[int, tuple[str, str]] = {}
    blank = 0
    for record, before, end in zip(records, ends[:-1], ends[1:], strict=True):
        original = "".join(lines[before:end]).rstrip("\r\n")
        if not record and not original.strip():
            blank += 1
            continue
        if len(record) != width:
            broken[len(cells)] = ("wrong_number_of_fields", f"{len(record)} fields, the header has {width}")
            record = (record + [""] * width)[:width]
        cells.append(record)
        first_lines.append(before + 1)
        originals.append(original)
    frame = pd.DataFrame(cells, columns=header, dtype=object)
    return RawRows(frame, np.array(first_lines, dtype=np.int64), originals, broken, blank)


def _mark_truncated(rows: RawRows, lines: list[str], cut: str) -> None:
    """Name a last line that lacks fields and its line end for what it is: the file was cut off."""
    last = len(rows.originals) - 1
    short = (
        last >= 0 and last in rows.broken and not lines[-1].endswith(("\n", "\r")) and rows.lines[last] == len(lines)
    )
    if short:
        rows.broken[last] = ("truncated_last_line", cut or f"the file ends within the row ({rows.broken[last][1]})")
