"""Visits to the app: those that led to an order, told backwards from it, and those that somebody left before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from generator.city.business_day import business_day
from generator.city.city import City
from generator.city.signals_profile import AppProfile, Stage
from generator.demand.accounts import usual_holders
from generator.demand.baskets import items_column
from generator.demand.people import customers_of
from generator.demand.restaurants import restaurants_of
from generator.events import EventLog, in_order, trace_ids
from generator.identity import Keys
from generator.lives.placed import seconds_of, traits
from generator.streams import Streams

END = 4  # the step after all stages: checked out or abandoned
STAGES: tuple[Stage, ...] = ("opened", "searched", "viewed", "added_to_basket")
CHECK_OUT_BEFORE_SECONDS = (0.4, 2.5)  # the order is placed this long after the button
NEAR_AN_ORDER_SECONDS = 1800  # people look when people order: a lost visit begins this near to some order's placement
QUERY_IS_DISH_SHARE = 0.6  # the others search for the restaurant's name


@dataclass(frozen=True)
class _Visits:
    """One element a visit. `order`: row of the order it led to, -1 for none; numbers of steps of each kind; `anchor`:
    seconds since 1970 of the check-out, or of the opening where there is none.
    """

    customer: np.ndarray  # object: ids
    device_id: np.ndarray  # object: ids
    order: np.ndarray
    restaurant: np.ndarray  # row of the roll
    searches: np.ndarray
    views: np.ndarray
    adds: np.ndarray
    anchor: np.ndarray

    @property
    def steps(self) -> np.ndarray:
        """Steps of each visit, the opening and the end included."""
        return np.asarray(2 + self.searches + self.views + self.adds)


def app_events(city: City, orders: pd.DataFrame, day: date, seed: int, streams: Streams, source: str) -> pa.Table:
    """Every visit of the day: one for each of `orders` (placements as `place_orders` gives them), and the lost ones.

    Orders that rain or a scenario adds bring visits of their own, and change none of the usual ones.
    """
    added = orders["is_surge"].to_numpy(dtype=bool)
    usual, visits = _told(city, orders[~added], day, seed, streams, source, 0)
    if not added.any():
        return usual
    own = Streams(seed, f"{streams.unit}|added")
    return in_order(pa.concat_tables([usual, _told(city, orders[added], day, seed, own, source, visits)[0]]))


def _told(
    city: City, orders: pd.DataFrame, day: date, seed: int, streams: Streams, source: str, first_visit: int
) -> tuple[pa.Table, int]:
    """Events of the visits that led to the orders and of as many lost ones as usual, and how many visits there are."""
    profile = city.signals.app
    bought = _bought(city, orders, seed, profile, streams)
    lost = _lost(city, orders, day, seed, profile, streams)
    visits = _Visits(*(np.concatenate([getattr(v, name) for v in (bought, lost)]) for name in vars(bought)))
    first = np.concatenate([[0], np.cumsum(visits.steps)])
    visit = np.repeat(np.arange(len(visits.steps)), visits.steps)
    place = np.arange(first[-1]) - first[visit]
    bounds = np.cumsum(np.stack([np.ones_like(visits.searches), visits.searches, visits.views, visits.adds]), axis=0)
    kind = (place[None, :] >= bounds[:, visit]).sum(axis=0)  # 0 opened … 3 added, 4 the end
    at = _times(visits, visit, place, first, profile, streams)
    steps = _Steps(city, orders, day, seed, visits, visit, place, kind, at, bounds, streams, first_visit)
    return steps.events(source), len(visits.steps)


def _bought(city: City, orders: pd.DataFrame, seed: int, profile: AppProfile, streams: Streams) -> _Visits:
    """The visits behind the placements; each adds as many lines to the basket as the order has."""
    size = len(orders)
    early = streams.of("app/check-out").uniform(*CHECK_OUT_BEFORE_SECONDS, size)
    return _Visits(
        customer=orders["customer_id"].to_numpy(dtype=object),
        device_id=orders["device_id"].to_numpy(dtype=object),
        order=np.arange(size),
        restaurant=pd.Index(restaurants_of(city, seed).ids).get_indexer(pd.Index(orders["restaurant_id"])),
        searches=streams.of("app/searches").poisson(profile.searches, size),
        views=1 + streams.of("app/menus").poisson(profile.other_menus, size),
        adds=pc.list_value_length(items_column(orders)).to_numpy(zero_copy_only=False).astype(np.int64),
        anchor=seconds_of(orders["placed_at"]) - early,
    )


def _lost(city: City, orders: pd.DataFrame, day: date, seed: int, profile: AppProfile, streams: Streams) -> _Visits:
    """Visits that came to nothing, when and as often as people order."""
    random, people = streams.of("app/lost"), customers_of(city, seed)
    size = int(random.poisson(len(orders) * (1 / profile.visits_that_order_share - 1)))
    shares = np.array([profile.left_after[stage] for stage in STAGES])
    stage = random.choice(len(STAGES), size, p=shares / shares.sum())
    who = random.choice(len(people.ids), size, p=people.activity / people.activity.sum())
    shops = restaurants_of(city, seed)
    near = seconds_of(orders["placed_at"])[random.integers(0, max(len(orders), 1), size)]
    start, end = business_day(city, day)
    customer, device = usual_holders(city, day, seed, who)
    return _Visits(
        customer=customer,
        device_id=device,
        order=np.full(size, -1),
        restaurant=random.choice(len(shops.ids), size, p=shops.popularity),
        searches=np.where(stage == 1, 1, 0) + np.where(stage >= 1, random.poisson(profile.searches, size), 0),
        views=np.where(stage >= 2, 1 + random.poisson(profile.other_menus, size), 0),
        adds=np.where(stage == 3, 1 + random.poisson(0.5, size), 0),
        anchor=np.clip(near + random.uniform(-1, 1, size) * NEAR_AN_ORDER_SECONDS, start, end - 1),
    )


def _times(
    visits: _Visits, visit: np.ndarray, place: np.ndarray, first: np.ndarray, profile: AppProfile, streams: Streams
) -> np.ndarray:
    """Seconds since 1970 of each step: before a check-out backwards from it, else forwards from the opening."""
    gaps = profile.step_seconds * np.exp(profile.step_spread * streams.of("app/step").standard_normal(len(visit)))
    since = np.cumsum(np.where(place == 0, 0.0, np.maximum(gaps, 1.0)))
    since -= since[first[:-1]][visit]
    whole = since[first[1:] - 1]
    opened = np.where(visits.order >= 0, visits.anchor - whole, visits.anchor)
    return np.asarray(opened[visit] + since)


@dataclass(frozen=True)
class _Steps:
    """The steps of all visits, one element each, and what is needed to tell them."""

    city: City
    orders: pd.DataFrame
    day: date
    seed: int
    visits: _Visits
    visit: np.ndarray
    place: np.ndarray
    kind: np.ndarray
    at: np.ndarray
    bounds: np.ndarray
    streams: Streams
    first_visit: int  # number of the first one

    def events(self, source: str) -> pa.Table:
        """The steps as events."""
        log = EventLog(self.city.city_id, source, key_column="customer_id")
        columns, ordered = self._columns(), self.visits.order[self.visit] >= 0
        customers, sessions = Keys.of(self.visits.customer.tolist()), self._sessions()
        columns["device"], columns["device_id"] = self._devices()[self.visit], self.visits.device_id[self.visit]
        repeats = self.day.toordinal() * 10**9 + (self.first_visit + self.visit) * 1000 + self.place
        kinds: list[tuple[str, np.ndarray]] = [(name, self.kind == n) for n, name in enumerate(STAGES)]
        kinds += [("checked_out", (self.kind == END) & ordered), ("abandoned", (self.kind == END) & ~ordered)]
        for event_type, where in kinds:
            rows = np.flatnonzero(where)
            log.add(
                "app_events",
                event_type,
                customers.take(self.visit[rows]),
                self.at[rows],
                repeats=repeats[rows],
                session_id=sessions.take(pa.array(self.visit[rows])),
                trace_id=trace_ids(columns["order_id"][rows].tolist()) if event_type == "checked_out" else None,
                **{name: values[rows] for name, values in columns.items()},
            )
        return log.tables(["app_events"])["app_events"]

    def _sessions(self) -> pa.StringArray:
        """Id of each visit."""
        head = f"{self.city.city_id}-{self.seed}-{self.day:%Y%m%d}-v"
        return pa.array([f"{head}{self.first_visit + n:07d}" for n in range(len(self.visits.customer))], pa.string())

    def _columns(self) -> dict[str, np.ndarray]:
        """What a step tells besides its kind, one element a step; None where it does not tell it."""
        shop, ordered = self._shops(), self.visits.order[self.visit] >= 0
        item, quantity = self._items(shop)
        names = np.array(restaurants_of(self.city, self.seed).ids, dtype=object)
        at_menu = (self.kind == 2) | (self.kind == 3) | ((self.kind == END) & ordered)
        ids = np.array([*self.orders["order_id"], None], dtype=object)  # the last for visits without an order
        return {
            "query": self._queries(),
            "restaurant_id": _only(at_menu, names[shop]),
            "item_id": item,
            "quantity": quantity,
            "order_id": _only(self.kind == END, ids[self.visits.order[self.visit]]),
        }

    def _devices(self) -> np.ndarray:
        """What each visit's device is: a trait of its id."""
        shares = self.city.customers.devices if self.city.customers else {}
        edges = np.cumsum(list(shares.values())) / sum(shares.values())
        place = np.searchsorted(edges, traits(self.visits.device_id.tolist(), "device"))
        return np.array(list(shares), dtype=object)[np.minimum(place, len(shares) - 1)]

    def _shops(self) -> np.ndarray:
        """Row of the restaurant each step looks at: the visit's own at its last menu and after, others before."""
        shops = restaurants_of(self.city, self.seed)
        other = self.streams.of("app/other menus").choice(len(shops.ids), len(self.visit), p=shops.popularity)
        last_menu = self.bounds[2][self.visit] - 1
        return np.where(self.place < last_menu, other, self.visits.restaurant[self.visit])

    def _items(self, shop: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Dish and portions of each step that adds one: a line of the order, or any dish of the menu."""
        item, quantity = (np.full(len(self.visit), None, dtype=object) for _ in range(2))
        menus, adds = restaurants_of(self.city, self.seed).menus, self.kind == 3
        drawn = self.streams.of("app/dish").random(len(self.visit))
        lost = np.flatnonzero(adds & (self.visits.order[self.visit] < 0))
        dishes = np.diff(menus.first)[shop[lost]]
        dish = menus.first[shop[lost]] + (drawn[lost] * dishes).astype(np.int64)
        item[lost], quantity[lost] = menus.item_ids.take(pa.array(dish)).to_numpy(zero_copy_only=False), 1
        bought = np.flatnonzero(
            adds & (self.visits.order[self.visit] >= 0)
        )  # visits are in the order of the placements
        lines = pc.list_flatten(items_column(self.orders))
        item[bought] = lines.field("item_id").to_numpy(zero_copy_only=False)
        quantity[bought] = lines.field("quantity").to_numpy(zero_copy_only=False)
        return item, quantity

    def _queries(self) -> np.ndarray:
        """What each search is for: a dish of the restaurant the visit ends at, or its name."""
        shops, query = restaurants_of(self.city, self.seed), np.full(len(self.visit), None, dtype=object)
        rows = np.flatnonzero(self.kind == 1)
        is_dish, which = self.streams.of("app/query").random((2, len(rows)))
        shop = self.visits.restaurant[self.visit[rows]]
        dish = shops.menus.first[shop] + (which * np.diff(shops.menus.first)[shop]).astype(np.int64)
        dishes = shops.menus.names.take(pa.array(dish)).to_numpy(zero_copy_only=False)
        query[rows] = np.where(is_dish < QUERY_IS_DISH_SHARE, dishes, np.array(shops.names, dtype=object)[shop])
        return query


def _only(where: np.ndarray, values: np.ndarray) -> np.ndarray:
    """The values (objects) where they are told, else None."""
    told = values.copy()
    told[~where] = None
    return told
