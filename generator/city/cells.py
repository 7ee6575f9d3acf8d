"""Places within H3 cells: what a profile keeps of where things are, and where its people are put again."""

from __future__ import annotations

from collections.abc import Sequence

import h3
import numpy as np


def places_within(
    cells: Sequence[str], which: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Latitude and longitude, evenly over the cell `cells[which[i]]`, one element a place.

    A cell is cut into triangles from its centre to its corners; they are nearly equal, so each is drawn alike.
    """
    corners, counts, centres = np.zeros((len(cells), 10, 2)), np.zeros(len(cells), dtype=np.int64), []
    for n, cell in enumerate(cells):  # h3 answers cell by cell
        boundary = h3.cell_to_boundary(cell)
        corners[n, : len(boundary)], counts[n] = boundary, len(boundary)
        centres.append(h3.cell_to_latlng(cell))
    triangle, along, across = random.random((3, len(which)))
    first = np.floor(triangle * counts[which]).astype(np.int64)
    a, b = corners[which, first], corners[which, (first + 1) % counts[which]]
    folded = along + across > 1  # the other half of the parallelogram is folded back
    along, across = np.where(folded, 1 - along, along)[:, None], np.where(folded, 1 - across, across)[:, None]
    centre = np.array(centres)[which]
    place = centre + along * (a - centre) + across * (b - centre)
    return np.round(place[:, 0], 6), np.round(place[:, 1], 6)
