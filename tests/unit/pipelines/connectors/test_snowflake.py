"""What a session is opened with, and which error of a transaction is told."""

from __future__ import annotations

from typing import Any, cast

import pytest
from snowflake.connector.errors import OperationalError
from snowflake.snowpark import Session

from pipelines.connectors import snowflake


class Lost:
    """A connection that is lost once the transaction has begun, which no real one is on cue."""

    def sql(self, statement: str) -> Lost:
        self.statement = statement
        return self

    def collect(self) -> list[Any]:
        if self.statement != "BEGIN":
            raise OperationalError("the connection is lost")
        return []


def test_a_session_is_in_utc_so_that_no_cast_of_an_instant_shifts_it() -> None:
    assert snowflake._connection()["session_parameters"]["TIMEZONE"] == "UTC"


def test_a_rollback_that_fails_does_not_hide_the_error_that_called_for_it() -> None:
    with (
        pytest.raises(ZeroDivisionError, match="the first error") as raised,
        snowflake.transaction(cast(Session, Lost())),
    ):
        raise ZeroDivisionError("the first error")
    assert "the connection is lost" in raised.value.__notes__[0]
