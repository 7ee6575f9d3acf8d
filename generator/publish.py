"""Send generated days where they are wanted: to Kafka, each day whole and once, or to files.

Guarantee to Kafka: that of `publish_unit`; a day's unit is in Kafka whole or not at all, and the same day again sends
nothing. Guarantee to files: a file appears by renaming, complete; a run killed half-way leaves complete files and at
most one `.part`, and the same run again writes the same bytes over them.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from generator.city import City
from generator.day import Day, city_registration, generate_day_with_truth, source_of
from generator.faults.handover import HandedOver, handed_over, messages_in_files, tables_in_files
from generator.faults.profile import Faults
from generator.scenario import Scenario
from generator.streams import Streams
from pipelines.settings import settings

# Raise it whenever the same arguments would give other events: a published day is history, an altered one is refused.
GENERATOR_VERSION = 1

OnRows = Callable[[str, int], None]

TRUTH, BAD_MESSAGES = "_truth", "_bad_messages"
NO_DATE = "__HIVE_DEFAULT_PARTITION__"  # of events whose time is missing, as Hive names it


@dataclass(frozen=True)
class Plan:
    """What to generate: the local business days from `first` to `last`, both included."""

    city: City
    first: date
    last: date
    orders_per_day: int
    seed: int
    scenario: Scenario | None = None
    faults: Faults | None = None

    @property
    def days(self) -> list[date]:
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]

    @property
    def producer_id(self) -> str:
        return source_of(self.city, self.seed)

    def hand_over(self, day: date) -> HandedOver:
        """One day of the plan, with its faults."""
        made = generate_day_with_truth(self.city, day, self.orders_per_day, self.seed, self.scenario)
        return handed_over(made, self.faults, Streams.of_day(self.seed, day))


def fingerprint(plan: Plan) -> str:
    """Hash of all that decides the events of any day: parameters, profile, streets, scenario, faults, version."""
    streets = plan.city.network.read_bytes() if plan.city.network else b""
    facts = {
        "version": GENERATOR_VERSION,
        "orders_per_day": plan.orders_per_day,
        "seed": plan.seed,
        "city": plan.city.model_dump(mode="json", exclude={"network"}),
        "streets": hashlib.sha256(streets).hexdigest(),
        "scenario": plan.scenario.model_dump(mode="json") if plan.scenario else None,
    }
    if plan.faults and not plan.faults.is_clean:
        facts["faults"] = plan.faults.model_dump(mode="json")
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
    published from the same plan is not generated again; from another plan it is refused (ImportRefused). The truth of
    each day is written to `_truth` in the data folder before the day is published.
    """
    from pipelines.movers.events_to_kafka import publish_unit, published_units

    sent: Counter[str] = Counter(publish_city(plan.city))
    mark, there = fingerprint(plan), published_units(plan.producer_id)
    for day in plan.days:
        unit = day.isoformat()
        is_there = there.get(unit, {}).get("fingerprint") == mark
        made = HandedOver({}, {}) if is_there else plan.hand_over(day)
        _write_truth(made, settings().data_dir, f"{_base(plan)}-{unit}")
        on_batch = partial(on_rows, unit) if on_rows else None
        published = publish_unit(plan.producer_id, unit, made.events, fingerprint=mark, on_batch=on_batch)
        if published.already_there and on_rows:
            on_rows(unit, 0)
        sent.update(published.rows)
    return dict(sent)


def write_plan(plan: Plan, folder: Path, on_rows: OnRows | None = None) -> dict[str, int]:
    """Write city and days to `folder/<dataset>/event_date=YYYY-MM-DD/*.parquet` (UTC dates); rows by dataset.

    Bad messages lie in `folder/_bad_messages/<dataset>/<day>/`, the truth in `folder/_truth/<kind>/`.
    """
    written: Counter[str] = Counter()
    city = Day({"cities": city_registration(plan.city)}, {})
    written.update(_write_unit(handed_over(city, None, Streams(plan.seed, "city")), folder, f"{_base(plan)}-city"))
    for day in plan.days:
        rows = _write_unit(plan.hand_over(day), folder, f"{_base(plan)}-{day.isoformat()}")
        written.update(rows)
        if on_rows:
            for count in rows.values():
                on_rows(day.isoformat(), count)
    return dict(written)


def _base(plan: Plan) -> str:
    return plan.producer_id.replace(":", "-")


def _write_unit(made: HandedOver, folder: Path, name: str) -> dict[str, int]:
    """Write a day's rows, bad messages and truth; rows by dataset."""
    rows: Counter[str] = Counter()
    for dataset, given in made.events.items():
        for added, table in tables_in_files(dataset, given).items():
            _write(table, folder / dataset, f"{name}{added}.parquet")
            rows[dataset] += table.num_rows
        for message, content in messages_in_files(given):
            _put(folder / BAD_MESSAGES / dataset / name / message, partial(_write_bytes, content))
    _write_truth(made, folder, name)
    return dict(rows)


def _write_truth(made: HandedOver, folder: Path, name: str) -> None:
    for kind, table in made.truth.items():
        _put(folder / TRUTH / kind / f"{name}.parquet", partial(_write_parquet, table))


def _write(table: pa.Table, folder: Path, name: str) -> None:
    """One file for each UTC date of event_time, and one for the events without a time."""
    dates = table.column("event_time").cast(pa.date32()).cast(pa.string()).fill_null(NO_DATE)
    for day in sorted(pc.unique(dates).to_pylist()):
        rows = table.filter(pc.equal(dates, day))
        _put(folder / f"event_date={day}" / name, partial(_write_parquet, rows))


def _write_parquet(table: pa.Table, path: Path) -> None:
    pq.write_table(table, path, compression="zstd")


def _write_bytes(content: bytes, path: Path) -> None:
    path.write_bytes(content)


def _put(path: Path, write: Callable[[Path], None]) -> None:
    """Have `write` make a file beside `path`, then give it that name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    write(part)
    part.replace(path)
