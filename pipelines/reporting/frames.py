"""Rows of small frames as plain dictionaries, for the few places that word or draw one mark a row."""

from __future__ import annotations

from typing import Any

import pandas as pd

Row = dict[str, Any]


def records(frame: pd.DataFrame) -> list[Row]:
    """Each row as column -> value."""
    return [{str(k): v for k, v in row.items()} for row in frame.to_dict("records")]


def highest(frame: pd.DataFrame, column: str) -> Row:
    """The row with the largest value of a column; ValueError on a frame without one."""
    return records(frame.loc[[frame[column].astype(float).idxmax()]])[0]


def lowest(frame: pd.DataFrame, column: str) -> Row:
    """The row with the smallest value of a column; ValueError on a frame without one."""
    return records(frame.loc[[frame[column].astype(float).idxmin()]])[0]
