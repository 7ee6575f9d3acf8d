"""Sessions that begin at once, as those of gold tables built side by side do."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from pipelines.connectors.snowflake import fetch, open_session

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("services")]


def asked(number: int) -> int:
    with open_session() as session:
        return int(fetch(session, f"SELECT {number} AS N")["n"][0])


def test_sessions_that_begin_at_once_do_not_conflict() -> None:
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(asked, range(64))) == list(range(64))
