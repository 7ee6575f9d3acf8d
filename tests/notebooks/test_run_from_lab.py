"""Runs can be started from a notebook that is itself running, several at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.manager import KernelManager

from pipelines.runs.environment import OwnInterpreterSpecs
from pipelines.runs.ledger import Ledger

pytestmark = [pytest.mark.notebook, pytest.mark.usefixtures("own_folders")]

WriteNotebook = Callable[..., Path]


@pytest.fixture
def lab_kernel() -> Iterator[Any]:
    """A client of a kernel as JupyterLab starts it."""
    manager = KernelManager(kernel_name="python3", kernel_spec_manager=OwnInterpreterSpecs())
    manager.start_kernel()
    client = manager.client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=60)
        yield client
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
        manager.cleanup_resources()
        manager.context.term()


def evaluated(client: Any, expression: str) -> str:
    reply = client.execute_interactive(
        "", user_expressions={"x": expression}, timeout=150, output_hook=lambda message: None
    )
    return str(reply["content"]["user_expressions"]["x"]["data"]["text/plain"])


def test_a_cell_in_lab_runs_notebooks_from_four_threads_and_answers_meanwhile(
    write_notebook: WriteNotebook, lab_kernel: Any
) -> None:
    notebook = write_notebook(
        "step",
        ("parameters", "number: int = 0"),
        ("imports", "import time\nfrom pipelines.runs.publish import publish"),
        'time.sleep(2)\npublish({"number": number})',
    )
    start = f"""
from concurrent.futures import ThreadPoolExecutor
from pipelines.runs import run_notebook
pool = ThreadPoolExecutor(4)
futures = [pool.submit(run_notebook, {str(notebook)!r}, {{"number": i}}) for i in range(4)]
"""
    lab_kernel.execute_interactive(start, timeout=60)
    began = time.monotonic()
    assert evaluated(lab_kernel, "sum(f.done() for f in futures), 6 * 7") == "(0, 42)"
    assert time.monotonic() - began < 2  # answered while the four ran
    results = evaluated(lab_kernel, "[f.result(120).figures for f in futures]")
    assert results == str([{"number": i} for i in range(4)])
    with Ledger.open() as ledger:
        assert sorted(run.figures["number"] for run in ledger.runs()) == [0, 1, 2, 3]


def test_a_plain_cell_in_lab_can_wait_for_a_run(write_notebook: WriteNotebook, lab_kernel: Any) -> None:
    notebook = write_notebook("step", "x = 1")
    code = f"from pipelines.runs import run_notebook; result = run_notebook({str(notebook)!r})"
    lab_kernel.execute_interactive(code, timeout=120)
    assert evaluated(lab_kernel, "result.status") == "'succeeded'"
