"""What stations, sensors, phones and apps of a city tell: the typed form of `cities/usual_signals.yaml`."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import Field

from generator.city.lives_profile import Overlaid, Section, Share, Spread

USUAL_SIGNALS = Path(__file__).resolve().parents[1] / "cities" / "usual_signals.yaml"

Stage = Literal["opened", "searched", "viewed", "added_to_basket"]  # of a visit to the app
Positive = Annotated[float, Field(gt=0)]
Degrees12 = Annotated[tuple[float, ...], Field(min_length=12, max_length=12)]
Shares12 = Annotated[tuple[Annotated[float, Field(gt=0, lt=1)], ...], Field(min_length=12, max_length=12)]


class WeatherProfile(Section):
    """A climate: monthly values, January first, and how long spells and showers last."""

    step_minutes: Literal[5, 6, 10, 12, 15, 20, 30, 60]
    temperature_c_by_month: Degrees12
    daily_range_c: Annotated[float, Field(ge=0)]
    temperature_spread_c: Annotated[float, Field(ge=0)]
    wet_share_by_month: Shares12
    rain_mm_per_wet_hour: Positive
    rain_shape: Annotated[float, Field(ge=0.5, le=3)]
    wind_kmh: Positive
    wind_spread: Spread
    front_hours: Positive
    shower_hours: Positive


class StreetKind(Section):
    """Streets whose free speed is at least `from_kmh`; `share`: how much of the city's congestion they have."""

    from_kmh: Annotated[float, Field(ge=0)]
    share: Annotated[float, Field(ge=0, le=3)]


class TrafficProfile(Section):
    """How congestion differs between streets, what rain adds, and what sensors see."""

    interval_seconds: Literal[60, 120, 180, 300, 600, 900]
    congestion_by_street: Annotated[dict[str, StreetKind], Field(min_length=1)]
    edge_spread: Spread
    edge_memory_minutes: Positive
    rain_congests_per_mm: Share
    rain_congests_at_most: Share
    rain_slows_riders_per_mm: Share
    rain_slows_riders_at_most: Share
    sensors: Annotated[int, Field(ge=0)]
    sensor_streets_from_kmh: Positive
    vehicles_by_hour: Annotated[tuple[Annotated[float, Field(ge=0)], ...], Field(min_length=24, max_length=24)]
    vehicle_spread: Spread


ERROR_OF_ACCURACY = 0.66  # sigma of each axis over the stated radius: two thirds of positions lie within it


class GpsProfile(Section):
    """How often phones tell where they are, how far off they are, and how often they are not heard."""

    riding_seconds: Positive
    standing_seconds: Positive
    waiting_seconds: Positive
    accuracy_m: Positive
    accuracy_spread: Spread
    canyon_spread: Spread
    loss_share: Share
    lost_positions: Annotated[float, Field(ge=1)]
    silent_order_share: Share


class AppProfile(Section):
    """How many visits order, where the others are left (`left_after` a stage of the visit), and how they go."""

    visits_that_order_share: Annotated[float, Field(gt=0, le=1)]
    left_after: dict[Stage, Annotated[float, Field(ge=0)]]
    searches: Annotated[float, Field(ge=0)]
    other_menus: Annotated[float, Field(ge=0)]
    step_seconds: Positive
    step_spread: Spread


class Signals(Overlaid):
    """Everything a city tells besides the orders themselves. Units are in the names."""

    weather: WeatherProfile
    traffic: TrafficProfile
    gps: GpsProfile
    app: AppProfile


@cache
def usual_signals() -> Signals:
    """The signals of a usual city, from `cities/usual_signals.yaml`."""
    return Signals.model_validate(yaml.safe_load(USUAL_SIGNALS.read_text(encoding="utf-8")))
