"""Streets as few bytes of SVG: the most important that fit a budget, joined to long lines, in whole half units."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

import numpy as np

from pipelines.reporting.city.frame import Frame
from pipelines.reporting.city.streets import Streets

HALF = 2  # coordinates are whole halves of a unit: finer than a pixel tells, and without a decimal point
PATHS_BELOW_KMH = 15.0  # footways and steps: drawn only where there is room for them


@dataclass(frozen=True)
class Lines:
    """Lines as arrays of whole half units, shape (points, 2), and the share of all street length that they show."""

    lines: list[np.ndarray]
    shown_share: float

    @property
    def path(self) -> str:
        """All lines as the `d` of one SVG path, to be drawn at scale 1 / HALF."""
        return "".join(_line(points) for points in self.lines)


def street_lines(streets: Streets, frame: Frame, most: int, chosen: np.ndarray | None = None) -> Lines:
    """At most `most` stretches of those in the frame (of `chosen`, if given), the fastest and longest first."""
    x, y = frame.x(streets.node_lng), frame.y(streets.node_lat)
    a, b = streets.ends.T
    length = np.hypot(x[a] - x[b], y[a] - y[b])
    fits = frame.holds((x[a] + x[b]) / 2, (y[a] + y[b]) / 2) & (length > 0)
    wanted = np.flatnonzero(fits if chosen is None else fits & chosen)
    is_path = streets.kmh[wanted] < PATHS_BELOW_KMH
    order = np.lexsort((-length[wanted], -streets.kmh[wanted] * ~is_path, is_path))
    kept = wanted[order[:most]]
    total = float(length[wanted].sum())
    return Lines(_joined(streets, frame, kept, x, y), float(length[kept].sum()) / total if total else 1.0)


def _joined(streets: Streets, frame: Frame, kept: np.ndarray, x: np.ndarray, y: np.ndarray) -> list[np.ndarray]:
    """Stretches that meet are drawn as one line, each going on where it bends least."""
    meeting: dict[int, list[int]] = defaultdict(list)
    ends = {int(s): (int(streets.ends[s, 0]), int(streets.ends[s, 1])) for s in kept}
    for stretch, (a, b) in ends.items():
        meeting[a].append(stretch)
        meeting[b].append(stretch)
    left, lines = set(ends), []
    for stretch in ends:  # a walk along the graph: each step depends on the one before
        if stretch not in left:
            continue
        left.discard(stretch)
        a, b = ends[stretch]
        forward = _walk(b, a, meeting, ends, left, x, y)
        backward = _walk(a, b, meeting, ends, left, x, y)
        chain = [*((s, not ahead) for s, ahead in reversed(backward)), (stretch, True), *forward]
        line = _rounded(streets, frame, chain)
        if len(line) > 1:
            lines.append(line)
    return lines


def _walk(
    node: int, before: int, meeting: dict[int, list[int]], ends: dict[int, tuple[int, int]], left: set[int],
    x: np.ndarray, y: np.ndarray,
) -> list[tuple[int, bool]]:  # fmt: skip
    """Stretches that go on from `node`, coming from `before`, each with whether it is walked from its first end."""
    found: list[tuple[int, bool]] = []
    while True:
        best, straightest = None, -0.5  # cosine of the turn: nothing sharper than 120 degrees goes on
        for stretch in meeting[node]:
            if stretch not in left:
                continue
            other = ends[stretch][1] if ends[stretch][0] == node else ends[stretch][0]
            along = (x[node] - x[before]) * (x[other] - x[node]) + (y[node] - y[before]) * (y[other] - y[node])
            size = np.hypot(x[node] - x[before], y[node] - y[before]) * np.hypot(x[other] - x[node], y[other] - y[node])
            if along / size > straightest:
                best, straightest = (stretch, other), along / size
        if best is None:
            return found
        left.discard(best[0])
        found.append((best[0], ends[best[0]][0] == node))
        before, node = node, best[1]


def _rounded(streets: Streets, frame: Frame, chain: list[tuple[int, bool]]) -> np.ndarray:
    """The points of a chain in whole half units, without repeats and without points on a straight way."""
    parts = []
    for stretch, ahead in chain:
        lat, lng = streets.points(stretch)
        part = np.column_stack([frame.x(lng), frame.y(lat)])
        parts.append(part if ahead else part[::-1])
    points = np.rint(np.concatenate(parts) * HALF).astype(np.int64)
    points = points[np.append(True, (np.diff(points, axis=0) != 0).any(axis=1))]
    if len(points) < 3:
        return np.asarray(points)
    step = np.diff(points, axis=0)
    bend = np.abs(step[:-1, 0] * step[1:, 1] - step[:-1, 1] * step[1:, 0]) / np.hypot(
        *(points[2:] - points[:-2]).T
    ).clip(1)
    return np.asarray(points[np.concatenate([[True], bend >= 0.6, [True]])])


def _line(points: np.ndarray) -> str:
    return f"M{points[0, 0]} {points[0, 1]}l{_spaced(np.diff(points, axis=0).tolist())}"


def _spaced(steps: list[list[int]]) -> str:
    """Numbers one after the other, parted by a space only where no minus sign parts them."""
    numbers = [str(value) for step in steps for value in step]
    return numbers[0] + "".join(n if n.startswith("-") else f" {n}" for n in numbers[1:])
