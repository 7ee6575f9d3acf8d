"""Send generated days where they are wanted: to Kafka, each day whole and once, or to files.

Guarantee to Kafka: that of `publish_unit`; a day's unit is in Kafka whole or not at all, and the same day again sends
nothing. Guarantee to files: a file appears by renaming, complete; a run killed half-way leaves complete files and at
most one `.part`, and the same run again writes the same bytes over them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generator.city import City
from generator.day import city_registration, generate_day, source_of
from generator.scenario import Scenario

# Raise it whenever the same arguments would give other events: a published day is history, an altered one is refused.
GENERATOR_VERSION = 1

OnRows = Callable[[str, int], None]


@dataclass(frozen=True)
class Plan:
    """What to generate: the local business days from `first` to `last`, both included."""

    city: City
    first: date
    last: date
    orders_per_day: int
    seed: int
    scenario: Scenario | None = None

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def producer_id(self) -> str:
        return source_of(self.city, self.seed)


def fingerprint(plan: Plan) -> str:
    """Hash of all that decides the events of any day: parameters, profile, streets, scenario, generator version."""
    streets = plan.city.network.read_bytes() if plan.city.network else b""
    facts = {
        "version": GENERATOR_VERSION,
        "orders_per_day": plan.orders_per_day,
        "seed": plan.seed,
        "city": plan.city.model_dump(mode="json", exclude={"network"}),
        "streets": hashlib.sha256(streets).hexdigest(),
        "scenario": plan.scenario.model_dump(mode="json") if plan.scenario else None,
    }
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def publish_city(city: City) -> dict[str, int]:
    """Register the city in Kafka; again, it sends nothing. Rows sent by dataset."""
    from pipelines.movers.events_to_kafka import publish_unit

    table = city_registration(city)
    identity = str(table.column("event_id")[0].as_py())
    return publish_unit(
        f"city:{city.city_id}", f"revision {city.revision}", {"cities": table}, fingerprint=identity
    ).rows


def publish_plan(plan: Plan, on_rows: OnRows | None = None) -> dict[str, int]:
    """Publish the city and every day of the plan to Kafka; rows sent now, by dataset (0 for what was there before).

    `on_rows(day, rows)` is told after each message, and once with 0 rows for a day that was there before. A day already
    published from the same plan is not generated again; from another plan it is refused (ImportRefused).
    """
    from pipelines.movers.events_to_kafka import publish_unit, published_units

    sent: Counter[str] = Counter(publish_city(plan.city))
    mark, there = fingerprint(plan), published_units(plan.producer_id)
    for day in plan.days:
        unit = day.isoformat()
        tables = {} if there.get(unit, {}).get("fingerprint") == mark else _day(plan, day)
        on_batch = partial(on_rows, unit) if on_rows else None
        published = publish_unit(plan.producer_id, unit, tables, fingerprint=mark, on_batch=on_batch)
        if published.already_there and on_rows:
            on_rows(unit, 0)
        sent.update(published.rows)
    return dict(sent)


def write_plan(plan: Plan, folder: Path, on_rows: OnRows | None = None) -> dict[str, int]:
    """Write city and days to `folder/<dataset>/event_date=YYYY-MM-DD/*.parquet` (UTC dates); rows by dataset."""
    written: Counter[str] = Counter()
    base = plan.producer_id.replace(":", "-")
    units: Iterable[tuple[str, dict[str, pa.Table]]] = (
        ("city", {"cities": city_registration(plan.city)}),
        *((day.isoformat(), {}) for day in plan.days),
    )
    for unit, tables in units:
        for dataset, table in (tables or _day(plan, date.fromisoformat(unit))).items():
            _write(table, folder / dataset, f"{base}-{unit}.parquet")
            written[dataset] += table.num_rows
            if on_rows and unit != "city":
                on_rows(unit, table.num_rows)
    return dict(written)


def _day(plan: Plan, day: date) -> dict[str, pa.Table]:
    return generate_day(plan.city, day, plan.orders_per_day, plan.seed, plan.scenario)


def _write(table: pa.Table, folder: Path, name: str) -> None:
    """One file for each UTC date of event_time."""
    dates = table.column("event_time").cast(pa.date32())
    for day in sorted(pc.unique(dates).to_pylist()):
        target = folder / f"event_date={day.isoformat()}" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_suffix(".part")
        pq.write_table(table.filter(pc.equal(dates, day)), part, compression="zstd")
        part.replace(target)
