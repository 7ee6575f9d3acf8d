"""The shared services: ready, on loopback only, closed without keys, and not disturbed by a second `up`."""

from __future__ import annotations

import json
import stat
import urllib.error
import urllib.request

import psutil
import pytest

from pipelines import local
from pipelines.local.catalog import embedded_services
from pipelines.local.object_store import ObjectStore
from pipelines.settings import Settings

pytestmark = pytest.mark.service


def http_status(url: str) -> int | None:
    """Status code of a GET without credentials; None if nobody listens or the connection is dropped."""
    try:
        with urllib.request.urlopen(url, timeout=5) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
    except OSError:
        return None


@pytest.mark.parametrize("name", ["kafka", "cassandra", "object_store", "warehouse"])
def test_each_service_answers_its_real_request(services: Settings, name: str) -> None:
    service = {s.name: s for s in embedded_services(services)}[name]
    service.probe()
    shown = {s.name: s for s in local.status()}[name]
    assert (shown.status, shown.supervised, shown.port) == ("running", True, service.port)
    assert shown.memory_bytes is not None
    assert shown.memory_bytes > 20 << 20


def test_required_services_are_there(services: Settings) -> None:
    local.require_services()
    assert all(shown.status == "running" for shown in local.status())


def test_everything_listens_on_loopback_only_and_on_the_ports_it_declares(services: Settings) -> None:
    declared = {s.name: set(s.listening_ports()) for s in embedded_services(services)}
    for shown in local.status():
        assert shown.pid is not None
        listening = [c for c in psutil.Process(shown.pid).net_connections("inet") if c.status == psutil.CONN_LISTEN]
        addresses = {c.laddr.ip for c in listening}
        assert addresses <= {"127.0.0.1", "::ffff:127.0.0.1", "::1"}, shown.name
        assert {c.laddr.port for c in listening} == declared[shown.name], shown.name


def test_an_object_is_not_readable_without_keys(services: Settings) -> None:
    store = ObjectStore(services)
    store.client().put_object(Bucket=services.s3_bucket, Key="private/a.txt", Body=b"for key holders")
    assert http_status(f"http://127.0.0.1:{services.port('s3')}/{services.s3_bucket}/private/a.txt") == 403
    filer = f"http://127.0.0.1:{services.port('s3_filer')}/buckets/{services.s3_bucket}/private/a.txt"
    assert http_status(filer) in (None, 403, 404, 405)
    body = store.client().get_object(Bucket=services.s3_bucket, Key="private/a.txt")["Body"].read()
    assert body == b"for key holders"


def test_a_mistyped_bucket_is_an_error_and_not_a_new_bucket(services: Settings) -> None:
    client = ObjectStore(services).client()
    with pytest.raises(client.exceptions.NoSuchBucket):
        client.put_object(Bucket="dishpatch-lakke", Key="a", Body=b"x")
    names = [b["Name"] for b in client.list_buckets()["Buckets"]]
    assert services.s3_bucket in names
    assert "dishpatch-lakke" not in names


def test_keys_are_readable_by_their_owner_only_and_in_no_log(services: Settings) -> None:
    for file in (services.credentials_file, services.data_dir / "object_store" / "s3.json"):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    secret = json.loads(services.credentials_file.read_text())["s3_secret_access_key"]
    told = [*(services.data_dir / "logs").iterdir(), *(services.data_dir / "services").iterdir()]
    assert len(told) > 5
    assert [file.name for file in told if secret in file.read_text(errors="replace")] == []


def test_up_again_leaves_running_services_alone(services: Settings) -> None:
    before = [(s.name, s.pid) for s in local.status()]
    assert [(s.name, s.pid) for s in local.up()] == before
