"""The weather of a city: seeded, remembered from hour to hour and day to day, with the season of the date.

Noise is drawn for each UTC date from a stream of its own and remembered by an exponentially fading sum over the dates
before. So days join without a seam, and a day alone equals the day within a month.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache

import numpy as np
import pandas as pd
import pyarrow as pa
from scipy.signal import lfilter
from scipy.special import gamma, ndtr, ndtri

from generator.city.business_day import business_day
from generator.city.city import City
from generator.city.signals_profile import WeatherProfile
from generator.events import EventLog
from generator.streams import Streams

REMEMBERED_FRONTS = 5  # e-folding times after which what is forgotten is below one part in a hundred
FRONT_WEIGHT = 0.75  # of the large spell in what decides rain; the rest is the single shower
WARMEST_HOUR = 15.0  # local, about two hours after the sun is highest
DRIZZLE_MM_PER_HOUR = 0.1  # the least that a rain gauge tells
# Bounds in mm per hour between light, moderate and heavy rain, as weather services use them.
MODERATE_MM_PER_HOUR, HEAVY_MM_PER_HOUR = 2.5, 10.0
SNOW_BELOW_C = 1.0
COOLING_C = 3.0  # what heavy rain takes off the temperature


@dataclass(frozen=True)
class Weather:
    """A business day's weather on a grid: `at` are seconds since 1970 UTC, and every array has one element a step."""

    at: np.ndarray
    temperature_c: np.ndarray
    sky_rain: np.ndarray  # mm per hour, without `showers`
    wind_kmh: np.ndarray
    cloud: np.ndarray  # 0 clear sky, 1 overcast
    showers: tuple[tuple[float, float, float], ...] = ()  # start, end, mm per hour, which the sky would not have had

    def rain_mm_per_hour(self, seconds: np.ndarray | float) -> np.ndarray:
        """Rain at `seconds` since 1970, between the steps by straight line; outside the day that of its nearest end.

        Showers begin and end at once.
        """
        rain = np.interp(seconds, self.at, self.sky_rain)
        for start, end, least in self.showers:
            here = (np.asarray(seconds) >= start) & (np.asarray(seconds) < end)
            rain = np.where(here, np.maximum(rain, least), rain)
        return np.asarray(rain)

    @property
    def rain(self) -> np.ndarray:
        """Rain of each step, mm per hour."""
        return self.rain_mm_per_hour(self.at)

    def temperature(self, seconds: np.ndarray | float) -> np.ndarray:
        """Degrees Celsius at `seconds` since 1970, as `rain_mm_per_hour`."""
        return np.asarray(np.interp(seconds, self.at, self.temperature_c))

    def with_rain(self, start: float, end: float, mm_per_hour: float) -> Weather:
        """The same day with at least that much rain from `start` until before `end`, seconds since 1970."""
        within = (self.at >= start) & (self.at < end) & (mm_per_hour > 0)
        showers = (*self.showers, (start, end, mm_per_hour))
        return replace(self, showers=showers, cloud=np.where(within, 1.0, self.cloud))

    @property
    def condition(self) -> list[str]:
        """What a weather app shows at each step."""
        dry = np.where(self.cloud > 0.6, "cloudy", "clear")
        bounds = [DRIZZLE_MM_PER_HOUR, MODERATE_MM_PER_HOUR, HEAVY_MM_PER_HOUR]
        wet = np.array(["", "light_rain", "rain", "heavy_rain"])[np.digitize(self.rain, bounds)]
        snow = (self.rain >= DRIZZLE_MM_PER_HOUR) & (self.temperature_c < SNOW_BELOW_C)
        shown = np.select([snow, self.rain >= DRIZZLE_MM_PER_HOUR], ["snow", wet], dry)
        return [str(word) for word in shown]


