"""The topics of the business and how each is kept. One place, so that every producer and mover agrees."""

from __future__ import annotations

from pipelines.connectors.kafka import MAX_REQUEST_BYTES, ensure_topics
from pipelines.contracts import topics
from pipelines.settings import settings

PROGRESS_TOPIC = "producer_progress"
CLOCK_TOPIC = "dispatch_clock"  # of closed loops: how far the city has told, and a dispatcher has decided
# A letter is its message, uncompressed, and its reason: larger than the message, which the broker's limit let through.
MAX_LETTER_BYTES = MAX_REQUEST_BYTES
_MONTH_MS = str(30 * 24 * 3600 * 1000)


def dead_letter_topic(topic: str) -> str:
    return f"{topic}.dead_letters"


def ensure_business_topics() -> None:
    """Create what is missing: the event topics, their dead letters, and the producers' progress."""
    dead_letters = {"retention.ms": "-1", "max.message.bytes": str(MAX_LETTER_BYTES)}
    ensure_topics({t: {"retention.ms": _MONTH_MS} for t in topics()}, settings().kafka_partitions)
    ensure_topics({dead_letter_topic(t): dead_letters for t in topics()}, 1)
    ensure_topics({PROGRESS_TOPIC: {"cleanup.policy": "compact"}}, 1)


def ensure_clock_topic() -> None:
    """Create the topic of simulated clocks where it is missing; what it says is of no use after a day."""
    ensure_topics({CLOCK_TOPIC: {"retention.ms": str(24 * 3600 * 1000)}}, 1)
