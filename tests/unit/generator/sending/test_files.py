"""Days as files: whole, once, the same bytes whatever happened on the way, and never two plans in one folder."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from generator.city.city import load_city
from generator.day import generate_day
from generator.faults import load_faults
from generator.sending import files
from generator.sending.files import write_plan
from generator.sending.plan import Plan
from generator.sending.send import Way, send_plan
from pipelines.errors import UsageError

FIRST, LAST = date(2026, 11, 20), date(2026, 11, 21)


def plan() -> Plan:
    return Plan(load_city("futian"), FIRST, LAST, 40, 7)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("undisturbed")
    write_plan(plan(), folder)
    return contents(folder)


def test_files_hold_every_event_once_under_the_utc_date_it_happened(tmp_path: Path) -> None:
    rows = write_plan(plan(), tmp_path)
    days = [generate_day(load_city("futian"), day, 40, 7) for day in plan().days]
    for dataset in days[0]:
        found = sorted((tmp_path / dataset).glob("event_date=*/*.parquet"))
        read = [pq.ParquetFile(file).read() for file in found]
        want = pa.concat_tables([day[dataset] for day in days])
        assert sorted(pa.concat_tables(read)["event_id"].to_pylist()) == sorted(want["event_id"].to_pylist())
        assert rows[dataset] == want.num_rows
        for file, table in zip(found, read, strict=True):
            dates = {moment.date().isoformat() for moment in table["event_time"].to_pylist()}
            assert dates == {file.parent.name.removeprefix("event_date=")}


def test_the_truth_lies_apart_a_file_a_day_for_each_kind(undisturbed: dict[str, bytes]) -> None:
    truth = [name for name in undisturbed if name.startswith("_truth/")]
    assert [Path(name).name for name in truth if name.startswith("_truth/fraud/")] == [
        "generate-futian-7-2026-11-20.parquet",
        "generate-futian-7-2026-11-21.parquet",
    ]


@pytest.mark.parametrize("at", range(0, 26, 5))
def test_a_run_that_died_at_any_file_and_ran_again_leaves_the_bytes_of_an_undisturbed_one(
    at: int, undisturbed: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Path.replace
    done = 0

    def die(path: Path, target: Path) -> Path:
        nonlocal done
        if done == at:
            path.write_bytes(path.read_bytes()[:-7])  # as if it died while writing
            raise KeyboardInterrupt
        done += 1
        return whole(path, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            write_plan(plan(), tmp_path)
    assert contents(tmp_path) != undisturbed
    write_plan(plan(), tmp_path)
    assert contents(tmp_path) == undisturbed


def test_a_day_that_is_there_is_not_generated_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert sum(write_plan(plan(), tmp_path).values()) > 1_000
    monkeypatch.setattr(Plan, "hand_over", lambda *_: pytest.fail("generated a day that is there"))
    told: list[tuple[str, int]] = []
    assert write_plan(plan(), tmp_path, lambda day, rows: told.append((day, rows))) == {}
    assert told == [("2026-11-20", 0), ("2026-11-21", 0)]


def test_a_day_whose_file_was_removed_or_cut_is_written_again(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    write_plan(plan(), tmp_path)
    removed, cut = sorted((tmp_path / "orders").rglob("*.parquet"))[:2]
    removed.unlink()
    cut.write_bytes(cut.read_bytes()[:100])
    write_plan(plan(), tmp_path)
    assert contents(tmp_path) == undisturbed


def test_one_day_alone_writes_the_same_files_as_within_a_range(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    write_plan(replace(plan(), first=LAST), tmp_path)
    alone = contents(tmp_path)
    assert alone
    assert all(undisturbed[name] == content for name, content in alone.items())


def test_a_longer_range_over_the_same_folder_adds_its_days(undisturbed: dict[str, bytes], tmp_path: Path) -> None:
    write_plan(replace(plan(), last=FIRST), tmp_path)
    write_plan(plan(), tmp_path)
    assert contents(tmp_path) == undisturbed


@pytest.mark.parametrize(
    ("change", "said"), [({"seed": 8}, "seed was 7, now 8"), ({"orders_per_day": 41}, "orders_per_day was 40, now 41")]
)
def test_other_arguments_over_the_same_folder_are_refused_and_write_nothing(
    change: dict[str, int], said: str, tmp_path: Path
) -> None:
    one = replace(plan(), last=FIRST)
    write_plan(one, tmp_path)
    before = contents(tmp_path)
    with pytest.raises(UsageError, match=rf"{said}\)\. Give the same arguments, or another --out"):
        write_plan(replace(one, **change), tmp_path)  # type: ignore[arg-type]
    assert contents(tmp_path) == before


def test_a_file_where_the_folder_should_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "days").touch()
    with pytest.raises(UsageError, match=r"--out .*days cannot be a folder \(File exists\); name another one"):
        write_plan(Plan(load_city("futian"), FIRST, FIRST, 1, 7), tmp_path / "days")


def test_a_city_whose_profile_changed_is_refused_too(tmp_path: Path) -> None:
    one = replace(plan(), last=FIRST)
    write_plan(one, tmp_path)
    with pytest.raises(UsageError, match="profile, the scenario's content or the generator's version changed"):
        write_plan(replace(one, city=one.city.model_copy(update={"day_cut_hour": 5})), tmp_path)


def test_faults_reach_the_files_with_their_truth_and_nothing_is_lost(tmp_path: Path) -> None:
    faulty = replace(plan(), last=FIRST, orders_per_day=150, faults=load_faults("usual"))
    rows = write_plan(faulty, tmp_path)
    truth = pq.read_table(tmp_path / files.TRUTH / "faults" / "generate-futian-7-2026-11-20.parquet").to_pandas()
    found = [pq.ParquetFile(path).read() for path in (tmp_path / "orders").rglob("*.parquet")]
    assert sum(table.num_rows for table in found) == rows["orders"]
    made = faulty.generate(FIRST).events["orders"].num_rows
    kinds = truth[truth["topic"] == "orders"]["fault"].value_counts()
    assert rows["orders"] == made - kinds.get("missing", 0) + kinds.get("duplicate", 0)
    bad = list((tmp_path / files.BAD_MESSAGES).rglob("*.value"))
    assert len(bad) == (truth["fault"] == "bad_message").sum()
    first = contents(tmp_path)
    write_plan(faulty, tmp_path / "again")
    assert contents(tmp_path / "again") == first
    with pytest.raises(UsageError, match=r"faults was profile [0-9a-f]{8}, now None"):
        write_plan(replace(faulty, faults=None), tmp_path)


def test_a_manifest_that_is_none_is_named(tmp_path: Path) -> None:
    (tmp_path / files.MANIFESTS).mkdir()
    (tmp_path / files.MANIFESTS / "generate-futian-7-2026-11-20.json").write_text(json.dumps({"rows": {}}))
    with pytest.raises(UsageError, match=r"2026-11-20\.json is no manifest of a generated day"):
        write_plan(plan(), tmp_path)


def test_progress_is_told_every_row(tmp_path: Path) -> None:
    told: dict[str, int] = {}
    rows = write_plan(plan(), tmp_path, lambda day, n: told.update({day: told.get(day, 0) + n}))
    assert list(told) == ["2026-11-20", "2026-11-21"]
    assert sum(told.values()) == sum(rows.values())


def test_events_without_a_time_are_kept_apart_and_not_lost(tmp_path: Path) -> None:
    table = pa.table({"event_time": pa.array([None, 0], pa.timestamp("us", "UTC"))})
    written = list(files._write_dates(table, tmp_path, "x.parquet"))
    assert [path.parent.name for path in written] == ["event_date=1970-01-01", f"event_date={files.NO_DATE}"]


def test_what_a_killed_run_of_other_arguments_left_of_a_day_goes_with_it(
    undisturbed: dict[str, bytes], tmp_path: Path
) -> None:
    def die(_day: str, _rows: int) -> None:
        raise KeyboardInterrupt

    other = replace(plan(), orders_per_day=300, faults=load_faults("usual"))
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            write_plan(other, tmp_path, die)
    late = tmp_path / "payments" / "event_date=2026-12-24" / "generate-futian-7-2026-11-20.parquet"
    late.parent.mkdir(parents=True)
    late.write_bytes(b"a chargeback of the other run")
    write_plan(plan(), tmp_path)
    assert contents(tmp_path) == undisturbed


def test_a_file_that_cannot_be_written_is_told_and_the_same_command_goes_on(tmp_path: Path) -> None:
    (tmp_path / "orders").write_text("in the way")
    with pytest.raises(UsageError, match=r"orders.* cannot be written \(Not a directory\)"):
        write_plan(plan(), tmp_path)
    (tmp_path / "orders").unlink()
    assert sum(write_plan(plan(), tmp_path).values()) > 1_000


def test_what_was_there_before_is_told_apart_from_what_was_written(tmp_path: Path) -> None:
    way = Way(out=str(tmp_path))
    first, again = (send_plan(plan(), way, lambda *_: None) for _ in range(2))
    assert (first.there, again.there, again.events) == (0, 2, 0)
    assert again.summary().endswith("; 2 of the days were there before")
