"""A scenario overlays a city for some hours: rain over a quarter, a closed road. Times are local wall-clock times."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import h3
import numpy as np
import yaml
from pydantic import Field, ValidationError

from generator.city import City, Part
from generator.travel import Spots, TravelTimes
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
        self._by_hour: dict[int, list[tuple[float, np.ndarray]]] = {}
        for window in scenario.windows:
            unknown = [zone for zone in window.zones if zone not in names]
            if unknown:
                raise UsageError(
                    f"scenario {scenario.name}: {city.name} has no zone {unknown[0]!r}; it has {', '.join(names)}"
                )
            cells = np.array([h3.str_to_int(names[zone]) for zone in window.zones], dtype=np.int64)
            for hour in range(24):
                local = datetime.combine(
                    day + timedelta(days=hour < city.day_cut_hour), datetime.min.time()
                ) + timedelta(hours=hour)
                if window.start <= local < window.end:
                    self._by_hour.setdefault(hour, []).append((window.riding_factor, cells))

    def spots(self, lat: np.ndarray | float, lng: np.ndarray | float) -> Spots:
        """The base's, with the cell of each place."""
        found = self._base.spots(lat, lng)
        places = zip(found.lat.ravel(), found.lng.ravel(), strict=True)
        cells = [h3.str_to_int(h3.latlng_to_cell(a, b, self._resolution)) for a, b in places]
        return replace(found, cell=np.array(cells, dtype=np.int64).reshape(found.lat.shape))

    def between(self, start: Spots, end: Spots, vehicle: np.ndarray | int, hour: np.ndarray | int) -> np.ndarray:
        """As the base's, times the factors of the windows that hold."""
        seconds = self._base.between(start, end, vehicle, hour)
        held = {int(each) for each in np.unique(hour)} & set(self._by_hour)
        for each in sorted(held):
            for factor, cells in self._by_hour[each]:
                inside = np.isin(start.cell, cells) | np.isin(end.cell, cells) if len(cells) else np.bool_(True)
                seconds = np.where((np.asarray(hour) == each) & inside, seconds * factor, seconds)
        return seconds

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
        return self.between(self.spots(from_lat, from_lng), self.spots(to_lat, to_lng), vehicle, hour)
