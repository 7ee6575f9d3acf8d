"""Messages of a few reviews, and what becomes of them."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipelines.contracts import load_contract
from pipelines.messages import Headers, MessageRejected, Origin, decode, encode

REVIEWS = load_contract("events/reviews")


ORIGIN = Origin("generator", "futian/2026-11-20", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")


NOON = datetime(2026, 9, 12, 12, tzinfo=UTC)


def reviews(*texts: str) -> pa.Table:
    """One review an order, with these texts."""
    rows = [{"event_id": f"e{n}", "order_id": f"o{n}", "event_time": NOON, "text": t} for n, t in enumerate(texts)]
    return pa.Table.from_pylist(rows, schema=REVIEWS.arrow_schema)


def one_message(rows: pa.Table) -> tuple[bytes, Headers]:
    (message,) = encode(rows, REVIEWS, ORIGIN, 0)
    return message


def parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def with_header(headers: Headers, name: str, value: str | None) -> Headers:
    """The headers with one of them changed, or without it."""
    others = [(n, v) for n, v in headers if n != name]
    return others if value is None else [*others, (name, value.encode())]


def refused(value: bytes | None, headers: Headers | None, topic: str = "reviews") -> MessageRejected:
    with pytest.raises(MessageRejected) as caught:
        decode(value, headers, topic)
    return caught.value


def end_of(value: bytes, headers: Headers) -> str:
    """How many rows were admitted, or the reason why none was."""
    try:
        return f"{decode(value, headers, 'reviews')[0].num_rows} rows"
    except MessageRejected as error:
        return error.reason
