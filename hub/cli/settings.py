"""Where a command finds its settings: the environment, else what `up` keeps in its data directory."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path

from hub.config import Config, ConfigError, read
from hub.embedded.keep import write_private

# What `up` decides itself; everything else comes from the environment of each command.
KEPT = (
    "HUB_DATABASE_URL",
    "HUB_DATABASE_OWNER_URL",
    "HUB_DATABASE_POOLER",
    "HUB_REDIS_URL",
    "HUB_SECRET_KEYS",
    "HUB_INSTALLATION",
    "HUB_HOST",
    "HUB_PORT",
)


def data_directory(environment: Mapping[str, str]) -> Path:
    """The folder named by HUB_DATA_DIR, else `data` here; absolute."""
    return Path(environment.get("HUB_DATA_DIR") or "data").absolute()


def keep_environment(folder: Path, environment: Mapping[str, str]) -> None:
    """Write the settings of a running hub to `folder/env` (mode 0600), in a form that sh can read too."""
    lines = [f"{name}={shlex.quote(environment[name])}\n" for name in KEPT if environment.get(name)]
    write_private(folder / "env", "".join(lines).encode())


def environment() -> dict[str, str]:
    """Our environment; where it names no database, with what a running hub has kept underneath it."""
    own = dict(os.environ)
    file = data_directory(own) / "env"
    if own.get("HUB_DATABASE_URL") or not file.is_file():
        return own
    try:
        words = shlex.split(file.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file} cannot be read: {error}.") from error
    kept = dict(word.split("=", 1) for word in words if "=" in word)
    return kept | {name: value for name, value in own.items() if value} | {"HUB_DATA_DIR": str(file.parent)}


def config() -> Config:
    """The settings of this command; raises ConfigError with one sentence when one is missing or wrong."""
    return read(environment())
