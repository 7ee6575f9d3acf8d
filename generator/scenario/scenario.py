"""A scenario overlays a city for some hours: rain, closed roads and kitchens, missing couriers, a rush of orders.

A window says when it holds and names one effect; the effect decides its type. Times are local wall-clock times.
"""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any

from pydantic import Discriminator, Field, Tag, ValidationError, model_validator

from generator.city.city import City
from generator.city.city_parts import Bounds, Part, Promotion
from generator.city.lives_profile import Share
from generator.documents import problems_of, read_document
from generator.fraud.profile import Fraud
from generator.scenario.windows import Times
from pipelines.errors import UsageError

SCENARIOS_DIR = Path(__file__).resolve().parents[1] / "scenarios"

Zones = tuple[str, ...]


class Window(Times):
    """Hours with an effect; `why` is for the reader."""

    why: str = ""


class RidingWindow(Window):
    """Rides that begin or end in the zones (all if none) take `riding_factor` times as long."""

    riding_factor: float = Field(gt=0, le=20)
    zones: Zones = ()

    @model_validator(mode="after")
    def _whole_hours(self) -> RidingWindow:
        """Travel is slowed by the hour, so half of one would be slowed as a whole or not at all."""
        for hour in self.hours or ():
            if hour % 1:
                raise ValueError(f"hours: {hour:g} is not a whole hour, and riding_factor holds for whole hours only")
        for at in (self.start, self.end):
            if at and (at.minute or at.second or at.microsecond):
                raise ValueError(f"{at:%H:%M:%S} is not a whole hour, and riding_factor holds for whole hours only")
        return self


class RainWindow(Window):
    """At least so much rain falls over the whole city: 2.5 mm an hour is moderate, 10 heavy."""

    rain_mm_per_hour: float = Field(gt=0, le=150)


class RoadWindow(Window):
    """Nobody drives through the area: streets with an end in it are closed, and doors within are reached on foot."""

    closed_area: Bounds


class DemandWindow(Window):
    """So many times the usual orders go to the zones, come from the restaurants (name or id) and the cuisines."""

    demand_factor: float = Field(ge=0, le=20)
    zones: Zones = ()
    restaurants: tuple[str, ...] = ()
    cuisines: tuple[str, ...] = ()


class CourierWindow(Window):
    """Only this share of the couriers who would be on shift is there."""

    courier_share: Share


class KitchenTrouble(Part):
    """`closed`: every order is rejected; else cooking takes `minutes_factor` times as long.

    It strikes the restaurants named by name or id, of the cuisines and in the zones (all if none), and of those the
    `share` that chance picks.
    """

    closed: bool = False
    minutes_factor: float = Field(default=1.0, gt=0, le=20)
    restaurants: tuple[str, ...] = ()
    cuisines: tuple[str, ...] = ()
    zones: Zones = ()
    share: Share = 1.0

    @model_validator(mode="after")
    def _does_something(self) -> KitchenTrouble:
        if not self.closed and self.minutes_factor == 1.0:
            raise ValueError("say closed: true, or a minutes_factor other than 1")
        if self.closed and "minutes_factor" in self.model_fields_set:
            raise ValueError("say closed: true or a minutes_factor, not both: nobody cooks in a closed kitchen")
        return self


class KitchenWindow(Window):
    """Kitchens closed or slow."""

    kitchens: KitchenTrouble


class PromotionWindow(Window):
    """An offer that holds in the window (its own `weekdays` and `hours` are not used)."""

    promotion: Promotion


EFFECTS: dict[str, type[Window]] = {
    "riding_factor": RidingWindow,
    "rain_mm_per_hour": RainWindow,
    "closed_area": RoadWindow,
    "demand_factor": DemandWindow,
    "courier_share": CourierWindow,
    "kitchens": KitchenWindow,
    "promotion": PromotionWindow,
}


def _effect(window: Any) -> str | None:
    """The effect that a window names; its type's tag."""
    if isinstance(window, Window):
        return next(name for name, kind in EFFECTS.items() if type(window) is kind)
    named = [name for name in EFFECTS if isinstance(window, dict) and name in window]
    return named[0] if named else None


