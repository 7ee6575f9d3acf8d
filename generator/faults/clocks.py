"""Clock skew: devices whose clock is off by a constant for some hours, so that they tell a wrong `event_time`.

When the event was handed over (`produced_at`) is told by the gateway's clock and is right.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from generator.faults.profile import ClockSkew
from generator.faults.rows import Change, Effect, Rows, as_instants, exponential, log_normal, micros
from generator.faults.truth import truth_rows

_DAY_SECONDS = 86_400
_SHORTEST_SECONDS = 1  # less is what any clock is off by


def skewed_clocks(rows: Rows, section: ClockSkew) -> Effect:
    """Event times of the day's befallen devices while their clock is off."""
    device = section.devices.get(rows.topic)
    if device is None or not section.holds(rows.topic) or rows.table.num_rows == 0:
        return Effect()
    encoded = rows.table.column(device).combine_chunks().dictionary_encode()
    off_us, start, hours = _clocks(rows, encoded.dictionary.to_numpy(zero_copy_only=False), section)
    known = np.flatnonzero(encoded.is_valid().to_numpy(zero_copy_only=False))
    of = encoded.indices.take(pa.array(known)).to_numpy()
    times = rows.table.column("event_time").cast(pa.int64()).to_numpy()
    since = (times[known] / 1e6 - start[of]) % _DAY_SECONDS
    hit = (off_us[of] != 0) & (since < hours[of] * 3600)
    found, off = known[hit], off_us[of[hit]]
    new = as_instants(times[found] + off)
    truth = truth_rows(
        len(found),
        fault="clock_skew",
        column="event_time",
        original=rows.table.column("event_time").take(pa.array(found)).cast(pa.string()),
        delivered=new.cast(pa.string()),
        delay_seconds=off / 1e6,
        **rows.facts(found),
    )
    return Effect((Change("event_time", found, new),), truth)


def _clocks(rows: Rows, devices: np.ndarray, section: ClockSkew) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each device: µs its clock is ahead (0: right), second of the UTC day since when, for how many hours.

    They depend on the device and the unit alone: it is off by the same in every topic.
    """

    def uniform(concern: str) -> np.ndarray:
        return rows.streams.of_each(devices, f"faults/clock_skew/{concern}")

    size = log_normal(uniform("size"), section.median_seconds, section.spread, section.longest_seconds)
    size = np.maximum(size, _SHORTEST_SECONDS)
    ahead = np.where(uniform("direction") < section.ahead_share, 1, -1)
    off_us = np.where(uniform("device") < section.share, micros(size) * ahead, 0)
    return off_us, uniform("start") * _DAY_SECONDS, exponential(uniform("hours"), section.mean_hours, 24.0)
