"""Who is in the city: restaurants with kitchens and menus, customers with homes and workplaces, as the seed decides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import h3
import numpy as np
from scipy.special import ndtri

from generator.cells import places_within
from generator.city import City, Restaurants
from generator.network import load_network
from generator.streams import Streams
from generator.travel import METRES_PER_DEGREE, straight_metres
from pipelines.errors import UsageError

FROM_STREET_METRES = 25.0  # doors lie about this far from the node that stands for their street corner
HUB_REACH_METRES = 450.0  # how tightly restaurants and offices crowd round a hub


@dataclass(frozen=True)
class RestaurantRoll:
    """One element a restaurant. `dishes` are (name, unit price in cents)."""

    ids: list[str]
    names: list[str]
    lat: np.ndarray
    lng: np.ndarray
    popularity: np.ndarray
    kitchen_minutes: np.ndarray
    kitchen_score: np.ndarray  # how slow among its like, standard normal
    rejection_share: np.ndarray
    unanswered_share: np.ndarray
    dishes: list[list[tuple[str, int]]]


@dataclass(frozen=True)
class CustomerRoll:
    """One element a customer; `liking` is the chance of each (customer, restaurant), from home and from work.

    In a city of `cells` customers order to their home, and `liking` has no columns: `measured_choices` chooses.
    """

    ids: list[str]
    activity: np.ndarray
    home_lat: np.ndarray
    home_lng: np.ndarray
    work_lat: np.ndarray
    work_lng: np.ndarray
    liking_home: np.ndarray
    liking_work: np.ndarray


@lru_cache(maxsize=4)
def restaurants_of(city: City, seed: int) -> RestaurantRoll:
    """The city's restaurants; UsageError if its profile has none."""
    profile = city.restaurants
    if profile is None:
        raise UsageError(f"city {city.city_id} has no `restaurants` in its profile, so no day of it can be generated")
    streams, count = Streams(seed, "people"), profile.count
    cell = np.repeat(np.arange(len(profile.cells)), [c.restaurants for c in profile.cells])
    if profile.cells:
        lat, lng = _inside(city, [c.cell for c in profile.cells], cell, streams.forever("restaurant/place"))
    else:
        lat, lng = _places(city, profile, count, streams.forever("restaurant/place"), near_hubs=True)
    names = list(profile.cuisines)
    shares = np.array([c.share for c in profile.cuisines.values()])
    cuisine = streams.forever("restaurant/cuisine").choice(len(names), count, p=shares / shares.sum())
    traits = streams.forever("restaurant/traits").standard_normal((4, count))
    usual = np.array([c.kitchen_minutes for c in profile.cuisines.values()])[cuisine]
    price_level = np.exp(0.18 * traits[1])
    popularity = np.exp(profile.popularity_sigma * traits[2])
    if profile.cells:  # a cell's share is that of its restaurants together
        popularity *= (np.array([c.share for c in profile.cells]) / np.bincount(cell, popularity))[cell]
        traits[0] = _even_scores(traits[0], popularity)
    worse = np.exp(0.6 * traits[3] - 0.18)  # mean 1: some kitchens reject several times as often as others
    return RestaurantRoll(
        ids=[f"{city.city_id}-{seed}-r{n:03d}" for n in range(count)],
        names=_names(profile, count, streams.forever("restaurant/name")),
        lat=lat,
        lng=lng,
        popularity=popularity / popularity.sum(),
        kitchen_score=traits[0],
        kitchen_minutes=usual * np.exp(city.lives.kitchen.restaurant_spread * traits[0]),
        rejection_share=np.minimum(profile.rejection_share * worse, 1.0),
        unanswered_share=np.minimum(profile.unanswered_share * worse[::-1], 1.0),
        dishes=[_menu(profile, names[c], level) for c, level in zip(cuisine, price_level, strict=True)],
    )


def _menu(profile: Restaurants, cuisine: str, level: float) -> list[tuple[str, int]]:
    """Dishes of a restaurant with prices in whole units of the currency, dearer down the menu."""
    kind = profile.cuisines[cuisine]
    steps = np.linspace(0.7, 1.35, len(kind.dishes))
    return [
        (dish, round(kind.dish_price_cents * level * step / 100) * 100)
        for dish, step in zip(kind.dishes, steps, strict=True)
    ]


def _names(profile: Restaurants, count: int, random: np.random.Generator) -> list[str]:
    """Invented names, each once; a number is added when the parts are used up."""
    pairs = [f"{first} {last}" for first in profile.name_first for last in profile.name_last]
    order = random.permutation(len(pairs))
    return [pairs[order[n % len(pairs)]] + (f" {n // len(pairs) + 1}" if n >= len(pairs) else "") for n in range(count)]


