"""What a notebook publishes is what JSON can carry."""

from __future__ import annotations

import json
from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest

from pipelines.errors import UsageError
from pipelines.runs.publish import figures_payload


def published(value: object) -> object:
    return json.loads(json.dumps(figures_payload({"x": value}), allow_nan=False))["figures"]["x"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3),
        (0.5, 0.5),
        ("18:00", "18:00"),
        (True, True),
        (None, None),
        (date(2026, 1, 5), "2026-01-05"),
        (datetime(2026, 1, 5, 18, 0), "2026-01-05T18:00:00"),  # noqa: DTZ001 - a local hour
        (np.int64(3), 3),
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (pd.Timestamp("2026-01-05", tz="UTC"), "2026-01-05T00:00:00+00:00"),
    ],
)
def test_a_plain_value_is_published_as_json_has_it(value: object, expected: object) -> None:
    result = published(value)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize("missing", [float("nan"), np.nan, pd.NA, pd.NaT, np.float64("nan")])
def test_a_missing_value_is_published_as_none(missing: object) -> None:
    assert published(missing) is None


def test_infinity_is_refused_with_its_name() -> None:
    with pytest.raises(UsageError, match="figure 'x' is inf"):
        published(float("inf"))


@pytest.mark.parametrize("value", [[1, 2], {"a": 1}, pd.Series([1]), np.array([1])])
def test_a_collection_is_refused_with_its_type(value: object) -> None:
    with pytest.raises(UsageError, match=f"figure 'x' is a {type(value).__name__}"):
        published(value)


def test_versions_read_and_written_travel_beside_the_figures() -> None:
    payload = figures_payload({}, inputs={"silver/orders": 3}, outputs={"gold/x": "ab12"})
    assert payload == {"figures": {}, "inputs": {"silver/orders": 3}, "outputs": {"gold/x": "ab12"}}
