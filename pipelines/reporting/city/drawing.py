"""SVG written by hand, for maps: matplotlib spends ten times the bytes on a thousand lines.

Colours are the light hex values of `plot_style`; the report swaps them for its tokens.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from html import escape

import numpy as np

from pipelines.reporting import plot_style as ps

# Mean width of a letter at 12 units in the widest face of the reports' stack (DejaVu Sans, so that no label is cut off
# where a machine has no other), bold and not; a letter of China, Japan or Korea is as wide as it is high.
BOLD_LETTER, LETTER, WIDE_LETTER = 8.5, 7.4, 12.0


def num(value: float) -> str:
    """A coordinate with at most one decimal."""
    return f"{value:.1f}".removesuffix(".0")


def document(width: float, height: float, parts: Iterable[str]) -> str:
    """A drawing of `width` × `height` units."""
    box = f'viewBox="0 0 {num(width)} {num(height)}"'
    inner = "".join(parts)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {box} font-family="sans-serif">{inner}</svg>'


def text(
    x: float, y: float, words: str, *, colour: str = ps.MUTED, size: int = 12, anchor: str = "start",
    bold: bool = False, halo: bool = False,
) -> str:  # fmt: skip
    """One line of text with its base line at y; a `halo` of paper keeps it readable over marks."""
    style = f"fill:{colour};font-size:{size}px"
    style += ";font-weight:700" if bold else ""
    style += f";paint-order:stroke;stroke:{ps.PAPER};stroke-width:4px;stroke-linejoin:round" if halo else ""
    place = f'x="{num(x)}" y="{num(y)}"' + ("" if anchor == "start" else f' text-anchor="{anchor}"')
    return f'<text {place} style="{style}">{escape(words)}</text>'


def text_width(words: str, *, bold: bool = False) -> float:
    """Units that a line of text at 12 units takes at most, nearly."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in words)
    return wide * WIDE_LETTER + (len(words) - wide) * (BOLD_LETTER if bold else LETTER)


def rect(x: float, y: float, width: float, height: float, colour: str) -> str:
    return f'<rect x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}" fill="{colour}"/>'


def circle(x: float, y: float, radius: float) -> str:
    """A circle in the colours of its group."""
    return f'<circle cx="{num(x)}" cy="{num(y)}" r="{num(radius)}"/>'


def outline(x: np.ndarray, y: np.ndarray) -> str:
    """A closed shape as part of a path, its corners on whole tenths of a unit and told by the way to each."""
    corners = np.rint(np.column_stack([x, y]) * 10).astype(np.int64)
    ways = "".join(f"l{num(a / 10)} {num(b / 10)}" for a, b in np.diff(corners, axis=0).tolist())
    return f"M{num(corners[0, 0] / 10)} {num(corners[0, 1] / 10)}{ways.replace(' -', '-')}Z"


def path(d: str, *, stroke: str = "none", width: float = 1.0, fill: str = "none", more: str = "") -> str:
    """One path; nothing where it has no points."""
    if not d:
        return ""
    line = "" if stroke == "none" else f' stroke="{stroke}" stroke-width="{num(width)}" stroke-linejoin="round"'
    return f'<path d="{d}" fill="{fill}"{line}{" " + more if more else ""}/>'


def group(parts: Iterable[str], attributes: str) -> str:
    inner = "".join(parts)
    return f"<g {attributes}>{inner}</g>" if inner else ""


def clipped(name: str, x: float, y: float, width: float, height: float, parts: Iterable[str]) -> str:
    """Parts cut off at a box. `name` must be the drawing's own."""
    box = f'<rect x="{num(x)}" y="{num(y)}" width="{num(width)}" height="{num(height)}"/>'
    return f'<clipPath id="{name}">{box}</clipPath>' + group(parts, f'clip-path="url(#{name})"')
