"""Import a user's own history: read, check, complete by simulation, then publish as one unit, or not at all.

Guarantee: all events of an import are in Kafka once, in one transaction (`pipelines.movers.events_to_kafka`), or none.
Killed before the commit, nothing is there and the same command imports it; killed after, the same command finds it
there, publishes nothing and completes the record. The city is registered before, in a unit of its own, once the events
are known to keep their contracts; a city that is registered and has no orders yet harms nothing.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from generator.history.check import Checked, check_files, refuse_above_share
from generator.history.history_events import events_of, is_empty, rows_by_topic
from generator.history.history_tables import Known
from generator.history.mapping import Mapping, load_mapping
from generator.history.record import (
    Record,
    account,
    imported_before,
    one_at_a_time,
    records,
    write_listings,
    write_record,
)
from generator.sending.publish import publish_city
from pipelines.errors import ImportRefused
from pipelines.movers.events_to_kafka import checked_delivery, publish_unit
from pipelines.movers.progress import published_units


@dataclass(frozen=True)
class Request:
    """What to import. `seed` decides the simulated part; `city` names the city instead of recognising it."""

    mapping: str
    orders: Path
    couriers: Path | None = None
    day: date | None = None
    city: str | None = None
    seed: int = 1
    dry_run: bool = False


@dataclass(frozen=True)
class Replayed:
    """The account of an import. `status`: `published`, `already there`, `nothing new` or `dry run`."""

    status: str
    record: Record
    folder: Path
    events: dict[str, dict[str, int]]


def replay(
    request: Request,
    on_stage: Callable[[str], None] = lambda _: None,
    on_batch: Callable[[int], None] | None = None,
) -> Replayed:
    """Import files by a mapping; raises MappingError, UsageError or ImportRefused with nothing imported."""
    mapping = load_mapping(request.mapping)
    with one_at_a_time(on_stage):
        return _replay(request, mapping, on_stage, on_batch)


def _replay(
    request: Request, mapping: Mapping, on_stage: Callable[[str], None], on_batch: Callable[[int], None] | None
) -> Replayed:
    on_stage("reading and checking")
    checked = _check(request, mapping)
    folder = write_listings(checked)
    refuse_above_share(checked)
    record = account(checked) | {"seed": request.seed, "fingerprint": _fingerprint(checked, request.seed)}
    if request.dry_run:
        return Replayed("dry run", record, folder, {})
    if _is_there(checked, record):
        write_record(_as_recorded(record), checked, "published")
        return Replayed("already there", record, folder, {})
    on_stage("simulating what the files do not say")
    events = events_of(checked, request.seed)
    if is_empty(events):
        return Replayed("nothing new", record, folder, {})
    record["events"] = rows_by_topic(events)
    write_record(record, checked, "prepared")
    on_stage("publishing")
    _publish(checked, record, events, on_batch)
    write_record(record, checked, "published")
    return Replayed("published", record, folder, record["events"])


def _check(request: Request, mapping: Mapping) -> Checked:
    """Files read and checked; rows that another file brought in before are known again.

    Kafka is asked only where a record was left `prepared` by a kill, and never for a dry run.
    """

    def is_published(record: Record) -> bool:
        if record["status"] == "published" or request.dry_run:
            return bool(record["status"] == "published")
        return record["unit"] in published_units(record["producer_id"])

    def earlier(files_sha256: str) -> dict[str, Known]:
        return {} if mapping.clock_times_only else imported_before(files_sha256, mapping.name, is_published)

    return check_files(mapping, request.orders, request.couriers, request.day, request.city, earlier)


def _as_recorded(record: Record) -> Record:
    """The record of this import as it was written when it was published, if it is still there."""
    ours = (record["producer_id"], record["unit"])
    return next((r for r in records() if (r["producer_id"], r["unit"]) == ours), record)


def _fingerprint(checked: Checked, seed: int) -> str:
    """What decides an import's events: the files' content, what the mapping says, the day and the seed."""
    said = checked.mapping.model_dump(mode="json", exclude_unset=True, exclude={"cities": {"__all__": {"revision"}}})
    decided = [checked.files_hash, said, str(checked.day), seed]
    return hashlib.sha256(json.dumps(decided, sort_keys=True).encode()).hexdigest()


def _is_there(checked: Checked, record: Record) -> bool:
    """Whether this import was published before. ImportRefused where the same files, or the same day, were imported
    differently: published events are history."""
    published = published_units(checked.producer_id)
    ours: dict[str, Any] | None = published.get(checked.unit)
    if ours is not None:
        if ours["fingerprint"] != record["fingerprint"]:
            raise ImportRefused(
                f"these files were imported before as {checked.unit} with another seed or mapping, and published "
                f"events are history.{_days_that_differ(record)} Use the same seed and mapping, or an empty "
                "DISHPATCH_DATA_DIR"
            )
        return True
    _refuse_imported_otherwise(checked)
    if checked.mapping.clock_times_only:
        same_day = [unit for unit in published if unit.split(":")[0] == str(checked.day)]
        if same_day:
            raise ImportRefused(
                f"{checked.key} has another file's orders on {checked.day} ({same_day[0]}), and the order "
                "numbers may be the same. Say this file's own day by --date YYYY-MM-DD"
            )
    return False


def _is_of_city(producer_id: str, city: str) -> bool:
    """Whether a producer is an import, by whichever mapping, of the city (or of `several`)."""
    kind, _, rest = producer_id.partition(":")
    return kind == "replay" and rest.partition(":")[2] == city


def _refuse_imported_otherwise(checked: Checked) -> None:
    """ImportRefused where the same files are there under another day or mapping: their orders would be twice.

    Files of clock times may be imported for several days; which, is said on the command line.
    """
    if checked.mapping.clock_times_only:
        return
    of_files = sorted(
        f"{p['unit']} by {p['producer_id']}"
        for p in published_units().values()
        if p["unit"].endswith(f":{checked.files_hash[:12]}") and _is_of_city(p["producer_id"], checked.key)
    )
    if of_files:
        raise ImportRefused(
            f"these files were imported before as {of_files[0]}, now they would be {checked.unit} by "
            f"{checked.producer_id}: their orders would be there twice. Published events are history; use the same "
            "mapping, or an empty DISHPATCH_DATA_DIR"
        )


def _days_that_differ(record: Record) -> str:
    """Which business dates would have other orders than when the files were imported, by a mapping that changed."""
    before, now = _as_recorded(record)["business_dates"], record["business_dates"]
    days = [day for day in sorted({*before, *now}) if before.get(day, 0) != now.get(day, 0)]
    told = ", ".join(f"{day} ({before.get(day, 0):,} orders, now {now.get(day, 0):,})" for day in days[:5])
    return f" Days that would differ: {told}{' and more' if len(days) > 5 else ''}." if days else ""


def _publish(checked: Checked, record: Record, events: dict[str, Any], on_batch: Callable[[int], None] | None) -> None:
    deliveries = {topic: checked_delivery(topic, table) for topic, table in events.items()}
    for city in checked.cities:
        publish_city(city)
    left_out = sum(record[kind][o] for kind in checked.found for o in ("rejected", "quarantined", "duplicate"))
    publish_unit(
        checked.producer_id,
        checked.unit,
        deliveries,
        fingerprint=record["fingerprint"],
        rejected=left_out,
        on_batch=on_batch,
    )
