"""Fault profiles: the shipped one, one's own over it, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from generator.faults.profile import USUAL, faults_of, load_faults
from pipelines.errors import UsageError


def test_the_usual_profile_has_every_kind_of_fault() -> None:
    usual = load_faults("usual")
    assert all(getattr(usual, name).share > 0 for name in type(usual).model_fields)
    assert not usual.is_clean


def test_every_share_of_the_usual_profile_says_why() -> None:
    lines = USUAL.read_text(encoding="utf-8").splitlines()
    shares = [line for line in lines if line.strip().startswith("share:")]
    assert len(shares) == len(type(load_faults("usual")).model_fields)
    assert all("#" in line for line in shares)


def test_a_profile_of_ones_own_names_what_happens_and_takes_the_usual_shapes(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("late: {share: 0.1, median_seconds: 5}\n")
    mine, usual = load_faults(str(path)), load_faults("usual")
    assert (mine.late.share, mine.late.median_seconds, mine.late.spread) == (0.1, 5, usual.late.spread)
    assert mine.duplicates.share == 0
    assert mine.duplicates.mean_delay_seconds == usual.duplicates.mean_delay_seconds


def test_an_empty_file_is_a_clean_profile(tmp_path: Path) -> None:
    path = tmp_path / "none.yaml"
    path.write_text("# nothing goes wrong\n")
    assert load_faults(str(path)).is_clean


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"lat": {"share": 0.1}}, "lat"),
        ({"late": {"shares": 0.1}}, "shares"),
        ({"late": {"share": 1.5}}, "less than or equal to 1"),
        ({"late": {"share": 0.1, "topics": ["oders"]}}, "'oders' is no topic"),
        ({"late": None}, "late"),
        ({"clock_skew": {"share": 0.1, "devices": {"reviews": "courier_id"}}}, "no column 'courier_id'"),
        ({"corrupt_rows": {"share": 0.1, "kinds": {"too_long": 0}}}, "no kind has a weight"),
        ({"bad_messages": {"share": 0.1, "kinds": {"misspelt": 1}}}, "misspelt"),
        (
            {"added_columns": {"columns": {"orders": {"name": "currency", "type": "string", "values": ["x"]}}}},
            "already",
        ),
        ({"added_columns": {"since": "2026-01-01T00:00"}}, "timezone"),
        (["late"], "give keys and values"),
        (
            {"added_columns": {"columns": {"orders": {"name": "tip", "type": "int64", "values": ["abc"]}}}},
            "values: 'abc' is no int64",
        ),
        (
            {"added_columns": {"columns": {"orders": {"name": "tip", "type": "int64", "values": [1.5]}}}},
            "values: 1.5 is no int64",
        ),
    ],
)
def test_a_profile_that_cannot_be_is_refused_with_the_field_named(given: Any, said: str, tmp_path: Path) -> None:
    import yaml

    path = tmp_path / "wrong.yaml"
    path.write_text(yaml.safe_dump(given))
    with pytest.raises(UsageError, match=said) as refused:
        load_faults(str(path))
    assert "wrong.yaml" in str(refused.value)


def test_a_profile_that_is_not_there_lists_the_shipped_one() -> None:
    with pytest.raises(UsageError, match="shipped: usual"):
        load_faults("unusual")


def test_no_share_makes_nothing_happen() -> None:
    assert faults_of({"late": {"median_seconds": 1}}).is_clean
