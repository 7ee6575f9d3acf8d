"""Frames of a made-up city, made once for all tests of reports."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import pytest


def load_gold_days() -> ModuleType:
    """The module of made-up orders beside this file; test folders are no packages."""
    if "gold_days" not in sys.modules:
        spec = importlib.util.spec_from_file_location("gold_days", Path(__file__).parent / "gold_days.py")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules["gold_days"] = module
        spec.loader.exec_module(module)
    return sys.modules["gold_days"]


@pytest.fixture(scope="session")
def days() -> ModuleType:
    return load_gold_days()


@pytest.fixture(scope="session")
def normal(days):
    return days.normal()


@pytest.fixture(scope="session")
def three(days):
    return days.three_orders()


@pytest.fixture(scope="session")
def none(days):
    return days.no_orders()
