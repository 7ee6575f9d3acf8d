"""Rules of an order's life after placement: contradictions are set aside by order, doubts flagged by milestone.

The order stays in every rate and only the doubtful time is left out: the import marks a milestone whose time is not
known (`<milestone>_unknown`), the flags of silver orders say which durations do not count.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from generator.history.findings import Findings, Outcome

# Two hours on the road: a shift's open orders closed at once, not a delivery (as in silver orders).
LONGEST_RIDE = pd.Timedelta(hours=2)
LONGEST_AHEAD = pd.Timedelta(days=92)  # a quarter: no kitchen takes orders of a later one
# Milestones on the way that are taken as missing where they contradict the rest.
ON_THE_WAY = ("accepted_at", "courier_accepted_at", "arrived_at_restaurant_at", "picked_up_at")
ENDS = {"delivered_at": "delivered", "cancelled_at": "cancelled", "rejected_at": "rejected", "failed_at": "failed"}


def life_rules(orders: pd.DataFrame, longest_hours: float, found: Findings) -> pd.DataFrame:
    """Orders back with `end` (delivered, cancelled, rejected, failed, unanswered, open, or missing where the file says
    nothing of ends) and `end_unknown` (it ended so, when is not known). `longest_hours`: no life is longer."""
    tells_delivery = "delivered_at" in orders
    changed = _with_columns(orders)
    _end_before_placement(changed, found)
    _long_after_placement(changed, longest_hours, found)
    changed = _milestones(changed, found)
    _end(changed, tells_delivery, found)
    _late_events(changed, found)
    return changed


def _with_columns(orders: pd.DataFrame) -> pd.DataFrame:
    """All milestones, missing ones as missing times; `delivered_at` from its minutes where those are given."""
    changed = orders.copy()
    for name in ("restaurant_notified_at", *ON_THE_WAY, *ENDS):
        if name not in changed:
            changed[name] = pd.Series(pd.NaT, index=orders.index, dtype="datetime64[us, UTC]")
        if f"{name}_unknown" not in changed:
            changed[f"{name}_unknown"] = False
    return changed


def delivered_after(orders: pd.DataFrame, after: str) -> pd.DataFrame:
    """Orders with `delivered_at` worked out of `delivery_minutes` after the moment `after`."""
    begun = orders[after] if after in orders else orders["placed_at"]
    length = pd.to_timedelta(orders["delivery_minutes"].clip(upper=60 * 24 * 366), unit="min").astype("timedelta64[us]")
    return orders.assign(delivered_at=(begun + length).astype("datetime64[us, UTC]"))


def _end_before_placement(orders: pd.DataFrame, found: Findings) -> None:
    for name, end in ENDS.items():
        early = (orders[name] < orders["placed_at"]).to_numpy()
        found.add(early, Outcome.quarantined, f"{end}_before_placement", _shown(orders[name]), "ended before it began")


def _wanted_far_ahead(orders: pd.DataFrame, longest_hours: float, found: Findings) -> None:
    """What is wanted or promised months ahead is taken as missing: a mistyped year would make everything early."""
    limit = max(LONGEST_AHEAD, pd.Timedelta(hours=longest_hours))
    for name in ("scheduled_for", "promised_at"):
        if name in orders:
            far = ((orders[name] - orders["placed_at"]) > limit).to_numpy()
            rule = f"{name.removesuffix('_at').removesuffix('_for')}_long_after_placement"
            detail = f"more than {limit.days} days ahead: taken as missing"
            found.add(far, Outcome.flagged, rule, _shown(orders[name]), detail)
            orders[name] = orders[name].mask(far)


def _long_after_placement(orders: pd.DataFrame, longest_hours: float, found: Findings) -> None:
    """What is said to have happened longer after placement (of pre-orders: after the wanted time) than orders live.

    A delivery sets the order aside, as one of its two times is wrong. A batch job may close an order days later: then
    it ended so, when is not known. What lies on the way is taken as missing.
    """
    _wanted_far_ahead(orders, longest_hours, found)
    due = orders["placed_at"]
    if "scheduled_for" in orders:
        due = due.where(~(orders["scheduled_for"] > due), orders["scheduled_for"])
    limit = pd.Timedelta(hours=longest_hours)
    for name in ("ready_at", "preparing_at", *ON_THE_WAY, *ENDS):
        if name not in orders:
            continue
        late = ((orders[name] - due) > limit).to_numpy()
        rule, shown = f"{name.removesuffix('_at')}_long_after_placement", _shown(orders[name])
        more = f"more than {longest_hours:g} hours (`longest_life_hours`) after the order"
        if name in ("delivered_at", "failed_at"):
            detail = f"{more}: is the year right?"
            found.add(late, Outcome.quarantined, rule, shown, detail)
            continue
        is_end = name in ENDS
        detail = f"{more}: {'it ended so, when is not known' if is_end else 'taken as missing'}"
        found.add(late, Outcome.flagged, rule, shown, detail)
        orders[name] = orders[name].mask(late)
        if is_end:
            orders[f"{name}_unknown"] = orders[f"{name}_unknown"] | late


def _milestones(orders: pd.DataFrame, found: Findings) -> pd.DataFrame:
    """Milestones against the order of time: taken as missing where they cannot be, kept with a flag where they may."""
    for name in ON_THE_WAY:
        early = (orders[name] < orders["placed_at"]).to_numpy()
        found.add(
            early,
            Outcome.flagged,
            f"{name.removesuffix('_at')}_before_placement",
            _shown(orders[name]),
            "taken as missing",
        )
        orders[name] = orders[name].mask(early)
    notified, picked, delivered = (orders[n] for n in ("restaurant_notified_at", "picked_up_at", "delivered_at"))
    unheard = (orders["accepted_at"] < notified).to_numpy()
    found.add(unheard, Outcome.flagged, "accepted_before_notified", _shown(notified), "the time of notice is doubtful")
    backwards = (picked > delivered).to_numpy()
    found.add(backwards, Outcome.flagged, "picked_up_after_delivery", _shown(picked), "taken as missing")
    orders["picked_up_at"] = picked = picked.mask(backwards)
    together = (picked.dt.floor("s") == delivered.dt.floor("s")).to_numpy()
    detail = "the pick-up was confirmed with the drop-off: its time is not known"
    found.add(together, Outcome.flagged, "pickup_confirmed_with_dropoff", _shown(picked), detail)
    late = ((delivered - picked) > LONGEST_RIDE).to_numpy()
    detail = "more than two hours after the pick-up: fulfilled, but no delivery time"
    found.add(late, Outcome.flagged, "dropoff_confirmed_late", _shown(delivered), detail)
    return orders


def _end(orders: pd.DataFrame, tells_delivery: bool, found: Findings) -> None:
    """How each order ended, by its state and its times; two ends that exclude each other set it aside.

    A delivery without its time is a warning in a file that tells such times, and counted in one that never does.
    """
    has = {end: orders[name].notna() | orders[f"{name}_unknown"] for name, end in ENDS.items()}
    said = orders["state"] if "state" in orders else pd.Series(None, index=orders.index, dtype="string")
    for one, other in (("delivered", "cancelled"), ("delivered", "rejected"), ("cancelled", "rejected")):
        both = (has[one] | (said == one)) & (has[other] | (said == other))
        found.add(_mask(both), Outcome.quarantined, f"{one}_and_{other}", _shown(said), "an order ends once")
    for state in ("failed", "unanswered", "open"):
        against = (said == state) & (has["delivered"] | (has["cancelled"] & (state != "unanswered")))
        detail = "the state says otherwise than the times"
        found.add(_mask(against), Outcome.quarantined, f"{state}_against_its_times", _shown(said), detail)
    by_time = [(has[end], end) for end in ("delivered", "cancelled", "rejected", "failed")]
    ends = np.select([_mask(m) for m, _ in by_time], [e for _, e in by_time], default="")
    orders["end"] = said.where(said.notna(), pd.Series(ends, index=orders.index).replace("", pd.NA)).astype("string")
    known = np.zeros(len(orders), dtype=bool)
    for name, end in ENDS.items():
        known |= _mask((orders["end"] == end) & orders[name].notna())
    orders["end_unknown"] = _mask(orders["end"].notna() & (orders["end"] != "open")) & ~known
    untimed = _mask(orders["end"] == "delivered") & orders["end_unknown"].to_numpy()
    detail = "fulfilled, when is not known: no delivery time"
    if tells_delivery:
        found.add(untimed, Outcome.flagged, "delivered_time_unknown", "", detail)
    found.note(_mask(orders["end_unknown"]), "it is known how the order ended, not when")


def _late_events(orders: pd.DataFrame, found: Findings) -> None:
    """What was reported after the order had ended stays in its history and changes nothing."""
    for name in ON_THE_WAY:
        after = (orders[name] > orders["cancelled_at"]) | (orders[name] > orders["rejected_at"])
        found.note(_mask(after), f"{name} after the order had ended: kept in its history")


def _mask(values: pd.Series) -> np.ndarray:
    mask: np.ndarray = values.fillna(False).to_numpy(dtype=bool)
    return mask


def _shown(values: pd.Series) -> np.ndarray:
    return values.astype("string").fillna("").to_numpy(dtype=object)
