"""Read and check a user's files by a mapping: everything is known of every row before anything is imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from generator.city.city import City
from generator.history.file_bytes import content_hash, read_bytes
from generator.history.findings import Findings, Outcome
from generator.history.history_tables import Kept, Known, kept_orders, read_orders
from generator.history.mapping import Mapping
from generator.history.mapping_parts import FileSpec
from generator.history.rows import read_rows
from generator.history.shift_tables import kept_shifts, no_shifts
from pipelines.errors import ImportRefused, UsageError

# From the SHA-256 of the files: what other files brought in before, by city (or `several`, where a file is of many).
EarlierRows = Callable[[str], dict[str, Known]]


@dataclass(frozen=True)
class Checked:
    """Files that were read and checked. `orders` and `shifts` are the kept rows, in the columns of
    `generator.lives.life.simulate_lives`; `kept` has refunds, details and sums of money besides; `found` the outcome of
    every row of each file; `keys` their identities. `cities` are those of the kept orders, `key` is the one city's id
    or `several`."""

    mapping: Mapping
    cities: list[City]
    key: str
    day: date | None
    paths: dict[str, Path]
    files_hash: str
    kept: Kept
    shifts: pd.DataFrame
    found: dict[str, Findings]
    keys: pd.DataFrame

    @property
    def orders(self) -> pd.DataFrame:
        return self.kept.rows

    @property
    def city(self) -> City:
        """The city, of a file that is of one."""
        return self.cities[0]

    @property
    def unit(self) -> str:
        """`<date>:<12 digits of the files' SHA-256>`; the date is the files' day or their first business date."""
        first = self.day or self.kept.first_date
        return f"{first.isoformat() if first else 'undated'}:{self.files_hash[:12]}"

    @property
    def producer_id(self) -> str:
        return f"replay:{self.mapping.name}:{self.key}"

    def business_dates(self) -> dict[str, int]:
        """Kept orders by business date."""
        counts = self.orders["business_date"].value_counts().sort_index()
        return {str(day): int(n) for day, n in counts.items()}


def check_files(
    mapping: Mapping,
    orders_file: Path,
    couriers_file: Path | None,
    day: date | None = None,
    city_id: str | None = None,
    earlier: EarlierRows | None = None,
) -> Checked:
    """Read both files and check every row; nothing is written or sent.

    UsageError, MappingError and ImportRefused where a whole file cannot be read; a row that cannot is in `found`.
    """
    day = _day(mapping, day)
    paths = {"orders": orders_file} | ({"couriers": couriers_file} if couriers_file else {})
    specs = _specs(mapping, paths)
    contents = {kind: read_bytes(path) for kind, path in paths.items()}
    found = {kind: Findings(read_rows(contents[kind], specs[kind], paths[kind], kind)) for kind in paths}
    files_hash = content_hash(list(contents.values()))
    read = read_orders(mapping, day, city_id, found["orders"])
    known = (earlier(files_hash) if earlier else {}).get(read.places.key, Known())
    kept = kept_orders(read, found["orders"], known)
    shifts = no_shifts()
    if "couriers" in paths:
        shifts = kept_shifts(specs["couriers"], read.places, found["couriers"], known.couriers)
    keys = pd.concat([kept.keys, shifts.keys], ignore_index=True)
    there = set(kept.rows["city_id"]) | set(kept.refunds["city_id"])
    cities = [c for c in read.places.cities if c.city_id in there] or read.places.cities[:1]
    return Checked(mapping, cities, read.places.key, day, paths, files_hash, kept, shifts.rows, found, keys)


def _day(mapping: Mapping, day: date | None) -> date | None:
    """The day of files that hold clock times only; None where the files have dates."""
    if not mapping.clock_times_only:
        if day is not None:
            raise UsageError(f"mapping {mapping.name}: its files have dates of their own; leave --date out")
        return None
    if (chosen := day or mapping.day) is None:
        said = mapping.orders.columns["placed_at"].format
        raise UsageError(
            f"mapping {mapping.name}: its files hold clock times only (orders.columns.placed_at.format {said!r} has no "
            "day); say their day by --date YYYY-MM-DD"
        )
    return chosen


def _specs(mapping: Mapping, paths: dict[str, Path]) -> dict[str, FileSpec]:
    """What the mapping says of each given file; UsageError where files and mapping do not fit."""
    if "couriers" in paths and mapping.couriers is None:
        raise UsageError(f"mapping {mapping.name} has no `couriers`; describe the file there or leave --couriers out")
    if "couriers" not in paths and "courier_assignments" in mapping.simulate:
        raise UsageError(f"mapping {mapping.name} simulates courier_assignments among couriers; give --couriers FILE")
    return {"orders": mapping.orders} | ({"couriers": mapping.couriers} if mapping.couriers else {})


def _is_nothing(checked: Checked) -> bool:
    return checked.orders.empty and checked.kept.refunds.empty


def refuse_above_share(checked: Checked) -> None:
    """ImportRefused where more rows of a file are rejected or quarantined than the mapping's `max_rejected_share`, or
    where no order is left though not all are duplicates. The message has the counts and the first three lines."""
    for kind, found in checked.found.items():
        counts = found.counts()
        lost = counts["rejected"] + counts["quarantined"]
        allowed = checked.mapping.max_rejected_share
        if lost > allowed * counts["read"] or (kind == "orders" and lost and _is_nothing(checked)):
            if lost <= allowed * counts["read"] and counts["duplicate"]:
                raise ImportRefused(
                    f"{checked.paths[kind]}: nothing new to import: {counts['duplicate']:,} of {counts['read']:,} rows "
                    f"are known already, {lost:,} cannot be taken. {found.summary()}. Published events are history: a "
                    "row that changed since stays as it was imported"
                )
            limit = f"the mapping allows {allowed:.1%}" if lost > allowed * counts["read"] else "no order is left"
            raise ImportRefused(
                f"{checked.paths[kind]}: {lost:,} of {counts['read']:,} rows ({lost / counts['read']:.1%}) are wrong, "
                f"{limit}; nothing was imported. {found.summary()}{_hint(found)}"
            )


def _hint(found: Findings) -> str:
    """What most likely lies behind the rule that most rows broke, where it is not plain."""
    conflicts = int((found.rule == "identity_conflict").sum())
    if conflicts * 2 <= int((found.outcome >= Outcome.quarantined).sum()):
        return ""
    return (
        ". Several rows have one identity: if they are line items of an order, keep the row that has its totals "
        "(`filters: [{column: …, empty: filter}]`); if numbers begin anew, add {day} or a column to `identity`"
    )
