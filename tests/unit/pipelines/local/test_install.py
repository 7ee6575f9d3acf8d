"""The installer chooses a Python that works, repeats what was interrupted, and says what is wrong in one sentence."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.local import install

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"


def shim(folder: Path, name: str, script: str) -> str:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of what the installer reads: itself, an empty lock and a project that cannot be installed."""
    (tmp_path / "pipelines/local").mkdir(parents=True)
    shutil.copy(install.__file__, tmp_path / "pipelines/local/install.py")
    (tmp_path / "requirements.lock").write_text("")
    (tmp_path / "pyproject.toml").write_text("")
    return tmp_path


def run(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(project / "pipelines/local/install.py"), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, env={**os.environ, **environment}, timeout=300, check=False
    )


def test_a_shim_that_does_not_run_is_passed_over(tmp_path: Path) -> None:
    broken = shim(tmp_path, "python3.13", "echo 'pyenv: python3.13: command not found' >&2; exit 127")
    assert install.choose_python([broken, sys.executable]) == sys.executable


def test_an_unsupported_python_is_named(tmp_path: Path) -> None:
    old = shim(tmp_path, "python3", "echo 3 8")
    with pytest.raises(install.SetupError, match=r"needs 3\.11 to 3\.13, found .*python3 is Python 3\.8"):
        install.choose_python([old, str(tmp_path / "missing")])


def test_a_python_without_venv_is_named_with_the_package_to_install(tmp_path: Path) -> None:
    bare = shim(tmp_path, "python3.12", 'case "$2" in *ensurepip*) exit 1 ;; *) echo 3 12 ;; esac')
    with pytest.raises(install.SetupError, match=r"ensurepip is missing.*apt-get install python3-venv"):
        install.choose_python([bare])


def test_no_supported_python_on_the_machine_is_exit_code_3_and_one_sentence(project: Path, tmp_path: Path) -> None:
    shim(tmp_path / "bin", "python3", "echo 3 14")
    done = run(project, PATH=str(tmp_path / "bin"))
    assert done.returncode == 3
    assert done.stderr.startswith(
        "SetupError: no usable Python: dishpatch needs 3.11 to 3.13, found python3 is Python 3.14"
    )
    assert done.stderr.count("\n") == 1
    assert not (project / ".venv").exists()


def test_an_installation_that_failed_is_not_taken_for_done(project: Path) -> None:
    failed = run(project, sys.executable, HOME="")  # pyproject.toml is empty: the project itself cannot be installed
    assert failed.returncode == 3
    assert "installing dishpatch itself failed" in failed.stderr
    assert (project / ".venv/bin/python").exists()
    assert not (project / ".venv/dishpatch-installed").exists()
    assert "installing from requirements.lock" in run(project, sys.executable, HOME="").stdout


def test_what_is_installed_from_is_told_by_its_content(tmp_path: Path) -> None:
    lock, project = tmp_path / "lock", tmp_path / "project"
    lock.write_text("a==1\n")
    project.write_text("x\n")
    first = install.fingerprint([lock, project])
    lock.touch()
    assert install.fingerprint([lock, project]) == first
    lock.write_text("a==2\n")
    assert install.fingerprint([lock, project]) != first


def test_the_bootstrap_and_the_services_agree_on_the_supported_pythons() -> None:
    from pipelines.local.preflight import SUPPORTED_PYTHON

    assert (install.LOWEST, install.BELOW) == SUPPORTED_PYTHON
    pyproject = (install.PROJECT / "pyproject.toml").read_text()
    assert (
        f'requires-python = ">={install.LOWEST[0]}.{install.LOWEST[1]},<{install.BELOW[0]}.{install.BELOW[1]}"'
        in pyproject
    )
