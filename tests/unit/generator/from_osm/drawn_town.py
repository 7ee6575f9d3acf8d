"""A small town drawn as OpenStreetMap data, with everything a reader of such data must tell apart."""

from __future__ import annotations

from pathlib import Path

SIZE = 9  # streets each way
STEP = 0.002  # degrees between two crossings, about 220 m
SOUTH, WEST = 52.090, 5.120  # Utrecht, so that time zone and currency can be guessed


def crossing(row: int, column: int) -> int:
    """Id of the node where a row and a column of streets meet."""
    return 1 + row * SIZE + column


def draw_town(path: Path, *, with_restaurants: bool = True) -> Path:
    """Write the town: a grid of two-way streets, a one-way row, a private lane, an island, places, restaurants."""
    import osmium

    with osmium.SimpleWriter(str(path)) as writer:
        for row in range(SIZE):
            for column in range(SIZE):
                _node(writer, crossing(row, column), SOUTH + row * STEP, WEST + column * STEP)
        _node(writer, 200, SOUTH + 0.05, WEST)  # an island that no street joins to the town
        _node(writer, 201, SOUTH + 0.0501, WEST)
        _node(writer, 202, SOUTH - STEP / 2, WEST)  # two bends of a lane below the first row
        _node(writer, 203, SOUTH - STEP / 2, WEST + STEP)
        _node(writer, 300, SOUTH, WEST, place="suburb", name="Southside")
        _node(writer, 301, SOUTH + 8 * STEP, WEST + 8 * STEP, place="suburb", name="Northgate")
        if with_restaurants:
            kinds = [("pizza", "Pizza Uno"), ("", "The Corner"), ("sushi;ramen", "Umi"), ("klingon", "Qapla"), ("", "")]
            for n in range(20):
                cuisine, name = kinds[n % 5]
                tags = {"amenity": "restaurant", "cuisine": cuisine, "name": f"{name} {n}" if name else ""}
                at = (SOUTH + (n % 4) * STEP, WEST + (n % 3) * STEP)
                _node(writer, 400 + n, *at, **{key: value for key, value in tags.items() if value})
        for way, (nodes, tags) in enumerate(_ways(), start=1):
            writer.add_way(osmium.osm.mutable.Way(id=way, nodes=nodes, tags=tags))
    return path


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


def _node(writer: object, number: int, lat: float, lng: float, **tags: str) -> None:
    import osmium

    writer.add_node(osmium.osm.mutable.Node(id=number, location=(lng, lat), tags=tags))  # type: ignore[attr-defined]
