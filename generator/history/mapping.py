"""Mappings: a typed YAML file that says how a user's own files of orders and couriers are to be read.

`docs/mappings.md` documents every key. Nothing is guessed at read time: what a mapping does not say has the default
written here, and a key it does not know is refused with the nearest known name.
"""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import BaseModel, Field, ValidationError, model_validator

from generator.city.city import Bounds, City
from generator.documents import problem_of, read_document
from generator.history.blanks import blanks_in
from generator.history.mapping_parts import (
    SERIAL_FORMATS,
    Column,
    FileSpec,
    Filter,
    FromPosition,
    ItemFields,
    Part,
    RowKinds,
    Shop,
    Shops,
    TimeRules,
)
from generator.history.readable import UNITS_OF, format_problem, template_problem
from generator.history.targets import MILESTONES, TARGETS, WORDS, nearest
from pipelines.errors import MappingError, UsageError

MAPPINGS_DIR = Path(__file__).parent / "mappings"
# Topics whose events the simulator may add; `orders` are the cancellations.
Simulated = Literal["orders", "restaurant_responses", "courier_assignments", "delivery_progress", "payments", "reviews"]


class Mapping(Part):
    """A whole mapping. `orders` and `couriers` describe one file each."""

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    description: str = ""
    clock: Literal["local", "utc"] = "local"
    day: date | None = None
    next_day_after_hours: float = Field(default=12, gt=0, lt=24)
    times: TimeRules = TimeRules()
    max_rejected_share: float = Field(default=0.02, ge=0, le=1)
    cities: list[City] = Field(min_length=1)
    orders: FileSpec
    couriers: FileSpec | None = None
    simulate: list[Simulated] = Field(default=[])

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for kind in ("orders", "couriers"):
            spec: FileSpec | None = getattr(self, kind)
            if spec is not None:
                _check_targets(kind, spec)
        _check_simulation(self.orders, self.simulate)
        if self.couriers and (self.orders.shops or self.orders.city_from != "file") and len(self.cities) > 1:
            raise ValueError("couriers: a file of shifts is of one city; leave it out where orders are of several")
        ids = [c.city_id for c in self.cities]
        strangers = [n for n, s in (self.orders.shops.table if self.orders.shops else {}).items() if s.city not in ids]
        if strangers:
            raise ValueError(f"orders.shops: the city of shop {strangers[0]!r} is not among cities ({', '.join(ids)})")
        if len(set(ids)) < len(ids):
            raise ValueError(f"cities: a city_id is there twice ({', '.join(ids)})")
        for city in self.cities:
            box = city.bounds
            if box.min_lat >= box.max_lat or box.min_lng >= box.max_lng:
                raise ValueError(
                    f"cities: bounds of {city.city_id}: min_lat and min_lng must be below max_lat and max_lng"
                )
        return self

    @model_validator(mode="after")
    def _dates(self) -> Self:
        for kind, spec in (("orders", self.orders), ("couriers", self.couriers)):
            formats = {n: c.format for n, c in (spec.columns if spec else {}).items() if c.format}
            bare = [n for n, f in formats.items() if not has_date(f)]
            if bare and not self.clock_times_only:
                raise ValueError(
                    f"{kind}.columns.{bare[0]}.format has no date, but placed_at has one; give both or neither"
                )
        return self

    @property
    def clock_times_only(self) -> bool:
        """Whether the placement column has no date of its own, so that a day must be given."""
        placed = self.orders.columns["placed_at"].format
        return placed is not None and not has_date(placed)


def has_date(time_format: str) -> bool:
    """Whether a strptime format says the day."""
    codes = ("%d", "%j", "%x", "%c", "%D", "%F", "ISO")
    return time_format in SERIAL_FORMATS or any(code in time_format for code in codes)


