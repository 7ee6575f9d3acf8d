"""Bytes of a user's file as text: the declared encoding, or the one its bytes tell."""

from __future__ import annotations

import codecs
from pathlib import Path

from generator.history.mapping_parts import DETECT
from pipelines.errors import MappingError

MARKS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
SAMPLE_BYTES = 1 << 16
LEAST_NULS = 0.2  # of 16-bit text in a Latin alphabet nearly half the bytes are zero


def detect_encoding(content: bytes, path: Path) -> str:
    """`utf-8`, `utf-16`, `utf-16-le`, `utf-16-be`, `utf-32` or `cp1252`, by mark, zero bytes and validity.

    MappingError where the bytes are none of them: then a person must say it.
    """
    for mark, name in MARKS.items():
        if content.startswith(mark):
            return name
    sample = content[:SAMPLE_BYTES]
    if sample.count(0) > LEAST_NULS * len(sample):
        return "utf-16-le" if sample[1::2].count(0) > sample[::2].count(0) else "utf-16-be"
    for name in ("utf-8", "cp1252"):
        try:
            content.decode(name)
        except UnicodeDecodeError as error:
            problem = f"byte {content[error.start]:#04x} at position {error.start:,}"
            continue
        return name
    raise MappingError(
        f"{path}: the encoding could not be told ({problem} is neither UTF-8 nor Windows-1252); "
        "ask where the file was made and write `encoding`, e.g. mac_roman, cp437 or shift_jis"
    )


def decode(content: bytes, encoding: str, path: Path) -> tuple[str, str]:
    """(text, encoding). Bytes that are no text are kept as surrogates: they mark their row and are written back."""
    name = detect_encoding(content, path) if encoding == DETECT else encoding
    try:
        text = content.decode(name, errors="surrogateescape")
    except UnicodeDecodeError as error:  # 16-bit text cut in half, which no escape can hold
        raise MappingError(f"{path} is not {name} text ({error}); copy it again, or mend `encoding`") from None
    return text.removeprefix("\ufeff").removeprefix("ï»¿"), name  # a mark read as UTF-8, or as a one-byte encoding
