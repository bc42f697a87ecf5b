"""The data directory of `up`, and the settings that other commands find in it."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

import pytest

from hub.cli import settings
from hub.cli.folder import Folder
from hub.config import ConfigError
from hub.embedded import EmbeddedError

KEPT = {
    "HUB_DATABASE_URL": "postgresql://hub_runtime:a'b $c@127.0.0.1/hub?x=1&y=2",
    "HUB_REDIS_URL": "redis://127.0.0.1",
    "HUB_SECRET_KEYS": "k" * 43,
    "HUB_PORT": "9000",
}


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory of a running hub, in an environment that names nothing."""
    for name in list(os.environ):
        if name.startswith("HUB_"):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "data"
    folder.mkdir()
    settings.keep_environment(folder, KEPT)
    return folder


def test_a_second_hub_on_the_same_data_is_refused_and_told_who_runs(tmp_path: Path) -> None:
    with Folder(tmp_path), pytest.raises(EmbeddedError) as refused, Folder(tmp_path):
        pass
    assert str(refused.value) == f"a hub is already running on {tmp_path} (process {os.getpid()})."
    with Folder(tmp_path):
        pass


@pytest.mark.parametrize("where", ["/proc/nowhere", "{folder}/file/data"])
def test_a_data_directory_that_cannot_be_written_is_said_in_one_sentence(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").touch()
    path = Path(where.format(folder=tmp_path))
    with pytest.raises(EmbeddedError) as refused, Folder(path):
        pass
    sentence = str(refused.value)
    assert sentence.startswith(f"the data directory {path} cannot be written: ")
    assert sentence.endswith("; choose another with HUB_DATA_DIR.")


def test_secrets_are_made_once_and_differ_between_folders(tmp_path: Path) -> None:
    with Folder(tmp_path / "one") as one, Folder(tmp_path / "two") as two:
        first, again, other = one.own_settings(), one.own_settings(), two.own_settings()
    assert first == again
    assert set(first.values()).isdisjoint(other.values())
    assert len(first["HUB_SECRET_KEYS"]) >= 32
    for file in (tmp_path / "one").iterdir():
        assert file.stat().st_mode & 0o777 == 0o600, file


def test_a_command_finds_what_a_running_hub_has_kept(kept: Path) -> None:
    own = {name: value for name, value in os.environ.items() if value}
    assert settings.environment() == own | KEPT | {"HUB_DATA_DIR": str(kept)}
    assert settings.config().port == 9000
    assert (kept / "env").stat().st_mode & 0o777 == 0o600


def test_the_kept_settings_mean_the_same_to_a_shell(kept: Path) -> None:
    script = f'. {shlex.quote(str(kept / "env"))}; printf "%s" "$HUB_DATABASE_URL"'
    printed = subprocess.run(["sh", "-c", script], capture_output=True, text=True, timeout=10, check=True)
    assert printed.stdout == KEPT["HUB_DATABASE_URL"]


def test_the_environment_wins_over_what_is_kept(kept: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUB_PORT", "9010")
    assert settings.environment()["HUB_PORT"] == "9010"
    assert settings.environment()["HUB_REDIS_URL"] == KEPT["HUB_REDIS_URL"]


def test_a_named_database_is_never_mixed_with_kept_settings(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HUB_DATABASE_URL", "postgresql://elsewhere/hub")
    assert "HUB_SECRET_KEYS" not in settings.environment()
    with pytest.raises(ConfigError, match=r"^HUB_SECRET_KEYS is not set"):
        settings.config()