def _check_targets(kind: str, spec: FileSpec) -> None:
    known = TARGETS[kind]
    for name in spec.columns:
        if name not in known:
            raise ValueError(f"{kind}.columns: no field {name!r}{nearest(name, list(known))} Known: {', '.join(known)}")
    derived = {"restaurant_id"} if spec.restaurant_id_from_pickup or spec.shops else set()
    lacking = [n for n, target in known.items() if target.required and n not in spec.columns.keys() | derived]
    if lacking:
        raise ValueError(
            f"{kind}.columns: {', '.join(lacking)} must be mapped, a row means nothing without"
            + (
                "; a restaurant can be derived by restaurant_id_from_pickup or shops"
                if "restaurant_id" in lacking
                else ""
            )
        )
    if "restaurant_id" in spec.columns and spec.restaurant_id_from_pickup:
        raise ValueError(f"{kind}: restaurant_id is mapped and derived; keep one")
    for lat, lng in (("pickup_lat", "pickup_lng"), ("dropoff_lat", "dropoff_lng")):
        if (lat in spec.columns) != (lng in spec.columns):
            raise ValueError(f"{kind}.columns: {lat} and {lng} belong together; map both or neither")
    if (spec.restaurant_id_from_pickup or spec.city_from == "pickup") and "pickup_lat" not in spec.columns:
        raise ValueError(f"{kind}: a restaurant or city from the pick-up needs pickup_lat and pickup_lng in columns")
    if "delivery_minutes" in spec.columns and "delivered_at" in spec.columns:
        raise ValueError(f"{kind}.columns: map delivered_at or delivery_minutes, not both")
    if "refund_cents" in spec.columns and "refunded_at" not in spec.columns and spec.row_kinds is None:
        raise ValueError(f"{kind}.columns: refund_cents without refunded_at; say when it went back, or row_kinds")
    _check_words(kind, spec)
    _check_reading(kind, spec)


def _check_reading(kind: str, spec: FileSpec) -> None:
    """`format` and `unit` where they mean something, and readable; identities that differ from row to row."""
    told = {f"{kind}.columns.{n}": (c, TARGETS[kind][n].kind) for n, c in spec.columns.items() if n in TARGETS[kind]}
    told |= {f"{kind}.details.{n}": (c, "text") for n, c in spec.details.items()}
    for key, (column, field_kind) in told.items():
        if column.format is not None and field_kind != "time":
            raise ValueError(f"{key}.format: {column.format!r} is for times; this is read as {field_kind}. Take it out")
        if column.format is not None and (wrong := format_problem(column.format)):
            raise ValueError(f"{key}.format: {wrong}")
        units = UNITS_OF.get(field_kind, ())
        if column.unit is not None and column.unit.casefold() not in units:
            known = f"known: {', '.join(units)}" if units else f"this is read as {field_kind}, which has none"
            raise ValueError(f"{key}.unit: no unit {column.unit!r}; {known}")
    for name, template in (("identity", spec.identity), ("row_identity", spec.row_identity)):
        if template is not None and (wrong := template_problem(template)):
            raise ValueError(f"{kind}.{name}: {wrong}")


def _check_words(kind: str, spec: FileSpec) -> None:
    """Our words that the mapping translates into must be words we know."""
    for name, known in WORDS.items():
        column = spec.columns.get(name)
        given = [] if column is None else [*(column.values or {}).values(), column.constant, column.default]
        strange = [w for w in given if w is not None and w not in known]
        if strange:
            raise ValueError(f"{kind}.columns.{name}: no word {strange[0]!r}; known: {', '.join(known)}")


def _check_simulation(orders: FileSpec, simulate: list[Simulated]) -> None:
    """Simulated lives need positions, and never stand beside real milestones, which they would contradict."""
    if not simulate:
        return
    real = [n for n in MILESTONES if n in orders.columns]
    beside = [t for t in simulate if t not in ("payments", "reviews")]
    if real and beside:
        raise ValueError(
            f"simulate: {beside[0]} beside the file's own {real[0]} would contradict it; with real milestones only "
            "payments and reviews can be simulated"
        )
    lacking = [n for n in ("pickup_lat", "dropoff_lat") if n not in orders.columns]
    if lacking and not real and not (lacking == ["pickup_lat"] and orders.shops):
        raise ValueError(f"simulate: lives cannot be simulated without positions; {lacking[0]} is not mapped")


