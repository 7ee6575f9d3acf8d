"""Words in the plot of a day cover no line."""

import numpy as np
import pytest

from pipelines.reporting.city.plot_labels import Room

STEPS = np.arange(96)


def hill(height, at=48, width=20):
    return height * np.exp(-(((STEPS - at) / width) ** 2))


def test_a_word_within_an_area_touches_neither_edge():
    lower, upper = hill(20.0), hill(60.0)
    room = Room(lower.copy(), 4.0, 0.5)
    at, value = room.within(lower, upper, 52, 16)
    span = slice(at - 7, at + 8)
    assert lower[span].max() + 4 <= value <= upper[span].min() - 4


def test_an_area_too_thin_for_a_word_has_none_within():
    assert Room(hill(58.0), 4.0, 0.5).within(hill(58.0), hill(60.0), 52, 16) is None


@pytest.mark.parametrize("area", [30.0, 70.0, 300.0])
def test_a_word_over_the_line_covers_neither_the_line_nor_the_edge_of_the_area(area):
    line, edge = hill(60.0), hill(area)
    at, foot = Room(line.copy(), 4.0, 0.5).above(hill(10.0), 40, 24, edge)
    span = slice(at - 5, at + 6)
    assert foot >= line[span].max()
    assert foot >= edge[span].max() or foot + 12 <= edge[span].min()


def test_a_pointer_does_not_run_through_another_word():
    room = Room(hill(60.0), 4.0, 0.5)
    room.take(48, 78, 75.0)
    at, _ = room.above(hill(50.0), 34, 24, hill(50.0))
    assert not room.worded[at]


def test_a_word_at_the_end_of_the_day_stays_in_the_plot():
    assert Room(hill(1.0), 4.0, 1.0).inside(95, 80) == 85
