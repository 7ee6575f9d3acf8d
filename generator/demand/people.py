"""Who orders: customers with homes and workplaces, favourites and usual hours, as the seed decides."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from generator.city.city import City, Customers
from generator.demand.doors import doors, doors_within, network_of, quarters
from generator.demand.restaurants import RestaurantRoll, restaurants_of
from generator.roads.travel import straight_metres
from generator.streams import Streams
from pipelines.errors import UsageError

NO_RHYTHM = -1


@dataclass(frozen=True)
class Liking:
    """What is liked where: the cumulated chance of each restaurant (columns) for each quarter of the city (rows)."""

    cumulated: np.ndarray  # row n lies between n and n + 1, so that all rows together are sorted
    offer: np.ndarray  # how willingly people of each quarter order: less, the further the nearest restaurant is

    def choose(self, quarter: np.ndarray, drawn: np.ndarray) -> np.ndarray:
        """A restaurant for each quarter and uniform number in [0, 1)."""
        shops = self.cumulated.shape[1]
        found = np.searchsorted(self.cumulated.ravel(), quarter + drawn, side="right") - quarter * shops
        return np.asarray(np.clip(found, 0, shops - 1))


@dataclass(frozen=True)
class CustomerRoll:
    """One element a customer. `quarter`s index the rows of `liking`; `rhythm` the profile's rhythms, or NO_RHYTHM.

    Zones are H3 numbers.
    """

    ids: list[str]
    activity: np.ndarray
    home_lat: np.ndarray
    home_lng: np.ndarray
    home_zone: np.ndarray
    home_quarter: np.ndarray
    work_lat: np.ndarray
    work_lng: np.ndarray
    work_zone: np.ndarray
    work_quarter: np.ndarray
    rhythm: np.ndarray
    liking: Liking


@lru_cache(maxsize=4)
def customers_of(city: City, seed: int) -> CustomerRoll:
    """The city's customers; UsageError if its profile has none. A larger count keeps the first ones as they are."""
    profile, shops = city.customers, city.restaurants
    if profile is None or shops is None:
        raise UsageError(
            f"city {city.city_id} lacks `customers` or `restaurants` in its profile, so no day of it can be generated"
        )
    if profile.reach_metres is None:
        return _of_cells(city, profile, seed)
    streams, count, quarter = Streams(seed, "people"), profile.count, quarters(network_of(city))
    home = doors(city, profile.homes, count, streams.forever("customer/home"))
    work = doors(city, shops.hubs, count, streams.forever("customer/work"))
    liking = _liking(quarter[1], quarter[2], restaurants_of(city, seed), profile.reach_metres)
    activity = np.exp(profile.activity_sigma * streams.forever("customer/activity").standard_normal(count))
    return CustomerRoll(
        ids=[f"{city.city_id}-{seed}-c{n:05d}" for n in range(count)],
        activity=activity * _zone_weights(city, home.zone) * liking.offer[quarter[0][home.node]],
        home_lat=home.lat,
        home_lng=home.lng,
        home_zone=home.zone,
        home_quarter=quarter[0][home.node],
        work_lat=work.lat,
        work_lng=work.lng,
        work_zone=work.zone,
        work_quarter=quarter[0][work.node],
        rhythm=_rhythms(profile, streams.forever("customer/rhythm").random(count)),
        liking=liking,
    )


def _of_cells(city: City, profile: Customers, seed: int) -> CustomerRoll:
    """Customers of a city of `cells`: they order to their home, and `measured_choices` chooses for them."""
    streams, count = Streams(seed, "people"), profile.count
    shares = np.array([c.share for c in profile.cells])
    cell = streams.forever("customer/cell").choice(len(shares), count, p=shares / shares.sum())
    home = doors_within(city, [c.cell for c in profile.cells], cell, streams.forever("customer/home"))
    activity = np.exp(profile.activity_sigma * streams.forever("customer/activity").standard_normal(count))
    nowhere = np.zeros(count, dtype=np.int64)
    return CustomerRoll(
        ids=[f"{city.city_id}-{seed}-c{n:05d}" for n in range(count)],
        activity=activity * _zone_weights(city, home.zone),
        home_lat=home.lat,
        home_lng=home.lng,
        home_zone=home.zone,
        home_quarter=nowhere,
        work_lat=home.lat,
        work_lng=home.lng,
        work_zone=home.zone,
        work_quarter=nowhere,
        rhythm=_rhythms(profile, streams.forever("customer/rhythm").random(count)),
        liking=Liking(np.zeros((0, 0)), np.zeros(0)),
    )


def _liking(lat: np.ndarray, lng: np.ndarray, shops: RestaurantRoll, reach_metres: float) -> Liking:
    """Popular and near restaurants are liked; where none is near, the nearest are."""
    metres = straight_metres(lat[:, None], lng[:, None], shops.lat[None, :], shops.lng[None, :])
    nearest = metres.min(axis=1, keepdims=True)
    cumulated = np.cumsum(shops.popularity * np.exp((nearest - metres) / reach_metres), axis=1)
    return Liking(cumulated / cumulated[:, -1:] + np.arange(len(lat))[:, None], np.exp(-nearest[:, 0] / reach_metres))


def _zone_weights(city: City, zones: np.ndarray) -> np.ndarray:
    """How much more people order whose home is in each zone."""
    weights = city.demand.zone_weights if city.demand else {}
    found = np.ones(len(zones))
    for zone in city.zones:
        if zone.name in weights:
            found[zones == int(zone.zone_id, 16)] = weights[zone.name]
    return found


def _rhythms(profile: Customers, drawn: np.ndarray) -> np.ndarray:
    """Which rhythm each customer has; NO_RHYTHM beyond the shares."""
    ends = np.cumsum([rhythm.share for rhythm in profile.rhythms.values()])
    found = np.searchsorted(ends, drawn, side="right") if len(ends) else np.full(len(drawn), NO_RHYTHM)
    return np.where(found >= len(ends), NO_RHYTHM, found)
