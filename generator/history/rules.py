"""Rules that rows of a user's file must keep: places in the city, times in order, no identity twice.

Each rule has a name, which is what listings, totals and quarantine say. Positions that are wrong set the row aside and
are never corrected; a drop-off just outside the area and a milestone that contradicts another are kept with a flag.
"""

from __future__ import annotations

import hashlib

import numpy as np
import pandas as pd

from generator.city.city import Bounds, City
from generator.history.findings import Findings, Outcome
from generator.history.raw import RawRows
from generator.roads.travel import straight_metres

NEAR_ZERO_DEGREES = 0.02  # as the contract events/orders has it: nobody is served within 2 km of 0/0
CLOCK_ERROR = pd.Timedelta(days=1)  # as the contracts' envelope has it: clocks differ, and time zones are mistaken
FAR_METRES = 100_000.0  # further than any courier rides: the drop-off is wrong, not only outside


def inside(lat: pd.Series, lng: pd.Series, box: Bounds) -> np.ndarray:
    """Mask of positions within the box; a missing one is not."""
    found: np.ndarray = (lat.between(box.min_lat, box.max_lat) & lng.between(box.min_lng, box.max_lng)).to_numpy(
        dtype=bool
    )
    return found


def near_zero(lat: pd.Series, lng: pd.Series) -> np.ndarray:
    """Mask of positions near 0/0, which is how systems write that they have none."""
    found: np.ndarray = ((lat.abs() <= NEAR_ZERO_DEGREES) & (lng.abs() <= NEAR_ZERO_DEGREES)).to_numpy(dtype=bool)
    return found


def position_rules(
    fields: pd.DataFrame, place: str, city: City, rows: np.ndarray, found: Findings, *, correct: bool = False
) -> None:
    """Pick-ups, drop-offs and couriers (`place`): a position near 0/0 or outside the city's area is set aside.

    Where latitude and longitude taken for each other would lie inside, the detail says `looks swapped`; with `correct`
    they are exchanged in `fields` and the row is flagged. `rows`: mask of the rows that are of the city.
    """
    prefix = "" if place == "courier" else f"{place}_"
    lat, lng = f"{prefix}lat", f"{prefix}lng"
    if lat not in fields:
        return
    at_lat, at_lng = fields[lat], fields[lng]
    half = (at_lat.isna() != at_lng.isna()).to_numpy() & rows
    shown = (at_lat.astype(str) + "/" + at_lng.astype(str)).to_numpy(dtype=object)
    found.add(half, Outcome.rejected, f"{place}_position_is_half", shown, "latitude without longitude, or the reverse")
    there = at_lat.notna().to_numpy() & at_lng.notna().to_numpy() & rows
    zero = near_zero(at_lat, at_lng) & rows
    found.add(zero, Outcome.quarantined, f"{place}_position_missing", shown, "near 0/0: the position is missing")
    outside = there & ~zero & ~inside(at_lat, at_lng, city.bounds)
    swapped = outside & inside(at_lng, at_lat, city.bounds)
    if correct:
        found.add(swapped, Outcome.flagged, f"{place}_was_swapped", shown, "exchanged, as the mapping says")
        fields[lat], fields[lng] = at_lat.mask(swapped, at_lng), at_lng.mask(swapped, at_lat)
        outside &= ~swapped
        swapped = np.zeros_like(swapped)
    detail = np.full(len(fields), f"outside the area of {city.name}", dtype=object)
    detail[swapped] += "; looks swapped"
    kept = np.zeros(len(fields), dtype=bool)
    if place == "dropoff" and "pickup_lat" in fields:  # a customer may live beyond the area, not beyond all reach
        metres = straight_metres(*(fields[c].to_numpy() for c in ("pickup_lat", "pickup_lng", lat, lng)))
        kept = outside & ~swapped & (metres <= FAR_METRES)
        found.add(kept, Outcome.flagged, "dropoff_outside_area", shown, detail)
    rule = "dropoff_far_away" if place == "dropoff" else f"{place}_outside_area"
    found.add(outside & ~kept, Outcome.quarantined, rule, shown, detail)


def future_rules(orders: pd.DataFrame, is_order: np.ndarray, found: Findings) -> None:
    """What is later than this import, and more than clocks differ by, has not happened: a mistyped year.

    The instant of the import decides: a file that is imported too early can be imported again once its time has come.
    """
    latest = pd.Timestamp.now("UTC") + CLOCK_ERROR
    for name, what in (("placed_at", "placed"), ("refunded_at", "refunded")):
        if name in orders:
            later = (orders[name] > latest).to_numpy() & (is_order | (name == "refunded_at"))
            detail = "later than this import: is the year right?"
            found.add(later, Outcome.quarantined, f"{what}_in_the_future", _shown(orders[name]), detail)


