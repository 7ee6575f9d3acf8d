"""The public collection of field inputs, read by its own mappings: each line ends as its description says."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from generator.history.check import Checked, check_files
from generator.history.history_events import events_of
from generator.history.record import account
from tests.unit.generator.history.field_mappings import COPIED, LIVES, NESTED, PAYOUTS, PLACES, PORTAL, ends, named

FOLDER = Path(os.environ.get("DISHPATCH_EVALUATION_DATA", "")) / "field_inputs"
pytestmark = pytest.mark.skipif(
    not (FOLDER / "README.md").is_file(), reason="set DISHPATCH_EVALUATION_DATA to a folder with field_inputs/"
)


def read(name: str, content: dict[str, Any]) -> Checked:
    return check_files(named(content), FOLDER / name, None)


def outcomes(checked: Checked) -> str:
    """The initial of each line's outcome, in order: imported, flagged, quarantined, rejected, other movement."""
    return "".join(outcome[0] for outcome, _ in ends(checked).values())


def test_payout_report() -> None:
    checked = read("two_header_rows_and_refunds.csv", PAYOUTS)
    assert outcomes(checked) == "iiiioq"
    record = account(checked)
    assert record["sums"]["payout_cents"]["USD"]["read"] == -1730
    assert checked.orders["restaurant_id"].iloc[0] == "041|00812"
    assert checked.orders["placed_at"].astype(str).tolist()[1] == "2026-03-11 04:07:00+00:00"
    refunds = checked.kept.refunds
    assert refunds["order_id"].tolist() == ["041|00812/A1C9F/2026-03-06"]
    assert refunds["refunded_at"].dt.date.astype(str).tolist() == ["2026-03-14"]
    types = [e["event_type"] for e in events_of(checked, 1)["orders"].to_pylist()]
    assert sorted(types) == ["cancelled", "placed", "placed", "placed"]


def test_portal_download() -> None:
    checked = read("bom_and_currency_text.csv", PORTAL)
    assert outcomes(checked) == "iifririri"
    assert [line for line, (outcome, _) in ends(checked).items() if outcome == "rejected"] == [5, 7, 9]
    assert account(checked)["sums"]["basket_value_cents"]["USD"]["orders"] == 125000
    assert checked.kept.details["fees_cents"].tolist()[:2] == [-36135, -360]


def test_copied_data_set() -> None:
    checked = read("nan_text_and_units.csv", COPIED)
    assert outcomes(checked) == "iqirqqiii"
    details = checked.kept.details
    assert details["courier_age"].isna().tolist() == [True, False, True, False, True]
    assert details["distance_m"].tolist() == [3100, 4000, 1000, 1000, 800]
    assert details["traffic"].iloc[-1] == "Low"
    assert checked.orders["restaurant_name"].tolist()[2:4] == ["Nan", "NA"]


def test_coordinates() -> None:
    checked = read("coordinates.csv", PLACES)
    assert outcomes(checked) == "iqqqqqrrffri"
    assert "looks swapped" in str(checked.found["orders"].detail[3])


def test_lives_with_oddities() -> None:
    checked = read("lifecycle_oddities.csv", LIVES)
    assert outcomes(checked) == "ifffiifqiifi"
    assert account(checked)["ends"] == {"cancelled": 2, "delivered": 8, "open": 1}


def test_nested_records() -> None:
    checked = read("nested_nulls.jsonl", NESTED)
    assert outcomes(checked) == "iqqqqirirrqr"
    assert checked.found["orders"].rows.blank == 1
    assert "9007199254740993" in checked.orders["order_id"].tolist()
    assert ends(checked)[13] == ("rejected", "truncated_last_line")
    assert account(checked)["unused_columns"] == ["loyalty.tier"]
