"""The key of the customers' tokens: made once, kept by its owner alone, and never made up for a shared lake."""

from __future__ import annotations

import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pipelines.errors import SetupError
from pipelines.settings import settings
from pipelines.tokens import token_key


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[pytest.MonkeyPatch]:
    """Settings of a fresh data folder."""
    monkeypatch.setenv("DISHPATCH_DATA_DIR", str(tmp_path / "data"))
    settings.cache_clear()
    yield monkeypatch
    settings.cache_clear()


@pytest.mark.usefixtures("own")
def test_the_key_is_made_once_and_only_its_owner_can_read_it() -> None:
    key = token_key()
    assert len(key) == 32
    assert token_key() == key
    file = settings().data_dir / "token.key"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in settings().data_dir.iterdir()] == ["token.key"]


@pytest.mark.usefixtures("own")
def test_many_at_once_get_the_same_key() -> None:
    with ThreadPoolExecutor(16) as pool:
        keys = list(pool.map(lambda _: token_key(), range(64)))
    assert len(set(keys)) == 1
    assert [path.name for path in settings().data_dir.iterdir()] == ["token.key"]


def test_a_key_that_is_set_counts_and_nothing_is_written(own: pytest.MonkeyPatch) -> None:
    own.setenv("DISHPATCH_TOKEN_KEY", "a secret of at least thirty-two characters")
    settings.cache_clear()
    assert token_key() == b"a secret of at least thirty-two characters"
    assert not settings().data_dir.exists()


def test_for_a_shared_lake_no_key_is_made_up(own: pytest.MonkeyPatch) -> None:
    own.setenv("DISHPATCH_S3_ENDPOINT", "https://lake.example")
    settings.cache_clear()
    with pytest.raises(SetupError, match="DISHPATCH_TOKEN_KEY is not set"):
        token_key()
    assert not settings().data_dir.exists()
