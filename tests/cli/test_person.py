"""`person reset`: an operator's way to help somebody who cannot sign in."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner
from orgs import Org

from hub.cli.main import main
from hub.config import Config


def run(config: Config, *words: str, **settings: str) -> tuple[int, str]:
    """One command against the database of this test."""
    own = {
        "HUB_DATABASE_URL": config.database_url,
        "HUB_REDIS_URL": config.redis_url,
        "HUB_SECRET_KEYS": "a key of the command line of 42 characters",
        **settings,
    }
    done = CliRunner().invoke(main, words, env=own)
    return done.exit_code, done.output


@pytest.mark.parametrize(
    ("settings", "home"),
    [
        ({"HUB_PORT": "8123"}, "http://127.0.0.1:8123"),
        ({"HUB_PUBLIC_URL": "https://hub.example.org"}, "https://hub.example.org"),
    ],
)
def test_the_link_is_for_our_page_and_behind_the_hash(
    config: Config, acme: Org, settings: dict[str, str], home: str
) -> None:
    code, said = run(config, "person", "reset", "owner@acme.example", **settings)
    assert code == 0, said
    found = re.fullmatch(re.escape(home) + r"/reset-password#([A-Za-z0-9_.-]+)\n", said)
    assert found


def test_an_address_that_nobody_has_gets_one_sentence(config: Config, acme: Org) -> None:
    assert run(config, "person", "reset", "nobody@acme.example") == (
        1,
        "Error: Nobody signs in as nobody@acme.example.\n",
    )
    assert run(config, "person", "reset", "nobody")[0] == 2
