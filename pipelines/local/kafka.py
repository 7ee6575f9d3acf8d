"""Apache Kafka 4.1: one KRaft process that is broker and controller, on loopback."""

from __future__ import annotations

import base64
import os
import subprocess
import uuid
from pathlib import Path

from pipelines.errors import SetupError
from pipelines.local import jars, java
from pipelines.local.service import LOOPBACK, Service

HEAP_MIB = 512
FORMAT_SECONDS = 60

# Values that differ from Kafka's defaults because one broker is the whole cluster, or to start and recover fast: after
# a SIGKILL the controller refuses the broker until its old session ends, 9 s by default. The data folder is relative to
# the working folder: a properties file takes neither commas nor letters beyond Latin-1 in a path.
PROPERTIES = """\
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@{host}:{controller}
listeners=PLAINTEXT://{host}:{port},CONTROLLER://{host}:{controller}
advertised.listeners=PLAINTEXT://{host}:{port}
controller.listener.names=CONTROLLER
inter.broker.listener.name=PLAINTEXT
log.dirs=data
num.partitions=1
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
transaction.state.log.num.partitions=4
transaction.abort.timed.out.transaction.cleanup.interval.ms=1000
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
message.max.bytes=2097152
replica.fetch.max.bytes=2097152
log.cleaner.dedupe.buffer.size=8388608
broker.session.timeout.ms=2000
broker.heartbeat.interval.ms=500
auto.leader.rebalance.enable=false
"""

LOG4J = """\
status=warn
appender.f.type=RollingFile
appender.f.name=F
appender.f.fileName=${sys:kafka.log}
appender.f.filePattern=${sys:kafka.log}.%i
appender.f.layout.type=PatternLayout
appender.f.layout.pattern=%d{ISO8601} %p %c{1} %m%n
appender.f.policies.type=Policies
appender.f.policies.size.type=SizeBasedTriggeringPolicy
appender.f.policies.size.size=20MB
appender.f.strategy.type=DefaultRolloverStrategy
appender.f.strategy.max=3
rootLogger.level=info
rootLogger.appenderRef.f.ref=F
"""


class Kafka(Service):
    """Ready when a metadata request names a live broker."""

    name = "kafka"
    title = "Kafka"
    ports = ("kafka", "kafka_controller")
    memory_mib = 400
    ready_seconds = 180.0

    @property
    def log_files(self) -> list[Path]:
        """The log4j file first: Kafka says nothing on its output."""
        return [self.logs / "kafka.log", self.output_file]

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    def prepare(self) -> None:
        """Configuration always anew; the storage folder is formatted once. Raises SetupError if formatting fails."""
        super().prepare()
        data = self.folder / "data"
        self._properties.write_text(
            PROPERTIES.format(host=LOOPBACK, port=self.port, controller=self.settings.port("kafka_controller"))
        )
        (self.folder / "log4j2.properties").write_text(LOG4J)
        if not (data / "meta.properties").exists():
            self._format()

    def _format(self) -> None:
        argv = [*self._java(128, self.logs / "kafka_format.log"), "kafka.tools.StorageTool", "format"]
        argv += ["--ignore-formatted", "-t", new_cluster_id(), "-c", str(self._properties)]
        done = subprocess.run(
            argv,
            capture_output=True,
            text=True,
            timeout=FORMAT_SECONDS,
            check=False,
            cwd=self.folder,
            env={**os.environ, **self.own_environment()},
        )
        if done.returncode != 0:
            said = (done.stderr or done.stdout).strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
            raise SetupError(
                f"Kafka cannot format its storage in {self.folder / 'data'}: {said[0]}. "
                "Move that folder away if its content is not needed, and start again."
            )

    def _java(self, heap_mib: int, log: Path) -> list[str]:
        path = ":".join(str(jar) for jar in jars.class_path("kafka", self.settings.jar_cache_dir))
        return [
            java.java_program(),
            *java.java_options(self.temporary_folder, heap_mib),
            f"-Dkafka.log={log}",
            f"-Dlog4j2.configurationFile={self.folder / 'log4j2.properties'}",
            "-cp",
            path,
        ]

    def command(self) -> list[str]:
        return [*self._java(HEAP_MIB, self.logs / "kafka.log"), "kafka.Kafka", str(self._properties)]

    def probe(self) -> None:
        """Metadata that names a broker: a fenced broker, or a controller alone, does not appear in it."""
        from kafka import KafkaAdminClient

        client = KafkaAdminClient(
            bootstrap_servers=f"{LOOPBACK}:{self.port}", bootstrap_timeout_ms=2000, reconnect_backoff_max_ms=200
        )
        try:
            if not client.describe_cluster()["brokers"]:
                raise ConnectionError("the controller answers, but no broker is registered")
        finally:
            client.close()


def new_cluster_id() -> str:
    """22 URL-safe characters; never one that a command line would take for an option."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        if not text.startswith("-"):
            return text
