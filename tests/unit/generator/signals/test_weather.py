"""The weather: seeded, continuous from day to day, wet as the climate says, and told in its contract."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from generator.city.business_day import business_day
from generator.city.city import City, load_city
from generator.signals.weather import weather_events, weather_of_day
from tests.unit.generator.generated_days import FRIDAY, friday

FUTIAN = load_city("futian")
MADRID = FUTIAN.model_copy(update={"time_zone": "Europe/Madrid"})


def month(first: date, days: int = 120, city: City = FUTIAN) -> tuple[np.ndarray, np.ndarray]:
    """Rain and temperature of all steps of `days` days."""
    found = [weather_of_day(city, first + timedelta(days=n), 7) for n in range(days)]
    return np.concatenate([w.rain for w in found]), np.concatenate([w.temperature_c for w in found])


def test_a_day_alone_has_the_weather_it_has_within_a_month() -> None:
    alone = weather_events(FUTIAN, weather_of_day(FUTIAN, FRIDAY, 7), "x")
    weather_of_day.cache_clear()
    month(FRIDAY - timedelta(days=3), 7)
    assert weather_events(FUTIAN, weather_of_day(FUTIAN, FRIDAY, 7), "x").equals(alone)


def test_another_seed_has_other_weather() -> None:
    assert not np.array_equal(
        weather_of_day(FUTIAN, FRIDAY, 7).temperature_c, weather_of_day(FUTIAN, FRIDAY, 8).temperature_c
    )


def test_days_join_without_a_seam() -> None:
    _, temperature = month(date(2026, 5, 1))
    steps = np.abs(np.diff(temperature))
    seams = steps[47::48]
    assert len(seams) == 119
    assert seams.mean() < 1.5 * steps.mean()


def test_summer_is_warm_and_wet_and_winter_cool_and_dry() -> None:
    summer, winter = month(date(2026, 6, 15)), month(date(2026, 11, 15))
    assert 26.5 < summer[1].mean() < 30.5
    assert 15 < winter[1].mean() < 21
    assert 0.08 < (summer[0] > 0).mean() < 0.20
    assert 0.015 < (winter[0] > 0).mean() < 0.08
    assert summer[0].sum() > 2 * winter[0].sum()


def test_rain_comes_in_spells_rather_than_at_random() -> None:
    wet = month(date(2026, 6, 15))[0] > 0
    again = wet[1:][wet[:-1]].mean()
    assert again > 3 * wet.mean()


def test_rain_between_two_steps_lies_between_them_and_a_downpour_can_be_laid_over() -> None:
    weather = weather_of_day(FUTIAN, FRIDAY, 7)
    start, end = business_day(FUTIAN, FRIDAY)
    assert weather.at[0] >= start
    assert weather.at[-1] < end
    wetter = weather.with_rain(weather.at[10], weather.at[12], 20.0)
    assert wetter.rain_mm_per_hour((weather.at[10] + weather.at[11]) / 2) == 20.0
    assert wetter.condition[10] == wetter.condition[11] == "heavy_rain"
    assert np.array_equal(wetter.rain[12:], weather.rain[12:])


def test_clock_changes_give_days_of_23_and_25_hours() -> None:
    lengths = [len(weather_of_day(MADRID, day, 7).at) for day in (date(2026, 3, 28), date(2026, 10, 24))]
    assert lengths == [46, 50]


def test_observations_of_a_day_come_every_half_hour_with_the_conditions_they_name() -> None:
    table = friday()["weather"].to_pandas()
    assert len(table) == 48
    assert (table["event_time"].diff().dropna().dt.total_seconds() == 1800).all()
    assert table["condition"].isin(["light_rain", "rain", "heavy_rain"]).equals(table["rain_mm_per_hour"] >= 0.1)
