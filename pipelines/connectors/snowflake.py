"""Snowflake: a Snowpark session from the settings.

The embedded stand-in and a real account differ by settings alone.
"""

from __future__ import annotations

import atexit
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pandas as pd
from snowflake.connector.errors import Error as SnowflakeError
from snowflake.snowpark import Session
from snowflake.snowpark.exceptions import SnowparkClientException

from pipelines.errors import ServiceError
from pipelines.settings import settings

# The connector repeats each failed request in its log; our own error says it once.
logging.getLogger("snowflake").setLevel(logging.CRITICAL)


def _connection() -> dict[str, Any]:
    s = settings()
    options: dict[str, Any] = {
        "account": s.snowflake_account,
        "user": s.snowflake_user,
        "database": s.snowflake_database,
        "schema": "PUBLIC",
        # COPY INTO casts instants of a Parquet file to columns without a zone by the session's zone
        "session_parameters": {"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False, "TIMEZONE": "UTC"},
        "login_timeout": 10,
        "network_timeout": 60,
    }
    if s.uses_embedded_warehouse:
        # a statement that the stand-in cannot do answers 500, which the connector would repeat for half a minute
        options |= {"host": s.snowflake_host, "port": s.snowflake_server_port, "protocol": s.snowflake_protocol}
        options |= {"password": "local", "login_timeout": 5}
        return options
    if s.snowflake_private_key_file:
        options["private_key_file"] = str(s.snowflake_private_key_file)
    elif s.snowflake_password:
        options["password"] = s.snowflake_password.get_secret_value()
    given = {"role": s.snowflake_role, "warehouse": s.snowflake_warehouse, "host": s.snowflake_host}
    return options | {
        name: value for name, value in given.items() if value and not (name == "host" and value == "127.0.0.1")
    }


@contextmanager
def open_session() -> Iterator[Session]:
    """A Snowpark session in the business's database, closed at the end.

    ServiceError where the warehouse does not answer.
    """
    s = settings()
    try:
        session = Session.builder.configs(_connection()).create()
    except (SnowflakeError, SnowparkClientException) as error:
        where = f"127.0.0.1:{s.snowflake_server_port}" if s.uses_embedded_warehouse else s.snowflake_account
        raise ServiceError(f"the warehouse at {where} does not answer ({error}); see 'dishpatch status'") from error
    try:
        # the stand-in makes a database that is missing when a session begins; to ask for it as well would replace
        # its macros, which conflicts with every other session that is just beginning
        session.sql(f"USE DATABASE {s.snowflake_database}").collect()
        yield session
    finally:
        session.close()
        # Snowpark would close it once more when the process ends, and wait a minute for a warehouse gone by then
        atexit.unregister(session._close_at_exit)


@contextmanager
def transaction(session: Session) -> Iterator[None]:
    """BEGIN … COMMIT; any error rolls back, and is the one raised also where the rollback fails."""
    session.sql("BEGIN").collect()
    try:
        yield
    except BaseException as error:
        try:
            session.sql("ROLLBACK").collect()
        except (SnowflakeError, SnowparkClientException) as failed:  # closing the session ends the transaction too
            error.add_note(f"the rollback failed too: {failed}")
        raise
    session.sql("COMMIT").collect()


def fetch(session: Session, sql: str, params: list[Any] | None = None) -> pd.DataFrame:
    """Rows of a query with lower-case column names; `params` are bound to its question marks."""
    frame = session.sql(sql, params=params).to_pandas()
    return frame.rename(columns=str.lower)
