"""What couriers' phones tell on shift: positions along the streets they ride, with errors, gaps, speed and heading.

Between houses a phone is off by tens of metres and says so; some minutes it says nothing. A courier who rides is asked
often, one who stands with an order less, one who waits for an order seldom.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy.special import ndtri

from generator.city.city import City
from generator.city.signals_profile import ERROR_OF_ACCURACY, GpsProfile
from generator.events import EventLog
from generator.identity import Keys
from generator.lives.shifts import AFTER_LAST_SECONDS
from generator.lives.trips import Fleet
from generator.roads.routes import Routes, routes_of
from generator.roads.travel import told_position
from generator.signals.courier_paths import Closure, lines_of, straight_lines
from generator.signals.legs import NO_ORDER, Legs
from generator.streams import Streams, stable_hash
from pipelines.contracts import load_contract

POSITIONS_AT_ONCE = 250_000  # in memory as arrays, with the streets of their rides: about 150 MB
NO_LEG = -1
HEADING_ERROR_DEG, SPEED_ERROR, STANDING_KMH = 8.0, 0.08, 0.5


@dataclass(frozen=True)
class _Stretches:
    """Times of one kind of a courier's day, sorted by courier and start: riding leg `leg`, or standing at a place."""

    courier: np.ndarray
    order: np.ndarray
    leg: np.ndarray
    start: np.ndarray
    end: np.ndarray
    every: np.ndarray
    lat: np.ndarray
    lng: np.ndarray

    def without(self, silent: np.ndarray) -> _Stretches:
        """Those during which no order of the mask `silent` is in hand."""
        held = np.append(silent, False)[self.order]  # NO_ORDER is the last one
        return _Stretches(*(column[~held] for column in vars(self).values()))


@dataclass(frozen=True)
class _Pings:
    """One element a position that reached the platform; `heading` is NaN and `order` NO_ORDER where there is none."""

    courier: np.ndarray
    order: np.ndarray
    lat: np.ndarray
    lng: np.ndarray
    accuracy_m: np.ndarray
    speed_kmh: np.ndarray
    heading_deg: np.ndarray


