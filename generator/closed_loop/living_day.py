"""One day of a city as far as it is told, under the instructions heard so far."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from generator.closed_loop.external import ExternalDispatch
from generator.closed_loop.instructions import Instruction, each_once
from generator.day import begin_day
from generator.sending.pace import MICROS, Pending
from generator.sending.plan import Plan
from pipelines.movers.events_in_slices import Parts


class LivingDay:
    """Tells its events as they are produced; what it hears changes what it has not told yet, and nothing else."""

    def __init__(self, plan: Plan, day: date) -> None:
        honest, self._day = without_courier_fraud(plan), day
        self._begun = begin_day(honest.city, day, honest.orders_per_day, honest.seed, honest.scenario)
        self._events = dict(self._begun.told())  # by topic; those of the couriers are put anew
        self._heard: list[Instruction] = []
        self._told: list[pa.Array] = [pa.array([], pa.string())]
        self._until_us = self.ignored = 0
        self._live()

    @property
    def unit(self) -> str:
        return self._day.isoformat()

    def next_tick(self, now_us: int, tick_us: int) -> int:
        """The first tick after `now_us` that is worth telling: something happened, or an order is without courier."""
        first = self.ahead.first_us
        if first is None or self._dispatch.waits(now_us / MICROS):
            return now_us + tick_us
        return now_us + tick_us * max(1, -(-(first + 1 - now_us) // tick_us))

    def hear(self, instructions: Sequence[Instruction]) -> None:
        """Follow these from their time on, which must not lie before what was told."""
        if instructions:
            self._heard = each_once([*self._heard, *instructions])
            self._live()

    def tell(self, until_us: int) -> Parts:
        """Events produced before `until_us` that were not told yet."""
        parts, self._until_us = self.ahead.due(until_us), until_us
        tables = [rows for part in parts.values() for rows in part.values() if isinstance(rows, pa.Table)]
        self._told += [ids for rows in tables for ids in rows.column("event_id").chunks]
        return parts

    def _live(self) -> None:
        """Live the day to its end as if nothing more were heard, and keep what is not told."""
        self._dispatch = ExternalDispatch(self._heard)
        self._events |= self._begun.live(self._dispatch, {})
        told, self.ahead = pa.chunked_array(self._told), Pending()
        new = {t: rows.filter(pc.invert(pc.is_in(rows.column("event_id"), told))) for t, rows in self._events.items()}
        self.ahead.add(self.unit, new, self._until_us)  # what is predicted anew for the past stays as it was told
        self.ignored = len(self._dispatch.ignored)


def without_courier_fraud(plan: Plan) -> Plan:
    """The plan without the fraud of couriers, which rewrites trips once the whole day is known."""
    fraud = plan.scenario.fraud_in(plan.city) if plan.scenario else plan.city.fraud
    city = plan.city.model_copy(update={"fraud": fraud.without("collusion", "false_delivery", "gps_spoofing")})
    scenario = plan.scenario.model_copy(update={"fraud": {}}) if plan.scenario else None
    return replace(plan, city=city, scenario=scenario)
