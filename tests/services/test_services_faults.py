"""A second set of services that is killed, doubled and stopped: deaths are noticed, restarts keep the data."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipelines import local
from pipelines.errors import DishpatchError, ServiceError, SetupError
from pipelines.local import state
from pipelines.local.kafka import Kafka
from pipelines.local.object_store import ObjectStore
from pipelines.local.status import ServiceState
from pipelines.settings import Settings

pytestmark = [pytest.mark.service, pytest.mark.fault]

NAMES = ("kafka", "cassandra", "object_store", "warehouse")


@pytest.fixture(scope="module")
def second(second_settings: Settings) -> Iterator[Settings]:
    """The second set, up when this module starts."""
    try:
        local.up(config=second_settings)
        yield second_settings
    finally:
        local.down(config=second_settings)


@pytest.fixture
def up_again(second: Settings) -> Settings:
    """The second set, all running whatever the test before did."""
    local.up(config=second)
    return second


def states(config: Settings) -> dict[str, ServiceState]:
    return {s.name: s for s in local.status(config)}


def pids(config: Settings) -> dict[str, int | None]:
    return {s.name: s.pid for s in local.status(config)}


def dishpatch(command: str, config: Settings) -> subprocess.Popen[str]:
    """The command line in its own process, against these services."""
    own = {
        "DISHPATCH_DATA_DIR": str(config.data_dir),
        "DISHPATCH_CACHE_DIR": str(config.cache_dir),
        "DISHPATCH_LOCAL_PORT_BASE": str(config.local_port_base),
    }
    argv = [sys.executable, "-m", "pipelines.cli", command]
    return subprocess.Popen(
        argv, env={**os.environ, **own}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


class Kept:
    """One thing written to each service, and how to read it back."""

    def __init__(self, config: Settings) -> None:
        self.config = config

    def write_kafka(self) -> None:
        from kafka import KafkaAdminClient, KafkaProducer
        from kafka.admin import NewTopic

        address = f"127.0.0.1:{Kafka(self.config).port}"
        admin = KafkaAdminClient(bootstrap_servers=address)
        admin.create_topics([NewTopic("kept", num_partitions=1, replication_factor=1)])
        admin.close()
        producer = KafkaProducer(bootstrap_servers=address, acks="all")
        producer.send("kept", b"kept").get(timeout=10)
        producer.close()

    def read_kafka(self) -> object:
        from kafka import KafkaConsumer, TopicPartition

        address = f"127.0.0.1:{Kafka(self.config).port}"
        consumer = KafkaConsumer(bootstrap_servers=address, consumer_timeout_ms=10_000, auto_offset_reset="earliest")
        try:
            consumer.assign([TopicPartition("kept", 0)])
            return next(message.value for message in consumer)
        finally:
            consumer.close()

    def _cql(self, *statements: str) -> Any:
        from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
        from cassandra.policies import WhiteListRoundRobinPolicy

        profile = ExecutionProfile(load_balancing_policy=WhiteListRoundRobinPolicy(["127.0.0.1"]))
        cluster = Cluster(
            ["127.0.0.1"],
            port=self.config.port("cassandra"),
            protocol_version=5,
            execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        )
        try:
            session = cluster.connect()
            return [session.execute(statement) for statement in statements][-1]
        finally:
            cluster.shutdown()

    def write_cassandra(self) -> None:
        replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}"
        self._cql(
            f"create keyspace k with replication = {replication}",
            "create table k.kept (id int primary key, v blob)",
            f"insert into k.kept (id, v) values (1, 0x{b'kept'.hex()})",
        )

    def read_cassandra(self) -> object:
        return self._cql("select v from k.kept where id = 1").one().v

    def write_object_store(self) -> None:
        ObjectStore(self.config).client().put_object(Bucket=self.config.s3_bucket, Key="kept", Body=b"kept")

    def read_object_store(self) -> object:
        return ObjectStore(self.config).client().get_object(Bucket=self.config.s3_bucket, Key="kept")["Body"].read()

    def _sql(self, *statements: str) -> Any:
        import snowflake.connector

        with (
            snowflake.connector.connect(
                user="t",
                password="t",
                account="fakesnow",
                host="127.0.0.1",
                port=self.config.port("warehouse"),
                protocol="http",
                database="DISHPATCH",
                schema="PUBLIC",
                login_timeout=5,
                network_timeout=10,
                session_parameters={"CLIENT_OUT_OF_BAND_TELEMETRY_ENABLED": False},
            ) as connection,
            connection.cursor() as cursor,
        ):
            return [cursor.execute(statement).fetchone() for statement in statements][-1]

    def write_warehouse(self) -> None:
        self._sql("create table kept (v varchar)", "insert into kept values ('kept')")

    def read_warehouse(self) -> object:
        return self._sql("select v from kept")[0].encode()


@pytest.fixture(scope="module")
def kept(second: Settings) -> Kept:
    """Something written to each of the second set's services before anything is killed."""
    written = Kept(second)
    for name in NAMES:
        getattr(written, f"write_{name}")()
    return written


def read_all(kept: Kept) -> dict[str, object]:
    readers: dict[str, Callable[[], object]] = {name: getattr(kept, f"read_{name}") for name in NAMES}
    return {name: read() for name, read in readers.items()}


ALL_KEPT = dict.fromkeys(NAMES, b"kept")


