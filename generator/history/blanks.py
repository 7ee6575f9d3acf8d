"""Blanks in a drafted mapping: values that only a person can say, each with its question."""

from __future__ import annotations

from typing import Any

MARK = "FILL IN: "


def blank(question: str) -> str:
    """The value that stands for an answer which is still to be given."""
    return f"{MARK}{question}"


def blanks_in(content: Any, key: str = "") -> dict[str, str]:
    """Dotted key -> question of every blank in a mapping's content."""
    if isinstance(content, str) and content.startswith(MARK):
        return {key: content.removeprefix(MARK)}
    parts = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    found: dict[str, str] = {}
    for name, value in parts:
        found |= blanks_in(value, f"{key}.{name}" if key else str(name))
    return found