AnyWindow = Annotated[
    Annotated[RidingWindow, Tag("riding_factor")]
    | Annotated[RainWindow, Tag("rain_mm_per_hour")]
    | Annotated[RoadWindow, Tag("closed_area")]
    | Annotated[DemandWindow, Tag("demand_factor")]
    | Annotated[CourierWindow, Tag("courier_share")]
    | Annotated[KitchenWindow, Tag("kitchens")]
    | Annotated[PromotionWindow, Tag("promotion")],
    Discriminator(_effect, custom_error_type="no_effect", custom_error_message=f"needs one of {', '.join(EFFECTS)}"),
]


class Scenario(Part):
    """A named list of windows. `about`: what the scenario is for; `fraud` overlays the city's fraud, on every day."""

    name: str = Field(min_length=1)
    about: str = ""
    windows: tuple[AnyWindow, ...] = ()
    fraud: dict[str, dict[str, Any]] = Field(default_factory=dict)

    def fraud_in(self, city: City) -> Fraud:
        """The city's fraud under this scenario; UsageError names the field that is wrong."""
        try:
            return Fraud.model_validate(city.fraud.overlaid(self.fraud))
        except ValidationError as error:
            raise UsageError(f"scenario {self.name}: fraud.{problems_of(error)}") from error


def load_scenario(name: str) -> Scenario:
    """A shipped scenario by name, or the one of a YAML file; UsageError lists the shipped ones or names the fault."""
    path = SCENARIOS_DIR / f"{name}.yaml"
    if not path.exists():
        path = Path(name)
    known = sorted(p.stem for p in SCENARIOS_DIR.glob("*.yaml"))
    try:
        return Scenario.model_validate(read_document(path))
    except OSError as error:
        near = get_close_matches(name, known, 1)
        meant = f"did you mean {near[0]!r}? " if near else ""
        shipped = ", ".join(known)
        raise UsageError(f"no scenario {name!r}; {meant}shipped: {shipped}; or give a YAML file") from error
    except ValidationError as error:
        raise UsageError(f"{path}: {problems_of(error, 'scenario')}") from error


def check_scenario(scenario: Scenario, city: City) -> None:
    """UsageError names the window with a zone, cuisine or hour that the city does not have."""
    zones = [zone.name for zone in city.zones]
    cuisines = list(city.restaurants.cuisines) if city.restaurants else []
    for number, window in enumerate(scenario.windows):
        where = f"scenario {scenario.name}: windows.{number}"
        effect = getattr(window, "kitchens", None) or getattr(window, "promotion", None) or window
        for field, known in (("zones", zones), ("cuisines", cuisines)):
            for name in getattr(effect, field, ()):
                if name not in known:
                    has = f"{city.name} has no {field[:-1]} {name!r}; it has {', '.join(known)}"
                    raise UsageError(f"{where}.{field}: {has}")
        if window.hours and window.hours[1] <= city.day_cut_hour:
            raise UsageError(
                f"{where}.hours: a day of {city.name} begins at {city.day_cut_hour}:00; "
                f"the night after it is {window.hours[0] + 24:g} to {window.hours[1] + 24:g}"
            )
        if window.hours and window.hours[1] > city.day_cut_hour + 24:
            raise UsageError(
                f"{where}.hours: a day of {city.name} ends at {city.day_cut_hour + 24}:00, not at {window.hours[1]:g}; "
                "what is later belongs to the next day"
            )
        if isinstance(window, RoadWindow) and not _overlap(window.closed_area, city.bounds):
            raise UsageError(f"{where}.closed_area: lies outside {city.name}, which has {city.bounds}")
        if isinstance(window, RoadWindow) and city.network is None:
            raise UsageError(f"{where}.closed_area: the streets of {city.name} are not known, so none can be closed")


def _overlap(one: Bounds, other: Bounds) -> bool:
    return (
        one.min_lat <= other.max_lat
        and one.max_lat >= other.min_lat
        and one.min_lng <= other.max_lng
        and one.max_lng >= other.min_lng
    )
