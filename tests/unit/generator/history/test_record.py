"""The account of an import is written beside it, and its rows are known again in other files."""

from __future__ import annotations

import csv
import json
import threading
from pathlib import Path

import pandas as pd
import pytest

from generator.history.record import account, imported_before, one_at_a_time, write_listings, write_record
from generator.history.replay import Request, replay
from pipelines.errors import ImportRefused
from pipelines.settings import settings
from tests.unit.generator.history.examples import GOOD, HEADER, MAPPING, check


@pytest.fixture(autouse=True)
def own_data_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "generator.history.record.settings", lambda: settings().model_copy(update={"data_dir": tmp_path / "data"})
    )


BAD = GOOD.replace("001", "002").replace("12.9716", "x")
SPOILT = "caf\udce9" + GOOD  # a byte that is no UTF-8, as `surrogateescape` reads it


def test_rows_left_out_are_listed_with_line_rule_value_and_original_text(tmp_path: Path) -> None:
    folder = write_listings(check(tmp_path, HEADER, GOOD, BAD, SPOILT.encode("utf-8", "surrogateescape"), GOOD))
    raw = (folder / "rejected.csv").read_bytes()
    rows = list(csv.DictReader(raw.decode("utf-8", "surrogateescape").splitlines()))
    assert [(r["line"], r["outcome"], r["rule"]) for r in rows] == [
        ("3", "rejected", "pickup_lat_unreadable"),
        ("4", "rejected", "not_text"),
        ("5", "duplicate", "duplicate"),
    ]
    assert [r["original"] for r in rows] == [BAD, SPOILT, GOOD]
    assert rows[0]["value"] == "x"
    assert b"caf\xe9" in raw


def test_the_account_adds_up_and_names_producer_unit_and_days(tmp_path: Path) -> None:
    checked = check(tmp_path, HEADER, GOOD, BAD)
    write_record(account(checked), checked, "published")
    record = json.loads((write_listings(checked) / "import.json").read_text(encoding="utf-8"))
    assert (record["producer_id"], record["unit"], record["status"]) == (
        "replay:lunch:lunchtown",
        checked.unit,
        "published",
    )
    assert {n: c for n, c in record["orders"].items() if c} == {"read": 2, "imported": 1, "rejected": 1}
    assert record["business_dates"] == {"2026-03-06": 1}
    assert record["rules"]["orders"] == {"rejected": {"pickup_lat_unreadable": 1}}


def test_identities_that_cannot_be_written_leave_those_of_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = check(tmp_path, HEADER, GOOD)
    write_record(account(checked), checked, "published")

    def write_half(_frame: pd.DataFrame, path: Path, **_options: object) -> None:
        path.write_bytes(b"PAR1 half")
        raise OSError("disk full")

    monkeypatch.setattr(pd.DataFrame, "to_parquet", write_half)
    with pytest.raises(OSError, match="disk full"):
        write_record(account(checked), checked, "published")
    assert list(imported_before("another", "lunch", lambda _: True)["lunchtown"].orders) == ["lunchtown-001"]


def test_a_second_import_waits_for_the_first_and_says_so() -> None:
    said: list[str] = []
    waiting, inside = threading.Event(), threading.Event()

    def second() -> None:
        with one_at_a_time(lambda stage: (said.append(stage), waiting.set())):
            inside.set()

    with one_at_a_time(said.append):
        thread = threading.Thread(target=second)
        thread.start()
        assert waiting.wait(30)
        assert not inside.wait(0.3)
    thread.join(30)
    assert inside.is_set()
    assert said == ["waiting for another import to end"]


def test_rows_of_published_imports_alone_are_known_again(tmp_path: Path) -> None:
    checked = check(tmp_path, HEADER, GOOD)
    write_record(account(checked), checked, "published")
    assert list(imported_before("another", "lunch", lambda _: True)["lunchtown"].orders) == ["lunchtown-001"]
    assert imported_before("another", "lunch", lambda _: False) == {}
    assert imported_before("another", "dinner", lambda _: True) == {}
    assert imported_before(checked.files_hash, "lunch", lambda _: True) == {}


def write_mapping(folder: Path, **changes: object) -> str:
    path = folder / "lunch.yaml"
    path.write_text(json.dumps(MAPPING | changes), encoding="utf-8")  # JSON is YAML
    return str(path)


def test_a_dry_run_reads_and_lists_and_needs_no_service(tmp_path: Path) -> None:
    paths = check(tmp_path, HEADER, GOOD, BAD).paths
    done = replay(Request(write_mapping(tmp_path), paths["orders"], dry_run=True))
    assert done.status == "dry run"
    assert done.record["orders"]["imported"] == 1
    assert sorted(p.name for p in done.folder.iterdir()) == ["flagged.csv", "not_orders.csv", "rejected.csv"]


def test_a_refused_file_still_lists_its_rows_and_leaves_no_record(tmp_path: Path) -> None:
    paths = check(tmp_path, HEADER, GOOD, BAD).paths
    with pytest.raises(ImportRefused, match=r"1 of 2 rows \(50.0%\) are wrong, the mapping allows 10.0%"):
        replay(Request(write_mapping(tmp_path, max_rejected_share=0.1), paths["orders"]))
    listed = list((tmp_path / "data" / "imports").rglob("*"))
    assert [p.name for p in listed if p.suffix == ".json"] == []
    assert "002" in next(p for p in listed if p.name == "rejected.csv").read_text(encoding="utf-8")
