"""Where a word fits into a plot by the quarter hour, without covering a line or an edge. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

TALL = (0.4, 0.15)  # of its greatest value: an area is pointed at where it is at least so high, if there is room


@dataclass
class Room:
    """The plot as steps of equal width: lines and words reach up to `drawn`, in the values of its axis.

    `step_units` is the width of a step and `unit` the value of one unit upwards. An area is ground for words, its edge
    is not.
    """

    drawn: np.ndarray
    step_units: float
    unit: float
    worded: np.ndarray = field(init=False)  # steps with a word over them

    def __post_init__(self) -> None:
        self.worded = np.zeros(len(self.drawn), dtype=bool)

    def within(self, lower: np.ndarray, upper: np.ndarray, width: float, high: float) -> tuple[int, float] | None:
        """(step, value) of the middle of a word of `width` × `high` units between two edges, where there is most room.

        None where it fits nowhere without touching an edge.
        """
        half = self._half(width)
        if len(lower) <= 2 * half:
            return None
        floor, ceiling = _greatest(lower, half), -_greatest(-upper, half)
        space = ceiling - floor
        at = int(space.argmax())
        if space[at] < high * self.unit:
            return None
        return at + half, float(floor[at] + ceiling[at]) / 2

    def above(self, edge: np.ndarray, width: float, high: float, area: np.ndarray) -> tuple[int, float]:
        """(step, value) of the foot of a word over what is drawn, where it is nearest to a high place of `edge`.

        It lies within the `area` (its upper edge) or over it, never across its edge, and where no word is between.
        """
        half = min(self._half(width), (len(edge) - 1) // 2)
        foot, over = _greatest(self.drawn, half), _greatest(area, half)
        across = (foot < over) & (foot + high * self.unit > -_greatest(-area, half))
        foot = np.where(across, np.maximum(foot, over), foot)
        own, worded = (steps[half : len(edge) - half] for steps in (edge, self.worded))
        for tall in TALL:
            away = np.where((own >= edge.max() * tall) & ~worded, foot - own, np.inf)
            if np.isfinite(away).any():
                break
        at = int(away.argmin()) if np.isfinite(away).any() else int(own.argmax())
        return at + half, float(foot[at])

    def take(self, step: int, width: float, value: float) -> None:
        """Note that a word around `step` reaches up to `value`."""
        half = self._half(width)
        span = slice(max(step - half, 0), step + half + 1)
        self.drawn[span] = np.maximum(self.drawn[span], value)
        self.worded[span] = True

    def inside(self, step: int, width: float) -> int:
        """The step nearest to `step` around which a word of `width` stays within the plot."""
        half = min(self._half(width), (len(self.drawn) - 1) // 2)
        return int(np.clip(step, half, len(self.drawn) - 1 - half))

    def _half(self, width: float) -> int:
        return int(np.ceil(width / 2 / self.step_units))


def _greatest(values: np.ndarray, half: int) -> np.ndarray:
    """Greatest value of each window of 2 × half + 1 steps."""
    return np.asarray(np.lib.stride_tricks.sliding_window_view(values, 2 * half + 1).max(axis=1))
