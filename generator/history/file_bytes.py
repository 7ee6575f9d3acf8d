"""A user's file as bytes: decompressed, and refused in words where it is empty, cut off or of another kind."""

from __future__ import annotations

import gzip
import hashlib
import io
import zipfile
import zlib
from pathlib import Path

from pipelines.errors import ImportRefused, MappingError

GZIP_MAGIC = b"\x1f\x8b"
PARQUET_MAGIC = b"PAR1"
CHUNK_BYTES = 1 << 20
# Past this a file is split by day first; it also stops a small archive that expands without end.
MAX_BYTES = 2 << 30
ZIP = "a spreadsheet or zip archive"
# First bytes of what is often saved under a data file's name, and what it is.
LOOKS_LIKE = {
    b"PK\x03\x04": ZIP,
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    PARQUET_MAGIC: "Parquet",
}


def read_bytes(path: Path) -> bytes:
    """The content of a file, gzip undone (known by its first bytes, not its name).

    MappingError: no such file, or nothing in it. ImportRefused: the gzip is cut off or damaged; the message says how
    many lines could be read.
    """
    if not path.is_file():
        raise MappingError(f"no file {path}; give the path of an existing file")
    raw = path.read_bytes()
    content = _gunzip(raw, path) if raw.startswith(GZIP_MAGIC) else raw
    if not content.strip(b"\xef\xbb\xbf\r\n\t \x00"):
        size = "0 bytes" if not raw else f"{len(raw)} bytes, no text"
        raise MappingError(f"{path} is empty ({size}); export it again")
    return content


def _gunzip(raw: bytes, path: Path) -> bytes:
    parts: list[bytes] = []
    size = 0
    with gzip.GzipFile(fileobj=io.BytesIO(raw)) as stream:
        try:
            while chunk := stream.read1(CHUNK_BYTES):
                parts.append(chunk)
                size += len(chunk)
                if size > MAX_BYTES:
                    raise ImportRefused(f"{path} expands to more than {MAX_BYTES >> 30} GiB; split it by day")
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            rows = max(b"".join(parts).count(b"\n") - 1, 0)  # the header, and the line that was cut, are no rows
            what = "cut off" if isinstance(error, EOFError) else "damaged"
            raise ImportRefused(
                f"{path}: the gzip file is {what} ({error}); {rows:,} rows were readable, none was imported. "
                "Copy or export it again"
            ) from None
    return b"".join(parts)


def content_hash(contents: list[bytes]) -> str:
    """SHA-256 of several files' content, hexadecimal; how they were compressed does not matter."""
    digest = hashlib.sha256()
    for content in contents:
        digest.update(hashlib.sha256(content).digest())
    return digest.hexdigest()


def check_kind(content: bytes, declared: str, encoding: str, path: Path) -> None:
    """MappingError where the content is plainly not of the declared format (csv, jsonl, parquet) or encoding."""
    found = next((name for magic, name in LOOKS_LIKE.items() if content.startswith(magic)), None)
    if declared == "parquet":
        if found != "Parquet":
            raise MappingError(f"{path} is not Parquet (it begins with {content[:12]!r}); mend `format` in the mapping")
        return
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) and not encoding.lower().startswith(
        ("utf-16", "utf16", "detect")
    ):
        raise MappingError(f"{path} is UTF-16, the mapping says {encoding}; set `encoding: utf-16` in the mapping")
    head = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    if found is None and head.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        found = "HTML or XML (perhaps a log-in page saved instead of the export)"
    if found is None and declared == "csv" and (head.startswith(b'{"') or head[:1] in (b"{", b"[")):
        found = "JSON"
    if head[:1] == b"[" and found in (None, "JSON"):
        raise MappingError(
            f"{path} is not {declared}: it looks like one list of JSON; write one object a line and `format: jsonl`"
        )
    if (found == ZIP and _is_workbook(content)) or found == "an old Excel workbook":
        raise MappingError(
            f"{path} is a workbook (Excel), not {declared}; save its sheet as CSV UTF-8 and give that file"
        )
    if found is not None:
        raise MappingError(
            f"{path} is not {declared}: it looks like {found}. Export it as {declared}, or mend `format`"
        )


def _is_workbook(content: bytes) -> bool:
    """Whether the bytes are a zip archive with an Excel workbook's folder of sheets in it."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return any(name.startswith("xl/") for name in archive.namelist())
    except zipfile.BadZipFile:
        return content.startswith(b"PK\x03\x04") and b"xl/workbook" in content  # cut off
