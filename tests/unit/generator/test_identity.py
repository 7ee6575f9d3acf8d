"""Identities: the same thing the same, different things different, whatever stands beside them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from generator.identity import Keys, first_words, hexadecimal, identified


@given(st.lists(st.text(max_size=40), min_size=1, max_size=8))
def test_the_hash_of_a_text_depends_on_nothing_beside_it(texts: list[str]) -> None:
    together = Keys.of(texts).words
    for place, text in enumerate(texts):
        assert np.array_equal(together[:, place], Keys.of([text]).words[:, 0])
    assert len({tuple(column) for column in together.T}) == len(set(texts))


def test_texts_that_padding_makes_alike_are_told_apart() -> None:
    words = Keys.of(["", "\0", "\0" * 8, "\0" * 9, "a", "a\0", "a" * 8, "a" * 16]).words
    assert len({tuple(column) for column in words.T}) == 8


def test_two_hundred_thousand_events_have_as_many_ids_and_each_lane_tells_them_apart_too() -> None:
    keys = Keys.of([f"futian-7-20261120-{n:06d}" for n in range(20_000)])
    heads = [f"generate:futian:7|orders|{kind}" for kind in ("placed", "cancelled", "promise_changed", "x", "y")]
    found = np.concatenate([identified(h, keys, np.full(20_000, n)) for h in heads for n in (0, 1)], axis=1)
    assert [len(np.unique(lane)) for lane in found] == [200_000, 200_000]


def test_every_bit_of_ids_is_set_in_half_of_them() -> None:
    keys = Keys.of([f"order-{n}" for n in range(20_000)])
    octets = identified("x", keys, 0).T.copy().view(np.uint8)
    share = np.unpackbits(octets, axis=1).mean(axis=0)
    assert np.abs(share - 0.5).max() < 5 * 0.5 / np.sqrt(20_000)


def test_ids_are_written_in_hexadecimal_and_their_first_digits_read_back() -> None:
    words = identified("x", Keys.of(["a", "b", "c"]), [0, 1, 2])
    ids = hexadecimal(words)
    assert ids.to_pylist() == [f"{int(a):016x}{int(b):016x}" for a, b in words.T]
    assert first_words(ids.slice(1)).tolist() == [int(text[:8], 16) for text in ids.to_pylist()[1:]]
    assert first_words(pa.array([], pa.string())).tolist() == []


def test_keys_taken_are_those_of_the_texts_taken() -> None:
    keys = Keys.of(["a", "b", "c"])
    some = keys.take(np.array([2, 0]))
    assert some.text.to_pylist() == ["c", "a"]
    assert np.array_equal(some.words, Keys.of(["c", "a"]).words)
    assert some.trace_ids.to_pylist() == [keys.trace_ids[2].as_py(), keys.trace_ids[0].as_py()]
