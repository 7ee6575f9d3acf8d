"""A scenario overlays a city for some hours: rain over a quarter, a closed road. Times are local wall-clock times."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path

import h3
import numpy as np
import yaml
from pydantic import Field, ValidationError

from generator.city import City, Part
from generator.travel import TravelTimes
from pipelines.errors import UsageError

SCENARIOS_DIR = Path(__file__).resolve().parent / "scenarios"


class Window(Part):
    """From `start` until before `end`, in the zones named (all zones if none), riding takes `riding_factor` as long."""

    start: datetime
    end: datetime
    zones: tuple[str, ...] = ()
    riding_factor: float = Field(default=1.0, gt=0)
    why: str = ""


class Scenario(Part):
    """A named list of windows."""

    name: str
    windows: tuple[Window, ...] = ()


def load_scenario(name: str) -> Scenario:
    """A shipped scenario by name, or the one of a YAML file; UsageError lists the shipped ones or names the fault."""
    path = SCENARIOS_DIR / f"{name}.yaml"
    if not path.exists():
        path = Path(name)
    try:
        return Scenario.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        known = ", ".join(sorted(p.stem for p in SCENARIOS_DIR.glob("*.yaml")))
        raise UsageError(f"no scenario {name!r} ({error.strerror}); shipped: {known}, or give a YAML file") from error
    except (ValidationError, yaml.YAMLError) as error:
        raise UsageError(f"{path}: not a scenario: {error}") from error


class ScenarioTravel:
    """Travel on one business day of a city with a scenario's windows laid over it.

    A ride that begins or ends in a window's zone is slowed; both ends in it slow it once.
    """

    def __init__(self, base: TravelTimes, city: City, day: date, scenario: Scenario) -> None:
        self._base, self._resolution = base, city.zone_resolution
        names = {zone.name: zone.zone_id for zone in city.zones}
        self._by_hour: dict[int, list[tuple[float, frozenset[str]]]] = {}
        for window in scenario.windows:
            unknown = [zone for zone in window.zones if zone not in names]
            if unknown:
                raise UsageError(
                    f"scenario {scenario.name}: {city.name} has no zone {unknown[0]!r}; it has {', '.join(names)}"
                )
            cells = frozenset(names[zone] for zone in window.zones)
            for hour in range(24):
                local = datetime.combine(
                    day + timedelta(days=hour < city.day_cut_hour), datetime.min.time()
                ) + timedelta(hours=hour)
                if window.start <= local < window.end:
                    self._by_hour.setdefault(hour, []).append((window.riding_factor, cells))

    def seconds(
        self,
        from_lat: np.ndarray | float,
        from_lng: np.ndarray | float,
        to_lat: np.ndarray | float,
        to_lng: np.ndarray | float,
        vehicle: np.ndarray | int,
        hour: np.ndarray | int,
    ) -> np.ndarray:
        """As the base's, times the factors of the windows that hold."""
        seconds = self._base.seconds(from_lat, from_lng, to_lat, to_lng, vehicle, hour)
        held = set(np.unique(hour).tolist()) & set(self._by_hour)
        if not held:
            return seconds
        start, end = self._cells(from_lat, from_lng, seconds.shape), self._cells(to_lat, to_lng, seconds.shape)
        hours = np.broadcast_to(hour, seconds.shape)
        for each in sorted(held):
            for factor, cells in self._by_hour[each]:
                inside = np.isin(start, list(cells)) | np.isin(end, list(cells)) if cells else np.bool_(True)
                seconds = np.where((hours == each) & inside, seconds * factor, seconds)
        return seconds

    def _cells(self, lat: np.ndarray | float, lng: np.ndarray | float, shape: tuple[int, ...]) -> np.ndarray:
        lat, lng = np.broadcast_to(lat, shape), np.broadcast_to(lng, shape)
        cells = [h3.latlng_to_cell(a, b, self._resolution) for a, b in zip(lat.ravel(), lng.ravel(), strict=True)]
        return np.array(cells, dtype=object).reshape(shape)
