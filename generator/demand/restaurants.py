"""The city's restaurants: real or invented places, kitchens and menus, as the seed decides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import pyarrow as pa
from scipy.special import ndtri

from generator.city.city import City, Restaurants
from generator.demand.doors import Doors, doors, doors_within, network_of, zones_at
from generator.roads.network import load_network
from generator.roads.travel import straight_metres
from generator.streams import Streams
from pipelines.errors import UsageError

USUAL_ORDERS = 1_500  # the volume a profile's counts are for
TASTED_DISHES = 16  # a restaurant offers at most this many


@dataclass(frozen=True)
class Menus:
    """All dishes, one element a dish; those of restaurant n are from `first[n]` until before `first[n + 1]`."""

    first: np.ndarray
    item_ids: pa.Array
    names: pa.Array
    price_cents: np.ndarray


@dataclass(frozen=True)
class RestaurantRoll:
    """One element a restaurant; `zone` is an H3 number."""

    ids: list[str]
    names: list[str]
    cuisines: list[str]
    lat: np.ndarray
    lng: np.ndarray
    zone: np.ndarray
    popularity: np.ndarray
    kitchen_minutes: np.ndarray
    kitchen_score: np.ndarray  # how slow among its like, standard normal
    rejection_share: np.ndarray
    unanswered_share: np.ndarray
    menus: Menus

    def told(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """What placements say of their restaurants, which are these rows: column -> one element a placement."""
        names = {"restaurant_id": self.ids, "restaurant_name": self.names, "cuisine": self.cuisines}
        return {name: np.array(values, dtype=object)[rows] for name, values in names.items()} | {
            "pickup_lat": self.lat[rows],
            "pickup_lng": self.lng[rows],
            "pickup_zone": self.zone[rows],
            "kitchen_minutes": self.kitchen_minutes[rows],
            "kitchen_score": self.kitchen_score[rows],
            "rejection_share": self.rejection_share[rows],
            "unanswered_share": self.unanswered_share[rows],
        }


def at_volume(city: City, orders_per_day: int) -> City:
    """The city with as many restaurants and customers as that many orders a day need; the first are always the same.

    A city of `cells` stays as it was measured.
    """
    growth = orders_per_day / USUAL_ORDERS
    if growth <= 1 or city.restaurants is None or city.customers is None or city.restaurants.cells:
        return city
    shops = city.restaurants.model_copy(update={"count": round(city.restaurants.count * growth)})
    people = city.customers.model_copy(update={"count": round(city.customers.count * growth)})
    return city.model_copy(update={"restaurants": shops, "customers": people})


@lru_cache(maxsize=4)
def restaurants_of(city: City, seed: int) -> RestaurantRoll:
    """The city's restaurants; UsageError if its profile has none. A larger count keeps the first ones as they are."""
    profile = city.restaurants
    if profile is None:
        raise UsageError(f"city {city.city_id} has no `restaurants` in its profile, so no day of it can be generated")
    streams, count, cuisines = Streams(seed, "people"), profile.count, list(profile.cuisines)
    cell = np.repeat(np.arange(len(profile.cells)), [c.restaurants for c in profile.cells])
    if profile.cells:
        where = doors_within(city, [c.cell for c in profile.cells], cell, streams.forever("restaurant/place"))
    else:
        where = _with_known(city, profile, doors(city, profile.hubs, count, streams.forever("restaurant/place")))
    which = _cuisines(profile, cuisines, streams.forever("restaurant/cuisine").random(count))
    traits = streams.forever("restaurant/traits").standard_normal((count, 4))
    usual = np.array([c.kitchen_minutes for c in profile.cuisines.values()])[which]
    popularity = np.exp(profile.popularity_sigma * traits[:, 2])
    if profile.cells:  # a cell's share is that of its restaurants together
        popularity *= (np.array([c.share for c in profile.cells]) / np.bincount(cell, popularity))[cell]
        traits[:, 0] = _even_scores(traits[:, 0], popularity)
    worse = np.exp(0.6 * traits[:, 3] - 0.18)  # mean 1: some kitchens reject several times as often as others
    ids = [f"{city.city_id}-{seed}-r{n:03d}" for n in range(count)]
    return RestaurantRoll(
        ids=ids,
        names=_names(profile, streams.forever("restaurant/name")),
        cuisines=[cuisines[n] for n in which],
        lat=where.lat,
        lng=where.lng,
        zone=where.zone,
        popularity=popularity / popularity.sum(),
        kitchen_score=traits[:, 0],
        kitchen_minutes=usual * np.exp(city.lives.kitchen.restaurant_spread * traits[:, 0]),
        rejection_share=np.minimum(profile.rejection_share * worse, 1.0),
        unanswered_share=np.minimum(profile.unanswered_share * np.exp(-0.6 * traits[:, 3] - 0.18), 1.0),
        menus=_menus(profile, ids, which, np.exp(0.18 * traits[:, 1])),
    )


