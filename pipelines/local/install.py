"""Make or complete the virtual environment; what `make run` does first.

Standard library only, and syntax that Python 3.5 understands: an old one can run it and be told what is wrong.
Installs exactly what requirements.lock names, hashes checked, then the project itself in place. It does so again only
when the lock or pyproject.toml has changed; the stamp that says so is written last, so an interrupted installation is
repeated. HOME may be empty.
"""

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Iterable, List, Optional, Sequence, Tuple

LOWEST, BELOW = (3, 11), (3, 14)
CANDIDATES = ("python3.13", "python3.12", "python3.11", "python3", "python")
SETUP_ERROR = 3

PROJECT = Path(__file__).resolve().parent.parent.parent
VENV = PROJECT / ".venv"
LOCK = PROJECT / "requirements.lock"
STAMP = VENV / "dishpatch-installed"
VENV_PYTHON = VENV / "bin" / "python"
DEBIAN_VENV = "ensurepip is missing; on Debian and Ubuntu: 'apt-get install python3-venv'"


class SetupError(Exception):
    """One sentence for the user: what is wrong and the remedy."""


def python_version(program: str) -> Optional[Tuple[int, int]]:
    """(major, minor) of a Python, by running it (a shim may exist and not work); None if it does not run."""
    code = "import sys; print(sys.version_info[0], sys.version_info[1])"
    try:
        process = subprocess.Popen([program, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        said = process.communicate()[0]
        if process.returncode != 0:
            return None
        major, minor = said.decode("ascii").split()
        return int(major), int(minor)
    except (OSError, ValueError):
        return None


def is_supported(version: Optional[Tuple[int, int]]) -> bool:
    return version is not None and LOWEST <= version < BELOW


def has_venv(program: str) -> bool:
    """Whether this Python can make a virtual environment with pip in it."""
    process = subprocess.Popen([program, "-c", "import venv, ensurepip"], stderr=subprocess.PIPE)
    process.communicate()
    return process.returncode == 0


def choose_python(candidates: Sequence[str] = CANDIDATES) -> str:
    """The first candidate that runs, is supported and can make an environment; SetupError says what was found."""
    found = []  # type: List[str]
    for name in candidates:
        version = python_version(name)
        if is_supported(version):
            if has_venv(name):
                return name
            found.append("{0} ({1})".format(name, DEBIAN_VENV))
        elif version is not None:
            found.append("{0} is Python {1[0]}.{1[1]}".format(name, version))
    raise SetupError(
        "no usable Python: dishpatch needs {0[0]}.{0[1]} to {1[0]}.{2}, found {3}. Install one of them "
        "(python.org, your system's packages or conda) so that it is on PATH, and run 'make run' again.".format(
            LOWEST, BELOW, BELOW[1] - 1, "; ".join(found) or "none"
        )
    )


def fingerprint(files: Iterable[Path]) -> str:
    """SHA-256 over the content of what is installed from."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def installed_fingerprint() -> Optional[str]:
    """What the environment was installed from, or None if that is unknown or was not finished."""
    try:
        return STAMP.read_text().strip()
    except OSError:
        return None


def make_venv(candidates: Sequence[str]) -> None:
    """A virtual environment whose Python is supported; one that is broken or too old is made again."""
    if is_supported(python_version(str(VENV_PYTHON))):
        return
    python = choose_python(candidates)
    if VENV.is_dir():
        say("removing .venv: its Python does not run or is not supported")
        shutil.rmtree(str(VENV))
    say("making .venv with {0}".format(python))
    if subprocess.call([python, "-m", "venv", str(VENV)]) != 0:
        shutil.rmtree(str(VENV), ignore_errors=True)
        raise SetupError("{0} could not make .venv: {1}.".format(python, DEBIAN_VENV))


def pip(arguments: List[str], what: str) -> None:
    """Run the environment's pip with its progress shown. Raises SetupError where it fails."""
    environment = dict(os.environ, PIP_DISABLE_PIP_VERSION_CHECK="1", PYTHONNOUSERSITE="1")
    if not environment.get("HOME"):
        environment["HOME"] = str(PROJECT / ".dishpatch" / "cache" / "home")  # for pip's cache
    command = [str(VENV_PYTHON), "-m", "pip", "install", "--no-input", *arguments]
    if subprocess.call(command, env=environment, cwd=str(PROJECT)) != 0:
        raise SetupError(
            "{0} failed; pip's own message is above. Without a network nothing can be installed: connect (or set "
            "HTTPS_PROXY, PIP_INDEX_URL) and run the same command again, what was downloaded is kept. 'No matching "
            "distribution' with a network means that a package has no wheel for this machine.".format(what)
        )


def main(preferred: Optional[str] = None) -> int:
    """Bring .venv up to date, made with `preferred` if it is usable; 0, or 3 after one sentence on stderr."""
    if not is_supported((sys.version_info[0], sys.version_info[1])):
        say("run by Python {0}.{1}; looking for a supported one".format(*sys.version_info[:2]))
    try:
        wanted = fingerprint([LOCK, PROJECT / "pyproject.toml"])
        make_venv([*([preferred] if preferred else []), *CANDIDATES])
        if installed_fingerprint() == wanted:
            return 0
        say("installing from requirements.lock: about 1.5 GB, a minute or two on a fast network")
        if STAMP.exists():
            STAMP.unlink()
        progress = [] if sys.stdout.isatty() else ["--progress-bar", "off"]
        pip([*progress, "--require-hashes", "-r", str(LOCK)], "installing the locked packages")
        pip(["--quiet", "--no-build-isolation", "--no-deps", "-e", str(PROJECT)], "installing dishpatch itself")
        STAMP.write_text(wanted + "\n")
        say("installed")
        return 0
    except SetupError as error:
        sys.stderr.write("SetupError: {0}\n".format(error))
        return SETUP_ERROR
    except KeyboardInterrupt:
        sys.stderr.write("interrupted; run the same command again to complete the installation\n")
        return 130


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else None))
