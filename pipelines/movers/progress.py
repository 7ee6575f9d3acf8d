"""What is known of a unit in Kafka: its progress record, which lies in the transactions of its events.

A unit published in slices has a record after each: cumulative counts, `through_us` (every event with an earlier
`produced_at` is there; µs since 1970) and `complete`. Records without these two are of units published at once.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

from pipelines.connectors.kafka import read_to_end
from pipelines.movers.topics import PROGRESS_TOPIC, ensure_business_topics

Progress = dict[str, Any]


def published_units(producer_id: str | None = None) -> dict[str, Progress]:
    """Progress records by unit of one producer; without `producer_id` of all, by `<producer_id>/<unit>`."""
    ensure_business_topics()
    found: dict[str, Progress] = {}
    for records in read_to_end(PROGRESS_TOPIC, {}):
        for record in records:
            if record.value is not None:
                progress = json.loads(record.value)
                found[f"{progress['producer_id']}/{progress['unit']}"] = progress
    if producer_id is None:
        return found
    return {p["unit"]: p for p in found.values() if p["producer_id"] == producer_id}


def is_complete(progress: Progress) -> bool:
    """Whether all of the unit is in Kafka."""
    return bool(progress.get("complete", True))


def through_us(progress: Progress | None) -> int:
    """Events of the unit with an earlier `produced_at` are in Kafka; 0 where none is."""
    return int(progress.get("through_us", 0)) if progress else 0


def grown(earlier: Progress | None, now: Progress) -> Progress:
    """The record after what `now` tells of was added to what was there."""
    if earlier is None:
        return now
    rows: Counter[str] = Counter(earlier["rows"])
    rows.update(now["rows"])
    days = {topic: Counter(earlier["rows_by_event_date"].get(topic, {})) for topic in rows}
    for topic, counts in now["rows_by_event_date"].items():
        days[topic].update(counts)
    return now | {
        "rows": dict(rows),
        "rows_by_event_date": {topic: dict(counts) for topic, counts in days.items()},
        "messages": earlier["messages"] + now["messages"],
    }


def send_progress(send: Callable[..., None], progress: Progress) -> None:
    """Send the record within the transaction of the events it tells of."""
    key = f"{progress['producer_id']}/{progress['unit']}".encode()
    send(PROGRESS_TOPIC, json.dumps(progress).encode(), key=key, partition=0)
