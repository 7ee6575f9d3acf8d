"""A distribution kept as the means of its parts comes out again."""

from __future__ import annotations

from typing import Literal

import h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.city.cells import places_within
from generator.city.tables_of_parts import LEAST_IN_PART, MOST_PARTS, drawn_from, parts_of
from generator.like.quantities import ks_distance

LEVELS = (np.arange(4_000) + 0.5) / 4_000


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(320, 600), st.sampled_from([0, 1, 5]))
def test_what_is_drawn_is_within_two_parts_of_what_was_tabled(seed: int, size: int, step: int) -> None:
    random = np.random.default_rng(seed)
    sample = random.gamma(random.uniform(0.5, 5), 8.0, size)
    sample = np.sort(np.round(sample / step) * step if step else sample)
    drawn, points = drawn_from(parts_of(sample, digits=9), LEVELS), np.unique(sample)

    def gap(nudge: float, side: Literal["left", "right"]) -> np.ndarray:
        reached = [np.searchsorted(s, points + nudge, side=side) / len(s) for s in (sample, drawn)]
        return np.abs(reached[0] - reached[1])

    # between two values that many share, a part may lie that has some of both: it counts to neither
    assert np.minimum(gap(-1e-6, "left"), gap(1e-6, "right")).max() <= 2.5 / MOST_PARTS


def test_a_value_that_many_share_is_kept() -> None:
    sample = np.repeat([5.0, 20.0, 30.0], [100, 300, 100])
    drawn = drawn_from(parts_of(sample), LEVELS)
    assert (drawn == 20.0).mean() == pytest.approx(0.6, abs=0.04)
    assert ks_distance(sample, np.round(drawn / 5) * 5) < 0.04


def test_no_number_is_that_of_fewer_than_five() -> None:
    for size in (1, 4, 9, 10, 64, 1_000):
        table = parts_of(np.arange(size, dtype=float))
        assert 1 <= len(table) <= MOST_PARTS
        assert len(table) == 1 or size / len(table) >= LEAST_IN_PART
    with pytest.raises(ValueError, match="at least one"):
        parts_of(np.array([np.nan]))


def test_durations_are_never_negative() -> None:
    assert drawn_from((0.1, 5.0, 9.0), np.array([0.0, 1.0])).tolist() == [0.0, 11.0]
    assert drawn_from((7.0,), np.array([0.0, 0.5])).tolist() == [7.0, 7.0]


def test_places_lie_in_their_cells_and_fill_them_evenly() -> None:
    cells = [h3.latlng_to_cell(4.65, -74.1, 8), h3.latlng_to_cell(48.2, 16.4, 7)]
    which = np.repeat([0, 1], 3_000)
    lat, lng = places_within(cells, which, np.random.default_rng(1))
    inside = [
        h3.latlng_to_cell(a, b, h3.get_resolution(cells[w])) == cells[w]
        for a, b, w in zip(lat, lng, which, strict=True)
    ]
    assert np.mean(inside) > 0.995  # an edge of a cell is an arc; the straight one between its corners differs a little
    for n, cell in enumerate(cells):
        children = [
            h3.latlng_to_cell(a, b, h3.get_resolution(cell) + 1)
            for a, b in zip(lat[which == n], lng[which == n], strict=True)
        ]
        middle = children.count(h3.cell_to_center_child(cell)) / len(children)
        assert middle == pytest.approx(1 / 7, abs=0.03)
