"""Identities of events and orders: 128-bit hashes of what a thing is, made for all rows at once.

The hash absorbs a text's 8-byte words into two lanes of 64 bits, each with the finaliser of splitmix64 (Steele, Lea and
Flood, "Fast splittable pseudorandom number generators", 2014) and constants of its own. It spreads well and is not
meant to withstand an adversary: ids tell events apart, they keep no secret.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

WORD_BYTES = 8
ROWS_AT_ONCE = 100_000  # bounds the padded words in memory; the hash of a text does not depend on it
HEX_DIGITS = 32

_SPREAD = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))  # splitmix64's multipliers
_STEP = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xD1B54A32D192ED03))  # odd, from the golden and plastic ratios
_HEX = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), dtype="<u2")


@dataclass(frozen=True)
class Keys:
    """Ids of orders or couriers with their hashes: `words` is uint64 of shape (2, rows)."""

    text: pa.StringArray
    words: np.ndarray

    @classmethod
    def of(cls, ids: Keys | Sequence[str] | pa.Array) -> Keys:
        """Keys of the ids; keys are given back as they are."""
        if isinstance(ids, Keys):
            return ids
        text = pa.array(ids, pa.string())
        return cls(text, _hashed(text))

    def __len__(self) -> int:
        return len(self.text)

    def take(self, which: np.ndarray) -> Keys:
        """The keys at these places."""
        return Keys(self.text.take(pa.array(which)), self.words[:, which])

    @cached_property
    def trace_ids(self) -> pa.StringArray:
        """W3C trace id of each, 32 hexadecimal digits."""
        return hexadecimal(identified("trace", self, 0))


def identified(head: str, keys: Keys, repeats: Sequence[int] | np.ndarray | int) -> np.ndarray:
    """Hash of (head, key, repeat) for each key: uint64 of shape (2, rows)."""
    start = np.frombuffer(hashlib.blake2b(head.encode(), digest_size=16).digest(), dtype="<u8")
    again = np.broadcast_to(np.asarray(repeats, dtype=np.int64), (len(keys),)).astype(np.uint64)
    lanes = [_mixed(_mixed(keys.words[lane] ^ start[lane]) + again * _STEP[lane]) for lane in range(2)]
    return np.stack(lanes)


def hexadecimal(words: np.ndarray) -> pa.StringArray:
    """32 digits for each column of `words` (uint64, shape (2, rows))."""
    rows = words.shape[1]
    octets = np.ascontiguousarray(words.T).astype(">u8").view(np.uint8)
    offsets = np.arange(rows + 1, dtype=np.int32) * HEX_DIGITS
    return pa.StringArray.from_buffers(rows, pa.py_buffer(offsets), pa.py_buffer(_HEX[octets]))


def first_words(ids: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """The number that the first eight hexadecimal digits of each id write, uint32."""
    text = ids.combine_chunks() if isinstance(ids, pa.ChunkedArray) else ids
    _, offsets, data = text.buffers()
    if not len(text):
        return np.array([], dtype=np.uint32)
    starts = np.frombuffer(offsets, dtype=np.int32)[text.offset : text.offset + len(text)]
    digits = np.frombuffer(data, dtype=np.uint8)[starts[:, None] + np.arange(8)].astype(np.uint32)
    values = (digits & 15) + 9 * (digits >> 6)  # '0' is 0x30, 'a' is 0x61
    return np.asarray((values << np.arange(28, -4, -4, dtype=np.uint32)).sum(axis=1, dtype=np.uint32))


def _mixed(numbers: np.ndarray) -> np.ndarray:
    """splitmix64's finaliser: a bijection of 64-bit numbers that spreads every bit over all others."""
    numbers = (numbers ^ (numbers >> np.uint64(30))) * _SPREAD[0]
    numbers = (numbers ^ (numbers >> np.uint64(27))) * _SPREAD[1]
    return np.asarray(numbers ^ (numbers >> np.uint64(31)))


def _hashed(text: pa.StringArray) -> np.ndarray:
    parts = [_hashed_part(text.slice(start, ROWS_AT_ONCE)) for start in range(0, len(text), ROWS_AT_ONCE)]
    return np.concatenate(parts, axis=1) if parts else np.zeros((2, 0), dtype=np.uint64)


def _hashed_part(text: pa.StringArray) -> np.ndarray:
    """Absorb each text word by word; its length comes first, so that padding with zeros is no part of it."""
    _, offsets, data = text.buffers()
    bounds = np.frombuffer(offsets, dtype=np.int32)[text.offset : text.offset + len(text) + 1]
    octets = np.frombuffer(data, dtype=np.uint8)[bounds[0] : bounds[-1]] if data else np.zeros(0, dtype=np.uint8)
    lengths = np.diff(bounds)
    width = max(1, -(-int(lengths.max()) // WORD_BYTES))
    padded = np.zeros((len(text), width * WORD_BYTES), dtype=np.uint8)
    padded[np.arange(width * WORD_BYTES) < lengths[:, None]] = octets
    words = padded.view("<u8").astype(np.uint64)
    lanes = np.stack([_mixed(lengths.astype(np.uint64) + step) for step in _STEP])
    for place in range(width):
        here = lengths > place * WORD_BYTES
        for lane, step in enumerate(_STEP):
            absorbed = _mixed(lanes[lane] * step ^ words[:, place])
            lanes[lane] = np.where(here, absorbed, lanes[lane])
    return lanes
