"""Couriers do what a dispatcher outside says; late, missing and impossible instructions have consequences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from datetime import date
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from generator.city.city import load_city
from generator.closed_loop.example import Nearest
from generator.closed_loop.run import Looped, run_closed_loop
from generator.events import EventLog
from generator.sending.pace import MICROS, Pace
from generator.sending.plan import Plan
from pipelines.contracts import load_contract
from pipelines.movers.events_in_slices import Parts
from tests.unit.generator.sending.test_pace import Clock

DAY = date(2026, 11, 20)
PLAN = Plan(load_city("futian"), DAY, DAY, 20, 7)
TICK_SECONDS = 60.0


class Outside:
    """The other end of a loop in memory: `decide(until_us)` is asked at each tick, heard `late_us` later."""

    def __init__(self, dispatcher: Nearest | None, late_us: int = 0) -> None:
        self.dispatcher, self.late_us = dispatcher, late_us
        self.parts: list[tuple[int, Parts]] = []
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self._said: list[tuple[int, pa.Table]] = []

    def tell(self, parts: Parts, until_us: int, complete: Collection[str]) -> int:
        self.parts.append((until_us, parts))
        tables = {topic: [rows] for part in parts.values() for topic, rows in part.items()}
        for topic, (rows,) in tables.items():
            self.rows.setdefault(topic, []).extend(rows.to_pylist())
        if self.dispatcher:
            self.dispatcher.learn(tables)
        return sum(rows.num_rows for (rows,) in tables.values())

    def hear(self, until_us: int | None) -> pa.Table | None:
        now = self.parts[-1][0]
        said = self.dispatcher.decide(now) if self.dispatcher else None
        self._said += [(now, said)] if said is not None else []
        heard = [table for at, table in self._said if at + self.late_us <= now]
        self._said = [(at, table) for at, table in self._said if at + self.late_us > now]
        return pa.concat_tables(heard) if heard else None

    def table(self, topic: str) -> pd.DataFrame:
        """What was told of a topic."""
        return pd.DataFrame(self.rows.get(topic, []), columns=load_contract(f"events/{topic}").columns)

    def endings(self) -> Counter[str]:
        """How many orders ended how."""
        orders, progress = self.table("orders"), self.table("delivery_progress")
        cancelled = orders[orders["event_type"] == "cancelled"]["reason"]
        return Counter([*cancelled, *progress["event_type"][progress["event_type"].isin(["delivered", "failed"])]])


@cache
def loop(late_seconds: float | None = 0.0) -> tuple[Outside, Looped]:
    """The day with the nearest courier sent `late_seconds` late; with nobody where that is None."""
    outside = Outside(None if late_seconds is None else Nearest("futian"), int((late_seconds or 0) * MICROS))
    return outside, run_closed_loop(PLAN, outside, None, TICK_SECONDS)


def minutes_to_door(outside: Outside) -> float:
    placed = outside.table("orders").query("event_type == 'placed'").set_index("order_id")
    now = placed[placed["scheduled_for"].isna()]["event_time"]
    done = outside.table("delivery_progress").query("event_type == 'delivered'").set_index("order_id")["event_time"]
    return float((done - now).dropna().dt.total_seconds().mean() / 60)


def test_orders_are_delivered_by_the_couriers_who_were_sent() -> None:
    outside, told = loop()
    endings = outside.endings()
    assert endings["delivered"] >= 0.8 * len(accepted_orders(outside))
    assert endings["no_courier"] == 0
    assert told.instructions >= endings["delivered"]
    said = outside.table("courier_assignments")
    took = said[said["event_type"] == "accepted"].set_index("order_id")["courier_id"]
    picked = outside.table("delivery_progress").query("event_type == 'picked_up'").set_index("order_id")["courier_id"]
    assert set(picked.items()) <= set(took.items())
    assert set(said["event_type"]) <= {"accepted", "declined", "unassigned"}  # instructions are told by who gave them


def test_the_loop_told_every_event_once_and_in_time() -> None:
    outside, told = loop()
    begun = 0
    for until, parts in outside.parts[:-1]:
        for rows in (rows for part in parts.values() for rows in part.values()):
            produced = rows.column("produced_at").cast(pa.int64()).to_numpy()
            assert begun <= produced.min()
            assert produced.max() < until
        begun = until
    ids = [
        i for _, p in outside.parts for t in p.values() for r in t.values() for i in r.column("event_id").to_pylist()
    ]
    assert len(set(ids)) == len(ids) == told.rows


def test_the_city_and_its_chances_are_those_of_the_built_in_dispatcher() -> None:
    usual = PLAN.generate(DAY).events
    outside, _ = loop()
    placed = outside.table("orders").query("event_type == 'placed'")
    want = usual["orders"].to_pandas().query("event_type == 'placed'")
    assert sorted(placed["event_id"]) == sorted(want["event_id"])
    assert minutes_to_door(outside) == pytest.approx(_usual_minutes(usual), rel=0.25)


def _usual_minutes(usual: dict[str, pa.Table]) -> float:
    built_in = Outside(None)
    built_in.tell({"day": usual}, 0, ())
    return minutes_to_door(built_in)


def test_late_instructions_make_late_orders() -> None:
    prompt, late = loop()[0], loop(600.0)[0]
    assert minutes_to_door(late) > minutes_to_door(prompt) + 3


def test_without_instructions_the_platform_gives_every_accepted_order_up() -> None:
    outside, _ = loop(None)
    endings = outside.endings()
    assert endings["delivered"] == 0
    assert endings["no_courier"] >= 0.8 * len(accepted_orders(outside))  # the others were cancelled by their customers


class Says(Outside):
    """Says what `says(told, now)` returns, at every tick."""

    def __init__(self, says: object) -> None:
        super().__init__(None)
        self.says = says

    def hear(self, until_us: int | None) -> pa.Table | None:
        rows: list[tuple[str, str, str]] = self.says(self, self.parts[-1][0])  # type: ignore[operator]
        if not rows:
            return None
        log, at = EventLog("futian", "dispatch:test"), self.parts[-1][0] / MICROS
        for n, (kind, order_id, courier_id) in enumerate(rows):
            repeats = [int(at) * 10 + n]
            log.add("courier_assignments", kind, [order_id], np.array([at]), repeats=repeats, courier_id=[courier_id])
        return log.tables(["courier_assignments"])["courier_assignments"]


def accepted_orders(outside: Outside) -> list[str]:
    return [row["order_id"] for row in outside.rows.get("restaurant_responses", []) if row["event_type"] == "accepted"]


def on_shift(outside: Outside) -> list[str]:
    shifts = [(row["courier_id"], row["event_type"]) for row in outside.rows.get("courier_shifts", [])]
    return [courier_id for courier_id, kind in shifts if kind == "started" and (courier_id, "ended") not in shifts]


def test_an_instruction_that_cannot_be_followed_is_declined_with_its_reason() -> None:
    busy_day = replace(PLAN, orders_per_day=60)
    everyone = busy_day.generate(DAY).events["courier_shifts"]["courier_id"].to_pylist()

    def says(outside: Outside, now: int) -> list[tuple[str, str, str]]:
        responses, free = outside.rows.get("restaurant_responses", []), on_shift(outside)
        recent = [
            r for r in responses if r["event_type"] == "accepted" and now / MICROS - r["event_time"].timestamp() < 300
        ]
        if len(recent) < 2 or len(free) < 2 or "courier_assignments" in outside.rows:
            return []
        one, two = (row["order_id"] for row in recent[-2:])
        later = next(each for each in everyone if each not in on_shift(outside))
        return [
            ("assigned", one, free[0]),
            ("assigned", one, free[1]),
            ("assigned", two, free[0]),
            ("assigned", two, "nobody"),
            ("assigned", two, later),
            ("unassigned", two, free[1]),
            ("assigned", "no-such-order", free[1]),
        ]

    outside = Says(says)
    told = run_closed_loop(busy_day, outside, None, 300.0)
    answers = outside.table("courier_assignments")
    refused = answers[answers["event_type"] == "declined"]
    assert {"unknown_courier", "busy", "off_shift", "not_on_order"} <= set(refused["reason"])
    assert {"order_has_courier", "order_not_open"} & set(refused["reason"])
    assert list(refused[refused["reason"] == "unknown_courier"]["courier_id"]) == ["nobody"]
    assert (told.instructions, told.ignored) == (7, 1)


def test_a_courier_taken_off_before_the_pick_up_rides_no_further_and_another_takes_over() -> None:
    state: dict[str, str] = {}

    def says(outside: Outside, now: int) -> list[tuple[str, str, str]]:
        orders, free = accepted_orders(outside), on_shift(outside)
        took = [r["courier_id"] for r in outside.rows.get("courier_assignments", []) if r["event_type"] == "accepted"]
        if "off" not in state and took:
            state["off"] = took[0]
            return [("unassigned", state["order"], took[0])]
        if "order" not in state and orders and len(free) > 1:
            state["order"] = orders[-1]
        others = [courier_id for courier_id in free if courier_id != state.get("off")]
        wanted = len(took) < (2 if "off" in state else 1) and "order" in state
        return [("assigned", state["order"], others[now // MICROS % len(others)])] if wanted and others else []

    outside = Says(says)
    run_closed_loop(replace(PLAN, orders_per_day=60), outside, None, 20.0)
    said, progress = outside.table("courier_assignments"), outside.table("delivery_progress")
    took = list(said[said["event_type"] == "accepted"]["courier_id"])
    assert took[0] == state["off"] != took[1]
    assert set(progress[progress["event_type"] != "arrived_at_restaurant"]["courier_id"]) == {took[1]}
    assert "delivered" in set(progress["event_type"])


def test_at_a_pace_the_clock_does_not_wait_for_a_dispatcher() -> None:
    clock, outside = Clock(), Outside(Nearest("futian"))
    told = run_closed_loop(PLAN, outside, 3600.0, 600.0, pace_of=lambda f, us: Pace(f, us, clock, clock.sleep))
    assert told.ticks == 24 * 6
    assert clock.slept == pytest.approx(24.0, abs=0.1)
    assert outside.endings()["delivered"] > 5
