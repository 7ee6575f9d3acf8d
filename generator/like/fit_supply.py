"""How many couriers work, what they ride, when they start and for how long."""

from __future__ import annotations

import numpy as np

from generator.city.city import City, Couriers
from generator.city.measured_parts import FittedShifts
from generator.city.tables_of_parts import LEAST_IN_PART, parts_of
from generator.like.observed import Observed
from generator.like.quantities import clock_hours, trip_km

STARTS = 8  # lengths are told for each eighth of the starts: a shift begun at night is not one begun at noon
LENGTHS = 32
DIGITS = 4  # of an hour: less than half a second, so that shifts begun at the same second stay together
CAPACITIES = {"e_bike": 3, "motorcycle": 4, "bicycle": 2, "car": 6, "walking": 1}  # usual ones
# Where the history has no couriers: so many work that the busiest hour is served with a quarter to spare, an order
# keeping a courier for three quarters of an hour, longer where ways are long (there and back at 25 km/h, with detours);
# they start an hour before the demand they are for.
ORDER_HOURS, SPARE, BEFORE_HOURS, USUAL_SHIFT_HOURS = 0.75, 1.25, 1.0, 5.0
USUAL_KM, HOURS_PER_KM = 2.0, 0.1
USUAL_VEHICLES = {"motorcycle": 0.6, "bicycle": 0.25, "car": 0.1, "walking": 0.05}
WIDE_KM, WIDE_VEHICLES = 4.0, {"motorcycle": 0.8, "car": 0.2}  # nobody walks or pedals such ways
# In a wide city restaurants and couriers are far apart: an offer may be this far away, a kilometre of the usual way.
REACH_SECONDS_PER_KM, LONGEST_REACH_SECONDS = 600.0, 5400.0


def fit_couriers(observed: Observed) -> Couriers:
    """Supply as the history has it, else as its demand needs it."""
    shifts = observed.shifts
    if shifts.empty:
        return _invented(observed)
    hours = (shifts["ends_at"] - shifts["starts_at"]).dt.total_seconds().to_numpy() / 3600
    start = start_hours(clock_hours(shifts["starts_at"], observed), hours, observed.city)
    order = np.argsort(start, kind="stable")
    rows = int(np.clip(len(shifts) // (LENGTHS * LEAST_IN_PART), 1, STARTS))
    vehicles = shifts["vehicle"].value_counts(normalize=True).sort_index()
    known = shifts.dropna(subset=["capacity"]).groupby("vehicle")["capacity"].median()
    return Couriers(
        per_1500_orders=round(1500 * len(shifts) / len(observed.orders), 3),
        vehicles={str(v): round(float(s), 4) for v, s in vehicles.items()},
        capacities=CAPACITIES | {str(v): max(1, round(float(c))) for v, c in known.items()},
        fitted_shifts=FittedShifts(
            start_hours=parts_of(start, digits=DIGITS),
            lengths_by_start=tuple(parts_of(hours[piece], LENGTHS, DIGITS) for piece in np.array_split(order, rows)),
        ),
    )


def start_hours(clock: np.ndarray, hours: np.ndarray, city: City) -> np.ndarray:
    """Local hour of the business day at which each shift starts: on the day before or after midnight it works more on.

    A shift of a whole calendar day starts at 0, four hours before the business day; one from 00:30 to 01:30 at 24.5.
    """
    cut = city.day_cut_hour

    def overlap(start: np.ndarray) -> np.ndarray:
        return np.asarray(np.minimum(start + hours, cut + 24) - np.maximum(start, cut))

    return np.where(overlap(clock + 24) >= overlap(clock), clock + 24, clock)


def fit_reach(observed: Observed, usual_seconds: float) -> dict[str, float]:
    """`lives.dispatch`: how far away a courier may be who is offered an order; as usual unless ways are long."""
    reach = min(usual_way_km(observed) * REACH_SECONDS_PER_KM, LONGEST_REACH_SECONDS)
    return {"reach_seconds": round(reach)} if reach > usual_seconds else {}


def usual_way_km(observed: Observed) -> float:
    """Median straight way of an order; the usual one where the history does not say."""
    ways = trip_km(observed.orders)
    return float(np.median(ways)) if len(ways) else USUAL_KM


def _invented(observed: Observed) -> Couriers:
    """Couriers for a history without any: they follow its demand."""
    hours = clock_hours(observed.orders["placed_at"], observed)
    hours = np.where(hours < observed.city.day_cut_hour, hours + 24, hours)
    starts = np.maximum(hours - BEFORE_HOURS, 0.0)
    at = int(np.bincount(hours.astype(np.int64)).argmax())
    peak = float((np.floor(hours) == at).mean())
    working = float(((starts <= at + 0.5) & (starts + USUAL_SHIFT_HOURS > at + 0.5)).mean())
    way_km = usual_way_km(observed)
    hours_each = ORDER_HOURS + HOURS_PER_KM * max(way_km - USUAL_KM, 0.0)
    return Couriers(
        per_1500_orders=round(1500 * peak * hours_each * SPARE / max(working, 0.05), 1),
        vehicles=USUAL_VEHICLES if way_km < WIDE_KM else WIDE_VEHICLES,
        capacities=CAPACITIES,
        fitted_shifts=FittedShifts(start_hours=parts_of(starts), lengths_by_start=((USUAL_SHIFT_HOURS,),)),
    )
