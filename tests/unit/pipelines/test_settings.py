"""Where things are: one frozen object from the environment, absolute by default, with nothing secret on show."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from pipelines.settings import PORT_OFFSETS, PROJECT_DIR, Settings, settings

SECRET = "correct-horse-battery-staple"  # made up


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any of our variables."""
    for name in [name for name in os.environ if name.startswith("DISHPATCH_")]:
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.usefixtures("bare")
def test_without_an_environment_everything_is_local_and_under_one_folder() -> None:
    s = Settings()
    assert s.data_dir == PROJECT_DIR / ".dishpatch"
    for path in (s.jar_cache_dir, s.credentials_file, s.ledger_file):
        assert path.is_relative_to(s.data_dir)
    assert s.bootstrap_servers == f"127.0.0.1:{s.port('kafka')}"
    assert s.s3_url == f"http://127.0.0.1:{s.port('s3')}"
    assert (s.cassandra_native_port, s.snowflake_server_port) == (s.port("cassandra"), s.port("warehouse"))
    assert (s.uses_embedded_s3, s.uses_embedded_warehouse) == (True, True)


def test_no_two_services_share_a_port_and_all_stay_below_the_ephemeral_ones() -> None:
    ports = [Settings().port(name) for name in PORT_OFFSETS]
    assert len(set(ports)) == len(ports)
    # SeaweedFS also listens 10,000 above its own four
    base = int(Settings.model_fields["local_port_base"].default) + 10_000
    assert max(base + PORT_OFFSETS[name] for name in ("s3", "s3_master", "s3_volume", "s3_filer")) < 32_768


def test_production_differs_by_the_environment_alone(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("DISHPATCH_KAFKA_BOOTSTRAP_SERVERS", "broker.example:9093")
    bare.setenv("DISHPATCH_S3_ENDPOINT", "null")
    bare.setenv("DISHPATCH_SNOWFLAKE_ACCOUNT", "acme")
    bare.setenv("DISHPATCH_CASSANDRA_PORT", "9142")
    bare.setenv("DISHPATCH_CACHE_DIR", "/var/cache/jars")
    s = Settings()
    assert (s.bootstrap_servers, s.s3_url, s.cassandra_native_port) == ("broker.example:9093", None, 9142)
    assert (s.uses_embedded_s3, s.uses_embedded_warehouse) == (False, False)
    assert s.jar_cache_dir == Path("/var/cache/jars/jars")


def test_settings_do_not_change_under_a_run() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        settings().kafka_partitions = 9  # type: ignore[misc]
    assert settings() is settings()


def test_a_wrong_value_is_refused_by_name(bare: pytest.MonkeyPatch) -> None:
    bare.setenv("DISHPATCH_KAFKA_SECURITY_PROTOCOL", "TELEPATHY")
    with pytest.raises(ValidationError, match="kafka_security_protocol"):
        Settings()


def test_a_secret_shows_neither_in_text_nor_in_json(bare: pytest.MonkeyPatch) -> None:
    names = ("KAFKA_SASL_PASSWORD", "CASSANDRA_PASSWORD", "S3_SECRET_ACCESS_KEY", "SNOWFLAKE_PASSWORD", "TOKEN_KEY")
    for name in names:
        bare.setenv(f"DISHPATCH_{name}", SECRET)
    s = Settings()
    assert s.token_key is not None
    assert s.token_key.get_secret_value() == SECRET
    assert SECRET not in repr(s) + str(s) + s.model_dump_json()


def test_keys_of_the_store_come_from_the_environment_before_the_file(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare.setenv("DISHPATCH_DATA_DIR", str(tmp_path))
    assert Settings().s3_keys() is None
    keys = {"s3_access_key_id": "kept", "s3_secret_access_key": "in the file"}
    Settings().credentials_file.write_text(json.dumps(keys))
    assert Settings().s3_keys() == ("kept", "in the file")
    bare.setenv("DISHPATCH_S3_ACCESS_KEY_ID", "given")
    bare.setenv("DISHPATCH_S3_SECRET_ACCESS_KEY", SECRET)
    assert Settings().s3_keys() == ("given", SECRET)


def test_keys_of_the_embedded_store_are_not_sent_to_another(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare.setenv("DISHPATCH_DATA_DIR", str(tmp_path))
    keys = {"s3_access_key_id": "kept", "s3_secret_access_key": "in the file"}
    Settings().credentials_file.write_text(json.dumps(keys))
    bare.setenv("DISHPATCH_S3_ENDPOINT", "null")
    assert Settings().s3_keys() is None
