"""The last lines of a service's logs that tell why it did not start."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

LOOK_BACK_BYTES = 200_000
TELLING = re.compile(
    r"\b(error|fatal|panic|exception|refused|denied|already in use|in use by|cannot|could not|no space)\b|"
    r"Exception|Error:|^F\d{4}|^E\d{4}|OutOfMemory",
    re.IGNORECASE,
)
STACK_FRAME = re.compile(r"^\s+at |^\s*\.\.\. \d+ more|^\s+File \"")


def telling_lines(
    files: Sequence[str | Path], since: Mapping[str, int] | None = None, lines: int = 3
) -> tuple[str, list[str]]:
    """(log file, up to `lines` of its lines) from the first file that says what went wrong.

    `files` are in order of preference; `since` gives the size in bytes each had before this start, so that an older
    start's complaint is not repeated. Where none complains: the last lines of the first file that says anything.
    """
    texts = [(str(path), _tail(Path(path), (since or {}).get(str(path), 0))) for path in files]
    for path, text in texts:
        found = [line for line in text if TELLING.search(line) and not STACK_FRAME.match(line)]
        if found:
            return path, found[-lines:]
    for path, text in texts:
        if text:
            return path, text[-lines:]
    return str(files[0]), []


def _tail(path: Path, start: int) -> list[str]:
    """Lines after byte `start`, no more than LOOK_BACK_BYTES from the end; all of it if the file was rotated since."""
    if not path.exists():
        return []
    size = path.stat().st_size
    first = max(start if start <= size else 0, size - LOOK_BACK_BYTES)
    with path.open("rb") as file:
        file.seek(first)
        text = file.read().decode("utf-8", "replace")
    return [line.rstrip() for line in text.splitlines() if line.strip()]
