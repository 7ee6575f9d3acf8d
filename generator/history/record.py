"""What is kept of an import beside the events: the account of its rows, the rows left out, and who was imported.

`<data_dir>/imports/<unit>/` holds `import.json` (the account), `rejected.csv` (every row that was not imported, with
its original text), `flagged.csv` and `identities.parquet` (to know a row again in another file). The record is written
as `prepared` before anything is published and becomes `published` after, so a kill in between leaves no import unknown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
from filelock import FileLock, Timeout

from generator.history.check import Checked
from generator.history.findings import Outcome
from generator.history.history_tables import KEY_COLUMNS, Known
from generator.history.rows import unused_columns
from pipelines.settings import settings

Record = dict[str, Any]


def imports_dir() -> Path:
    """Where imports are recorded."""
    return settings().data_dir / "imports"


@contextmanager
def one_at_a_time(on_wait: Callable[[str], None]) -> Iterator[None]:
    """Only one import of a data folder at once; another waits here, and is told so, until it can see the first."""
    imports_dir().mkdir(parents=True, exist_ok=True)
    lock = FileLock(imports_dir() / ".lock")
    try:
        lock.acquire(blocking=False)
    except Timeout:
        on_wait("waiting for another import to end")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def folder_of(checked: Checked) -> Path:
    """Folder of one import: its unit with the colon replaced, which some file systems do not allow in a name, and its
    mapping and city behind where the same files were imported as another's."""
    name = checked.unit.replace(":", "_")
    taken = next((r for r in records() if _recorded_in(r) == name), None)
    if taken is None or taken["producer_id"] == checked.producer_id:
        return imports_dir() / name
    return imports_dir() / f"{name}_{checked.mapping.name}_{checked.key}"


def _recorded_in(record: Record) -> str:
    """Name of a record's folder; records of before only had their unit's."""
    return str(record.get("recorded_in", record["unit"].replace(":", "_")))


def account(checked: Checked) -> Record:
    """Counts of each file: read is the sum of the outcomes; totals by rule; what the mapping settled (`notes`);
    how the imported orders ended; sums of money by field and currency; columns that no key of the mapping names."""
    record: Record = {"producer_id": checked.producer_id, "unit": checked.unit, "city_id": checked.key}
    record["recorded_in"] = folder_of(checked).name
    for kind, found in checked.found.items():
        record[kind] = found.counts()
    record["blank_lines"] = {kind: found.rows.blank for kind, found in checked.found.items()}
    record["rules"] = {kind: found.totals_by_rule() for kind, found in checked.found.items()}
    record["notes"] = {kind: found.notes() for kind, found in checked.found.items() if found.notes()}
    ends = checked.orders["end"].fillna("not said").value_counts()
    record["ends"] = {str(end): int(count) for end, count in sorted(ends.items())}
    record["refunds"] = len(checked.kept.refunds)
    record["sums"] = checked.kept.sums
    record["unused_columns"] = unused_columns(checked.found["orders"].rows, checked.mapping.orders)
    record["business_dates"] = checked.business_dates()
    record["files"] = {kind: path.name for kind, path in checked.paths.items()}
    record["files_sha256"] = checked.files_hash
    return record


def write_listings(checked: Checked) -> Path:
    """Write the rows left out, and those flagged, each with line, rule, value and original text; the folder."""
    folder = folder_of(checked)
    folder.mkdir(parents=True, exist_ok=True)
    listing = pd.concat([found.listing(kind) for kind, found in checked.found.items()], ignore_index=True)
    flagged = listing["outcome"] == Outcome.flagged.name
    others = listing["outcome"].isin([Outcome.filtered.name, Outcome.other_movement.name])
    tables = {"rejected.csv": ~flagged & ~others, "flagged.csv": flagged, "not_orders.csv": others}
    for name, rows in ((name, listing[mask]) for name, mask in tables.items()):
        # Bytes that were no text are written back as they were.
        rows.to_csv(folder / name, index=False, encoding="utf-8", errors="surrogateescape")
    return folder


def write_record(record: Record, checked: Checked, status: str) -> None:
    """Write identities, then `import.json`, each whole or not at all; `status` is `prepared` or `published`."""
    folder = folder_of(checked)
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in (("identities", checked.keys), ("details", checked.kept.details)):
        part = folder / f"{name}.parquet.part"
        table.to_parquet(part, index=False)
        part.replace(folder / f"{name}.parquet")
    part = folder / "import.json.part"
    part.write_text(json.dumps(record | {"status": status}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(folder / "import.json")


def records() -> list[Record]:
    """All imports that were recorded, oldest unit first."""
    return [json.loads(p.read_text(encoding="utf-8")) for p in sorted(imports_dir().glob("*/import.json"))]


def imported_before(files_sha256: str, mapping: str, is_published: Callable[[Record], bool]) -> dict[str, Known]:
    """What other files brought in by this mapping, by city (or `several`).

    `is_published(record)` says whether a record's events are in Kafka.
    """
    found: dict[str, Known] = {}
    for record in records():
        ours = record["producer_id"].startswith(f"replay:{mapping}:") and record["files_sha256"] != files_sha256
        if not (ours and is_published(record)):
            continue
        keys = pd.read_parquet(imports_dir() / _recorded_in(record) / "identities.parquet")
        known = found.setdefault(record["city_id"], Known())
        kinds = {"orders": known.orders, "couriers": known.couriers, "rows": known.rows}
        for kind, identity, digest in zip(keys["kind"], keys["identity"], keys["digest"], strict=True):
            kinds[kind][identity] = (digest, f"import {record['unit']}")
        orders = keys[keys["kind"] == "orders"].reindex(columns=KEY_COLUMNS).dropna(subset=["stem"])
        for stem, day, identity in zip(orders["stem"], orders["day"], orders["identity"], strict=True):
            known.stems.setdefault(stem, []).append((day, identity))
    return found
