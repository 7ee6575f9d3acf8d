"""A city as data: typed profiles read from YAML, with errors that name the file and the field.

`City` is what any simulation needs to know. Its `demand`, `restaurants`, `customers` and `couriers` are only needed to
invent days; a city of imported history has none of them. Unset `lives` are those of `cities/usual_lives.yaml`, unset
`signals` those of `cities/usual_signals.yaml`, unset `fraud` that of `fraud/usual_fraud.yaml`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Self
from zoneinfo import ZoneInfo, available_timezones

import h3
from pydantic import Field, ValidationError, field_validator, model_validator

from generator.city.city_parts import Bounds, Couriers, Customers, Demand, Part, Restaurants, Shift, Zone
from generator.city.lives_profile import Lives, usual_lives
from generator.city.signals_profile import Signals, usual_signals
from generator.documents import problems_of, read_document
from generator.fraud.profile import Fraud, usual_fraud
from pipelines.errors import UsageError

__all__ = [
    "Bounds",
    "City",
    "Couriers",
    "Customers",
    "Demand",
    "Part",
    "Restaurants",
    "Shift",
    "Zone",
    "load_city",
    "read_city",
]

CITIES_DIR = Path(__file__).resolve().parents[1] / "cities"
FARTHEST_REACHES = 3.0  # at which a hub outside the bounds draws a hundredth of what it draws at its middle


class City(Part):
    """Everything a simulation must know of a city. `network`: file of its streets, if it has one."""

    city_id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$")  # names files and producers
    name: str = Field(min_length=1, max_length=80)
    time_zone: str
    currency: str = Field(pattern=r"^[A-Z]{3}$")
    day_cut_hour: int = Field(default=4, ge=0, le=12)
    zone_resolution: int = Field(default=7, ge=0, le=15)
    revision: int = Field(default=1, ge=1, description="Raise it when what the cities topic says of this city changes")
    bounds: Bounds
    zones: tuple[Zone, ...] = ()
    network: Path | None = None
    lives: Lives = Field(default_factory=usual_lives)
    fraud: Fraud = Field(default_factory=usual_fraud)
    signals: Signals = Field(default_factory=usual_signals)
    demand: Demand | None = None
    restaurants: Restaurants | None = None
    customers: Customers | None = None
    couriers: Couriers | None = None

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

    @model_validator(mode="after")
    def _parts_agree(self) -> Self:
        zones = [zone.name for zone in self.zones]
        for name in self.demand.zone_weights if self.demand else ():
            if name not in zones:
                raise ValueError(f"demand.zone_weights: no zone is named {name!r}; known: {', '.join(zones)}")
        for shop in self.restaurants.known if self.restaurants else ():
            if not self.bounds.has(shop.lat, shop.lng):
                raise ValueError(f"restaurants.known: {shop.name!r} at {shop.lat}, {shop.lng} lies outside the bounds")
        self._check_hubs()
        if self.restaurants and self.customers and bool(self.restaurants.cells) != bool(self.customers.cells):
            raise ValueError("restaurants and customers: both have `cells`, or neither")
        return self

    def _check_hubs(self) -> None:
        """ValueError names a hub round which the service area has nothing."""
        hubs = {
            "restaurants.hubs": self.restaurants.hubs if self.restaurants else (),
            "customers.homes": self.customers.homes if self.customers else (),
        }
        for where, each in ((f"{field}.{n}", hub) for field, of in hubs.items() for n, hub in enumerate(of)):
            metres = self.bounds.metres_to(each.lat, each.lng)
            if metres > FARTHEST_REACHES * each.reach_metres:
                raise ValueError(
                    f"{where}: {each.lat}, {each.lng} lies {metres / 1000:,.1f} km outside the bounds, and its "
                    f"reach_metres is {each.reach_metres:g}; move it (is it lat, lng?), or widen `bounds`"
                )

    def __hash__(self) -> int:
        # dictionaries within have no hash; cities that differ are told apart by equality
        return hash((self.city_id, self.revision))

    @property
    def zone_info(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


@cache
def load_city(name: str) -> City:
    """The shipped city of that id, or the one of a profile file or its folder.

    UsageError lists the shipped ones, or names the field that is wrong in the profile.
    """
    path = CITIES_DIR / name / "profile.yaml"
    if not path.exists():
        path = Path(name) / "profile.yaml" if Path(name).is_dir() else Path(name)
    if not path.is_file():
        raise UsageError(_no_city(name))
    return read_city(path)


def _no_city(name: str) -> str:
    """Why nothing is found, and what can be given."""
    known = sorted(p.parent.name for p in CITIES_DIR.glob("*/profile.yaml"))
    if Path(name).is_dir():
        why = f"the folder {name} holds no profile.yaml"
    elif Path(name).exists():
        why = f"{name} is no file"
    else:
        why = f"no city is named {name!r}, and no such file or folder exists"
    return f"{why}; known: {', '.join(known)}; or give the folder that `dishpatch city build` wrote"


def read_city(path: Path) -> City:
    """The city of a profile file; its `lives`, `signals` and `fraud` overlay the usual. UsageError names the fault."""
    document = _read_yaml(path)
    if not isinstance(document, dict):
        raise UsageError(f"{path}: expected a mapping of fields, found {type(document).__name__}")
    try:
        if document.get("network"):
            document["network"] = path.parent / str(document["network"])
            if not document["network"].is_file():
                raise UsageError(
                    f"{path}: network: no file {document['network']}; it is written by `dishpatch city build`"
                )
        shops = document.get("restaurants")
        if isinstance(shops, dict) and isinstance(shops.get("known"), str):
            document["restaurants"] = shops | {"known": _read_yaml(path.parent / shops["known"])}
        if "lives" in document:
            document["lives"] = usual_lives().overlaid(document["lives"])
        if "fraud" in document:
            document["fraud"] = usual_fraud().overlaid(document["fraud"])
        if "signals" in document:
            document["signals"] = usual_signals().overlaid(document["signals"])
        return City.model_validate(document)
    except ValidationError as error:
        raise UsageError(f"{path}: {problems_of(error)}") from error


def _read_yaml(path: Path) -> Any:
    try:
        return read_document(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error
