"""A whole city fitted to a history: what the history says, and usual lives where it says nothing."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from generator.city.city import City, Restaurants
from generator.city.lives_profile import Lives, usual_lives
from generator.fraud.profile import usual_fraud
from generator.like.fit_demand import fit_demand
from generator.like.fit_endings import fit_endings
from generator.like.fit_kitchen import fit_kitchen, fit_promise
from generator.like.fit_places import fit_customers, fit_pick_ups
from generator.like.fit_supply import fit_couriers, fit_reach
from generator.like.observed import Observed
from generator.like.settle import settle

USUAL_MENUS = Path(__file__).parent / "usual_menus.yaml"
LEAST_FOR_SIGMA = 100  # orders; with fewer, the usual spread of popularity


def fit_city(observed: Observed) -> City:
    """The fitted profile, a city of its own: `<city>_like`, so that invented days never mix with the real ones.

    It keeps bounds, time zone, currency and cut hour of the history's city. Raises ValidationError for nothing a
    history can hold.
    """
    real = observed.city
    demand = fit_demand(observed)
    assert demand.orders_per_day is not None
    lives = _lives(observed)
    fitted = City(
        city_id=f"{real.city_id}_like",
        name=f"{real.name} (like)",
        time_zone=real.time_zone,
        currency=real.currency,
        day_cut_hour=real.day_cut_hour,
        zone_resolution=real.zone_resolution,
        bounds=real.bounds,
        zones=real.zones,
        fraud=usual_fraud().without(),
        lives=Lives.model_validate(usual_lives().overlaid(lives)),
        demand=demand,
        restaurants=_restaurants(observed, lives),
        customers=fit_customers(observed, demand.orders_per_day),
        couriers=fit_couriers(observed),
    )
    return settle(fitted, observed)


def _lives(observed: Observed) -> dict[str, dict[str, Any]]:
    lives = fit_endings(observed, usual_lives())
    lives["kitchen"] |= fit_kitchen(observed)
    lives["promise"] = fit_promise(observed)
    lives["dispatch"] = fit_reach(observed, usual_lives().dispatch.reach_seconds)
    return {section: values for section, values in lives.items() if values}


def _restaurants(observed: Observed, lives: dict[str, dict[str, Any]]) -> Restaurants:
    """Fitted places and popularity, usual menus at the price level of the history's baskets."""
    menus = _usual_menus()
    cells, sigma = fit_pick_ups(observed)
    baskets = observed.orders["basket_value_cents"].dropna()
    level = float(baskets.median()) / menus["basket_value_cents"] if len(baskets) else 1.0
    cuisines = {
        name: kind | {"dish_price_cents": max(1, round(kind["dish_price_cents"] * level))}
        for name, kind in menus["cuisines"].items()
    }
    return Restaurants(
        count=sum(c.restaurants for c in cells),
        popularity_sigma=sigma if len(observed.orders) >= LEAST_FOR_SIGMA else menus["popularity_sigma"],
        rejection_share=lives["kitchen"]["rejection_share"],
        unanswered_share=lives["kitchen"]["unanswered_share"],
        cells=cells,
        cuisines=cuisines,
        name_first=tuple(menus["name_first"]),
        name_last=tuple(menus["name_last"]),
    )


@cache
def _usual_menus() -> dict[str, Any]:
    return dict(yaml.safe_load(USUAL_MENUS.read_text(encoding="utf-8")))
