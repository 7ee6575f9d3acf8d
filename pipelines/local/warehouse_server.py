"""The warehouse's process: fakesnow's server with everything kept on disk.

Run as `python -m pipelines.local.warehouse_server FOLDER PORT`. fakesnow's own command keeps nothing: its databases are
in memory, its stages in a new temporary folder at each start, and its load history (which makes COPY INTO skip a file
already loaded) in a database in memory. Here all three are under FOLDER. It reaches into names that fakesnow does not
promise, so the version is pinned, and a service test loads, restarts and loads again.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from pipelines.local.service import LOOPBACK

# Snowpark sends this on close; the stand-in does not know it.
NOP_REGEXES = [r"(?i)^select system\$cancel_all_queries"]
ABANDONED_SECONDS = (
    8.0  # between statements of a transaction, where another is in conflict with it; movers take milliseconds
)


def server() -> Any:
    """The ASGI application, its databases in db and its stages in stages of the working folder.

    Relative, because fakesnow puts these paths into SQL unescaped, where a folder's name may hold a quote.
    """
    databases, stages = Path("db"), Path("stages")
    for needed in (databases, stages):
        needed.mkdir(parents=True, exist_ok=True)

    # By name: the package also has a function called `server`, which hides the module from attribute access.
    instance: Any = import_module("fakesnow.instance")
    http: Any = import_module("fakesnow.server")
    _end_abandoned_transactions(import_module("fakesnow.cursor").FakeSnowflakeCursor, http.sessions)
    stage: Any = import_module("fakesnow.transforms.stage")
    stage.LOCAL_BUCKET_PATH = str(stages)
    with _global_database_in(databases / "_fs_global.db", instance.GLOBAL_DATABASE_NAME):
        http.shared_fs = instance.FakeSnow(db_path=databases, nop_regexes=NOP_REGEXES)
    return http.app


def _end_abandoned_transactions(cursor: Any, sessions: dict[str, Any]) -> None:
    """Tell clients of a conflict between transactions, and roll back the one of a session that fell silent.

    fakesnow answers a conflict with status 500, which the client repeats in vain for a minute. And it never ends the
    session of a client that was killed, whose open transaction would block the days it touched until a restart.
    """
    import duckdb
    from snowflake.connector.errors import ProgrammingError

    execute = cursor.execute
    busy: dict[int, int] = {}
    last_used: dict[int, float] = {}

    def watched(self: Any, *args: Any, **kwargs: Any) -> Any:
        own = id(self._conn)
        busy[own] = busy.get(own, 0) + 1
        try:
            return execute(self, *args, **kwargs)
        except (duckdb.TransactionException, duckdb.ConstraintException) as error:
            for other in list(sessions.values()):
                silent = time.monotonic() - last_used.get(id(other), time.monotonic())
                if other is not self._conn and not busy.get(id(other)) and silent > ABANDONED_SECONDS:
                    with suppress(duckdb.Error):  # it has no transaction open
                        other._duck_conn.execute("ROLLBACK")
            raise ProgrammingError(msg=str(error), errno=625, sqlstate="57014") from error
        finally:
            busy[own] -= 1
            last_used[own] = time.monotonic()

    cursor.execute = watched


@contextmanager
def _global_database_in(file: Path, name: str) -> Iterator[None]:
    """While open, a new DuckDB connection has fakesnow's global database attached from a file.

    fakesnow attaches one in memory only where there is none of that name.
    """
    import duckdb

    connect = duckdb.connect

    def attached(*args: Any, **kwargs: Any) -> Any:
        connection = connect(*args, **kwargs)
        connection.execute(f"ATTACH '{file}' AS {name}")
        return connection

    duckdb.connect = attached
    try:
        yield
    finally:
        duckdb.connect = connect


def main(folder: Path, port: int) -> None:
    """Serve until SIGTERM, with `folder` as the working folder."""
    import uvicorn

    os.chdir(folder)
    uvicorn.run(server(), host=LOOPBACK, port=port, log_level="warning", timeout_graceful_shutdown=5)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), int(sys.argv[2]))
