"""Read what a city needs from an OpenStreetMap file: driving ways, restaurants, named places, signs of the country."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from generator.from_osm.country_signs import BOUNDARY_KEYS, SIGN_KEYS, CountrySigns
from generator.from_osm.street_rules import direction, is_driven, kmh
from pipelines.errors import SetupError, UsageError

EATING = ("restaurant", "fast_food", "cafe")
# Kinds of place nodes that name a part of a town, the first choice first; countries and lone farms name nothing.
NAMING_PLACES = ("neighbourhood", "quarter", "suburb", "village", "town", "hamlet", "borough", "city", "locality")
WAYS = ("forward", "backward")
HOUSING_WAYS = ("residential", "living_street")

Box = tuple[float, float, float, float]  # least latitude, least longitude, greatest latitude, greatest longitude


@dataclass(frozen=True)
class Way:
    """A driving way: its nodes in the order they are drawn, and the speed either way (0: closed that way)."""

    nodes: list[int]
    forward_kmh: float
    backward_kmh: float
    is_housing: bool


@dataclass(frozen=True)
class Place:
    """A named place node."""

    name: str
    kind: str
    lat: float
    lng: float


@dataclass(frozen=True)
class Eatery:
    """A restaurant, fast-food place or café; `name` and `cuisine` are empty where the map says none."""

    name: str
    amenity: str
    cuisine: str
    lat: float
    lng: float


@dataclass(frozen=True)
class Extract:
    """What was read. `positions`: latitude and longitude of the ways' nodes; `dated`: the data's date, if told."""

    ways: list[Way]
    positions: dict[int, tuple[float, float]]
    places: list[Place]
    eateries: list[Eatery]
    dated: str
    signs: CountrySigns = field(default_factory=CountrySigns)


def read_extract(path: Path, box: Box | None = None) -> Extract:
    """Read the file, within the box if one is given.

    Raises SetupError where pyosmium is not installed, UsageError for a file that is missing, empty, cut off or no
    OpenStreetMap data, or has no driving way.
    """
    osmium = _pyosmium()
    if not path.is_file():
        raise UsageError(f"{path}: no such file; give an OpenStreetMap extract such as my-town.osm.pbf")
    if path.stat().st_size == 0:
        raise UsageError(f"{path}: the file is empty; download the extract again")
    found = Extract([], {}, [], [], _date_of(osmium, path))
    entities = osmium.osm.NODE | osmium.osm.WAY | osmium.osm.RELATION
    wanted = osmium.filter.KeyFilter("highway", "amenity", "place", *SIGN_KEYS, *BOUNDARY_KEYS)
    try:
        for thing in osmium.FileProcessor(str(path), entities).with_locations().with_filter(wanted):
            _take(found, thing, box)
    except (RuntimeError, ValueError) as error:
        raise _unreadable(path, error) from error
    if not found.ways:
        where = " within --bounds (order: least latitude, least longitude, greatest of both)" if box else ""
        raise UsageError(f"{path}: no street that cars may use{where}; take an extract that contains streets")
    return found


def _pyosmium() -> Any:
    try:
        import osmium
        import osmium.filter
    except ImportError as error:
        raise SetupError(
            "reading OpenStreetMap files needs pyosmium, which is not installed: pip install 'dishpatch[city]'"
        ) from error
    return osmium


def _date_of(osmium: Any, path: Path) -> str:
    """The date that the file's header tells of its data, as YYYY-MM-DD; empty where it tells none."""
    try:
        with osmium.io.Reader(str(path)) as reader:
            return str(reader.header().get("osmosis_replication_timestamp", ""))[:10]
    except (RuntimeError, ValueError) as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> UsageError:
    return UsageError(
        f"{path}: cannot be read as OpenStreetMap data ({str(error).strip()}); it may be cut off or of another kind. "
        "Expected: .osm.pbf, or .osm or .osm.bz2 with its usual ending"
    )


def _take(found: Extract, thing: Any, box: Box | None) -> None:
    tags = thing.tags
    if thing.is_node():
        _take_point(found, tags, thing.location, box)
        _take_signs(found, tags, thing.location, box)
        return
    if thing.is_relation():
        found.signs.take_boundary(tags)
        return
    if "highway" not in tags and len(thing.nodes):
        _take_signs(found, tags, thing.nodes[0].location, box)
    if "highway" not in tags and "amenity" not in tags:
        return
    located = [(n.ref, n.location) for n in thing.nodes if n.location.valid()]
    if located and tags.get("amenity") in EATING:
        _take_point(found, tags, located[0][1], box)
    if is_driven(tags):
        pieces = _pieces([(ref, at.lat, at.lon) for ref, at in located], box)
        limits = direction(tags)
        for piece in pieces:
            found.positions.update({ref: (lat, lng) for ref, lat, lng in piece})
            forward, backward = (kmh(tags, way) * is_open for way, is_open in zip(WAYS, limits, strict=True))
            found.ways.append(Way([ref for ref, *_ in piece], forward, backward, tags.get("highway") in HOUSING_WAYS))


def _pieces(nodes: list[tuple[int, float, float]], box: Box | None) -> list[list[tuple[int, float, float]]]:
    """Runs of at least two nodes within the box: a way that leaves it and returns is two ways."""
    pieces: list[list[tuple[int, float, float]]] = [[]]
    for node in nodes:
        if box is None or (box[0] <= node[1] <= box[2] and box[1] <= node[2] <= box[3]):
            pieces[-1].append(node)
        elif pieces[-1]:
            pieces.append([])
    return [piece for piece in pieces if len(piece) > 1]


def _is_in(at: Any, box: Box | None) -> bool:
    return bool(at.valid() and (box is None or (box[0] <= at.lat <= box[2] and box[1] <= at.lon <= box[3])))


def _take_signs(found: Extract, tags: Any, at: Any, box: Box | None) -> None:
    if any(key in tags for key in SIGN_KEYS) and _is_in(at, box):
        found.signs.take(tags, at.lat, at.lon)


def _take_point(found: Extract, tags: Any, at: Any, box: Box | None) -> None:
    """A place node or an eatery; others are passed over."""
    if not _is_in(at, box):
        return
    name = str(tags.get("name", "")).strip()
    if tags.get("place") in NAMING_PLACES and name:
        found.places.append(Place(name, str(tags.get("place")), at.lat, at.lon))
    elif tags.get("amenity") in EATING:
        cuisine = str(tags.get("cuisine", "")).strip().lower()
        found.eateries.append(Eatery(name, str(tags.get("amenity")), cuisine, at.lat, at.lon))
