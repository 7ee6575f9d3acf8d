"""Settle customers so that orders arrive where those of the history did.

An order goes as far as the table of ways says, to where people live there. Cells that many restaurants reach so get
more than their customers' share, outlying ones less. Shares of customers are therefore corrected by what a trial gives,
a few times over (iterative proportional fitting).
"""

from __future__ import annotations

import h3
import numpy as np

from generator.city.city import City
from generator.demand.measured_choices import measured_choices
from generator.demand.people import CustomerRoll, customers_of
from generator.like.observed import Observed
from generator.like.quantities import clock_hours
from generator.streams import Streams

ROUNDS = 5
STEP = 0.8  # of the correction is taken, as customers of one cell also order from the next
FEWEST_TRIED, MOST_TRIED = 4_000, 20_000  # orders of a trial
DOUBT = 4.0  # orders added on both sides, so that chance in a small cell moves little
SEED = 0  # of the trials; any gives nearly the same shares


def settle(city: City, observed: Observed) -> City:
    """The city with corrected shares of `customers.cells`; those it comes with are shares of drop-offs."""
    assert city.customers is not None
    hours = np.sort(clock_hours(observed.orders["placed_at"], observed)).astype(np.int64)
    size = int(np.clip(len(hours), FEWEST_TRIED, MOST_TRIED))
    hours = hours[np.linspace(0, len(hours) - 1, size).astype(np.int64)]
    wanted = np.array([c.share for c in city.customers.cells]) * size
    shares = wanted.copy()
    for _ in range(ROUNDS):
        found = _arrivals(city, hours)
        shares = shares * np.clip((wanted + DOUBT) / (found + DOUBT), 0.25, 4.0) ** STEP
        city = _with_shares(city, shares / shares.sum())
    return city


def _with_shares(city: City, shares: np.ndarray) -> City:
    assert city.customers is not None
    cells = tuple(
        cell.model_copy(update={"share": max(round(float(share), 6), 1e-6)})
        for cell, share in zip(city.customers.cells, shares, strict=True)
    )
    return city.model_copy(update={"customers": city.customers.model_copy(update={"cells": cells})})


def _arrivals(city: City, hours: np.ndarray) -> np.ndarray:
    """Orders of a trial by cell of the customer."""
    assert city.customers is not None
    _, who = measured_choices(city, SEED, hours, Streams(SEED, "settle"))
    places = {cell.cell: n for n, cell in enumerate(city.customers.cells)}
    at = _cells(customers_of(city, SEED), places)[who]
    return np.bincount(at[at >= 0], minlength=len(places))


def _cells(people: CustomerRoll, places: dict[str, int]) -> np.ndarray:
    """Number of the finest known cell that holds each home; -1 where none does."""
    resolutions = sorted({h3.get_resolution(cell) for cell in places}, reverse=True)
    found = np.full(len(people.ids), -1)
    for n, (lat, lng) in enumerate(zip(people.home_lat, people.home_lng, strict=True)):  # h3 answers place by place
        cell = h3.latlng_to_cell(lat, lng, resolutions[0])
        for resolution in resolutions:
            place = places.get(h3.cell_to_parent(cell, resolution))
            if place is not None:
                found[n] = place
                break
    return found