def order_rules(orders: pd.DataFrame, preorder_least_minutes: float, found: Findings) -> pd.DataFrame:
    """Times and amounts of orders; the orders back, with contradicting milestones made missing (flagged)."""
    changed = _wanted(orders, preorder_least_minutes, found)
    placed = orders["placed_at"]
    for name, rule in (("promised_at", "promised"), ("ready_at", "ready"), ("preparing_at", "preparing")):
        if name in orders:
            early = (changed[name] < placed).to_numpy()
            shown = _shown(orders[name])
            found.add(early, Outcome.quarantined, f"{rule}_before_placement", shown, "earlier than the order itself")
    if "ready_at" in orders:
        at_once = (orders["ready_at"] == placed).to_numpy()
        found.add(
            at_once, Outcome.flagged, "ready_at_placement", _shown(placed), "nothing cooks in no time; taken as missing"
        )
        changed["ready_at"] = orders["ready_at"].mask(at_once)
    if {"preparing_at", "ready_at"} <= set(orders):
        late = (orders["preparing_at"] > orders["ready_at"]).to_numpy()
        found.add(late, Outcome.flagged, "preparing_after_ready", _shown(orders["preparing_at"]), "taken as missing")
        changed["preparing_at"] = orders["preparing_at"].mask(late)
    if {"pickup_lat", "dropoff_lat"} <= set(orders):
        same = (orders["pickup_lat"] == orders["dropoff_lat"]) & (orders["pickup_lng"] == orders["dropoff_lng"])
        found.add(same.to_numpy(), Outcome.flagged, "distance_zero", "", "pick-up equals drop-off")
    if "basket_value_cents" in orders:
        cancelled = orders["state"] == "cancelled" if "state" in orders else pd.Series(False, index=orders.index)
        free = ((orders["basket_value_cents"] == 0) & ~cancelled).fillna(False).to_numpy(dtype=bool)
        found.add(free, Outcome.flagged, "basket_value_zero", "0")
    return changed


def _wanted(orders: pd.DataFrame, least_minutes: float, found: Findings) -> pd.DataFrame:
    """Pre-orders: wanted less than `least_minutes` after placement is wanted now, and what was promised as that time is
    no promise. Without `scheduled_for` a pre-order (by `order_type`) is wanted when it was promised."""
    changed = orders.copy()
    if "order_type" in orders and "promised_at" in orders and "scheduled_for" not in orders:
        changed["scheduled_for"] = orders["promised_at"].where((orders["order_type"] == "preorder").fillna(False))
    if "scheduled_for" not in changed:
        return changed
    wanted, placed = changed["scheduled_for"], orders["placed_at"]
    past = (wanted < placed).to_numpy()
    soon = ((wanted - placed) < pd.Timedelta(minutes=least_minutes)).to_numpy() & ~past
    found.add(past, Outcome.flagged, "scheduled_before_placement", _shown(wanted), "taken as wanted now")
    found.note(soon, f"a pre-order less than {least_minutes:g} minutes ahead is taken as wanted now")
    if "promised_at" in changed:
        changed["promised_at"] = changed["promised_at"].mask((past | soon) & (changed["promised_at"] == wanted))
    changed["scheduled_for"] = wanted.mask(past | soon)
    return changed


def shift_rules(shifts: pd.DataFrame, found: Findings) -> None:
    """Shifts end after they begin and within two days; one that ends as it begins is kept with a flag."""
    length = shifts["ends_at"] - shifts["starts_at"]
    shown = _shown(shifts["ends_at"])
    zero = pd.Timedelta(0)
    found.add((length < zero).to_numpy(), Outcome.quarantined, "shift_ends_before_it_begins", shown)
    found.add((length > pd.Timedelta(days=2)).to_numpy(), Outcome.quarantined, "shift_longer_than_two_days", shown)
    found.add((length == zero).to_numpy(), Outcome.flagged, "shift_of_no_length", shown)


def digests(rows: RawRows, positions: np.ndarray) -> list[str]:
    """What rows are compared by: 128 bits of the cells the mapping reads, so that a later export with its columns in
    another order, or with one more, has the same rows."""
    columns = [rows.cells[name].to_numpy(dtype=object) for name in rows.read_columns]
    texts = ("\x1f".join(str(column[i] or "").strip() for column in columns) for i in positions)
    return [hashlib.blake2b(text.encode(errors="surrogateescape"), digest_size=16).hexdigest() for text in texts]


def repeated_rows(identity: pd.Series, found: Findings, earlier: dict[str, tuple[str, str]]) -> None:
    """An identity seen before: the same row is a duplicate, another row under it is set aside as a conflict.

    `earlier`: identity -> (digest of the row, where it was imported) of rows imported before from other files.
    """
    live = (found.outcome < Outcome.duplicate) & identity.notna().to_numpy()
    positions = np.flatnonzero(live)
    names = identity.to_numpy(dtype=object)
    firsts: dict[str, int] = {}
    again, conflict = np.zeros(len(identity), dtype=bool), np.zeros(len(identity), dtype=bool)
    detail = np.full(len(identity), "", dtype=object)
    content = dict(zip(positions.tolist(), digests(found.rows, positions), strict=True))
    for position in positions.tolist():  # a row loop: each row is compared with the first of its identity only
        name = names[position]
        if name in earlier:
            known, where = earlier[name]
        elif (first := firsts.setdefault(name, position)) != position:
            known, where = content[first], f"line {found.rows.lines[first]}"
        else:
            continue
        same = known == content[position]
        (again if same else conflict)[position] = True
        detail[position] = f"{'the same as' if same else 'same identity, other content than'} {where}"
    found.add(again, Outcome.duplicate, "duplicate", names, detail)
    found.add(conflict, Outcome.quarantined, "identity_conflict", names, detail)


def _shown(moments: pd.Series) -> np.ndarray:
    return moments.astype(str).to_numpy(dtype=object)
