"""Dead letters: messages that their contract does not admit, kept with original bytes, key, headers and reason.

Guarantee: a letter is written and acknowledged before the offset of its message moves on, so none is lost; a mover that
dies in between writes it again, and readers tell repeats by the message's coordinates (partition, offset). Replaying
sends the original bytes back to the topic and marks the letter replayed in one transaction, so a letter is replayed
once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from kafka import KafkaProducer
from kafka.errors import KafkaError

from pipelines.connectors.kafka import Record, producer, read_to_end, transaction
from pipelines.errors import ServiceError, UsageError
from pipelines.messages import AnyHeaders, count, header
from pipelines.movers.topics import dead_letter_topic, ensure_business_topics

_OURS = "dead_letter."
# How the message's own headers are kept where a letter's headers could not say them: null, or named like ours.
_NULL, _FOREIGN = f"{_OURS}null.", f"{_OURS}foreign."
_COMPRESSED_BYTES = 1_500_000  # a larger message may have come compressed, and goes back so


@dataclass(frozen=True)
class DeadLetter:
    """One refused message. `value` None: it was null.

    `rows` is what its header stated, 1 where it stated nothing readable.
    """

    topic: str
    partition: int
    offset: int
    reason: str
    detail: str
    rejected_at: str
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]] = field(default_factory=list)
    replayed_at: str | None = None

    @property
    def rows(self) -> int:
        return stated_rows(self.headers)


def stated_rows(headers: AnyHeaders) -> int:
    """Rows a message says it has; 1 for a message that does not say."""
    text = header(headers, "rows")
    found = count(text) if text else None
    return 1 if found is None else found


def write_letter(client: KafkaProducer, record: Record, reason: str, detail: str) -> Any:
    """Hand the letter to the producer; the caller waits for the returned future before it moves the offset on."""
    ours = {
        "partition": str(record.partition),
        "offset": str(record.offset),
        "reason": reason,
        "detail": detail[:2000],
        "rejected_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "value_is_null": str(record.value is None).lower(),
    }
    headers = [*_kept(record.headers), *((_OURS + name, text.encode()) for name, text in ours.items())]
    return client.send(
        dead_letter_topic(record.topic), value=record.value or b"", key=record.key, headers=headers, partition=0
    )


def read_letters(topic: str) -> list[DeadLetter]:
    """Every letter of a topic, oldest first, repeats and replay marks folded in."""
    ensure_business_topics()
    found: dict[tuple[int, int], DeadLetter] = {}
    for records in read_to_end(dead_letter_topic(topic), {}):
        for record in records:
            letter = _parse(topic, record)
            at = (letter.partition, letter.offset)
            if at not in found or letter.replayed_at:
                found[at] = letter
    return list(found.values())


def _kept(headers: AnyHeaders) -> list[tuple[str, bytes]]:
    """A message's own headers as its letter keeps them."""
    return [
        (_NULL + name, b"") if value is None else (_FOREIGN + name if name.startswith(_OURS) else name, value)
        for name, value in headers
    ]


def _original(headers: AnyHeaders) -> list[tuple[str, bytes | None]]:
    """The inverse of `_kept`; a letter's own headers are left out."""
    found: list[tuple[str, bytes | None]] = []
    for name, value in headers:
        if name.startswith(_NULL):
            found.append((name.removeprefix(_NULL), None))
        elif name.startswith(_FOREIGN):
            found.append((name.removeprefix(_FOREIGN), value))
        elif not name.startswith(_OURS):
            found.append((name, value))
    return found


def _parse(topic: str, record: Record) -> DeadLetter:
    ours = {
        name.removeprefix(_OURS): (text or b"").decode(errors="replace")
        for name, text in record.headers
        if name.startswith(_OURS) and not name.startswith((_NULL, _FOREIGN))
    }
    return DeadLetter(
        topic,
        int(ours["partition"]),
        int(ours["offset"]),
        ours["reason"],
        ours["detail"],
        ours["rejected_at"],
        record.key,
        None if ours["value_is_null"] == "true" else record.value,
        _original(record.headers),
        ours.get("replayed_at"),
    )


def replay_letters(topic: str, letters: Iterable[DeadLetter], set_headers: Mapping[str, str] | None = None) -> int:
    """Send the original messages back to `topic`, each once, with `set_headers` in place of theirs.

    Returns how many. A null header goes back empty: the producer knows no null. ServiceError where Kafka refuses.
    """
    due = [letter for letter in letters if letter.replayed_at is None]
    for letter in due:
        if letter.value is None:
            raise UsageError(f"{topic} {letter.partition}/{letter.offset}: a null value has nothing to replay")
    if not due:
        return 0
    large = any(len(letter.value or b"") > _COMPRESSED_BYTES for letter in due)
    try:
        with producer(f"dishpatch:dead-letters:{topic}", compression="gzip" if large else None) as client:
            already = {(x.partition, x.offset) for x in read_letters(topic) if x.replayed_at}
            due = [letter for letter in due if (letter.partition, letter.offset) not in already]
            now = datetime.now(UTC).isoformat(timespec="seconds").encode()
            with transaction(client) as send:
                for letter in due:
                    headers = _replayed(letter, set_headers or {})
                    send(topic, letter.value, key=letter.key, headers=headers, partition=letter.partition)
                    marked = _marked(letter, now)
                    send(dead_letter_topic(topic), letter.value, key=letter.key, headers=marked, partition=0)
    except KafkaError as error:
        raise ServiceError(
            f"Kafka refused to take dead letters of {topic} back, none was replayed: {error!r}"
        ) from error
    return len(due)


def _replayed(letter: DeadLetter, changed: Mapping[str, str]) -> list[tuple[str, bytes]]:
    """Headers of a letter's message when it is sent again."""
    return [
        *((name, value or b"") for name, value in letter.headers if name not in changed),
        *((name, text.encode()) for name, text in changed.items()),
        ("replay_of", f"{letter.partition}/{letter.offset}".encode()),
    ]


def _marked(letter: DeadLetter, now: bytes) -> list[tuple[str, bytes]]:
    ours = {
        "partition": str(letter.partition),
        "offset": str(letter.offset),
        "reason": letter.reason,
        "detail": letter.detail,
        "rejected_at": letter.rejected_at,
        "value_is_null": "false",
    }
    return [*_kept(letter.headers), *((_OURS + n, t.encode()) for n, t in ours.items()), (_OURS + "replayed_at", now)]
