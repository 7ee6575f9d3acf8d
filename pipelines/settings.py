"""Where things are and how to log in: one frozen object, read from `DISHPATCH_*` environment variables.

A setting says where; a notebook *parameter* says what this run does. The defaults describe the embedded services that
`dishpatch up` starts on loopback; production differs by these values alone. Secrets are `SecretStr`, so they do not
show in logs or tracebacks; those of the embedded object store are made on first `dishpatch up` and kept in a file that
only its owner can read.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pipelines.errors import SetupError

PROJECT_DIR = Path(__file__).resolve().parent.parent

# Offsets from `local_port_base` of every port an embedded service listens on. SeaweedFS also listens at +10000 of its
# four ports; the default base keeps those under 32768, where Linux starts handing out ephemeral ports.
PORT_OFFSETS = {
    "kafka": 92,
    "kafka_controller": 93,
    "cassandra": 42,
    "cassandra_storage": 70,
    "s3": 33,
    "s3_master": 31,
    "s3_volume": 32,
    "s3_filer": 34,
    "warehouse": 80,
    "lab": 88,
}


class Settings(BaseSettings):
    """All settings. Paths are absolute; ports are TCP; sizes state their unit in the name."""

    model_config = SettingsConfigDict(env_prefix="DISHPATCH_", frozen=True, extra="ignore")

    # Folders. Everything the project keeps on this machine is under data_dir.
    data_dir: Path = PROJECT_DIR / ".dishpatch"
    cache_dir: Path | None = None  # downloaded jars; default data_dir/cache
    reports_dir: Path = PROJECT_DIR / "reports"
    local_port_base: int = 21000

    # Kafka
    kafka_bootstrap_servers: str = ""
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: str | None = None
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_cafile: Path | None = None
    kafka_partitions: int = 4
    kafka_replication_factor: int = 1

    # Cassandra
    cassandra_contact_points: str = "127.0.0.1"  # comma-separated
    cassandra_port: int = 0
    cassandra_keyspace: str = "dishpatch"
    cassandra_username: str | None = None
    cassandra_password: SecretStr | None = None
    cassandra_replication_factor: int = 1
    cassandra_ssl_cafile: Path | None = None  # set: the connection is TLS, the host name verified

    # S3
    s3_endpoint: str | None = ""  # empty: the embedded store; None ("null"): AWS itself
    s3_region: str = "us-east-1"
    s3_bucket: str = "dishpatch-lake"
    s3_access_key_id: str | None = None
    s3_secret_access_key: SecretStr | None = None

    # Snowflake
    snowflake_account: str = "fakesnow"
    snowflake_host: str | None = "127.0.0.1"  # None with a real account
    snowflake_port: int = 0
    snowflake_protocol: Literal["http", "https"] = "http"
    snowflake_user: str = "dishpatch"
    snowflake_password: SecretStr | None = None
    snowflake_private_key_file: Path | None = None
    snowflake_role: str | None = None
    snowflake_warehouse: str | None = None
    snowflake_database: str = "DISHPATCH"

    # Privacy: keys the tokens that stand for customers from silver on; empty: made on first use, kept on this machine
    token_key: SecretStr | None = None

    # Runs
    parallel_steps: int = 2
    step_timeout_seconds: int = 900

    @model_validator(mode="before")
    @classmethod
    def _none_from_text(cls, values: Any) -> Any:
        return {k: (None if v == "null" else v) for k, v in values.items()} if isinstance(values, dict) else values

    def port(self, name: str) -> int:
        """TCP port of one embedded listener, by its name in PORT_OFFSETS."""
        return self.local_port_base + PORT_OFFSETS[name]

    @property
    def jar_cache_dir(self) -> Path:
        return (self.cache_dir or self.data_dir / "cache") / "jars"

    @property
    def credentials_file(self) -> Path:
        """Mode 0600; keys of the embedded object store: {"s3_access_key_id", "s3_secret_access_key"}."""
        return self.data_dir / "credentials.json"

    @property
    def ledger_file(self) -> Path:
        return self.data_dir / "ledger.sqlite"

    @property
    def bootstrap_servers(self) -> str:
        return self.kafka_bootstrap_servers or f"127.0.0.1:{self.port('kafka')}"

    @property
    def cassandra_native_port(self) -> int:
        return self.cassandra_port or self.port("cassandra")

    @property
    def s3_url(self) -> str | None:
        return f"http://127.0.0.1:{self.port('s3')}" if self.s3_endpoint == "" else self.s3_endpoint

    @property
    def snowflake_server_port(self) -> int:
        return self.snowflake_port or self.port("warehouse")

    @property
    def uses_embedded_s3(self) -> bool:
        return self.s3_endpoint == ""

    @property
    def uses_embedded_warehouse(self) -> bool:
        return self.snowflake_account == "fakesnow"

    def s3_keys(self) -> tuple[str, str] | None:
        """(access key id, secret) from the environment or the embedded store's credentials file; None.

        The AWS default chain.
        """
        if self.s3_access_key_id and self.s3_secret_access_key:
            return self.s3_access_key_id, self.s3_secret_access_key.get_secret_value()
        if self.uses_embedded_s3 and self.credentials_file.exists():
            stored = json.loads(self.credentials_file.read_text())
            return stored["s3_access_key_id"], stored["s3_secret_access_key"]
        return None


@cache
def settings() -> Settings:
    """The settings of this process, read once; SetupError names each value that is not what its setting takes."""
    try:
        return Settings()
    except ValidationError as error:
        wrong = "; ".join(
            f"DISHPATCH_{'_'.join(map(str, e['loc'])).upper()}={e['input']!r}: {e['msg']}" for e in error.errors()
        )
        raise SetupError(f"a setting cannot be read: {wrong}. docs/operations.md lists the settings.") from None
