"""Faulty days as files: the rows as Parquet, whole bad messages and the truth apart."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from generator.city.city import load_city
from generator.faults.inject import inject
from generator.faults.profile import Faults, faults_of, load_faults
from generator.faults.truth import TRUTH
from generator.sending.files import write_plan
from generator.sending.plan import Plan, fingerprint
from generator.streams import Streams
from pipelines.cli import app

DAY = date(2026, 11, 20)
OFTEN = faults_of(
    {
        "missing": {"share": 0.02},
        "duplicates": {"share": 0.05},
        "corrupt_rows": {"share": 0.1},
        "added_columns": {"share": 0.3},
        "bad_messages": {"share": 0.01},
    }
)


def plan(faults: Faults | None = OFTEN) -> Plan:
    return Plan(load_city("futian"), DAY, DAY, 40, 7, faults=faults)


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("faulty")
    write_plan(plan(), folder)
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_every_row_that_is_handed_over_is_in_a_file_and_the_truth_beside_them(written: Path) -> None:
    clean = dict(replace(plan(), faults=None).hand_over(DAY).topics)
    delivered = inject(clean, OFTEN, Streams.of_day(7, DAY))  # type: ignore[arg-type]
    for topic, delivery in delivered.deliveries.items():
        files = (written / topic).glob("event_date=*/*.parquet")
        found = [i for file in files for i in pq.ParquetFile(file).read(["event_id"])["event_id"].to_pylist()]
        assert sorted(found) == sorted(i for table in delivery.tables for i in table["event_id"].to_pylist())
    (truth,) = (written / "_truth" / "faults").glob("*.parquet")
    assert pq.ParquetFile(truth).read().equals(delivered.truth)
    assert delivered.truth.schema == TRUTH


def test_rows_without_a_time_and_rows_with_a_column_more_have_files_of_their_own(written: Path) -> None:
    (file, *_) = written.glob("*/event_date=__HIVE_DEFAULT_PARTITION__/*.parquet")
    assert pq.ParquetFile(file).read(["event_time"])["event_time"].null_count > 0
    wider = sorted((written / "payments").glob("event_date=*/*-wider.parquet"))
    plain = sorted(set((written / "payments").glob("event_date=*/*.parquet")) - set(wider))
    assert wider
    assert all("tip_cents" in pq.read_schema(path).names for path in wider)
    assert all("tip_cents" not in pq.read_schema(path).names for path in plain)


def test_bad_messages_lie_apart_with_their_headers(written: Path) -> None:
    (truth,) = (written / "_truth" / "faults").glob("*.parquet")
    rows = pq.ParquetFile(truth).read().to_pylist()
    bad = {row["message_id"]: row for row in rows if row["fault"] == "bad_message"}
    values = list((written / "_bad_messages").rglob("*.value"))
    assert {path.stem for path in values} == set(bad)
    for path in values:
        row = bad[path.stem]
        headers = json.loads(path.with_name(f"{path.stem}.headers.json").read_text())
        assert (path.parent.parent.name, headers["key"]) == (row["topic"], row["key"])
        assert (path.stat().st_size == 0) == (row["variant"] == "empty_value")
        assert ("contract" in headers) == (row["variant"] != "headers_missing")


def test_a_faulty_day_again_gives_the_same_bytes_and_a_clean_profile_those_of_none(
    written: Path, tmp_path: Path
) -> None:
    for name, faults in (("again", OFTEN), ("clean", faults_of({})), ("none", None)):
        write_plan(plan(faults), tmp_path / name)
    assert contents(tmp_path / "again") == contents(written)
    assert contents(tmp_path / "clean") == contents(tmp_path / "none")
    assert not (tmp_path / "clean" / "_truth" / "faults").exists()


def test_faults_are_part_of_what_a_published_day_was_made_from_and_a_clean_profile_is_not() -> None:
    usual = load_faults("usual")
    others = [plan(None), plan(OFTEN), plan(usual), plan(usual.model_copy(update={"late": OFTEN.late}))]
    assert len({fingerprint(other) for other in others}) == 4
    assert fingerprint(plan(faults_of({}))) == fingerprint(plan(None))


def test_the_command_takes_a_profile_by_name_or_file_and_refuses_another(tmp_path: Path) -> None:
    profile, out = tmp_path / "mine.yaml", tmp_path / "days"
    profile.write_text("missing: {share: 1.0, topics: [reviews]}\n")
    days = ["generate", "--days", "1", "--until", DAY.isoformat(), "--orders-per-day", "20"]
    done = CliRunner().invoke(app, [*days, "--faults", str(profile), "--out", str(out)])
    assert done.exit_code == 0, done.output
    assert not list((out / "reviews").glob("event_date=*/*.parquet"))
    assert list((out / "orders").glob("event_date=*/*.parquet"))
    refused = CliRunner().invoke(app, [*days, "--faults", "unusual", "--out", str(out)])
    assert refused.exit_code != 0
    assert "shipped: usual" in str(refused.exception)


def test_tables_of_a_clean_day_are_passed_on_untouched() -> None:
    made = plan(faults_of({})).hand_over(DAY)
    assert all(isinstance(table, pa.Table) for _, table in made.topics)
