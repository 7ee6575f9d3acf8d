from __future__ import annotations

from datetime import date

import numpy as np

from generator.streams import Streams, uniform_of

DAY = date(2026, 11, 20)


def test_same_seed_day_and_concern_give_the_same_numbers() -> None:
    first, second = (Streams.of_day(7, DAY).of("payment").random(100) for _ in range(2))
    assert np.array_equal(first, second)


def test_numbers_are_fixed_across_releases() -> None:
    """Published days are history: whoever changes the streams' derivation must see this fail."""
    assert Streams(7, "2026-11-20").of("payment").integers(0, 1000, 4).tolist() == [271, 173, 918, 156]


def test_each_of_seed_day_and_concern_changes_the_numbers() -> None:
    base = Streams.of_day(7, DAY).of("payment").random(50)
    others = (
        Streams.of_day(8, DAY).of("payment"),
        Streams.of_day(7, date(2026, 11, 21)).of("payment"),
        Streams.of_day(7, DAY).of("review"),
        Streams.of_day(7, DAY).forever("payment"),
    )
    assert not any(np.array_equal(base, other.random(50)) for other in others)


def test_drawing_for_a_new_concern_changes_no_old_one() -> None:
    alone = Streams.of_day(7, DAY).of("payment").random(50)
    streams = Streams.of_day(7, DAY)
    streams.of("a concern invented later").random(1_000)
    assert np.array_equal(streams.of("payment").random(50), alone)


def test_traits_of_ids_are_uniform_and_depend_on_id_and_concern_alone() -> None:
    ids = [f"r{n}" for n in range(4_000)]
    speed, quality = uniform_of(ids, "speed"), uniform_of(ids, "quality")
    assert np.array_equal(uniform_of(ids[1_000:1_010], "speed"), speed[1_000:1_010])
    assert abs(speed.mean() - 0.5) < 0.02
    assert abs(np.corrcoef(speed, quality)[0, 1]) < 0.05
    assert (speed >= 0).all()
    assert (speed < 1).all()


def test_each_keys_number_depends_on_the_stream_and_the_key_alone() -> None:
    keys = np.array([f"e{n}" for n in range(20_000)], dtype=object)
    streams = Streams.of_day(7, DAY)
    numbers = streams.of_each(keys, "faults/late")
    assert np.array_equal(streams.of_each(keys[::-1], "faults/late"), numbers[::-1])
    assert abs(numbers.mean() - 0.5) < 0.01
    others = [
        streams.of_each(keys, "faults/missing"),
        Streams.of_day(8, DAY).of_each(keys, "faults/late"),
        Streams.of_day(7, date(2026, 11, 21)).of_each(keys, "faults/late"),
    ]
    assert all(abs(np.corrcoef(numbers, other)[0, 1]) < 0.03 for other in others)


def test_numbers_of_keys_are_fixed_across_releases() -> None:
    """Faults of a published day are history too."""
    numbers = Streams(7, "2026-11-20").of_each(np.array(["a", "b"], dtype=object), "faults/late")
    assert np.round(numbers * 1e6).astype(int).tolist() == [561046, 916786]
