"""Mappings: a typed YAML file that says how a user's own files of orders and couriers are to be read.

`docs/mappings.md` documents every key. Nothing is guessed at read time: what a mapping does not say has the default
written here, and a key it does not know is refused with the nearest known name.
"""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from generator.city import Bounds, City
from generator.history.targets import TARGETS, nearest
from pipelines.errors import MappingError

MAPPINGS_DIR = Path(__file__).parent / "mappings"
# Topics whose events the simulator may add; `orders` are the cancellations.
Simulated = Literal["orders", "restaurant_responses", "courier_assignments", "delivery_progress", "payments", "reviews"]
PLACEHOLDER = re.compile(r"\{([^{}]+)\}")


class Part(BaseModel):
    """Base of every part of a mapping: frozen, and no key passes unread."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(Part):
    """Where one field comes from and how its text is to be read."""

    column: str | None = None  # name in the file's header
    constant: str | None = None  # the same text for every row, instead of a column
    format: str | None = None  # times: a strptime format; without a date in it, the mapping's `day` is used
    missing: list[str] | None = None  # markers of this column, instead of the file's
    strip_prefix: str = ""  # taken off before reading, e.g. "(min)"
    required: bool | None = None  # a row without it is rejected; placement, positions and identities always are
    values: dict[str, str] | None = None  # text in the file -> our word; anything else is rejected

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if (self.column is None) == (self.constant is None):
            raise ValueError("give either `column` (a name in the header) or `constant`")
        return self


class FromPosition(Part):
    """An identity made of a position rounded to so many decimals (4 is about 11 m)."""

    decimals: int = Field(default=4, ge=2, le=6)


class FileSpec(Part):
    """One kind of file: its format, what marks a missing value and which column fills which field."""

    format: Literal["csv", "jsonl", "parquet"] = "csv"
    separator: str = Field(default=",", min_length=1, max_length=1)
    encoding: str = "utf-8"
    header_line: int = Field(default=1, ge=1)
    decimal: Literal[".", ","] = "."
    thousands: Literal["", ".", ",", " ", "'"] = ""
    missing: list[str] = []
    identity: str
    columns: dict[str, Column]
    restaurant_id_from_pickup: FromPosition | None = None

    @field_validator("encoding")
    @classmethod
    def _known_encoding(cls, value: str) -> str:
        try:
            "".encode(value)
        except LookupError:
            raise ValueError(f"no text encoding {value!r}") from None
        return value

    @model_validator(mode="after")
    def _separators_differ(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError(f"decimal and thousands are both {self.decimal!r}")
        return self

    def file_columns(self) -> dict[str, str]:
        """Mapping key -> column of the file it names, the placeholders of `identity` included."""
        named = {f"columns.{k}.column": c.column for k, c in self.columns.items() if c.column is not None}
        extra = [p for p in PLACEHOLDER.findall(self.identity) if p not in ("city", "day", *self.columns)]
        return named | {f"identity {{{p}}}": p for p in extra}


class TimeRules(Part):
    """What to do with a local time that the change of clocks skipped or repeated."""

    nonexistent: Literal["reject", "shift"] = "reject"
    ambiguous: Literal["first", "second", "reject"] = "reject"


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
    simulate: list[Simulated] = []

    @model_validator(mode="after")
    def _complete(self) -> Self:
        for kind in ("orders", "couriers"):
            spec: FileSpec | None = getattr(self, kind)
            if spec is not None:
                _check_targets(kind, spec)
        ids = [c.city_id for c in self.cities]
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
    return any(code in time_format for code in ("%d", "%j", "%x", "%c", "%D", "%F", "ISO"))


def _check_targets(kind: str, spec: FileSpec) -> None:
    known = TARGETS[kind]
    for name in spec.columns:
        if name not in known:
            raise ValueError(f"{kind}.columns: no field {name!r}{nearest(name, list(known))} Known: {', '.join(known)}")
    derived = {"restaurant_id"} if spec.restaurant_id_from_pickup else set()
    lacking = [n for n, target in known.items() if target.required and n not in spec.columns.keys() | derived]
    if lacking:
        raise ValueError(
            f"{kind}.columns: {', '.join(lacking)} must be mapped, a row means nothing without"
            + ("; a restaurant can be derived by restaurant_id_from_pickup" if "restaurant_id" in lacking else "")
        )
    if "restaurant_id" in spec.columns and spec.restaurant_id_from_pickup:
        raise ValueError(f"{kind}: restaurant_id is mapped and derived; keep one")


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
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: not YAML ({' '.join(str(error).split())}). See docs/mappings.md") from None
    if not isinstance(content, dict):
        raise MappingError(f"{path}: a mapping is a YAML file of keys and values, see docs/mappings.md")
    return parse_mapping(content, str(path))


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
        return f"{place or 'mapping'}: {error['msg'].removeprefix('Value error, ')}"
    known = _known_keys(error["loc"][:-1])
    return f"{place}: no such key{nearest(str(error['loc'][-1]), known)} Known here: {', '.join(known)}"


def _known_keys(path: tuple[Any, ...]) -> list[str]:
    """Keys a mapping knows at a place, for the message about one it does not."""
    parts: dict[str, type[BaseModel]] = {
        "cities": City, "bounds": Bounds, "orders": FileSpec, "couriers": FileSpec, "times": TimeRules,
        "columns": Column, "restaurant_id_from_pickup": FromPosition,
    }  # fmt: skip
    for step in reversed(path):
        if step in parts:
            return list(parts[step].model_fields)
    return list(Mapping.model_fields)
