"""A city as data: typed profiles read from YAML, with errors that name the file and the field.

`City` is what any simulation needs to know. Its `demand`, `restaurants`, `customers` and `couriers` are only needed to
invent days; a city of imported history has none of them. Unset `lives` are those of `cities/usual_lives.yaml`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo, available_timezones

import h3
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from generator.lives_profile import Lives, Parts, Share, usual_lives
from generator.measured_parts import DropOffCell, FittedShifts, PickUpCell, check_cells
from pipelines.errors import UsageError

CITIES_DIR = Path(__file__).resolve().parent / "cities"

Curve = Annotated[tuple[float, ...], Field(min_length=24, max_length=96)]
Weights7 = Annotated[tuple[float, ...], Field(min_length=7, max_length=7)]


class Part(BaseModel):
    """A part of a profile: frozen, and a misspelt field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Bounds(Part):
    """Service area in degrees WGS 84."""

    min_lat: float = Field(ge=-90, le=90)
    max_lat: float = Field(ge=-90, le=90)
    min_lng: float = Field(ge=-180, le=180)
    max_lng: float = Field(ge=-180, le=180)


class Zone(Part):
    """A zone with a name a reader knows; `zone_id` is an H3 cell."""

    zone_id: str
    name: str


class Demand(Part):
    """When people order. Weights are relative; index 0 is midnight local time, weekday 0 is Monday.

    A curve has 24 hours, which are made smooth, or 96 quarters of an hour, which are taken as they are.
    `orders_per_day`: the mean of a usual week, where a history told it.
    """

    weekday_hours: Curve
    weekend_hours: Curve
    weekdays: Weights7
    preorder_share: Share
    orders_per_day: int | None = Field(default=None, ge=1)

    @field_validator("weekday_hours", "weekend_hours")
    @classmethod
    def _hours_or_quarters(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(value) not in (24, 96) or min(value) < 0 or sum(value) <= 0:
            raise ValueError(f"{len(value)} weights; give 24 (hours) or 96 (quarters), none negative, not all zero")
        return value


class Cuisine(Part):
    """A kind of restaurant: share of all, usual minutes of preparation, usual price of a dish, its dishes."""

    share: float = Field(gt=0)
    kitchen_minutes: float = Field(gt=0)
    dish_price_cents: int = Field(gt=0)
    dishes: tuple[str, ...] = Field(min_length=1)


class Hub(Part):
    """A place around which restaurants cluster."""

    lat: float
    lng: float
    weight: float = Field(gt=0)


class Restaurants(Part):
    """`popularity_sigma`: spread of the log of popularity; `name_*`: parts that invented names are made of.

    Where they are: near `hubs`, on the streets of a city; or in `cells`, which need no streets.
    """

    count: int = Field(gt=0)
    popularity_sigma: float = Field(ge=0)
    rejection_share: Share
    unanswered_share: Share
    hubs: tuple[Hub, ...] = ()
    cells: tuple[PickUpCell, ...] = ()
    cuisines: dict[str, Cuisine] = Field(min_length=1)
    name_first: tuple[str, ...] = Field(min_length=1)
    name_last: tuple[str, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _somewhere(self) -> Self:
        if bool(self.hubs) == bool(self.cells):
            raise ValueError("give either `hubs` or `cells`, to say where the restaurants are")
        if self.cells and sum(c.restaurants for c in self.cells) != self.count:
            raise ValueError(f"count is {self.count}, the cells have {sum(c.restaurants for c in self.cells)}")
        check_cells([c.cell for c in self.cells])
        return self


class Customers(Part):
    """Who orders, from how far.

    `reach_metres`: distance over which a customer's liking for a restaurant falls by a factor e. Or, where restaurants
    have `cells`: `cells` in which customers live, and `trip_km`, the straight way from restaurant to customer, as a
    table of parts.
    """

    count: int = Field(gt=0)
    activity_sigma: float = Field(ge=0)
    reach_metres: float | None = Field(default=None, gt=0)
    cells: tuple[DropOffCell, ...] = ()
    trip_km: Parts | None = None

    @model_validator(mode="after")
    def _how_far(self) -> Self:
        if (self.reach_metres is None) == (self.trip_km is None) or bool(self.cells) != (self.trip_km is not None):
            raise ValueError("give either `reach_metres`, or `cells` with `trip_km`")
        check_cells([c.cell for c in self.cells])
        return self


class Shift(Part):
    """A pattern of working hours, local; an end past 24 is after midnight."""

    share: float = Field(gt=0)
    start_hour: float = Field(ge=0, lt=30)
    end_hour: float = Field(gt=0, le=30)


class Couriers(Part):
    """Supply: couriers for every 1,500 orders of a usual day, what they ride, and when they work.

    When: `shifts`, patterns a person thinks of; or `fitted_shifts`, tables measured from a history.
    """

    per_1500_orders: float = Field(gt=0)
    vehicles: dict[str, float] = Field(min_length=1)
    capacities: dict[str, int]
    shifts: tuple[Shift, ...] = ()
    fitted_shifts: FittedShifts | None = None

    @model_validator(mode="after")
    def _when(self) -> Self:
        if bool(self.shifts) == (self.fitted_shifts is not None):
            raise ValueError("give either `shifts` or `fitted_shifts`, to say when couriers work")
        return self


class City(Part):
    """Everything a simulation must know of a city. `network`: file of its streets, if it has one."""

    city_id: str = Field(min_length=1)
    name: str = Field(min_length=1)
    time_zone: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    day_cut_hour: int = Field(default=4, ge=0, le=12)
    zone_resolution: int = Field(default=7, ge=0, le=15)
    revision: int = Field(default=1, ge=1, description="Raise it when what the cities topic says of this city changes")
    bounds: Bounds
    zones: tuple[Zone, ...] = ()
    network: Path | None = None
    lives: Lives = Field(default_factory=usual_lives)
    demand: Demand | None = None
    restaurants: Restaurants | None = None
    customers: Customers | None = None
    couriers: Couriers | None = None

    @model_validator(mode="after")
    def _cells_on_both_sides(self) -> Self:
        if self.restaurants and self.customers and bool(self.restaurants.cells) != bool(self.customers.cells):
            raise ValueError("restaurants and customers: both have `cells`, or neither")
        return self

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(f"{value!r} is not an IANA time zone such as Asia/Shanghai")
        return value

    @field_validator("zones")
    @classmethod
    def _cells(cls, value: tuple[Zone, ...]) -> tuple[Zone, ...]:
        for zone in value:
            if not h3.is_valid_cell(zone.zone_id):
                raise ValueError(f"{zone.zone_id!r} ({zone.name}) is not an H3 cell")
        if len({z.name for z in value}) < len(value) or len({z.zone_id for z in value}) < len(value):
            raise ValueError("two zones share a name or a cell")
        return value

    def __hash__(self) -> int:
        # dictionaries within have no hash; cities that differ are told apart by equality
        return hash((self.city_id, self.revision))

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@cache
def load_city(city_id: str) -> City:
    """The shipped city, or that of a profile file; UsageError lists the known ones, or names the wrong field."""
    if city_id.endswith((".yaml", ".yml")):
        return read_city(Path(city_id))
    path = CITIES_DIR / city_id / "profile.yaml"
    if not path.exists():
        known = sorted(p.parent.name for p in CITIES_DIR.glob("*/profile.yaml"))
        raise UsageError(f"no city {city_id!r}; known: {', '.join(known)}, or give the YAML file of a profile")
    return read_city(path)


def read_city(path: Path) -> City:
    """The city of a profile file; its `lives` overlay the usual lives, key by key. UsageError names field and fault."""
    try:
        document: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: cannot be read as YAML: {error}") from error
    if not isinstance(document, dict):
        raise UsageError(f"{path}: expected a mapping of fields, found {type(document).__name__}")
    try:
        if document.get("network"):
            document["network"] = path.parent / document["network"]
        if "lives" in document:
            document["lives"] = usual_lives().overlaid(document["lives"])
        return City.model_validate(document)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, e['loc'])) or 'profile'}: {e['msg']} (found {e['input']!r:.80})"
            for e in error.errors()
        )
        raise UsageError(f"{path}: {faults}") from error
