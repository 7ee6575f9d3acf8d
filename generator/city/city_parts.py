"""The parts of a city's profile, typed: demand, restaurants, customers, couriers."""

from __future__ import annotations

from typing import Annotated, Literal, Self, get_args

import h3
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from generator.city.lives_profile import Parts, Share
from generator.city.measured_parts import DropOffCell, FittedShifts, PickUpCell, check_cells

Weight = Annotated[float, Field(ge=0)]
Curve = Annotated[tuple[Weight, ...], Field(min_length=24, max_length=96)]
Weights7 = Annotated[tuple[Weight, ...], Field(min_length=7, max_length=7)]
Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]
VEHICLE_NAMES = ("walking", "bicycle", "e_bike", "motorcycle", "car")
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[str, ...] = get_args(Weekday)
Hour = Annotated[float, Field(ge=0, le=36)]


def _known_vehicle(name: str) -> str:
    if name not in VEHICLE_NAMES:
        raise ValueError(f"no vehicle is named {name!r}; known: {', '.join(VEHICLE_NAMES)}")
    return name


def _in_order(hours: tuple[float, float]) -> tuple[float, float]:
    if hours[0] >= hours[1]:
        raise ValueError(f"from {hours[0]:g} until {hours[1]:g} is no time; hours past midnight are 24 and more")
    return hours


Vehicle = Annotated[str, AfterValidator(_known_vehicle)]
Hours = Annotated[tuple[Hour, Hour], AfterValidator(_in_order)]  # local, from and until; 26 is two in the morning after


