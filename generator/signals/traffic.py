"""Traffic of a day: how slow each edge of the street network is, and what sensors tell of it.

An edge is as slow as the city's hour and the rain make its kind of street, times a factor of its own: partly lasting,
partly remembered for about half an hour. Rides follow it (`street_travel`), and `traffic` events observe it.
"""

from __future__ import annotations

from datetime import date

import numpy as np
import pyarrow as pa

from generator.city.business_day import business_day, local_clock
from generator.city.city import City
from generator.events import EventLog
from generator.roads.network import load_network
from generator.roads.travel import VEHICLES
from generator.signals.weather import Weather
from generator.streams import Streams
from pipelines.contracts import load_contract
from pipelines.errors import UsageError

LASTING_PART = 0.4  # of the variance between edges: the same junctions are slow every day
OPEN_VEHICLES = ("bicycle", "e_bike", "motorcycle")  # whose riders get wet
SLOWEST_KMH = 1.0  # a queue still creeps


class Traffic:
    """The traffic of one local business day; asked for a moment outside it, its hours and noise go on."""

    def __init__(self, city: City, day: date, seed: int, weather: Weather) -> None:
        if city.network is None:
            raise UsageError(f"city {city.city_id} has no street network, so no traffic; say `network` in its profile")
        self.city, self.day, self._weather = city, day, weather
        self.network, self._profile = load_network(city.network), city.signals.traffic
        self._streams = Streams.of_day(seed, day)
        self._share = self._congested_share()
        edges = len(self.network.edge_kmh)
        self._lasting = self._streams.forever(f"traffic/{city.city_id}/edge").standard_normal(edges)
        self._noise: dict[int, np.ndarray] = {}
        self._slowness: dict[int, np.ndarray] = {}

    def slowness(self, seconds: float) -> np.ndarray:
        """Factor on a car's free-flow time, one an edge, in the interval that `seconds` since 1970 lie in."""
        step = int(seconds // self._profile.interval_seconds)
        if step not in self._slowness:
            self._slowness[step] = self._worked_out((step + 0.5) * self._profile.interval_seconds)
        return self._slowness[step]

    def riders_slowness(self, vehicle: int, seconds: float) -> float:
        """Factor on a ride's time for what rain does to the rider; 1 in a car and on foot."""
        if VEHICLES[vehicle] not in OPEN_VEHICLES:
            return 1.0
        rain = float(self._weather.rain_mm_per_hour(seconds))
        return 1.0 + min(self._profile.rain_slows_riders_per_mm * rain, self._profile.rain_slows_riders_at_most)

    def _worked_out(self, middle: float) -> np.ndarray:
        rain = float(self._weather.rain_mm_per_hour(middle))
        wetter = 1.0 + min(self._profile.rain_congests_per_mm * rain, self._profile.rain_congests_at_most)
        usual = 1.0 + (self.congestion(middle) * wetter - 1.0) * self._share
        memory = self._profile.edge_memory_minutes * 60
        knot, part = int(middle // memory), middle / memory % 1.0
        # two independent numbers mixed so that the variance stays 1
        passing = np.cos(part * np.pi / 2) * self._knot(knot) + np.sin(part * np.pi / 2) * self._knot(knot + 1)
        mixed = np.sqrt(LASTING_PART) * self._lasting + np.sqrt(1 - LASTING_PART) * passing
        spread = self._profile.edge_spread
        return np.asarray(usual * np.exp(spread * mixed - spread**2 / 2), dtype=np.float32)

    def congestion(self, seconds: np.ndarray | float) -> np.ndarray:
        """The city's congestion by hour, made smooth; it holds at the middle of each local hour."""
        clock = local_clock(self.city, np.atleast_1d(seconds))
        hours = self.city.lives.riding.congestion_by_hour
        smooth = np.interp(clock, np.arange(-1, 25) + 0.5, [hours[-1], *hours, hours[0]])
        return np.asarray(smooth if np.ndim(seconds) else smooth[0])

    def _congested_share(self) -> np.ndarray:
        """How much of the city's congestion each edge has, by the free speed of its kind of street."""
        kinds = sorted(self._profile.congestion_by_street.values(), key=lambda kind: kind.from_kmh)
        bounds = np.array([kind.from_kmh for kind in kinds[1:]])
        shares: np.ndarray = np.array([kind.share for kind in kinds])[np.digitize(self.network.edge_kmh, bounds)]
        return shares

    def _knot(self, number: int) -> np.ndarray:
        if number not in self._noise:
            random = self._streams.of(f"traffic/{self.city.city_id}/{number}")
            self._noise[number] = random.standard_normal(len(self.network.edge_kmh))
        return self._noise[number]


def no_traffic() -> pa.Table:
    """The traffic events of a city whose streets are not known."""
    return load_contract("events/traffic").arrow_schema.empty_table()


def edge_ids(city: City, edges: np.ndarray) -> list[str]:
    """Names of edges in events: their places in the network file."""
    return [f"{city.city_id}-e{edge:05d}" for edge in edges]


def sensors_of(traffic: Traffic, seed: int) -> np.ndarray:
    """The edges with a sensor, ascending: some of the streets on which cars drive, the same every day."""
    profile, network = traffic.city.signals.traffic, traffic.network
    fit = np.flatnonzero(network.edge_kmh >= profile.sensor_streets_from_kmh)
    random = Streams(seed, "sensors").forever(f"traffic/{traffic.city.city_id}/sensors")
    return np.sort(random.choice(fit, min(profile.sensors, len(fit)), replace=False))


def traffic_events(traffic: Traffic, seed: int, source: str) -> pa.Table:
    """One `speed` event a sensor and interval of the day in which vehicles passed, at the interval's end."""
    profile, streams = traffic.city.signals.traffic, Streams.of_day(seed, traffic.day)
    (start, end), step = business_day(traffic.city, traffic.day), profile.interval_seconds
    ends = np.arange(np.ceil(start / step + 1) * step, end, step)
    edges = sensors_of(traffic, seed)
    shape = (len(ends), len(edges))
    clock = np.floor(local_clock(traffic.city, ends - step / 2)).astype(np.int64)
    expected = np.array(profile.vehicles_by_hour)[clock] * step / 300
    vehicles = streams.of("traffic/vehicles").poisson(np.broadcast_to(expected[:, None], shape))
    slow = np.stack([traffic.slowness(at - step / 2)[edges] for at in ends]) if len(ends) else np.ones(shape)
    mean_error = profile.vehicle_spread / np.sqrt(np.maximum(vehicles, 1))
    seen = np.exp(mean_error * streams.of("traffic/seen").standard_normal(shape))
    free = traffic.network.edge_kmh[edges].astype(np.float64)
    speed = np.maximum(free / slow * seen, SLOWEST_KMH)
    when, where = np.nonzero(vehicles)
    log = EventLog(traffic.city.city_id, source, key_column="edge_id")
    log.add(
        "traffic",
        "speed",
        edge_ids(traffic.city, edges[where]),
        ends[when],
        repeats=ends[when].astype(np.int64),
        speed_kmh=np.round(speed[when, where], 1),
        free_flow_kmh=free[where],
        observed_vehicles=vehicles[when, where].astype(np.int32),
        interval_seconds=np.full(len(when), step, dtype=np.int32),
    )
    return log.tables(["traffic"])["traffic"]
