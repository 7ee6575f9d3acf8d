"""A small town drawn as OpenStreetMap data, with everything a reader of such data must tell apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

SIZE = 9  # streets each way
STEP = 0.002  # degrees between two crossings, about 220 m
SOUTH, WEST = 52.090, 5.120  # Utrecht, so that time zone and currency can be guessed


def crossing(row: int, column: int) -> int:
    """Id of the node where a row and a column of streets meet."""
    return 1 + row * SIZE + column


def draw_town(
    path: Path,
    *,
    with_restaurants: bool = True,
    south: float = SOUTH,
    west: float = WEST,
    signs: Sequence[Mapping[str, str]] = (),
    boundary: Mapping[str, str] | None = None,
    island: Sequence[Mapping[str, str]] = (),
) -> Path:
    """Write the town: a grid of two-way streets, a one-way row, a private lane, an island, places, restaurants.

    `signs`: tags of houses of its middle, half of them drawn as ways; `boundary`: tags of a relation round it;
    `island`: tags of what is on the island.
    """
    import osmium

    with osmium.SimpleWriter(str(path)) as writer:
        for row in range(SIZE):
            for column in range(SIZE):
                _node(writer, crossing(row, column), south + row * STEP, west + column * STEP)
        _node(writer, 200, south + 0.05, west)  # an island that no street joins to the town
        _node(writer, 201, south + 0.0501, west)
        _node(writer, 202, south - STEP / 2, west)  # two bends of a lane below the first row
        _node(writer, 203, south - STEP / 2, west + STEP)
        _node(writer, 300, south, west, place="suburb", name="Southside")
        _node(writer, 301, south + 8 * STEP, west + 8 * STEP, place="suburb", name="Northgate")
        if with_restaurants:
            kinds = [("pizza", "Pizza Uno"), ("", "The Corner"), ("sushi;ramen", "Umi"), ("klingon", "Qapla"), ("", "")]
            for n in range(20):
                cuisine, name = kinds[n % 5]
                tags = {"amenity": "restaurant", "cuisine": cuisine, "name": f"{name} {n}" if name else ""}
                at = (south + (n % 4) * STEP, west + (n % 3) * STEP)
                _node(writer, 400 + n, *at, **{key: value for key, value in tags.items() if value})
        for n, tags in enumerate(signs[::2]):
            _node(writer, 600 + n, south + 4 * STEP, west + 4 * STEP, **tags)
        for n, tags in enumerate(island):
            _node(writer, 700 + n, south + 0.05, west, **tags)
        for way, (nodes, tags) in enumerate(_ways(), start=1):
            writer.add_way(osmium.osm.mutable.Way(id=way, nodes=nodes, tags=tags))
        _add_houses(writer, signs[1::2])
        if boundary:
            writer.add_relation(osmium.osm.mutable.Relation(id=1, members=[("w", 1, "outer")], tags=boundary))
    return path


def _add_houses(writer: Any, signs: Sequence[Mapping[str, str]]) -> None:
    import osmium

    corners = [crossing(4, 4), crossing(4, 5), crossing(5, 5), crossing(4, 4)]
    for n, tags in enumerate(signs, start=500):
        writer.add_way(osmium.osm.mutable.Way(id=n, nodes=corners, tags={"building": "yes"} | dict(tags)))


def _ways() -> list[tuple[list[int], dict[str, str]]]:
    rows = [[crossing(row, column) for column in range(SIZE)] for row in range(SIZE)]
    columns = [[crossing(row, column) for row in range(SIZE)] for column in range(SIZE)]
    ways = [(nodes, {"highway": "residential"}) for nodes in [*rows[:4], *rows[5:], *columns]]
    ways.append((rows[4], {"highway": "primary", "oneway": "yes", "maxspeed": "30 mph"}))
    ways.append(([crossing(0, 0), 202, 203, crossing(0, 1)], {"highway": "residential"}))
    ways.append(([crossing(2, 2), crossing(6, 6)], {"highway": "residential", "access": "private"}))
    ways.append(([crossing(2, 2), crossing(6, 5)], {"highway": "footway"}))
    ways.append(([200, 201], {"highway": "residential"}))
    return ways


def _node(writer: Any, number: int, lat: float, lng: float, **tags: str) -> None:
    import osmium

    turned = (lng + 180) % 360 - 180  # east of the 180th meridian is west of it
    writer.add_node(osmium.osm.mutable.Node(id=number, location=(turned, lat), tags=tags))