@lru_cache(maxsize=4)
def customers_of(city: City, seed: int) -> CustomerRoll:
    """The city's customers; UsageError if its profile has none."""
    profile, shops = city.customers, city.restaurants
    if profile is None or shops is None:
        raise UsageError(
            f"city {city.city_id} lacks `customers` or `restaurants` in its profile, so no day of it can be generated"
        )
    streams, count, roll = Streams(seed, "people"), profile.count, restaurants_of(city, seed)
    activity = np.exp(profile.activity_sigma * streams.forever("customer/activity").standard_normal(count))
    ids = [f"{city.city_id}-{seed}-c{n:05d}" for n in range(count)]
    if profile.reach_metres is None:
        shares = np.array([c.share for c in profile.cells])
        cell = streams.forever("customer/cell").choice(len(shares), count, p=shares / shares.sum())
        home = _inside(city, [c.cell for c in profile.cells], cell, streams.forever("customer/home"))
        return CustomerRoll(ids, activity, *home, *home, *(np.zeros((count, 0)) for _ in range(2)))
    home = _places(city, shops, count, streams.forever("customer/home"), near_hubs=False)
    work = _places(city, shops, count, streams.forever("customer/work"), near_hubs=True)
    taste = np.exp(0.5 * streams.forever("customer/taste").standard_normal((count, shops.count)))
    return CustomerRoll(
        ids=ids,
        activity=activity,
        home_lat=home[0],
        home_lng=home[1],
        work_lat=work[0],
        work_lng=work[1],
        liking_home=_liking(home, roll, taste, profile.reach_metres),
        liking_work=_liking(work, roll, taste, profile.reach_metres),
    )


def _liking(place: tuple[np.ndarray, np.ndarray], roll: RestaurantRoll, taste: np.ndarray, reach: float) -> np.ndarray:
    """Cumulative chance of each restaurant (columns) for each customer (rows): popular, liked and near."""
    metres = straight_metres(place[0][:, None], place[1][:, None], roll.lat[None, :], roll.lng[None, :])
    weight = roll.popularity * taste * np.exp(-metres / reach)
    return np.asarray(np.cumsum(weight / weight.sum(axis=1, keepdims=True), axis=1), dtype=np.float64)


def _even_scores(drawn: np.ndarray, popularity: np.ndarray) -> np.ndarray:
    """The drawn scores, in their order, made standard normal over orders instead of restaurants: the city's orders then
    follow the table of preparation times however few restaurants have most of them."""
    order, share = np.argsort(drawn, kind="stable"), popularity / popularity.sum()
    level = np.empty(len(drawn))
    level[order] = np.cumsum(share[order]) - share[order] / 2
    return np.asarray(ndtri(level), dtype=np.float64)


def _inside(
    city: City, cells: list[str], which: np.ndarray, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Doors anywhere in the cells `cells[which]`, within the city's bounds."""
    (lat, lng), bounds = places_within(cells, which, random), city.bounds
    return np.clip(lat, bounds.min_lat, bounds.max_lat), np.clip(lng, bounds.min_lng, bounds.max_lng)


def _places(
    city: City, shops: Restaurants, count: int, random: np.random.Generator, *, near_hubs: bool
) -> tuple[np.ndarray, np.ndarray]:
    """Doors near nodes of the network: anywhere, or crowded round the hubs. Always in a named zone and the bounds."""
    if city.network is None:
        raise UsageError(f"city {city.city_id} has no street network, so nobody can be placed in it")
    network = load_network(city.network)
    weight = np.ones(len(network.node_lat))
    if near_hubs:
        lat, lng = network.node_lat, network.node_lng
        far = [straight_metres(lat, lng, hub.lat, hub.lng) / HUB_REACH_METRES for hub in shops.hubs]
        near = [hub.weight * np.exp(-0.5 * metres**2) for hub, metres in zip(shops.hubs, far, strict=True)]
        weight = np.sum(near, axis=0) + 0.05  # a few are found everywhere
    node = random.choice(len(weight), count, p=weight / weight.sum())
    off = random.normal(0.0, FROM_STREET_METRES / METRES_PER_DEGREE, (2, count))
    bounds, named = city.bounds, {zone.zone_id for zone in city.zones}
    lat = np.clip(network.node_lat[node] + off[0], bounds.min_lat, bounds.max_lat)
    lng = np.clip(network.node_lng[node] + off[1], bounds.min_lng, bounds.max_lng)
    inside = np.array([h3.latlng_to_cell(a, b, city.zone_resolution) in named for a, b in zip(lat, lng, strict=True)])
    kept = inside | (not named)
    return (
        np.round(np.where(kept, lat, network.node_lat[node]), 6),
        np.round(np.where(kept, lng, network.node_lng[node]), 6),
    )
