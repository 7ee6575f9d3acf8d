"""Jars come from the lock, whole and with the locked hash, or not at all."""

from __future__ import annotations

import hashlib
import http.server
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import SetupError
from pipelines.local import jars

CONTENT = bytes(range(256)) * 1000


class Folder(http.server.SimpleHTTPRequestHandler):
    """Serves a folder and says nothing."""

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def remote(tmp_path: Path) -> Path:
    """The folder that the repository serves."""
    folder = tmp_path / "remote"
    (folder / "org/example/a/1.0").mkdir(parents=True)
    (folder / "org/example/a/1.0/a-1.0.jar").write_bytes(CONTENT)
    return folder


@pytest.fixture
def repository(remote: Path) -> Iterator[str]:
    """Address of a repository on loopback."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Folder(*a, directory=str(remote)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


JAR = jars.Jar("org/example/a/1.0/a-1.0.jar", hashlib.sha256(CONTENT).hexdigest())


def files(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_a_missing_jar_is_fetched_and_counted(repository: str, tmp_path: Path) -> None:
    counted: list[int] = []
    jars.fetch([JAR], tmp_path / "cache", repository=repository, on_jar=lambda: counted.append(1))
    assert (tmp_path / "cache" / JAR.path).read_bytes() == CONTENT
    assert counted == [1]


def test_a_jar_that_is_not_the_locked_one_is_refused_and_leaves_nothing(
    repository: str, remote: Path, tmp_path: Path
) -> None:
    (remote / JAR.path).write_bytes(CONTENT + b"x")
    with pytest.raises(SetupError, match=rf"a-1\.0\.jar as downloaded .* the lock says {JAR.sha256}"):
        jars.fetch([JAR], tmp_path / "cache", repository=repository)
    assert files(tmp_path / "cache") == []


def test_a_jar_cut_short_in_the_cache_is_fetched_again(repository: str, tmp_path: Path) -> None:
    cached = tmp_path / "cache" / JAR.path
    cached.parent.mkdir(parents=True)
    cached.write_bytes(CONTENT[:-100])
    jars.fetch([JAR], tmp_path / "cache", repository=repository)
    assert cached.read_bytes() == CONTENT


def test_a_cached_jar_needs_no_network(tmp_path: Path) -> None:
    cached = tmp_path / "cache" / JAR.path
    cached.parent.mkdir(parents=True)
    cached.write_bytes(CONTENT)
    jars.fetch([JAR], tmp_path / "cache", repository="http://127.0.0.1:9")  # the discard port: nobody answers
    assert files(tmp_path / "cache") == [cached.name]


@pytest.mark.parametrize("address", ["http://127.0.0.1:9", "http://no-such-host.invalid"])
def test_without_a_network_the_remedy_is_named_and_nothing_is_left(tmp_path: Path, address: str) -> None:
    with pytest.raises(SetupError, match=r"needs the network once.*HTTPS_PROXY.*DISHPATCH_CACHE_DIR"):
        jars.fetch([JAR], tmp_path / "cache", repository=address)
    assert files(tmp_path / "cache") == []


def test_a_jar_the_repository_lacks_is_an_error(repository: str, tmp_path: Path) -> None:
    missing = jars.Jar("org/example/b/1.0/b-1.0.jar", JAR.sha256)
    with pytest.raises(SetupError, match=r"cannot download .*b-1\.0\.jar: HTTPError"):
        jars.fetch([missing], tmp_path / "cache", repository=repository)


@pytest.mark.parametrize("name", sorted(jars.COORDINATES))
def test_a_lock_names_every_jar_by_coordinates_and_hash_and_no_address(name: str) -> None:
    locked = jars.locked_jars(name)
    assert len(locked) >= 40
    assert len({jar.path for jar in locked}) == len(locked)
    assert all(re.fullmatch(r"[0-9a-f]{64}", jar.sha256) for jar in locked)
    text = (jars.LOCKS / f"{name}.lock.toml").read_text()
    assert "//" not in text
    for coordinate in jars.COORDINATES[name]:
        group, artifact, version = coordinate.rstrip("!").split(":")
        assert f"{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}.jar" in {j.path for j in locked}


def test_kafka_and_its_client_library_are_of_one_version() -> None:
    versions = {Path(j.path).parts[-2] for j in jars.locked_jars("kafka") if j.path.startswith("org/apache/kafka/")}
    assert versions == {"4.1.1"}
