"""Places of the earth to places of a drawing: a box of units that a stretch of country is fitted into."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Frame:
    """A box of `width` × `height` units at (`left`, `top`) that shows the country around (`lat`, `lng`).

    Equirectangular at that latitude: true to shape over a city. `units_a_degree` is of latitude.
    """

    left: float
    top: float
    width: float
    height: float
    lat: float
    lng: float
    units_a_degree: float

    def x(self, lng: np.ndarray) -> np.ndarray:
        scale = self.units_a_degree * np.cos(np.radians(self.lat))
        return np.asarray(self.left + self.width / 2 + (np.asarray(lng) - self.lng) * scale)

    def y(self, lat: np.ndarray) -> np.ndarray:
        return np.asarray(self.top + self.height / 2 - (np.asarray(lat) - self.lat) * self.units_a_degree)

    def holds(self, x: np.ndarray, y: np.ndarray, margin: float = 0.0) -> np.ndarray:
        """Whether places of the drawing lie in the box, `margin` units beyond it included."""
        across = (x >= self.left - margin) & (x <= self.left + self.width + margin)
        down = (y >= self.top - margin) & (y <= self.top + self.height + margin)
        return np.asarray(across & down)


@dataclass(frozen=True)
class Extent:
    """What a map shows: least and greatest latitude and longitude, in degrees."""

    min_lat: float
    max_lat: float
    min_lng: float
    max_lng: float

    @property
    def aspect(self) -> float:
        """Width over height on the ground."""
        wide = (self.max_lng - self.min_lng) * np.cos(np.radians((self.min_lat + self.max_lat) / 2))
        return float(wide / (self.max_lat - self.min_lat))

    def fitted(self, left: float, top: float, width: float, most_height: float) -> Frame:
        """A frame of this width that shows all of the extent, no higher than `most_height` units."""
        height = min(width / self.aspect, most_height)
        lat, lng = (self.min_lat + self.max_lat) / 2, (self.min_lng + self.max_lng) / 2
        by_height = height / (self.max_lat - self.min_lat)
        by_width = width / ((self.max_lng - self.min_lng) * float(np.cos(np.radians(lat))))
        return Frame(left, top, width, height, lat, lng, min(by_height, by_width))


LEAST_DEGREES = 0.005  # half a kilometre: a day of three neighbours is not drawn at the scale of a house


def extent_of(lat: np.ndarray, lng: np.ndarray, outliers: float = 0.0) -> Extent | None:
    """What holds all of the places but the `outliers` share at each edge, and a little more; None without places."""
    if len(lat) == 0:
        return None
    sides = []
    for degrees in (lat, lng):
        low, high = np.quantile(degrees, [outliers, 1 - outliers])
        margin = max((high - low) * 0.03, (LEAST_DEGREES - (high - low)) / 2)
        sides += [float(low - margin), float(high + margin)]
    return Extent(*sides)
