"""Cassandra: one session a process, prepared statements, bounded concurrency, and the one rule for write times.

Guarantees: every statement carries its own write time (deletes too), so the same statements in any order, any number of
times, leave the same rows. Columns that a row does not speak of are not written: no tombstone for them.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from cassandra import ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable, Session
from cassandra.concurrent import execute_concurrent
from cassandra.policies import DCAwareRoundRobinPolicy, TokenAwarePolicy
from cassandra.query import BatchStatement, BatchType, PreparedStatement, dict_factory

from pipelines.contract_ddl import cql_ddl
from pipelines.contracts import Contract
from pipelines.errors import ContractViolation, ServiceError
from pipelines.settings import settings

BATCH_STATEMENTS = 50
CONCURRENCY = 64  # statements in flight; more only queue in a one-node cluster
_EPOCH, _MICROSECOND = datetime(1970, 1, 1, tzinfo=UTC), timedelta(microseconds=1)
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)  # an event before it is a clock that was never set
_LATEST_AHEAD_DAYS = 366  # a write time far ahead would hide every later write for ever


def is_write_time(event_time: datetime) -> bool:
    """Whether `write_time_us` takes it."""
    return event_time >= _EARLIEST and (event_time - datetime.now(UTC)).days <= _LATEST_AHEAD_DAYS


def write_time_us(event_time: datetime, rank: int = 0) -> int:
    """Write time in microseconds: the event's own time plus `rank` (0 to 99), which settles events of one microsecond.

    The only place where a write time is made, for movers and for repairs by hand. ContractViolation outside 2000 to a
    year ahead: a time in milliseconds or seconds lands there.
    """
    if not is_write_time(event_time):
        raise ContractViolation(
            f"{event_time.isoformat()} cannot be a write time; expected 2000-01-01 to one year ahead, in UTC"
        )
    return (event_time - _EPOCH) // _MICROSECOND + rank


@contextmanager
def open_session() -> Iterator[Session]:
    """A session; rows come as dictionaries. ServiceError where no contact point answers."""
    s = settings()
    points = s.cassandra_contact_points.split(",")
    auth = None
    if s.cassandra_username and s.cassandra_password:
        auth = PlainTextAuthProvider(s.cassandra_username, s.cassandra_password.get_secret_value())
    tls = ssl.create_default_context(cafile=str(s.cassandra_ssl_cafile)) if s.cassandra_ssl_cafile else None
    profile = ExecutionProfile(
        load_balancing_policy=TokenAwarePolicy(DCAwareRoundRobinPolicy()),
        consistency_level=ConsistencyLevel.LOCAL_QUORUM,
        row_factory=dict_factory,
        request_timeout=30,
    )
    cluster = Cluster(
        points,
        port=s.cassandra_native_port,
        auth_provider=auth,
        ssl_context=tls,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        connect_timeout=10,
        protocol_version=5,
    )
    try:
        yield cluster.connect()
    except NoHostAvailable as error:
        raise ServiceError(
            f"Cassandra at {s.cassandra_contact_points}:{s.cassandra_native_port} does not answer ({error}); "
            "see 'dishpatch status'"
        ) from error
    finally:
        cluster.shutdown()


def ensure_tables(session: Session, contracts: Sequence[Contract]) -> None:
    """Create the keyspace and the tables that are missing."""
    s = settings()
    session.execute(
        f"CREATE KEYSPACE IF NOT EXISTS {s.cassandra_keyspace} WITH replication = "
        f"{{'class': 'NetworkTopologyStrategy', 'replication_factor': {s.cassandra_replication_factor}}}"
    )
    for contract in contracts:
        session.execute(cql_ddl(contract, s.cassandra_keyspace))


def prepare_upsert(session: Session, contract: Contract, columns: Sequence[str]) -> PreparedStatement:
    """INSERT of just `columns` (the key among them) USING TIMESTAMP, which is bound last.

    A column that an event does not speak of is not in the statement, so nothing is written for it, no tombstone either.
    """
    marks = ", ".join("?" * len(columns))
    table = f"{settings().cassandra_keyspace}.{contract.name}"
    return session.prepare(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks}) USING TIMESTAMP ?")


def prepare_delete(session: Session, contract: Contract) -> PreparedStatement:
    """DELETE of one row by its whole primary key USING TIMESTAMP (bound first)."""
    where = " AND ".join(f"{name} = ?" for name in contract.primary_key)
    return session.prepare(
        f"DELETE FROM {settings().cassandra_keyspace}.{contract.name} USING TIMESTAMP ? WHERE {where}"
    )


def prepare_erasure(session: Session, contract: Contract, column: str) -> PreparedStatement:
    """DELETE of one column of a row, by its whole primary key, USING TIMESTAMP (bound first)."""
    where = " AND ".join(f"{name} = ?" for name in contract.primary_key)
    table = f"{settings().cassandra_keyspace}.{contract.name}"
    return session.prepare(f"DELETE {column} FROM {table} USING TIMESTAMP ? WHERE {where}")


def same_partition_batches(statements: Sequence[Any]) -> Iterator[Any]:
    """Few round trips for statements of one partition; each keeps its own write time.

    A batch holds at most BATCH_STATEMENTS: an order that was changed thousands of times is no single request.
    """
    for start in range(0, len(statements), BATCH_STATEMENTS):
        some = statements[start : start + BATCH_STATEMENTS]
        if len(some) == 1:
            yield some[0]
            continue
        batch = BatchStatement(BatchType.UNLOGGED)
        for statement in some:
            batch.add(statement)
        yield batch


def execute_all(session: Session, statements: Iterable[Any]) -> list[list[dict[str, Any]]]:
    """Execute bound statements with bounded concurrency; the rows of each, in order. The first failure raises."""
    pairs = [(statement, None) for statement in statements]
    try:
        results = execute_concurrent(session, pairs, concurrency=CONCURRENCY, raise_on_first_error=True)
    except Exception as error:
        raise ServiceError(
            f"Cassandra refused a statement ({error}); nothing was acknowledged, run the step again"
        ) from error
    return [list(result.result_or_exc) for result in results]
