"""Whole bad messages: garbled copies of messages whose events also arrive in good ones."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from generator.faults.profile import BadMessages
from generator.faults.rows import Rows, picked
from generator.faults.truth import truth_rows
from pipelines.contracts import topics
from pipelines.messages import AnyHeaders, Headers, Origin, encode, header
from pipelines.movers.delivery import RawMessage

_OURS = ("contract", "contract_version", "rows", "traceparent")  # the publisher adds what tells the unit


def bad_messages(rows: Rows, section: BadMessages) -> tuple[list[RawMessage], pa.Table]:
    """The topic's bad messages in the order of the events they begin with, and the truth of them."""
    found = rows.befallen("bad_messages", section)
    kinds = list(section.kinds)
    weights = np.tile(np.array(list(section.kinds.values())), (len(found), 1))
    chosen = [str(kinds[n]) for n in picked(rows.uniform("bad_messages/kind", found), weights)] if len(found) else []
    ids = [_message_id(rows, row) for row in found]
    cuts = rows.uniform("bad_messages/cut", found)
    # a row loop: there are a few bad messages a day, each of them encoded by itself
    messages = [
        _message(rows, int(row), section.rows, message_id, kind, float(cut))
        for row, message_id, kind, cut in zip(found, ids, chosen, cuts, strict=True)
    ]
    facts = rows.facts(found) | {"event_id": None, "message_id": pa.array(ids, pa.string())}
    return messages, truth_rows(len(found), fault="bad_message", variant=pa.array(chosen, pa.string()), **facts)


def message_id(headers: AnyHeaders | None) -> str | None:
    """The id by which the truth knows a message: the parent id in its W3C traceparent header; None without one."""
    parts = (header(headers, "traceparent") or "").split("-")
    return parts[2] if len(parts) == 4 else None


def _message_id(rows: Rows, row: int) -> str:
    name = f"{rows.streams.seed}|{rows.streams.unit}|{rows.topic}|{rows.ids[row]}|bad message"
    return hashlib.blake2b(name.encode(), digest_size=8).hexdigest()


def _message(rows: Rows, row: int, size: int, message_id: str, kind: str, cut: float) -> RawMessage:
    trace = hashlib.blake2b(f"{rows.streams.seed}|{rows.streams.unit}".encode(), digest_size=16).hexdigest()
    copied = rows.table.slice(row, size)
    value, usual = next(encode(copied, rows.contract, Origin("", "", f"00-{trace}-{message_id}-01"), 0))
    value, headers = _garbled(kind, value, {n: v for n, v in usual if n in _OURS}, copied, cut)
    return RawMessage(value, headers, str(rows.keys[row].as_py()), int(rows.produced_us[row]))


def _garbled(kind: str, value: bytes, headers: dict[str, bytes], copied: pa.Table, cut: float) -> tuple[bytes, Headers]:
    """Value and headers of the message after the accident of this kind."""
    changed: dict[str, bytes] = {}
    left_out: Sequence[str] = ()
    if kind == "truncated":
        value = value[: 1 + int(cut * (len(value) - 1))]
    elif kind == "not_parquet":
        value = json.dumps(copied.to_pylist(), default=str, ensure_ascii=False).encode()
    elif kind == "empty_value":
        value = b""
    elif kind == "wrong_contract":
        others = [f"events/{topic}".encode() for topic in topics()]
        changed = {"contract": others[others.index(headers["contract"]) - 1]}
    elif kind == "headers_missing":
        left_out = ("contract", "contract_version")
    elif kind == "unknown_version":
        major = int(headers["contract_version"].split(b".")[0])
        changed = {"contract_version": f"{major + 1}.0.0".encode()}
    else:  # wrong_row_count
        changed = {"rows": str(copied.num_rows + 1).encode()}
    return value, [(name, text) for name, text in (headers | changed).items() if name not in left_out]
