"""Where a built city is put, and what is never lost by it."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.from_osm.folder import MARK, check_out, left_behind, put
from pipelines.errors import UsageError


def write_city(folder: Path, name: str = "Old Town") -> None:
    (folder / "profile.yaml").write_text(f"# {name}, made by {MARK}\nname: {name}\n", encoding="utf-8")
    (folder / "network.npz").write_bytes(b"streets")


def old_city(tmp_path: Path) -> Path:
    folder = tmp_path / "city"
    folder.mkdir()
    write_city(folder)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(each.relative_to(folder)): each.read_bytes() for each in folder.rglob("*") if each.is_file()}


@pytest.mark.parametrize("foreign", ["mine.txt", ".hidden", "days/orders.parquet"])
@pytest.mark.parametrize("beside_a_city", [True, False])
def test_a_folder_with_other_files_is_refused_and_kept(tmp_path: Path, foreign: str, beside_a_city: bool) -> None:
    folder = old_city(tmp_path) if beside_a_city else tmp_path / "full"
    (folder / foreign).parent.mkdir(parents=True, exist_ok=True)
    (folder / foreign).write_text("hi", encoding="utf-8")
    before = content(folder)
    with pytest.raises(UsageError, match=foreign.split("/")[0]) as refused:
        check_out(folder, overwrite=True)
    assert "another --out" in str(refused.value)
    with pytest.raises(UsageError, match="nothing is touched"):
        put(folder, write_city)
    assert content(folder) == before


def test_a_profile_that_was_not_built_is_kept(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "profile.yaml").write_text("name: written by hand\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"neither its profile\.yaml nor"):
        check_out(folder, overwrite=True)


def test_a_built_city_whose_profile_lost_its_comments_is_still_known(tmp_path: Path) -> None:
    folder = old_city(tmp_path)
    (folder / "profile.yaml").write_text("name: Old Town\n", encoding="utf-8")
    (folder / "ATTRIBUTION.md").write_text(f"made by {MARK}", encoding="utf-8")
    check_out(folder, overwrite=True)
    put(folder, lambda made: write_city(made, "New Town"))
    assert b"New Town" in (folder / "profile.yaml").read_bytes()


def test_a_link_is_refused_whether_or_not_it_leads_anywhere(tmp_path: Path) -> None:
    link, nowhere = tmp_path / "link", tmp_path / "nowhere"
    link.symlink_to(old_city(tmp_path))
    nowhere.symlink_to(tmp_path / "missing")
    for each in (link, nowhere):
        with pytest.raises(UsageError, match=r"is a link to .*; give the folder it leads to"):
            check_out(each, overwrite=True)
    (tmp_path / "city" / "profile.yaml").rename(tmp_path / "profile.yaml")
    (tmp_path / "city" / "profile.yaml").symlink_to(tmp_path / "profile.yaml")
    with pytest.raises(UsageError, match=r"holds profile\.yaml, which"):
        check_out(tmp_path / "city", overwrite=True)


def test_a_file_and_the_folder_one_stands_in_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("hi", encoding="utf-8")
    with pytest.raises(UsageError, match="no folder"):
        check_out(tmp_path / "file", overwrite=True)
    monkeypatch.chdir(old_city(tmp_path))
    with pytest.raises(UsageError, match="is the folder you are in"):
        check_out(Path(), overwrite=True)


def test_a_city_replaces_an_older_one_or_an_empty_folder_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    folder = old_city(tmp_path)
    (tmp_path / "empty").mkdir()
    for each in (folder, tmp_path / "empty", tmp_path / "new" / "deeper"):
        put(each, lambda made: write_city(made, "New Town"))
        assert b"New Town" in (each / "profile.yaml").read_bytes()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["city", "empty", "new"]
    assert folder.stat().st_mode & 0o777 == (tmp_path / "new").stat().st_mode & 0o777


def test_folders_that_merely_look_like_one_being_written_are_left_alone(tmp_path: Path) -> None:
    for name in ("city.part", ".city.mine.part"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "mine.txt").write_text("hi", encoding="utf-8")
    put(old_city(tmp_path), write_city)
    assert (tmp_path / "city.part" / "mine.txt").exists()
    assert (tmp_path / ".city.mine.part" / "mine.txt").exists()


def test_a_failed_write_leaves_the_old_city_and_nothing_else(tmp_path: Path) -> None:
    def fail(made: Path) -> None:
        write_city(made, "New Town")
        raise OSError(28, "No space left on device")

    folder = old_city(tmp_path)
    before = content(folder)
    with pytest.raises(UsageError, match="No space left on device"):
        put(folder, fail)
    assert content(folder) == before
    assert list(tmp_path.iterdir()) == [folder]


def test_the_old_city_comes_back_when_the_new_one_cannot_be_put_in_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename = Path.rename

    def no_new_one(path: Path, target: Path) -> Path:
        if path.name == "made":
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    folder = old_city(tmp_path)
    before = content(folder)
    monkeypatch.setattr(Path, "rename", no_new_one)
    with pytest.raises(UsageError, match="Permission denied"):
        put(folder, write_city)
    assert content(folder) == before
    assert list(tmp_path.iterdir()) == [folder]


def test_death_between_the_two_renamings_leaves_the_old_city_where_the_next_build_points_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(path: Path, target: Path) -> Path:
        if path.name != "city":
            raise KeyboardInterrupt
        return rename(path, target)

    folder, rename = old_city(tmp_path), Path.rename
    before = content(folder)
    monkeypatch.setattr(Path, "rename", killed)
    with pytest.raises(KeyboardInterrupt):
        put(folder, write_city)
    (note,) = left_behind(folder)
    (kept,) = tmp_path.glob(".city.*.part/replaced")
    assert str(kept) in note
    assert content(kept) == before


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hi", encoding="utf-8")
    for folder in (tmp_path / "file" / "city", Path("/proc/zz")):
        with pytest.raises(UsageError, match=f"--out {folder}: cannot be written"):
            put(folder, write_city)
