"""Events that come twice: beside each other in one message, or again in a later one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from generator.faults.profile import Duplicates
from generator.faults.rows import Rows, as_instants, exponential, micros
from generator.faults.truth import truth_rows


@dataclass(frozen=True)
class Copies:
    """Rows that are handed over again (indices), and µs after the first time; 0: in the same message."""

    rows: np.ndarray
    delay_us: np.ndarray


def duplicates(rows: Rows, section: Duplicates, late_us: np.ndarray) -> tuple[Copies, pa.Table]:
    """The day's second copies, equal to the first but for `produced_at` of those sent later, and the truth of them."""
    found = rows.befallen("duplicates", section)
    is_later = rows.uniform("duplicates/later", found) >= section.same_message_share
    seconds = exponential(
        rows.uniform("duplicates/delay", found), section.mean_delay_seconds, section.longest_delay_seconds
    )
    delay_us = np.where(is_later, np.maximum(micros(seconds), 1000), 0)
    truth = truth_rows(
        len(found),
        fault="duplicate",
        variant=pa.array(np.where(is_later, "later_message", "same_message").tolist(), pa.string()),
        delay_seconds=delay_us / 1e6,
        **rows.facts(found) | {"injected_at": as_instants(rows.produced_us[found] + late_us[found] + delay_us)},
    )
    return Copies(found, delay_us), truth
