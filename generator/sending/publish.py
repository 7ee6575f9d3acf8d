"""Send generated days to Kafka as fast as it takes them: each day whole and once.

Guarantee: that of `publish_unit`; a day's unit is in Kafka whole or not at all, and the same day again sends nothing.
Of a day that an earlier, paced run has begun (`paced.py`), only what is not there yet is sent.
"""

from __future__ import annotations

from collections import Counter
from functools import partial

from generator.city.city import City
from generator.city.registration import city_registration
from generator.faults.handover import HandedOver
from generator.sending.files import name_of, write_truth
from generator.sending.plan import OnRows, Plan, fingerprint
from pipelines.errors import ImportRefused
from pipelines.movers.events_to_kafka import publish_unit
from pipelines.movers.progress import is_complete, published_units
from pipelines.settings import settings


def publish_city(city: City) -> dict[str, int]:
    """Register the city in Kafka; again, it sends nothing. Rows sent by dataset.

    ImportRefused where this revision of the city is there with other facts; it says which key to raise.
    """
    table = city_registration(city)
    identity = str(table.column("event_id")[0].as_py())
    producer, revision = f"city:{city.city_id}", f"revision {city.revision}"
    try:
        return publish_unit(producer, revision, {"cities": table}, fingerprint=identity).rows
    except ImportRefused:
        raise ImportRefused(
            f"city {city.city_id} is registered with other facts (name, time zone, currency, bounds, day cut or zones) "
            f"as its {revision}. If they have changed, write `revision: {city.revision + 1}` beside `city_id: "
            f"{city.city_id}` in its mapping or profile; the latest revision counts from then on. Nothing was published"
        ) from None


def publish_plan(plan: Plan, on_rows: OnRows | None = None) -> dict[str, int]:
    """Publish the city and every day of the plan to Kafka; rows sent now, by dataset (0 for what was there before).

    `on_rows(day, rows)` is told after each message, and once with 0 rows for a day that was there before. A day already
    published from the same plan is not generated again; from another plan it is refused (ImportRefused). The truth of
    each day is written to `_truth` in the data folder before the day is published.
    """
    sent: Counter[str] = Counter(publish_city(plan.city))
    mark, there = fingerprint(plan), published_units(plan.producer_id)
    for day in plan.days:
        unit = day.isoformat()
        earlier = there.get(unit)
        is_there = earlier is not None and earlier["fingerprint"] == mark and is_complete(earlier)
        made = HandedOver(iter(()), {}) if is_there else plan.hand_over(day)
        events = dict(made.topics)
        write_truth(made, settings().data_dir, name_of(plan, unit))
        on_batch = partial(on_rows, unit) if on_rows else None
        published = publish_unit(plan.producer_id, unit, events, fingerprint=mark, on_batch=on_batch)
        if published.already_there and on_rows:
            on_rows(unit, 0)
        sent.update(published.rows)
    return dict(sent)
