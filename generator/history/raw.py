"""What every reader of a user's file gives: rows of text with their lines, and the rows that are none."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass
class RawRows:
    """Rows of one file: `cells` (text or None, one column a column of the file), and for each row the number of its
    first line and its original text. `broken`: row position -> (rule, what is wrong). `blank`: empty lines skipped."""

    cells: pd.DataFrame
    lines: np.ndarray
    originals: list[str]
    broken: dict[int, tuple[str, str]] = field(default_factory=dict)
    blank: int = 0
    encoding: str = ""
    read_columns: list[str] = field(default_factory=list)  # columns that the mapping reads
