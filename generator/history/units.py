"""Lengths and durations whose unit stands in the cell or in the mapping; a number without either is not read."""

from __future__ import annotations

import numpy as np
import pandas as pd

from generator.history.mapping_parts import Column, FileSpec
from generator.history.values import number_pattern, plain_number

METRES = {"m": 1.0, "metre": 1.0, "metres": 1.0, "meter": 1.0, "meters": 1.0, "km": 1000.0, "kms": 1000.0,
          "kilometre": 1000.0, "kilometres": 1000.0, "kilometer": 1000.0, "kilometers": 1000.0,
          "mi": 1609.344, "mile": 1609.344, "miles": 1609.344, "ft": 0.3048, "feet": 0.3048}  # fmt: skip
MINUTES = {"s": 1 / 60, "sec": 1 / 60, "secs": 1 / 60, "second": 1 / 60, "seconds": 1 / 60, "min": 1.0, "mins": 1.0,
           "minute": 1.0, "minutes": 1.0, "h": 60.0, "hr": 60.0, "hrs": 60.0, "hour": 60.0, "hours": 60.0}  # fmt: skip
MINOR = ("cents", "minor")  # of money: whole numbers of hundredths
UNITS = {"length": METRES, "duration": MINUTES}


def read_quantity(cells: pd.Series, column: Column, spec: FileSpec, kind: str) -> tuple[pd.Series, np.ndarray]:
    """Metres (`length`) or minutes (`duration`) as float64; missing is NaN, the mask says which cells are not that.

    A unit in the cell wins over the mapping's `unit`. A duration may also be `H:MM:SS`.
    """
    units = UNITS[kind]
    parts = cells.str.extract(rf"^(?P<number>{number_pattern(spec)})\s*(?P<unit>[^\W\d_]*)\.?$")
    factor = parts["unit"].where(parts["unit"] != "", column.unit or "").str.casefold().map(units)
    values = pd.Series(np.nan, index=cells.index, dtype="float64")
    good = (parts["number"].notna() & factor.notna()).to_numpy(dtype=bool)
    values[good] = plain_number(parts["number"][good], spec).astype("float64") * factor[good].astype("float64")
    if kind == "duration":
        clock = cells.str.extract(r"^(?P<h>\d{1,2}):(?P<m>[0-5]\d):(?P<s>[0-5]\d)$").astype("float64")
        minutes = clock["h"] * 60 + clock["m"] + clock["s"] / 60
        values = values.where(minutes.isna(), minutes)
    return values, (cells.notna() & values.isna()).to_numpy(dtype=bool)
