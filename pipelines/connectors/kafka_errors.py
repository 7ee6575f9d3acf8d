"""What Kafka's errors mean, in words where a person can do something about them."""

from __future__ import annotations

from kafka.errors import InvalidProducerEpochError, KafkaError, ProducerFencedError


def why(error: KafkaError) -> str:
    """What went wrong."""
    if isinstance(error, ProducerFencedError | InvalidProducerEpochError):
        return f"another publisher of the same began after this one and took over ({type(error).__name__})"
    return repr(error)
