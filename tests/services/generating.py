"""Generations that are killed; run in processes of their own."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from generator.city.city import load_city
from generator.sending.files import write_plan
from generator.sending.paced import publish_paced
from generator.sending.plan import Plan

FIRST = date(2026, 11, 20)
FACTOR = 20_000.0  # a day in four seconds


def plan(days: int) -> Plan:
    return Plan(load_city("futian"), FIRST, FIRST + timedelta(days=days - 1), 60, 7)


def write(folder: str, days: int) -> None:
    """Write the days."""
    write_plan(plan(days), Path(folder))


def pace(days: int) -> None:
    """Publish the days at a pace."""
    publish_paced(plan(days), FACTOR)
