"""Restaurants of a mapped city: those of the map, with the cuisines a profile knows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml
from pydantic import Field

from generator.city.city_parts import KnownRestaurant, Part
from generator.from_osm.extract import Eatery
from generator.streams import uniform_of

USUAL_CUISINES = Path(__file__).resolve().parent / "usual_cuisines.yaml"
MOST_KNOWN = 5_000  # a list that a person can still look through


class CuisineOfMap(Part):
    """A cuisine and the words of the map that mean it."""

    share: float = Field(gt=0)
    kitchen_minutes: float = Field(gt=0)
    price: float = Field(gt=0)
    osm: tuple[str, ...]
    dishes: tuple[str, ...]


class NameParts(Part):
    first: tuple[str, ...]
    last: tuple[str, ...]


class UsualCuisines(Part):
    """The typed form of `usual_cuisines.yaml`."""

    cuisines: dict[str, CuisineOfMap]
    dish_price: dict[str, float]
    otherwise: float
    names: NameParts


@cache
def usual_cuisines() -> UsualCuisines:
    """Cuisines, prices and names for cities made of a map."""
    return UsualCuisines.model_validate(yaml.safe_load(USUAL_CUISINES.read_text(encoding="utf-8")))


@dataclass(frozen=True)
class _Words:
    by_word: dict[str, str]

    def cuisine(self, eatery: Eatery) -> str | None:
        """The first of the map's words that is known, else what the kind of place says; None for any restaurant."""
        words = [word.strip().replace(" ", "_") for part in eatery.cuisine.split(";") for word in part.split(",")]
        known = [self.by_word[word] for word in [*words, eatery.amenity] if word in self.by_word]
        return known[0] if known else None


def known_restaurants(eateries: list[Eatery]) -> list[KnownRestaurant]:
    """Those of the map that have a name, in an order that favours no quarter; chains keep their name in each place."""
    words = _Words({word: name for name, cuisine in usual_cuisines().cuisines.items() for word in cuisine.osm})
    named = [eatery for eatery in eateries if eatery.name]
    order = uniform_of([f"{e.name}|{e.lat:.6f}|{e.lng:.6f}" for e in named], "order on the platform")
    mixed = [named[n] for n in order.argsort(kind="stable")][:MOST_KNOWN]
    return [
        KnownRestaurant(name=e.name, cuisine=words.cuisine(e), lat=round(e.lat, 6), lng=round(e.lng, 6)) for e in mixed
    ]