def _even_scores(drawn: np.ndarray, popularity: np.ndarray) -> np.ndarray:
    """The drawn scores, in their order, made standard normal over orders instead of restaurants: the city's orders then
    follow the table of preparation times however few restaurants have most of them."""
    order, share = np.argsort(drawn, kind="stable"), popularity / popularity.sum()
    level = np.empty(len(drawn))
    level[order] = np.cumsum(share[order]) - share[order] / 2
    return np.asarray(ndtri(level), dtype=np.float64)


def _with_known(city: City, profile: Restaurants, where: Doors) -> Doors:
    """The first doors are those of the restaurants that are really there, each beside its nearest node."""
    known = profile.known[: profile.count]
    if not known:
        return where
    network, size = load_network(network_of(city)), len(known)
    lat, lng = (np.array([getattr(shop, axis) for shop in known]) for axis in ("lat", "lng"))
    node = np.array(
        [straight_metres(network.node_lat, network.node_lng, a, b).argmin() for a, b in zip(lat, lng, strict=True)]
    )
    return Doors(
        np.concatenate([lat, where.lat[size:]]),
        np.concatenate([lng, where.lng[size:]]),
        np.concatenate([node, where.node[size:]]),
        np.concatenate([zones_at(lat, lng, city.zone_resolution), where.zone[size:]]),
    )


def _cuisines(profile: Restaurants, cuisines: list[str], drawn: np.ndarray) -> np.ndarray:
    """Number of each restaurant's cuisine: as known, else by the shares."""
    shares = np.cumsum([c.share for c in profile.cuisines.values()])
    which = np.minimum(np.searchsorted(shares / shares[-1], drawn, side="right"), len(cuisines) - 1)
    for n, shop in enumerate(profile.known[: profile.count]):
        if shop.cuisine is not None:
            which[n] = cuisines.index(shop.cuisine)
    return which


def _menus(profile: Restaurants, ids: list[str], which: np.ndarray, level: np.ndarray) -> Menus:
    """Dishes with prices in the steps of the currency, dearer down the menu."""
    kinds, step = list(profile.cuisines.values()), profile.price_step_cents
    dishes = [kind.dishes[:TASTED_DISHES] for kind in kinds]
    usual = [kind.dish_price_cents * np.linspace(0.7, 1.35, len(own)) for kind, own in zip(kinds, dishes, strict=True)]
    prices = [np.maximum(np.round(usual[n] * at / step), 1) * step for n, at in zip(which, level, strict=True)]
    return Menus(
        first=np.concatenate([[0], np.cumsum([len(dishes[n]) for n in which])]),
        item_ids=pa.array(
            [f"{shop}-{d:02d}" for shop, n in zip(ids, which, strict=True) for d in range(len(dishes[n]))]
        ),
        names=pa.array([dish for n in which for dish in dishes[n]]),
        price_cents=np.concatenate(prices).astype(np.int64),
    )


def _names(profile: Restaurants, random: np.random.Generator) -> list[str]:
    """Names as known, then invented ones, each once; a number is added when the parts are used up."""
    known = [shop.name for shop in profile.known[: profile.count]]
    pairs = [f"{first} {last}" for first in profile.name_first for last in profile.name_last]
    order = random.permutation(len(pairs))
    invented = [
        pairs[order[n % len(pairs)]] + (f" {n // len(pairs) + 1}" if n >= len(pairs) else "")
        for n in range(profile.count - len(known))
    ]
    return known + invented
