"""Where a built city goes: written beside its place, put there by renaming, never at the cost of somebody's files.

What is written, and what it replaces, lies meanwhile in a hidden `.<name>.<random>.part` folder that this run made and
alone removes. Death before the old city is set aside leaves it untouched; between the two renamings, there as
`replaced`; after them, the new one is complete.
"""

from __future__ import annotations

import glob
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from pipelines.errors import UsageError

CITY_FILES = ("profile.yaml", "network.npz", "restaurants.yaml", "ATTRIBUTION.md")
MARK = "`dishpatch city build`"  # stands in the profile and in the attribution of every built city
NAMED_FILES = 3  # of those in the way, in an error
REPLACED = "replaced"


def check_out(folder: Path, *, overwrite: bool) -> None:
    """UsageError where a city cannot be written: a link, a file, the folder one stands in, or anything there already
    but, to be overwritten, an empty folder or a built city and nothing else."""
    if folder.is_symlink():
        raise UsageError(f"--out {folder}: is a link to {folder.readlink()}; give the folder it leads to")
    try:
        if not folder.exists():
            return
    except OSError as error:
        raise _unwritable(folder, error) from error
    if not folder.is_dir():
        raise UsageError(f"--out {folder}: is there already and no folder; give another --out")
    if folder.resolve() == Path.cwd():
        raise UsageError(f"--out {folder}: is the folder you are in; give one within it, such as {folder / 'my_town'}")
    if not overwrite:
        raise UsageError(f"{folder}: exists already; give another --out, or --replace")
    _check_replaceable(folder)


def _check_replaceable(folder: Path) -> None:
    try:
        inside = sorted(os.scandir(folder), key=lambda each: each.name)
    except OSError as error:
        raise _unwritable(folder, error) from error
    foreign = [each.name for each in inside if each.name not in CITY_FILES or not each.is_file(follow_symlinks=False)]
    if foreign:
        others = f" and {len(foreign) - NAMED_FILES} more" if len(foreign) > NAMED_FILES else ""
        raise UsageError(
            f"--replace {folder}: holds {', '.join(foreign[:NAMED_FILES])}{others}, which `dishpatch city build` did "
            "not write, so nothing is touched; move what is yours elsewhere, or give another --out"
        )
    if inside and not any(_says_it_is_built(folder / name) for name in ("profile.yaml", "ATTRIBUTION.md")):
        raise UsageError(
            f"--replace {folder}: neither its profile.yaml nor its ATTRIBUTION.md says that {MARK} made it, so nothing "
            "is touched; move it elsewhere, or give another --out"
        )


def _says_it_is_built(path: Path) -> bool:
    return path.is_file() and MARK.encode() in path.read_bytes()


def put(folder: Path, write: Callable[[Path], None]) -> None:
    """Have `write` fill a new folder, then put that in the place of `folder`; UsageError where that cannot be written.

    What `write` raises passes through, and nothing is left of the attempt. Call `check_out` before.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        beside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", suffix=".part", dir=folder.parent))
    except OSError as error:
        raise _unwritable(folder, error) from error
    made, replaced = beside / "made", beside / REPLACED
    try:
        made.mkdir()
        write(made)
        check_out(folder, overwrite=True)  # once more: writing took a while
        if folder.exists():
            folder.rename(replaced)
        try:
            made.rename(folder)
        except BaseException:
            if replaced.exists():
                replaced.rename(folder)
            raise
    except OSError as error:
        raise _unwritable(folder, error) from error
    finally:
        if folder.exists() or not replaced.exists():
            shutil.rmtree(beside, ignore_errors=True)


def left_behind(folder: Path) -> list[str]:
    """Notes on what builds of this folder that were killed have left beside it."""
    found = sorted(folder.parent.glob(f".{glob.escape(folder.name)}.*.part"))
    return [
        f"{each} was left by a build that was stopped"
        + (f"; {each / REPLACED} is the city it was about to replace" if (each / REPLACED).exists() else "")
        + "; remove it if nobody is building there now"
        for each in found
    ]


def _unwritable(folder: Path, error: OSError) -> UsageError:
    return UsageError(f"--out {folder}: cannot be written ({error.strerror or error}); give another --out")