def shipped_mappings() -> list[str]:
    """Names of the mappings that come with the project."""
    return sorted(p.stem for p in MAPPINGS_DIR.glob("*.yaml"))


def load_mapping(name_or_file: str) -> Mapping:
    """The mapping of a shipped name or of a YAML file. MappingError says which key is wrong and what is known."""
    path = Path(name_or_file)
    if not path.suffix and not path.exists():
        path = MAPPINGS_DIR / f"{name_or_file}.yaml"
    if not path.is_file():
        known = shipped_mappings()
        raise MappingError(f"no mapping {name_or_file!r}{nearest(name_or_file, known)} Shipped: {', '.join(known)}")
    try:
        content = read_document(path)
    except UsageError as error:
        raise MappingError(f"{error}. See docs/mappings.md") from None
    if not isinstance(content, dict):
        raise MappingError(f"{path}: a mapping is a YAML file of keys and values, see docs/mappings.md")
    if blanks := blanks_in(content):
        asked = "; ".join(f"{key}: {question}" for key, question in blanks.items())
        raise MappingError(f"{path}: {len(blanks)} to fill in: {asked}")
    return parse_mapping(_with_shops(content, path), str(path))


def _with_shops(content: dict[str, Any], path: Path) -> dict[str, Any]:
    """The content with the shops of `orders.shops.file`, a CSV beside the mapping, in the mapping's own table."""
    orders = content.get("orders")
    shops = orders.get("shops") if isinstance(orders, dict) else None
    if not (isinstance(orders, dict) and isinstance(shops, dict) and isinstance(shops.get("file"), str)):
        return content
    file = path.parent / shops["file"]
    if not file.is_file():
        raise MappingError(f"{path}: orders.shops.file: no file {file}")
    rows = list(csv.DictReader(file.read_text(encoding="utf-8-sig").splitlines()))
    if not rows or not {"shop", "city"} <= set(rows[0]):
        raise MappingError(f"{file}: a table of shops has the columns shop, city and, if wanted, name, lat, lng")
    table = {str(r.pop("shop")): {k: v for k, v in r.items() if v} for r in rows}
    return content | {"orders": orders | {"shops": shops | {"table": shops.get("table", {}) | table}}}


def parse_mapping(content: dict[str, Any], where: str) -> Mapping:
    """A mapping from plain YAML content; `where` is named in errors."""
    try:
        return Mapping.model_validate(content)
    except ValidationError as error:
        raise MappingError(f"{where}: " + "; ".join(_sentence(e) for e in error.errors()[:5])) from None


def _sentence(error: Any) -> str:
    """One problem of a mapping, with the nearest known key where one was not known."""
    place = ".".join(str(p) for p in error["loc"])
    if error["type"] != "extra_forbidden":
        return problem_of(error, "mapping")
    known = _known_keys(error["loc"][:-1])
    return f"{place}: no such key{nearest(str(error['loc'][-1]), known)} Known here: {', '.join(known)}"


def _known_keys(path: tuple[Any, ...]) -> list[str]:
    """Keys a mapping knows at a place, for the message about one it does not."""
    parts: dict[str, type[BaseModel]] = {
        "cities": City, "bounds": Bounds, "orders": FileSpec, "couriers": FileSpec, "times": TimeRules,
        "columns": Column, "details": Column, "restaurant_id_from_pickup": FromPosition, "row_kinds": RowKinds,
        "filters": Filter, "shops": Shops, "table": Shop, "item_fields": ItemFields,
    }  # fmt: skip
    for step in reversed(path):
        if step in parts:
            return list(parts[step].model_fields)
    return list(Mapping.model_fields)
