"""Movers in processes of their own, to be killed; forked from a server that has imported everything, so quick."""

from __future__ import annotations

import importlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from multiprocessing.context import ForkServerContext, ForkServerProcess
from typing import Any

import pytest

from pipelines.settings import settings

PRELOADED = [
    "pytest",
    "deltalake",
    "generator.sending.files",
    "generator.sending.paced",
    "pipelines.movers.bronze_to_silver",
    "pipelines.movers.events_to_kafka",
    "pipelines.movers.kafka_to_bronze",
    "pipelines.movers.kafka_to_cassandra",
    "pipelines.movers.silver_to_warehouse",
    "tests.services.tiny_events",
]


class Workers:
    """`start("module:function", *args)` runs a function in a killable process with this process's settings."""

    def __init__(self, context: ForkServerContext) -> None:
        self.context = context
        self.started: list[ForkServerProcess] = []

    def start(self, call: str, *args: Any, **options: Any) -> ForkServerProcess:
        """The process, begun; it exits with 0 if the function returned."""
        ours = {name: value for name, value in os.environ.items() if name.startswith("DISHPATCH_")}
        process = self.context.Process(target=_call, args=(ours, call, args, options), daemon=True)
        process.start()
        self.started.append(process)
        return process

    def stop(self) -> None:
        for process in self.started:
            if process.is_alive():
                process.kill()
            process.join()


@pytest.fixture(scope="module")
def workers() -> Iterator[Workers]:
    """Processes for the tests of one module; none is left behind."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(PRELOADED)
    made = Workers(context)
    yield made
    made.stop()


def _call(environment: dict[str, str], call: str, args: tuple[Any, ...], options: dict[str, Any]) -> None:
    for name in [name for name in os.environ if name.startswith("DISHPATCH_")]:
        del os.environ[name]
    os.environ.update(environment)
    settings.cache_clear()
    module, function = call.split(":")
    found: Callable[..., Any] = getattr(importlib.import_module(module), function)
    found(*args, **options)
