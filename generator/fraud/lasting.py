"""Schemes that outlive a day, worked out from seed, line and time alone: a day alone knows them as a month does.

A line of schemes holds one scheme after another, each for the same time; the lines are out of step.
"""

from __future__ import annotations

import numpy as np

from generator.streams import uniform_of

DAY_SECONDS = 86_400


def schemes(pattern: str, lines: int, lasts_days: float, seed: int, now: float) -> list[tuple[str, float]]:
    """Key and starting second of the scheme that each line holds at `now` (seconds since 1970)."""
    names = [f"{seed}|{pattern}|{line}" for line in range(lines)]
    nth, since = _held(names, lasts_days, now)
    return [(f"{name}|{n}", float(start)) for name, n, start in zip(names, nth, since, strict=True)]


def under_a_spell(pattern: str, ids: list[str], share: float, lasts_days: float, now: float) -> dict[str, str]:
    """Those of the ids who are of the pattern at `now`, about `share` of them, with the key of their spell."""
    if not ids or share == 0:
        return {}
    nth, _ = _held([f"{pattern}|{one}" for one in ids], lasts_days, now)
    keys = [f"{one}|{n}" for one, n in zip(ids, nth, strict=True)]
    drawn = uniform_of(keys, f"fraud/{pattern}")
    return {one: key for one, key, u in zip(ids, keys, drawn, strict=True) if u < share}


def _held(names: list[str], lasts_days: float, now: float) -> tuple[np.ndarray, np.ndarray]:
    phase, lasts = uniform_of(names, "fraud/phase"), lasts_days * DAY_SECONDS
    nth = np.floor(now / lasts + phase)
    return nth.astype(np.int64), (nth - phase) * lasts