class Part(BaseModel):
    """A part of a profile: frozen, and a misspelt field is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Bounds(Part):
    """Service area in degrees WGS 84."""

    min_lat: float = Field(ge=-90, le=90)
    max_lat: float = Field(ge=-90, le=90)
    min_lng: float = Field(ge=-180, le=180)
    max_lng: float = Field(ge=-180, le=180)

    @model_validator(mode="after")
    def _least_first(self) -> Self:
        if self.min_lat >= self.max_lat or self.min_lng >= self.max_lng:
            raise ValueError("the least latitude and longitude must be below the greatest")
        return self

    def has(self, lat: float, lng: float) -> bool:
        """Whether the position lies in the area."""
        return self.min_lat <= lat <= self.max_lat and self.min_lng <= lng <= self.max_lng

    def metres_to(self, lat: float, lng: float) -> float:
        """From the position to the nearest of the area; 0 within it."""
        inner = min(max(lat, self.min_lat), self.max_lat), min(max(lng, self.min_lng), self.max_lng)
        return float(h3.great_circle_distance((lat, lng), inner, unit="m"))


class Zone(Part):
    """A zone with a name a reader knows; `zone_id` is an H3 cell."""

    zone_id: str
    name: str


class Promotion(Part):
    """An offer: who orders with its code pays `discount_share` less, and it brings `demand_factor` as many orders.

    It holds on the named weekdays and hours (every day and all day if none), for the restaurants named by name, id or
    cuisine (all if none); `order_share` of their orders use the code.
    """

    code: str = Field(pattern=r"^[A-Z0-9_-]{3,20}$")
    discount_share: Share
    order_share: Share = 0.5
    demand_factor: float = Field(default=1.0, ge=0, le=20)
    weekdays: tuple[Weekday, ...] = ()
    hours: Hours | None = None
    restaurants: tuple[str, ...] = ()
    cuisines: tuple[str, ...] = ()


class Demand(Part):
    """When people order. Weights are relative; index 0 is midnight local time, weekday 0 is Monday.

    A curve has 24 hours, which are made smooth, or 96 quarters of an hour, which are taken as they are.
    `zone_weights`: how much more (or less) than others people order whose home is in the named zone. `rain_lift`: the
    share by which orders rise in heavy rain (10 mm an hour), in proportion below it. `orders_per_day`: the mean of a
    usual week, where a history told it.
    """

    weekday_hours: Curve
    weekend_hours: Curve
    weekdays: Weights7
    preorder_share: Share
    zone_weights: dict[str, Annotated[float, Field(ge=0, le=100)]] = {}
    rain_lift: float = Field(default=0.0, ge=0, le=5)
    promotions: tuple[Promotion, ...] = ()
    orders_per_day: int | None = Field(default=None, ge=1)

    @field_validator("weekday_hours", "weekend_hours")
    @classmethod
    def _hours_or_quarters(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if len(value) not in (24, 96) or sum(value) <= 0:
            raise ValueError(f"{len(value)} weights; give 24 (hours) or 96 (quarters), not all zero")
        return value

    @field_validator("weekdays")
    @classmethod
    def _some_day(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if sum(value) <= 0:
            raise ValueError("the weights of all weekdays are zero")
        return value


class Cuisine(Part):
    """A kind of restaurant: share of all, usual minutes of preparation, usual price of a dish, its dishes."""

    share: float = Field(gt=0)
    kitchen_minutes: float = Field(gt=0)
    dish_price_cents: int = Field(gt=0)
    dishes: tuple[str, ...] = Field(min_length=1)


class Hub(Part):
    """A place around which restaurants, offices or homes cluster, and how tightly."""

    lat: Latitude
    lng: Longitude
    weight: float = Field(gt=0)
    reach_metres: float = Field(default=450.0, gt=0)


class KnownRestaurant(Part):
    """A restaurant that is really there. Without a cuisine it is given one by the shares."""

    name: str = Field(min_length=1)
    lat: Latitude
    lng: Longitude
    cuisine: str | None = None


class Restaurants(Part):
    """`count` serve up to 1,500 orders a day, more in proportion: first those that are `known`, then invented ones.

    `known` may be the name of a YAML file with the list. `popularity_sigma`: spread of the log of popularity;
    `price_step_cents`: menu prices are multiples of it; `name_*`: parts that invented names are made of.

    Where they are: near `hubs`, on the streets of a city; or in `cells`, which need no streets and whose counts add up
    to `count` whatever the orders.
    """

    count: int = Field(gt=0, le=100_000)
    known: tuple[KnownRestaurant, ...] = ()
    price_step_cents: int = Field(default=100, gt=0)
    popularity_sigma: float = Field(ge=0, le=5)
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
        if self.cells and self.known:
            raise ValueError("`known` restaurants go with `hubs`, not with `cells`")
        if self.cells and sum(c.restaurants for c in self.cells) != self.count:
            raise ValueError(f"count is {self.count}, the cells have {sum(c.restaurants for c in self.cells)}")
        check_cells([c.cell for c in self.cells])
        for shop in self.known:
            if shop.cuisine is not None and shop.cuisine not in self.cuisines:
                raise ValueError(f"known: {shop.name!r} has the cuisine {shop.cuisine!r}, which is not in cuisines")
        return self


class Rhythm(Part):
    """A habit of ordering at certain hours: the share of customers who have it, and its local hours."""

    share: float = Field(gt=0)
    hours: Hours


class Customers(Part):
    """Who orders, from how far. `count` place up to 1,500 orders a day, more in proportion.

    `reach_metres`: distance over which a customer's liking for a restaurant falls by a factor e. `homes`: where homes
    crowd (everywhere along the streets if none). Each has `favourites` restaurants, which get `favourite_share` of the
    orders. `rhythms`: who has one orders `rhythm_strength` times as readily within its hours as outside. `devices`:
    shares of what they order on; a customer keeps it.

    Or, where restaurants have `cells`: `cells` in which customers live, and `trip_km`, the straight way from restaurant
    to customer, as a table of parts.
    """

    count: int = Field(gt=0, le=10_000_000)
    activity_sigma: float = Field(ge=0, le=5)
    reach_metres: float | None = Field(default=None, gt=0)
    homes: tuple[Hub, ...] = ()
    favourites: int = Field(default=4, ge=1, le=20)
    favourite_share: Share = 0.55
    rhythms: dict[str, Rhythm] = {}
    rhythm_strength: float = Field(default=4.0, ge=1, le=100)
    devices: Annotated[dict[str, Weight], Field(min_length=1)] = {"android": 0.62, "iphone": 0.33, "web": 0.05}
    cells: tuple[DropOffCell, ...] = ()
    trip_km: Parts | None = None

    @model_validator(mode="after")
    def _how_far(self) -> Self:
        if (self.reach_metres is None) == (self.trip_km is None) or bool(self.cells) != (self.trip_km is not None):
            raise ValueError("give either `reach_metres`, or `cells` with `trip_km`")
        check_cells([c.cell for c in self.cells])
        if sum(rhythm.share for rhythm in self.rhythms.values()) > 1 + 1e-9:
            raise ValueError("the shares of `rhythms` add up to more than 1; the rest have none")
        return self


class Shift(Part):
    """A pattern of working hours, local; an end past 24 is after midnight."""

    share: float = Field(gt=0)
    start_hour: float = Field(ge=0, lt=30)
    end_hour: float = Field(gt=0, le=30)

    @model_validator(mode="after")
    def _forward(self) -> Self:
        if self.end_hour <= self.start_hour:
            raise ValueError(
                f"ends at {self.end_hour:g}, not after its start at {self.start_hour:g}; add 24 past midnight"
            )
        return self


class Couriers(Part):
    """Supply: couriers for every 1,500 orders of a usual day, what they ride, and when they work.

    When: `shifts`, patterns a person thinks of; or `fitted_shifts`, tables measured from a history.
    """

    per_1500_orders: float = Field(gt=0, le=15_000)
    vehicles: Annotated[dict[Vehicle, Weight], Field(min_length=1)]
    capacities: dict[Vehicle, Annotated[int, Field(ge=1)]]
    shifts: tuple[Shift, ...] = ()
    fitted_shifts: FittedShifts | None = None

    @model_validator(mode="after")
    def _when(self) -> Self:
        if bool(self.shifts) == (self.fitted_shifts is not None):
            raise ValueError("give either `shifts` or `fitted_shifts`, to say when couriers work")
        return self