@pytest.mark.parametrize("name", NAMES)
def test_a_killed_service_is_noticed_within_a_second_and_restarted_alone_with_its_data(
    up_again: Settings, kept: Kept, name: str
) -> None:
    before = pids(up_again)
    pid = before[name]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    time.sleep(1.0)
    dead = states(up_again)[name]
    assert (dead.status, dead.signal, dead.is_missing) == ("exited", 9, True)
    assert dead.describe().startswith("exited (signal 9) at 20")
    with pytest.raises(ServiceError, match=r"exited \(signal 9\) at .* 'dishpatch up'"):
        local.require_services(up_again)
    local.up(config=up_again)
    after = pids(up_again)
    assert after[name] not in (None, pid)
    assert {n: p for n, p in after.items() if n != name} == {n: p for n, p in before.items() if n != name}
    assert read_all(kept) == ALL_KEPT


def test_status_exits_1_and_names_the_log_while_a_service_is_down(up_again: Settings) -> None:
    whole = dishpatch("status", up_again)
    assert "4 of 4 running" in whole.communicate(timeout=60)[0]
    assert whole.returncode == 0
    pid = pids(up_again)["warehouse"]
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    time.sleep(1.0)
    shown = dishpatch("status", up_again)
    out, _ = shown.communicate(timeout=60)
    assert shown.returncode == 1
    assert "1 of 4 down that should be up" in out
    assert "warehouse.out" in out


def test_after_the_supervisor_was_killed_up_takes_the_services_over_with_their_data(
    up_again: Settings, kept: Kept
) -> None:
    before = pids(up_again)
    recorded = state.read_state(up_again.data_dir)
    assert recorded is not None
    os.kill(recorded.supervisor_pid, signal.SIGKILL)
    time.sleep(0.5)
    orphans = local.status(up_again)
    assert [(s.status, s.supervised) for s in orphans] == [("running", False)] * 4
    local.up(config=up_again)
    after = pids(up_again)
    assert all(s.supervised and s.status == "running" for s in local.status(up_again))
    assert set(after.values()).isdisjoint(before.values())
    assert not any(psutil.pid_exists(pid) for pid in before.values() if pid)
    assert read_all(kept) == ALL_KEPT


def test_down_stops_everything_and_two_ups_at_once_start_one_set(up_again: Settings, kept: Kept) -> None:
    before = [pid for pid in pids(up_again).values() if pid]
    local.down(config=up_again)
    assert [(s.status, s.is_missing) for s in local.status(up_again)] == [("stopped", False)] * 4
    assert not any(psutil.pid_exists(pid) for pid in before)
    leftovers = [Path(path) for path in ObjectStore(up_again).leftovers()]
    assert [path for path in leftovers if path.exists()] == []
    with pytest.raises(ServiceError, match="Start them with 'dishpatch up'"):
        local.require_services(up_again)

    both = [dishpatch("up", up_again) for _ in range(2)]
    said = [process.communicate(timeout=240)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert all("4 services ready" in out for out in said)
    plan = [launch.argv for launch in state.read_plan(up_again.data_dir)]
    running = [p.info["cmdline"] for p in psutil.process_iter(["cmdline"]) if p.info["cmdline"] in plan]
    assert sorted(running) == sorted(plan)
    assert read_all(kept) == ALL_KEPT


def test_other_ports_over_running_services_are_refused(up_again: Settings) -> None:
    moved = up_again.model_copy(update={"local_port_base": up_again.local_port_base + 100})
    with pytest.raises(ServiceError, match="Run 'dishpatch down' before changing DISHPATCH_LOCAL_PORT_BASE"):
        local.up(config=moved)
    assert all(s.status == "running" for s in local.status(up_again))


def test_a_used_port_is_refused_by_name_before_anything_starts(second_settings: Settings, tmp_path: Path) -> None:
    fresh = second_settings.model_copy(
        update={"data_dir": tmp_path / "data", "local_port_base": second_settings.local_port_base + 100}
    )
    with socket.create_server(("127.0.0.1", fresh.port("warehouse"))), pytest.raises(SetupError) as refused:
        local.up(config=fresh)
    assert f"port {fresh.port('warehouse')} on 127.0.0.1, needed by Warehouse (fakesnow), is in use" in str(
        refused.value
    )
    assert f"by process {os.getpid()}" in str(refused.value)
    assert "DISHPATCH_LOCAL_PORT_BASE=" in str(refused.value)
    assert state.read_state(fresh.data_dir) is None
    assert [s.status for s in local.status(fresh)] == ["stopped"] * 4


def test_a_service_that_cannot_start_is_named_with_its_log(second_settings: Settings, tmp_path: Path) -> None:
    broken = second_settings.model_copy(
        update={"data_dir": tmp_path / "data", "local_port_base": second_settings.local_port_base + 100}
    )
    only_kafka = broken.model_copy(
        update={"cassandra_port": 9042, "s3_endpoint": "http://elsewhere", "snowflake_account": "elsewhere"}
    )
    local.up(config=only_kafka)
    local.down(config=only_kafka)
    meta = only_kafka.data_dir / "kafka" / "data" / "meta.properties"
    meta.write_text(meta.read_text().replace("node.id=1", "node.id=7"))
    try:
        with pytest.raises(DishpatchError) as failed:
            local.up(config=only_kafka)
        assert "Kafka ended while starting (exit code 1)" in str(failed.value)
        assert str(only_kafka.data_dir / "logs" / "kafka.log") in str(failed.value)
        assert "node" in str(failed.value).lower()
    finally:
        local.down(config=only_kafka)
