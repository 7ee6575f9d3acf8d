"""Who orders where: a customer whose hour it is, at home or at work, from a favourite restaurant or a new one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from generator.city.city import City
from generator.demand.measured_choices import measured_choices
from generator.demand.people import NO_RHYTHM, CustomerRoll, customers_of
from generator.streams import Streams

WORK_HOURS = range(8, 18)  # weekdays: orders of these hours go to the workplace of four customers in five
AT_WORK_SHARE = 0.8


@dataclass(frozen=True)
class Choices:
    """One element an order: rows of the customer roll and the restaurant roll, and where it goes."""

    customer: np.ndarray
    restaurant: np.ndarray
    dropoff_lat: np.ndarray
    dropoff_lng: np.ndarray
    dropoff_zone: np.ndarray


def choose(city: City, seed: int, hours: np.ndarray, is_weekday: bool, streams: Streams) -> Choices:
    """Choices for orders at local clock hours (fractions; after midnight from 0 again)."""
    people, size = customers_of(city, seed), len(hours)
    if city.customers is not None and city.customers.trip_km is not None:
        shop, who = measured_choices(city, seed, np.floor(hours).astype(np.int64), streams)
        return Choices(who, shop, people.home_lat[who], people.home_lng[who], people.home_zone[who])
    who = _customers(city, people, hours, streams)
    goes_to_work = streams.of("demand/at work").random(size) < AT_WORK_SHARE
    at_work = np.isin(np.floor(hours), WORK_HOURS) & is_weekday & goes_to_work
    quarter = np.where(at_work, people.work_quarter[who], people.home_quarter[who])
    return Choices(
        who,
        people.liking.choose(quarter, _taste(city, seed, who, at_work, streams)),
        np.where(at_work, people.work_lat[who], people.home_lat[who]),
        np.where(at_work, people.work_lng[who], people.home_lng[who]),
        np.where(at_work, people.work_zone[who], people.home_zone[who]),
    )


def _customers(city: City, people: CustomerRoll, hours: np.ndarray, streams: Streams) -> np.ndarray:
    """Customers by how much they order, the more readily in the hours of their rhythm."""
    assert city.customers is not None
    rhythms = list(city.customers.rhythms.values())
    order = np.argsort(people.rhythm, kind="stable")
    ends = np.cumsum(people.activity[order])
    last = np.searchsorted(people.rhythm[order], np.arange(NO_RHYTHM, len(rhythms)), side="right")
    edges = np.concatenate([[0.0], ends])[np.concatenate([[0], last])]  # of each group of one rhythm, in activity
    strength = np.ones((24, len(rhythms) + 1))
    for n, rhythm in enumerate(rhythms):
        strength[_clock_hours(rhythm.hours), n + 1] = city.customers.rhythm_strength
    weight = np.cumsum(np.diff(edges) * strength, axis=1)
    by_hour = weight / weight[:, -1:]
    drawn = streams.of("demand/customer").random((len(hours), 2))
    group = (by_hour[np.floor(hours).astype(np.int64)] <= drawn[:, :1]).sum(axis=1)
    at = edges[group] + drawn[:, 1] * (edges[group + 1] - edges[group])
    return np.asarray(order[np.minimum(np.searchsorted(ends, at, side="right"), len(ends) - 1)])


def _clock_hours(hours: tuple[float, float]) -> np.ndarray:
    """Whole hours of the clock whose middle lies within."""
    each = np.arange(48)
    return np.unique(each[(each + 0.5 >= hours[0]) & (each + 0.5 < hours[1])] % 24)


def _taste(city: City, seed: int, who: np.ndarray, at_work: np.ndarray, streams: Streams) -> np.ndarray:
    """The number in [0, 1) by which each order's restaurant is chosen: one of the customer's lasting ones, or any.

    A customer has favourites at home and others at work; the first is ordered from most often (weights 1, 1/2, 1/3 …).
    """
    assert city.customers is not None
    count, drawn = city.customers.favourites, streams.of("demand/restaurant").random((len(who), 3))
    weight = np.cumsum(1 / np.arange(1, count + 1))
    which = np.searchsorted(weight / weight[-1], drawn[:, 1], side="right")
    number = (who * 2 + at_work) * count + np.minimum(which, count - 1)
    lasting = Streams(seed, "people").lasting("customer/favourite", number)
    return np.where(drawn[:, 0] < city.customers.favourite_share, lasting, drawn[:, 2])