@lru_cache(maxsize=64)
def weather_of_day(city: City, day: date, seed: int) -> Weather:
    """The weather of a local business day, from its cut to the next, in steps of the profile's `step_minutes`."""
    profile = city.signals.weather
    start, end = business_day(city, day)
    step = profile.step_minutes * 60
    at = np.arange(np.ceil(start / step) * step, end, step)
    front = _remembered(city, at, seed, "front", profile.front_hours, step)
    warmth = _remembered(city, at, seed, "warmth", profile.front_hours, step)
    shower = _remembered(city, at, seed, "shower", profile.shower_hours, step)
    gusts = _remembered(city, at, seed, "wind", profile.front_hours / 3, step)
    spell = np.sqrt(FRONT_WEIGHT) * front + np.sqrt(1 - FRONT_WEIGHT) * shower
    local = pd.to_datetime(at, unit="s", utc=True).tz_convert(city.zone_info)
    year = np.asarray(local.day_of_year + local.hour / 24, dtype=np.float64)
    rain = _rain(profile, spell, year)
    clock = np.asarray(local.hour + local.minute / 60, dtype=np.float64)
    daily = profile.daily_range_c / 2 * np.cos((clock - WARMEST_HOUR) / 24 * 2 * np.pi)
    cooled = COOLING_C * np.minimum(rain / HEAVY_MM_PER_HOUR, 1.0)
    mean = _by_month(profile.temperature_c_by_month, year) + profile.temperature_spread_c * warmth
    wind = profile.wind_kmh * np.exp(profile.wind_spread * gusts) * (1 + 0.3 * (rain > MODERATE_MM_PER_HOUR))
    return Weather(at, np.round(mean + daily - cooled, 1), rain, np.round(wind, 1), ndtr(spell))


def _remembered(city: City, at: np.ndarray, seed: int, what: str, memory_hours: float, step: int) -> np.ndarray:
    """A standard normal process at the instants `at`, whose memory fades by e in `memory_hours`."""
    first = datetime.fromtimestamp(at[0] - REMEMBERED_FRONTS * memory_hours * 3600, UTC).date()
    last, steps = datetime.fromtimestamp(at[-1], UTC).date(), 86_400 // step
    dates = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    concern = f"weather/{city.city_id}/{what}"
    noise = np.concatenate([Streams.of_day(seed, d).of(concern).standard_normal(steps) for d in dates])
    kept = float(np.exp(-step / (memory_hours * 3600)))
    process = lfilter([np.sqrt(1 - kept**2)], [1.0, -kept], noise)
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC).timestamp()
    return np.asarray(process[((at - begin) // step).astype(np.int64)])


def _rain(profile: WeatherProfile, spell: np.ndarray, day_of_year: np.ndarray) -> np.ndarray:
    """Millimetres per hour: none in the dry share of the month, else skewed about the mean of a wet hour."""
    wet = _by_month(profile.wet_share_by_month, day_of_year)
    rank = np.clip(ndtr(-spell) / wet, 1e-9, 1.0)  # uniform in (0, 1) where it rains, 1 where it does not
    heavy = (-np.log(rank)) ** profile.rain_shape / gamma(1 + profile.rain_shape)  # mean 1 of an exponential's power
    rain = np.round(profile.rain_mm_per_wet_hour * heavy, 1)
    return np.where((spell > ndtri(1 - wet)) & (rain >= DRIZZLE_MM_PER_HOUR), rain, 0.0)


def _by_month(values: tuple[float, ...], day_of_year: np.ndarray) -> np.ndarray:
    """Monthly values, each at the middle of its month, joined by straight lines round the year."""
    middles = (np.arange(-1, 13) + 0.5) * 365.25 / 12
    return np.asarray(np.interp(day_of_year, middles, [values[-1], *values, values[0]]))


def weather_events(city: City, weather: Weather, source: str) -> pa.Table:
    """One `observed` event a step of the day."""
    log = EventLog(city.city_id, source, key_column="city_id")
    log.add(
        "weather",
        "observed",
        [city.city_id] * len(weather.at),
        weather.at,
        repeats=weather.at.astype(np.int64),
        temperature_c=weather.temperature_c,
        rain_mm_per_hour=weather.rain,
        wind_kmh=weather.wind_kmh,
        condition=weather.condition,
    )
    return log.tables(["weather"])["weather"]
