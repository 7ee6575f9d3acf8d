"""Who orders where in a city of measured cells: a restaurant by its share, a customer as far off as the table says."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from generator.city.city import City
from generator.city.measured_parts import DAY_PARTS
from generator.city.tables_of_parts import drawn_from
from generator.demand.people import CustomerRoll, customers_of
from generator.demand.restaurants import restaurants_of
from generator.roads.travel import METRES_PER_DEGREE
from generator.streams import Streams

DIRECTIONS = 16  # tried for each order; it goes to one where people live
NEIGHBOURS = 3  # the order is of one of the customers nearest to the place found, the more active the likelier
RASTER_KM = 0.5  # about the width of the cells that say where people live
ANYWHERE = 0.02  # customers to a square of the raster where none live, so that every way leads somewhere


def measured_choices(city: City, seed: int, hours: np.ndarray, streams: Streams) -> tuple[np.ndarray, np.ndarray]:
    """Restaurant and customer of each order, as places in the city's rolls. `hours`: local hour of each placement."""
    assert city.customers is not None
    assert city.customers.trip_km is not None
    shops, people, size = restaurants_of(city, seed), customers_of(city, seed), len(hours)
    shop = _restaurants(city, shops.popularity, hours, streams.of("demand/restaurant").random(size))
    ground = _Ground.of(people)
    start = ground.km(shops.lat[shop], shops.lng[shop])
    way = drawn_from(city.customers.trip_km, streams.of("demand/way").random(size))
    turn = streams.of("demand/direction").random((size, DIRECTIONS)) * 2 * np.pi
    ends = start[:, None, :] + way[:, None, None] * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    chosen = _pick(ground.people_at(ends), streams.of("demand/quarter").random(size))
    target = ends[np.arange(size), chosen]
    nearest = ground.tree.query(target, k=min(NEIGHBOURS, len(people.ids)))[1].reshape(size, -1)
    one = _pick(people.activity[nearest], streams.of("demand/customer").random(size))
    return shop, nearest[np.arange(size), one]


def _restaurants(city: City, popularity: np.ndarray, hours: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Restaurant of each order: by popularity, times its cell's factor for the part of the day."""
    assert city.restaurants is not None
    cells = city.restaurants.cells
    factors = np.repeat([c.by_part_of_day for c in cells], [c.restaurants for c in cells], axis=0)
    part = np.searchsorted(DAY_PARTS, hours, side="right") - 1
    shop = np.zeros(len(hours), dtype=np.int64)
    for n in np.unique(part):
        reached = np.cumsum(popularity * factors[:, n])
        now = part == n
        shop[now] = np.searchsorted(reached, uniform[now] * reached[-1], side="right")
    return np.minimum(shop, len(popularity) - 1)


def _pick(weights: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """One column of each row, by weight."""
    reached = np.cumsum(weights, axis=1)
    return np.asarray((reached <= uniform[:, None] * reached[:, -1:]).sum(axis=1).clip(max=weights.shape[1] - 1))


@dataclass(frozen=True)
class _Ground:
    """Where customers live, on a flat plane in km: a search tree, and how many live in each square."""

    tree: cKDTree
    origin: np.ndarray
    lng_scale: float
    squares: np.ndarray

    @classmethod
    def of(cls, people: CustomerRoll) -> _Ground:
        """The plane round the customers' homes."""
        scale = float(np.cos(np.radians(people.home_lat.mean())))
        km = np.column_stack([people.home_lat, people.home_lng * scale]) * METRES_PER_DEGREE / 1000
        origin = km.min(axis=0)
        square = np.floor((km - origin) / RASTER_KM).astype(np.int64)
        squares = np.full(square.max(axis=0) + 1, ANYWHERE)
        np.add.at(squares, (square[:, 0], square[:, 1]), 1.0)
        return cls(cKDTree(km), origin, scale, squares)

    def km(self, lat: np.ndarray, lng: np.ndarray) -> np.ndarray:
        """Places of the plane, one row each."""
        return np.column_stack([lat, lng * self.lng_scale]) * METRES_PER_DEGREE / 1000

    def people_at(self, places: np.ndarray) -> np.ndarray:
        """Customers in the square of each place; a trifle outside the plane, less than anywhere within."""
        square = np.floor((places - self.origin) / RASTER_KM).astype(np.int64)
        inside = ((square >= 0) & (square < self.squares.shape)).all(axis=-1)
        held = np.clip(square, 0, np.array(self.squares.shape) - 1)
        return np.where(inside, self.squares[held[..., 0], held[..., 1]], ANYWHERE / 10)
