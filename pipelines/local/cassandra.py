"""Apache Cassandra 5.0: one node on loopback."""

from __future__ import annotations

from pathlib import Path

from pipelines.local import jars, java
from pipelines.local.service import LOOPBACK, Service

HEAP_MIB = 512  # 100,000 concurrent writes held at 512, at 740 MB resident

YAML = """\
cluster_name: dishpatch
partitioner: org.apache.cassandra.dht.Murmur3Partitioner
commitlog_sync: periodic
commitlog_sync_period: 1000ms
num_tokens: 1
endpoint_snitch: SimpleSnitch
seed_provider:
  - class_name: org.apache.cassandra.locator.SimpleSeedProvider
    parameters: [{{seeds: "{host}:{storage}"}}]
listen_address: {host}
storage_port: {storage}
rpc_address: {host}
native_transport_port: {port}
authenticator: AllowAllAuthenticator
authorizer: AllowAllAuthorizer
"""

LOGBACK = """\
<configuration>
  <appender name="FILE" class="ch.qos.logback.core.rolling.RollingFileAppender">
    <file>${cassandra.logfile}</file>
    <rollingPolicy class="ch.qos.logback.core.rolling.FixedWindowRollingPolicy">
      <fileNamePattern>${cassandra.logfile}.%i</fileNamePattern>
      <minIndex>1</minIndex>
      <maxIndex>3</maxIndex>
    </rollingPolicy>
    <triggeringPolicy class="ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy">
      <maxFileSize>20MB</maxFileSize>
    </triggeringPolicy>
    <encoder><pattern>%d{ISO8601} %-5level %logger{0} %msg%n</pattern></encoder>
  </appender>
  <root level="INFO"><appender-ref ref="FILE"/></root>
</configuration>
"""

# The only parts of the JDK that Cassandra 5 needs opened to start, write, index and flush.
MODULE_OPTIONS = (
    *("--add-opens", "java.base/sun.nio.ch=ALL-UNNAMED"),
    *("--add-opens", "java.base/java.io=ALL-UNNAMED"),
    *("--add-exports", "java.base/jdk.internal.ref=ALL-UNNAMED"),
)
# A single node has no ring to wait for.
SINGLE_NODE_OPTIONS = (
    "-Dcassandra.ring_delay_ms=100",
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.superuser_setup_delay_ms=0",
)


class Cassandra(Service):
    """Ready when it answers a CQL select."""

    name = "cassandra"
    title = "Cassandra"
    ports = ("cassandra", "cassandra_storage")
    memory_mib = 800
    ready_seconds = 240.0

    @property
    def log_files(self) -> list[Path]:
        return [self.logs / "cassandra.log", self.output_file]

    def prepare(self) -> None:
        super().prepare()
        storage = self.settings.port("cassandra_storage")
        (self.folder / "cassandra.yaml").write_text(YAML.format(host=LOOPBACK, storage=storage, port=self.port))
        (self.folder / "logback.xml").write_text(LOGBACK)

    def command(self) -> list[str]:
        path = jars.class_path("cassandra", self.settings.jar_cache_dir)
        agent = next(jar for jar in path if jar.name.startswith("jamm-"))  # measures objects on the heap
        return [
            java.java_program(),
            *java.java_options(self.temporary_folder, HEAP_MIB),
            f"-javaagent:{agent}",
            *MODULE_OPTIONS,
            f"-Dcassandra.config={(self.folder / 'cassandra.yaml').as_uri()}",
            f"-Dcassandra.storagedir={self.folder}",
            f"-Dlogback.configurationFile={self.folder / 'logback.xml'}",
            f"-Dcassandra.logfile={self.logs / 'cassandra.log'}",
            *SINGLE_NODE_OPTIONS,
            "-cp",
            ":".join(map(str, path)),
            "org.apache.cassandra.service.CassandraDaemon",
        ]

    def probe(self) -> None:
        """A select over the native protocol."""
        from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
        from cassandra.policies import WhiteListRoundRobinPolicy

        profile = ExecutionProfile(load_balancing_policy=WhiteListRoundRobinPolicy([LOOPBACK]), request_timeout=5)
        cluster = Cluster(
            [LOOPBACK],
            port=self.port,
            protocol_version=5,
            connect_timeout=5,
            execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        )
        try:
            cluster.connect().execute("select release_version from system.local").one()
        finally:
            cluster.shutdown()
