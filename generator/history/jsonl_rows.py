"""Rows of JSON lines: nested keys joined by dots, lists as JSON text, numbers as the text they were written in."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd

from generator.history.mapping_parts import FileSpec
from generator.history.raw import RawRows


class _KeyTwiceError(ValueError):
    """A JSON object with the same key twice."""


class HalfCharacterError(ValueError):
    """Half of a character (a lone surrogate), which is no text."""


class _Number(str):
    """A number as it was written, with all its digits; told from text when a list is written back."""

    __slots__ = ()


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise _KeyTwiceError(f"key {next(n for n in names if names.count(n) > 1)!r} is there twice")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def parse_line(line: str) -> Any:
    """One JSON document, numbers kept as written. ValueError: not JSON (NaN and Infinity are not), or a key twice, or
    half of a character, which is no text."""
    value = json.loads(
        line, parse_float=_Number, parse_int=_Number, parse_constant=_no_constant, object_pairs_hook=_pairs
    )
    refuse_half_characters(line, value)
    return value


def refuse_half_characters(text: str, value: Any) -> None:
    """ValueError where the value that was read from the JSON text holds half of a character written in two escapes, as
    texts cut by length do: no store takes it."""
    if "\\ud" not in text and "\\uD" not in text:
        return
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(str(error.object)[error.start]):04x}"
        raise HalfCharacterError(f"{half} is half of a character: a text was cut within it") from None


def json_text(value: Any) -> str:
    """JSON text of a parsed value, numbers as they were written."""
    if isinstance(value, _Number):
        return str(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k, ensure_ascii=False)}: {json_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(json_text(v) for v in value) + "]"
    return json.dumps(value, ensure_ascii=False)


def _flat(record: dict[str, Any], whole: set[str], prefix: str = "") -> dict[str, str | None]:
    """Nested keys joined by dots, but for the keys in `whole`, whose objects stay one JSON text."""
    flat: dict[str, str | None] = {}
    for name, value in record.items():
        if isinstance(value, dict) and prefix + name not in whole:
            flat |= _flat(value, whole, f"{prefix}{name}.")
        elif isinstance(value, list | bool | dict):
            flat[prefix + name] = json_text(value)
        else:
            flat[prefix + name] = value
    return flat


def jsonl_rows(text: str, spec: FileSpec) -> RawRows:
    """Rows of the text; a line that is no record is kept and marked, a cut-off last one by its own name."""
    rows = RawRows(pd.DataFrame(), np.array([], dtype=np.int64), [])
    records: list[dict[str, str | None]] = []
    numbers: list[int] = []
    whole = {source for name in ("items", "tags") if name in spec.columns for source in spec.columns[name].sources}
    lines = text.split("\n")
    last = max((n for n, line in enumerate(lines, start=1) if line.strip()), default=0)
    for number, raw in enumerate(lines, start=1):  # a row loop: each line is its own JSON document
        line = raw.rstrip("\r")
        if not line.strip():
            rows.blank += number < len(lines)
            continue
        try:
            record = parse_line(line)
            records.append(_flat(record, whole) if isinstance(record, dict) else {})
            if not isinstance(record, dict):
                rows.broken[len(records) - 1] = ("not_an_object", "a line is one JSON object")
        except ValueError as error:  # JSONDecodeError is one
            records.append({})
            rows.broken[len(records) - 1] = (_rule(error, number == last, last < len(lines), line), str(error))
        except RecursionError:
            records.append({})
            rows.broken[len(records) - 1] = ("not_json", "nested too deeply")
        numbers.append(number)
        rows.originals.append(line)
    frame = pd.DataFrame(records, dtype=object)
    rows.cells = frame.where(frame.notna(), None)
    rows.lines = np.array(numbers, dtype=np.int64)
    return rows


def _rule(error: ValueError, is_last: bool, has_line_end: bool, line: str) -> str:
    """`key_twice`, `not_text`, `truncated_last_line` (the last line ends before its object does) or `not_json`."""
    if isinstance(error, _KeyTwiceError):
        return "key_twice"
    if isinstance(error, HalfCharacterError):
        return "not_text"
    if not (is_last and isinstance(error, json.JSONDecodeError)):
        return "not_json"
    missed_end = error.msg.startswith("Unterminated") or error.pos >= len(line.rstrip())
    return "truncated_last_line" if missed_end or not has_line_end else "not_json"
