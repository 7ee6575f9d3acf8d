"""Write generated days to `DIR/<dataset>/event_date=YYYY-MM-DD/*.parquet`, their truth apart in `DIR/_truth/`, and bare
messages of `--faults` that are no rows in `DIR/_bad_messages/`.

Guarantee: a file appears by renaming, complete; a day's manifest (`DIR/_days/…json`) appears after all its files. A run
killed at any line leaves complete files, at most one `.part` and no manifest of the day at hand; the same command then
writes that day again, byte for byte, over them, and skips the days that have a manifest. A file's name carries the day
that made it, so two days never touch each other's files although one day's events lie on several dates. Two runs over
one folder wait for each other. A folder of other arguments is refused: its days and these would be two histories.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generator.city.registration import city_registration
from generator.faults.handover import WIDER, HandedOver, messages_in_files, tables_in_files
from generator.sending.plan import OnRows, Plan, fingerprint
from pipelines.errors import UsageError
from pipelines.movers.delivery import Delivery

MANIFESTS, TRUTH, BAD_MESSAGES = "_days", "_truth", "_bad_messages"
NO_DATE = "__HIVE_DEFAULT_PARTITION__"


def write_plan(plan: Plan, folder: Path, on_rows: OnRows | None = None) -> dict[str, int]:
    """Write city and days, and the truth of each day; rows by dataset, of the days written now.

    `on_rows(day, rows)` is told after each dataset of a day, and once with 0 rows for a day that was there. UsageError
    where the folder holds days of this city from other arguments, or cannot be written.
    """
    mark = fingerprint(plan)
    total: Counter[str] = Counter()
    with _alone(folder):
        _refuse_other_plan(plan, folder, mark)
        _write_unit(plan, folder, "city", HandedOver(iter([("cities", city_registration(plan.city))]), {}), None)
        there = _files_by_name(folder)
        for day in plan.days:
            unit = day.isoformat()
            if not _is_whole(_manifest(plan, folder, unit), folder):
                before = there.get(name_of(plan, unit), [])
                total.update(_write_day(plan, folder, day, mark, on_rows, before))
            elif on_rows:
                on_rows(unit, 0)
    return dict(total)


def _write_day(
    plan: Plan, folder: Path, day: date, mark: str, on_rows: OnRows | None, before: list[Path]
) -> dict[str, int]:
    """Rows by dataset. Of the files `before` those go that this run has not written: a killed run of other arguments
    has left them."""
    unit, files = day.isoformat(), dict[str, int]()
    rows = _write_unit(plan, folder, unit, plan.hand_over(day), on_rows, files)
    for path in before:
        if path.relative_to(folder).as_posix() not in files:
            path.unlink()
    manifest = {"fingerprint": mark, "arguments": arguments(plan), "rows": rows, "file_bytes": files}
    text = json.dumps(manifest, indent=1, sort_keys=True)
    _put(_manifest(plan, folder, unit), lambda part: part.write_text(text, encoding="utf-8"))
    return rows


def _files_by_name(folder: Path) -> dict[str, list[Path]]:
    """What is in the folder by the name of its day (`name_of`), looked for once, however many days there are."""
    found: dict[str, list[Path]] = {}
    for path in [*folder.glob("*/event_date=*/*.parquet"), *folder.glob(f"{TRUTH}/*/*.parquet")]:
        found.setdefault(path.stem.removesuffix(WIDER), []).append(path)
    for path in folder.glob(f"{BAD_MESSAGES}/*/*/*"):
        found.setdefault(path.parent.name, []).append(path)
    return found


def arguments(plan: Plan) -> dict[str, Any]:
    """What a person would change to make a plan another one."""
    scenario = plan.scenario.name if plan.scenario else None
    return {
        "city": plan.city.city_id,
        "revision": plan.city.revision,
        "orders_per_day": plan.orders_per_day,
        "seed": plan.seed,
        "scenario": scenario,
        "faults": _name_of_faults(plan),
    }


def _name_of_faults(plan: Plan) -> str | None:
    """A profile of faults has no name; eight digits of its content tell two apart."""
    if plan.faults is None or plan.faults.is_clean:
        return None
    return f"profile {hashlib.sha256(plan.faults.model_dump_json().encode()).hexdigest()[:8]}"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder's lock; it goes with the process and leaves no file behind."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"--out {folder} cannot be a folder ({error.strerror}); name another one") from error
    if not os.access(folder, os.W_OK):
        raise UsageError(f"--out {folder} may not be written to; name another folder, or change who may write there")
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _refuse_other_plan(plan: Plan, folder: Path, mark: str) -> None:
    for path in sorted((folder / MANIFESTS).glob("*.json")):
        found = _read(path)
        theirs, ours = found["arguments"], arguments(plan)
        if theirs["city"] != ours["city"] or found["fingerprint"] == mark:
            continue
        changed = [
            f"{name} was {theirs.get(name)}, now {ours[name]}" for name in ours if theirs.get(name) != ours[name]
        ]
        why = "; ".join(changed) or "the city's profile, the scenario's content or the generator's version changed"
        raise UsageError(
            f"{folder} holds days of {ours['city']} from other arguments ({path.stem}: {why}). Give the same arguments,"
            " or another --out folder"
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return {name: found[name] for name in ("fingerprint", "arguments", "rows", "file_bytes")}
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(
            f"{path} is no manifest of a generated day ({error!r}); delete it to write the day again"
        ) from error


def _is_whole(manifest: Path, folder: Path) -> bool:
    """Whether a day is there with all its files, none of them cut."""
    if not manifest.exists():
        return False
    paths = {folder / name: size for name, size in _read(manifest)["file_bytes"].items()}
    return all(path.exists() and path.stat().st_size == size for path, size in paths.items())


def _manifest(plan: Plan, folder: Path, unit: str) -> Path:
    return folder / MANIFESTS / f"{name_of(plan, unit)}.json"


def name_of(plan: Plan, unit: str) -> str:
    """What the files of a day, or of the city, are called."""
    return f"{plan.producer_id.replace(':', '-')}-{unit}"


def _write_unit(
    plan: Plan, folder: Path, unit: str, made: HandedOver, on_rows: OnRows | None, files: dict[str, int] | None = None
) -> dict[str, int]:
    """Rows by dataset; `files` learns the bytes of each file by its path."""
    rows, name, sizes = {}, name_of(plan, unit), files if files is not None else {}
    written: list[Path] = []
    for dataset, given in made.topics:
        rows[dataset] = _write_topic(dataset, given, folder, name, written)
        del given  # before the next topic is made
        if on_rows and rows[dataset]:
            on_rows(unit, rows[dataset])
    written += write_truth(made, folder, name)
    sizes.update({path.relative_to(folder).as_posix(): path.stat().st_size for path in written})
    return rows


def _write_topic(dataset: str, given: pa.Table | Delivery, folder: Path, name: str, written: list[Path]) -> int:
    """Number of rows; `written` learns the files."""
    tables = tables_in_files(dataset, given)
    for added, table in tables.items():
        written += _write_dates(table, folder / dataset, f"{name}{added}.parquet")
    for message, content in messages_in_files(given):
        written.append(folder / BAD_MESSAGES / dataset / name / message)
        _put(written[-1], partial(_write_bytes, content))
    return sum(table.num_rows for table in tables.values())


def write_truth(made: HandedOver, folder: Path, name: str) -> list[Path]:
    """Write the truth of a day to `folder/_truth/<kind>/<name>.parquet`; the files."""
    paths = {folder / TRUTH / kind / f"{name}.parquet": table for kind, table in made.truth.items()}
    for path, table in paths.items():
        _put(path, partial(_write_parquet, table))
    return list(paths)


def _write_dates(table: pa.Table, folder: Path, name: str) -> Iterator[Path]:
    """One file for each UTC date of event_time; as Hive names it, one for the events that lack it."""
    dates = table.column("event_time").cast(pa.date32())
    for day in sorted(pc.unique(dates).to_pylist(), key=str):
        path = folder / f"event_date={day or NO_DATE}" / name
        _put(path, partial(_write_parquet, _rows_of(day, dates, table)))
        yield path


def _rows_of(day: date | None, dates: pa.ChunkedArray, table: pa.Table) -> pa.Table:
    """The rows of a date, without a copy where they stand together, as they do in a day without faults."""
    here = pc.is_null(dates) if day is None else pc.fill_null(pc.equal(dates, day), False)
    rows = pc.indices_nonzero(here).to_numpy()
    if rows[-1] - rows[0] + 1 == len(rows):
        return table.slice(rows[0], len(rows))
    return table.filter(here)


def _write_bytes(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def _write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")


def _put(path: Path, write: Callable[[Path], Any]) -> None:
    """Have `write` make a file beside `path`, then give it that name."""
    part = path.with_name(f"{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write(part)
        part.replace(path)
    except OSError as error:
        why = error.strerror or str(error)
        raise UsageError(f"{path} cannot be written ({why}); mend that, and the same command goes on there") from error