@dataclass(frozen=True)
class _Chances:
    """Numbers that a courier's id and a moment decide: what others do, or do later, changes none of them."""

    streams: Streams
    couriers: np.ndarray  # a number for each row of the fleet

    @classmethod
    def of(cls, ids: list[str], streams: Streams) -> _Chances:
        numbers = [stable_hash(courier) & 0xFFFF_FFFF_FFFF_FFFF for courier in ids]
        return cls(streams, np.array(numbers, dtype=np.uint64))

    def keys(self, courier: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """What `uniform` and `normal` take, of each courier (row of the fleet) at an instant."""
        return np.asarray(self.couriers[courier] + np.rint(seconds * 1e3).astype(np.int64).astype(np.uint64))

    def uniform(self, concern: str, keys: np.ndarray) -> np.ndarray:
        return self.streams.lasting(f"gps/{concern}", keys)

    def normal(self, concern: str, keys: np.ndarray) -> np.ndarray:
        return np.asarray(ndtri(np.clip(self.uniform(concern, keys), 1e-12, 1 - 1e-12)))


def gps_events(
    city: City,
    fleet: Fleet,
    legs: Legs,
    order_ids: list[str],
    streams: Streams,
    source: str,
    closures: Sequence[Closure] = (),
) -> pa.Table:
    """The `position` events of the fleet's day. Where the streets are not known, couriers go as the crow flies."""
    routes, profile = routes_of(city.network) if city.network is not None else None, city.signals.gps
    places = len(routes.network.node_lat) if routes else 1
    canyon = streams.forever(f"gps/{city.city_id}/canyon").standard_normal(places)
    silent = streams.of("gps/silent").random(len(order_ids)) < profile.silent_order_share
    stretches, orders = _stretches(legs, fleet, profile).without(silent), pa.array(order_ids, pa.string())
    couriers, chances = Keys.of(fleet.ids), _Chances.of(fleet.ids, streams)
    which, at = _moments(stretches, profile, chances)
    heard = _heard(stretches.courier[which], at, fleet.silences)
    which, at = which[heard], at[heard]
    pieces = [load_contract("events/courier_gps").arrow_schema.empty_table()]
    for first in range(0, len(at), POSITIONS_AT_ONCE):
        part = slice(first, first + POSITIONS_AT_ONCE)
        pings = _pings(stretches, which[part], at[part], legs, fleet, routes, canyon, profile, chances, closures)
        log = EventLog(city.city_id, source, key_column="courier_id")
        log.add(
            "courier_gps",
            "position",
            couriers.take(pings.courier),
            at[part],
            repeats=np.rint(at[part] * 1e3).astype(np.int64),
            lat=pings.lat,
            lng=pings.lng,
            accuracy_m=np.round(pings.accuracy_m, 1),
            speed_kmh=np.round(pings.speed_kmh, 1),
            heading_deg=np.round(pings.heading_deg, 0),
            order_id=orders.take(pa.array(pings.order, mask=pings.order == NO_ORDER)),
        )
        pieces.append(log.tables(["courier_gps"])["courier_gps"])
    return pa.concat_tables(pieces)


def _moments(stretches: _Stretches, profile: GpsProfile, chances: _Chances) -> tuple[np.ndarray, np.ndarray]:
    """Stretch and second since 1970 (to the millisecond) of each position that is heard of, in order of time."""
    count = np.ceil((stretches.end - stretches.start) / stretches.every).astype(np.int64)
    which = np.repeat(np.arange(len(count)), count)
    number = np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    offset = chances.uniform("offset", chances.keys(stretches.courier, stretches.start))
    at = stretches.start[which] + (number + offset[which]) * stretches.every[which]
    courier = stretches.courier[which]
    heard = (at < stretches.end[which]) & ~_lost(courier, chances.keys(courier, at), profile, chances)
    which, at = which[heard], np.round(at[heard], 3)
    order = np.argsort(at, kind="stable")
    return which[order], at[order]


def _pings(
    stretches: _Stretches,
    which: np.ndarray,
    at: np.ndarray,
    legs: Legs,
    fleet: Fleet,
    routes: Routes | None,
    canyon: np.ndarray,
    profile: GpsProfile,
    chances: _Chances,
    closures: Sequence[Closure],
) -> _Pings:
    """What the phones tell at the moments `at` of the stretches `which`."""
    leg, order = stretches.leg[which], stretches.order[which]
    if len(legs):
        order = np.where((leg != NO_LEG) & (at > legs.until[leg]), NO_ORDER, order)
    lat, lng, speed, heading, node = _true_places(stretches, which, at, legs, fleet, routes, closures)
    keys = chances.keys(stretches.courier[which], at)
    accuracy = profile.accuracy_m * np.exp(
        profile.canyon_spread * canyon[node] + profile.accuracy_spread * chances.normal("accuracy", keys)
    )
    error = np.stack([chances.normal(axis, keys) for axis in ("north", "east")], axis=1)
    told_lat, told_lng = told_position(lat, lng, ERROR_OF_ACCURACY * accuracy[:, None] * error)
    moving = speed > 0
    felt = np.where(
        moving,
        speed * np.exp(SPEED_ERROR * chances.normal("speed", keys)),
        np.abs(STANDING_KMH * chances.normal("standing", keys)),
    )
    turned = (heading + HEADING_ERROR_DEG * chances.normal("heading", keys)) % 360
    return _Pings(
        stretches.courier[which],
        order,
        told_lat,
        told_lng,
        accuracy,
        felt,
        np.where(moving, turned, np.nan),
    )


def _stretches(legs: Legs, fleet: Fleet, profile: GpsProfile) -> _Stretches:
    """The couriers' shifts without a seam: each leg, the time with the order after it, and the wait for the next."""
    courier = np.arange(len(fleet.ids))
    last = np.append(legs.courier[1:] != legs.courier[:-1], True) if len(legs) else np.array([], dtype=bool)
    closing = fleet.ends[courier].copy()
    np.maximum.at(closing, legs.courier, legs.until + AFTER_LAST_SECONDS)
    opening = closing.copy()  # until the first leg, or the whole shift where there is none
    np.minimum.at(opening, legs.courier, legs.start)
    following = np.where(last, closing[legs.courier], np.append(legs.start[1:], 0.0)[: len(legs)])
    over = np.maximum(legs.until, legs.end)
    none, off, number = np.full(len(legs), NO_ORDER), np.full(len(legs), NO_LEG), np.arange(len(legs))
    kinds = (
        (courier, np.full(len(courier), NO_ORDER), np.full(len(courier), NO_LEG), fleet.starts[courier], opening,
         profile.waiting_seconds, fleet.start_lat[courier], fleet.start_lng[courier]),
        (legs.courier, legs.order, number, legs.start, legs.end, profile.riding_seconds, legs.to_lat, legs.to_lng),
        (legs.courier, legs.order, off, legs.end, legs.until, profile.standing_seconds, legs.to_lat, legs.to_lng),
        (legs.courier, none, off, over, following, profile.waiting_seconds, legs.to_lat, legs.to_lng),
    )  # fmt: skip
    columns = [np.concatenate([kind[n] for kind in kinds]) for n in range(5)]
    columns.append(np.concatenate([np.full(len(kind[0]), kind[5]) for kind in kinds]))
    columns += [np.concatenate([kind[n] for kind in kinds]) for n in (6, 7)]
    found = _Stretches(*columns)
    np.minimum(found.end, closing[found.courier], out=found.end)  # who taps too early rides on, the phone off
    whole = np.flatnonzero(found.end > found.start)
    order = whole[np.lexsort((found.start[whole], found.courier[whole]))]
    return _Stretches(*(column[order] for column in columns))


def _heard(courier: np.ndarray, at: np.ndarray, silences: Sequence[tuple[int, float, float]]) -> np.ndarray:
    """Mask of positions whose phone is not switched off."""
    heard = np.ones(len(at), dtype=bool)
    theirs = np.flatnonzero(np.isin(courier, [row for row, _, _ in silences]))  # few of millions
    for row, since, until in silences:
        heard[theirs] &= (courier[theirs] != row) | (at[theirs] < since) | (at[theirs] > until)
    return heard


def _lost(courier: np.ndarray, keys: np.ndarray, profile: GpsProfile, chances: _Chances) -> np.ndarray:
    """Which of the positions, in order of courier and time, a lost signal swallows; a loss takes several in a row."""
    size = len(keys)
    begins = chances.uniform("loss", keys) < profile.loss_share / profile.lost_positions
    lengths = np.ones(size, dtype=np.int64)
    if profile.lost_positions > 1:  # geometric
        lengths += np.floor(
            np.log1p(-chances.uniform("length of loss", keys)) / np.log1p(-1 / profile.lost_positions)
        ).astype(np.int64)
    places = np.arange(size)
    ends = np.minimum(places + lengths, np.searchsorted(courier, courier, side="right"))  # another's phone is heard
    reach = np.maximum.accumulate(np.where(begins, ends, 0)) if size else places
    return np.asarray(places < reach)


def _true_places(
    stretches: _Stretches,
    which: np.ndarray,
    at: np.ndarray,
    legs: Legs,
    fleet: Fleet,
    routes: Routes | None,
    closures: Sequence[Closure],
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Latitude, longitude, speed in km/h (0 standing), heading in degrees and nearest node at each moment."""
    lat, lng = stretches.lat[which], stretches.lng[which]
    speed, heading = np.zeros(len(which)), np.zeros(len(which))
    node = routes.nearest(stretches.lat, stretches.lng)[0][which] if routes else np.zeros(len(which), dtype=np.int64)
    leg = stretches.leg[which]
    riding = np.flatnonzero(leg != NO_LEG)
    if len(riding):
        ridden, leg = np.unique(leg[riding], return_inverse=True)
        legs = legs.take(ridden)
        lines = lines_of(legs, fleet.codes[legs.courier], routes, closures) if routes else straight_lines(legs)
        lasts = legs.end[leg] - legs.start[leg]
        lat[riding], lng[riding], piece = lines.at(leg + (at[riding] - legs.start[leg]) / lasts)
        seconds = (lines.progress[piece + 1] - lines.progress[piece]) * lasts
        speed[riding] = lines.metres(piece) / np.maximum(seconds, 1e-3) * 3.6
        north = lines.lat[piece + 1] - lines.lat[piece]
        east = (lines.lng[piece + 1] - lines.lng[piece]) * np.cos(np.radians(lat[riding]))
        heading[riding] = np.degrees(np.arctan2(east, north)) % 360
        node[riding] = lines.node[piece]
    return lat, lng, speed, heading, node
