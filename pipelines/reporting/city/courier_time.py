"""What couriers did with their time: on the way to a restaurant, waiting there, on the way to a customer, idle.

Pure: frames in, frames out. Moments are seconds since 1970 UTC.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

# In order of precedence where orders overlap: who has food in the bag is on the way to a customer, whatever else waits.
ACTIVITIES = ("to_customer", "at_restaurant", "to_restaurant", "unclear", "idle")
BUSY = ACTIVITIES[:4]
MAX_SPELL_SECONDS = 7_200.0  # after its last milestone; a spell without an end has lost the event that ended it
_OPENS, _CLOSES = ("started", "resumed"), ("paused", "ended", "dropped_out")


def courier_time(
    assignments: pd.DataFrame, progress: pd.DataFrame, orders: pd.DataFrame, shifts: pd.DataFrame,
    begins: float, ends: float,
) -> pd.DataFrame:  # fmt: skip
    """Stretches of couriers' time between `begins` and `ends`: courier_id, activity, begins, ends; none overlap.

    `assignments`: order_id, courier_id, event_type, at; `progress`: order_id, event_type, at; `orders`: order_id,
    ended; `shifts`: courier_id, event_type, at. Without shifts no time is idle. Time with an order whose milestones are
    missing is `unclear`.
    """
    spells = spells_with_an_order(assignments, progress, orders)
    parts = [_activities(spells), on_shift(shifts, spells, ends)]
    return _without_overlap(pd.concat(parts, ignore_index=True), begins, ends)


def spells_with_an_order(assignments: pd.DataFrame, progress: pd.DataFrame, orders: pd.DataFrame) -> pd.DataFrame:
    """One row each time an order was in a courier's hands: order_id, courier_id, taken, arrived, picked, done, handed.

    `handed`: it ended with the hand-off, or a failed one, and was not called off. Missing milestones are NaN; `done`
    never is.
    """
    taken = assignments[assignments["event_type"] == "assigned"].sort_values(["order_id", "at"], kind="stable")
    spells = taken[["order_id", "courier_id"]].assign(taken=taken["at"].astype(float)).reset_index(drop=True)
    spells["following"] = spells.groupby("order_id")["taken"].shift(-1)
    spells["off"] = _first_after(assignments[assignments["event_type"] == "unassigned"], spells)
    ended = orders.drop_duplicates("order_id").set_index("order_id")["ended"].astype(float)
    finished = spells["order_id"].map(ended)
    spells["done"] = np.fmin(np.fmin(spells["off"], spells["following"]), finished)
    for column, event_type in (("arrived", "arrived_at_restaurant"), ("picked", "picked_up")):
        spells[column] = _first_after(progress[progress["event_type"] == event_type], spells, courier=False)
        spells[column] = spells[column].where(~(spells[column] > spells["done"]))
    last_known = spells[["taken", "arrived", "picked"]].max(axis=1)
    spells["done"] = np.fmin(spells["done"].fillna(np.inf), last_known + MAX_SPELL_SECONDS)
    given = _first_after(progress[progress["event_type"].isin(["delivered", "failed"])], spells, courier=False)
    spells["handed"] = given <= spells["done"] + 1.0
    return spells[["order_id", "courier_id", "taken", "arrived", "picked", "done", "handed"]]


def carriers(assignments: pd.DataFrame, progress: pd.DataFrame, orders: pd.DataFrame) -> frozenset[str]:
    """Couriers who had the food of one of `orders` in their bag: it was picked up or handed over while it was theirs.

    Of an order that was delivered and tells no milestone it is who was assigned last.
    """
    spells = spells_with_an_order(assignments, progress, orders)
    spells = spells[spells["order_id"].isin(set(orders["order_id"]))]
    carried = spells["picked"].notna() | spells["handed"]
    delivered = set(orders.loc[orders["outcome"] == "delivered", "order_id"])
    untold = delivered - set(spells.loc[carried, "order_id"])
    last = spells["order_id"].isin(untold) & ~spells["order_id"].duplicated(keep="last")
    return frozenset(spells.loc[carried | last, "courier_id"].astype(str))


def _first_after(events: pd.DataFrame, spells: pd.DataFrame, *, courier: bool = True) -> pd.Series:
    """For each spell, the first of `events` of its order (and courier) at or after it was taken; NaN for none."""
    by = ["order_id", "courier_id"] if courier else ["order_id"]
    left = spells[[*by, "taken"]].reset_index().merge(events[[*by, "at"]], on=by)
    later = left[left["at"] >= left["taken"]]
    return later.groupby("index")["at"].min().reindex(spells.index).astype(float)


def _activities(spells: pd.DataFrame) -> pd.DataFrame:
    """Spells cut at their milestones: courier_id, activity, begins, ends."""
    taken, arrived, picked, done = (spells[c].to_numpy(float) for c in ("taken", "arrived", "picked", "done"))
    handed = spells["handed"].to_numpy(bool)
    together = np.abs(done - picked) < 1.0  # confirmed with the hand-off: says nothing of when the food left
    picked = np.where(together & handed, np.nan, picked)
    left = np.where(np.isnan(picked) & ~handed, done, picked)  # called off before the pick-up: waited until then
    there = np.where(np.isnan(arrived) & ~handed & np.isnan(picked), done, arrived)
    cut = [
        ("to_restaurant", taken, there),
        ("at_restaurant", arrived, left),
        ("to_customer", picked, done),
        ("unclear", np.where(np.isnan(there), taken, np.nan), np.where(np.isnan(picked), done, picked)),
        ("unclear", np.where(handed & np.isnan(picked), arrived, np.nan), done),
    ]
    frames = [
        pd.DataFrame({"courier_id": spells["courier_id"], "activity": name, "begins": begin, "ends": end})
        for name, begin, end in cut
    ]
    found = pd.concat(frames, ignore_index=True)
    return found[found["ends"] > found["begins"]]


def on_shift(shifts: pd.DataFrame, spells: pd.DataFrame, ends: float) -> pd.DataFrame:
    """Time on shift as `idle` (what is left once orders are taken out): courier_id, activity, begins, ends.

    A shift without an end lasts until the courier's last order is done.
    """
    known = shifts[shifts["event_type"].isin([*_OPENS, *_CLOSES])].sort_values(["courier_id", "at"], kind="stable")
    following = known.groupby("courier_id")["at"].shift(-1).astype(float)
    last_done = known["courier_id"].map(spells.groupby("courier_id")["done"].max()).astype(float)
    closes = following.where(following.notna(), np.fmin(last_done, ends))
    opened = known["event_type"].isin(_OPENS)
    found = pd.DataFrame(
        {"courier_id": known["courier_id"], "activity": "idle", "begins": known["at"].astype(float), "ends": closes}
    )[opened]
    return found[found["ends"] > found["begins"]]


def _without_overlap(stretches: pd.DataFrame, begins: float, ends: float) -> pd.DataFrame:
    """Each courier's time told once, by the first of ACTIVITIES that is going on; clipped to the bounds."""
    start, end = (stretches[c].to_numpy(float).clip(begins, ends) for c in ("begins", "ends"))
    courier, names = pd.factorize(stretches["courier_id"])
    kind = pd.Index(ACTIVITIES).get_indexer(pd.Index(stretches["activity"]))
    at, who = np.concatenate([start, end]), np.concatenate([courier, courier])
    what, change = np.concatenate([kind, kind]), np.repeat([1, -1], len(start))
    order = np.lexsort((at, who))
    at, who, what, change = at[order], who[order], what[order], change[order]
    changes = np.zeros((len(at), len(ACTIVITIES)), dtype=np.int64)
    changes[np.arange(len(at)), what] = change
    going_on = changes.cumsum(axis=0) > 0
    lasts = np.append(at[1:] - at[:-1], 0.0)
    lasts[np.append(who[1:] != who[:-1], True)] = 0.0
    kept = (lasts > 0) & going_on.any(axis=1)
    return pd.DataFrame(
        {
            "courier_id": np.asarray(names, dtype=object)[who[kept]],
            "activity": np.array(ACTIVITIES, dtype=object)[going_on[kept].argmax(axis=1)],
            "begins": at[kept],
            "ends": (at + lasts)[kept],
        }
    )
