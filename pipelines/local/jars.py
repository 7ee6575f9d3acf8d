"""Jars of Kafka and Cassandra: locked once with hashes, fetched from the lock, refused when they differ.

A lock names coordinates and SHA-256 only, no address. Developers lock anew when a version changes:
`python -m pipelines.local.jars`. The resolver is jgo's lower layer: its environment builder would look for a
JDK of its own outside any package registry.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from pipelines.errors import SetupError

LOCKS = Path(__file__).parent / "locks"

# The '!' keeps the logging binding's dependency management from pulling kafka-clients down to 3.8, which the broker
# cannot run with. Without the binding Kafka logs nothing at all.
COORDINATES = {
    "kafka": ("org.apache.kafka:kafka_2.13:4.1.1", "org.apache.logging.log4j:log4j-slf4j-impl:2.24.3!"),
    "cassandra": ("org.apache.cassandra:cassandra-all:5.0.6",),
}
CONNECT_READ_SECONDS = (10, 60)
PARALLEL_DOWNLOADS = 8


@dataclass(frozen=True)
class Jar:
    """One locked file; `path` is its place in a Maven repository, relative."""

    path: str
    sha256: str


def locked_jars(name: str, locks: Path = LOCKS) -> list[Jar]:
    """The jars of one service, in class-path order, as `locks/<name>.lock.toml` lists them."""
    return [_jar(entry) for entry in tomllib.loads((locks / f"{name}.lock.toml").read_text())["dependencies"]]


def class_path(name: str, cache: Path) -> list[Path]:
    """Absolute paths of a service's jars in the cache; they may not be there yet (see `fetch`)."""
    return [cache.absolute() / jar.path for jar in locked_jars(name)]


def fetch(
    jars: list[Jar], cache: Path, *, repository: str | None = None, on_jar: Callable[[], None] = lambda: None
) -> None:
    """Bring every jar into the cache and check its SHA-256, those already there included.

    A jar appears under its name only when whole and right. `on_jar` is called after each, from several threads.
    Raises SetupError: no network, a server's refusal, or a file that is not the locked one.
    """

    def one(jar: Jar) -> None:
        target = cache / jar.path
        if not (target.exists() and _sha256(target) == jar.sha256):
            _download(jar, target, repository or _central())
        on_jar()

    with ThreadPoolExecutor(PARALLEL_DOWNLOADS) as pool:
        waiting = [pool.submit(one, jar) for jar in jars]
        try:
            for future in waiting:
                future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _download(jar: Jar, target: Path, repository: str) -> None:
    """One jar through a temporary file beside it, so an interrupted download leaves nothing that looks whole."""
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=".part-")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            digest = _receive(f"{repository}/{jar.path}", file)
        if digest != jar.sha256:
            raise SetupError(
                f"{target.name} as downloaded has SHA-256 {digest}, the lock says {jar.sha256}: it is not the locked "
                "file and was removed. Try again; if it stays so, a proxy alters downloads or the lock is out of date."
            )
        part.chmod(0o644)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _receive(url: str, file: BinaryIO) -> str:
    """Stream `url` into `file`; SHA-256 of what came, as hex."""
    import requests

    digest = hashlib.sha256()
    try:
        with requests.get(url, stream=True, timeout=CONNECT_READ_SECONDS) as response:
            response.raise_for_status()
            for chunk in response.iter_content(1 << 20):
                file.write(chunk)
                digest.update(chunk)
    except requests.RequestException as error:
        raise SetupError(
            f"cannot download {url}: {type(error).__name__}. The first 'dishpatch up' needs the network once "
            "(about 115 MB of jars); later ones do not. Check the connection or HTTPS_PROXY, or copy another "
            "machine's jar folder and name its parent in DISHPATCH_CACHE_DIR."
        ) from error
    return digest.hexdigest()


def lock(name: str, cache: Path, locks: Path = LOCKS) -> Path:
    """Resolve a service's coordinates anew and write its lock; for developers, when a version changes."""
    from jgo.env._lockfile import LockFile
    from jgo.maven import MavenContext

    context = MavenContext(repo_cache=cache)
    wanted = [context.create_dependency(coordinate) for coordinate in COORDINATES[name]]
    for dependency in wanted:
        dependency.scope = dependency.scope or "compile"
    inputs, transitive = context.resolver.resolve(wanted)
    out = locks / f"{name}.lock.toml"
    LockFile.from_resolved_dependencies([*inputs, *transitive]).save(out)
    return out


def _jar(entry: dict[str, str]) -> Jar:
    group, artifact, version = entry["groupId"], entry["artifactId"], entry["version"]
    suffix = f"-{entry['classifier']}" if entry.get("classifier") else ""
    return Jar(
        f"{group.replace('.', '/')}/{artifact}/{version}/{artifact}-{version}{suffix}.{entry['packaging']}",
        entry["sha256"],
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _central() -> str:
    from jgo.constants import MAVEN_CENTRAL_URL

    return str(MAVEN_CENTRAL_URL)


if __name__ == "__main__":
    from pipelines.settings import settings

    for service in COORDINATES:
        lock(service, settings().jar_cache_dir)
