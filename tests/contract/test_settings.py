"""One list of settings: the configuration, what reads the environment, the example file and the docs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from hub.config import Config, ConfigError, read

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"HUB_[A-Z_]+")
ENOUGH = {
    "HUB_DATABASE_URL": "postgresql://hub_runtime@127.0.0.1/hub",
    "HUB_REDIS_URL": "redis://127.0.0.1",
    "HUB_SECRET_KEYS": "a key that has at least 32 letters.,another key that has as many letters",
}


def settings() -> set[str]:
    return {f"HUB_{field.upper()}" for field in Config.__struct_fields__}


def test_the_configuration_reads_its_own_names_and_no_others() -> None:
    assert set(NAME.findall((ROOT / "hub" / "config.py").read_text())) == settings()


def test_nobody_else_reads_a_setting_that_the_configuration_does_not_know() -> None:
    others = {
        name
        for path in (ROOT / "hub").rglob("*.py")
        for name in re.findall(r'"(HUB_[A-Z_]+)"', path.read_text())
    }
    assert others <= settings()


def test_the_example_has_every_setting_once() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = [line.split("=", 1)[0].lstrip("# ") for line in lines if re.match(r"#? ?HUB_[A-Z_]+=", line)]
    assert sorted(named) == sorted(settings())


def test_the_docs_explain_every_setting() -> None:
    assert set(NAME.findall((ROOT / "docs" / "configuration.md").read_text())) == settings()


def test_defaults_are_the_same_in_the_example_and_in_the_code() -> None:
    example = dict(re.findall(r"^(HUB_[A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read(ENOUGH) == read(
        {name: value for name, value in example.items() if value} | ENOUGH | {"HUB_DATABASE_OWNER_URL": ""}
    )


@pytest.mark.parametrize("missing", sorted(ENOUGH))
def test_a_required_setting_is_asked_for_by_its_name(missing: str) -> None:
    with pytest.raises(ConfigError, match=missing):
        read({name: value for name, value in ENOUGH.items() if name != missing})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_SECRET_KEYS", "short"),
        ("HUB_SECRET_KEYS", "a key that has at least 32 letters,short"),
        ("HUB_SECRET_KEYS", ","),
        ("HUB_PORT", "http"),
        ("HUB_PORT", "0"),
        ("HUB_PORT", "65536"),
        ("HUB_PORT", "--80"),
        ("HUB_PORT", "²"),
        ("HUB_WORKER_THREADS", "0"),
        ("HUB_PUBLIC_URL", "hub.example.org"),
        ("HUB_PUBLIC_URL", "javascript://x"),
        ("HUB_PUBLIC_URL", "https://[::1"),
        ("HUB_PUBLIC_URL", "https://Hub.example.org"),
        ("HUB_PUBLIC_URL", "https://hub.example.org/path"),
        ("HUB_PUBLIC_URL", "https://hub.example.org?x=1"),
        ("HUB_PUBLIC_URL", "https://user@hub.example.org"),
        ("HUB_INSTALLATION", "two words; Path=/"),
        ("HUB_LOG_LEVEL", "loud"),
        ("HUB_DATABASE_POOLER", "statement"),
        ("HUB_CRASH_AT", "lock"),
        ("HUB_CRASH_AT", "lock.after:0"),
        ("HUB_CRASH_AT", "lock.after,seal.after"),
    ],
)
def test_an_unsafe_setting_is_refused_by_its_name(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=name):
        read(ENOUGH | {name: value})


def test_nobodys_hub_can_be_told_to_crash() -> None:
    crashing = ENOUGH | {"HUB_CRASH_AT": "commit.after:3"}
    assert read(crashing).crash_at == "commit.after:3"
    with pytest.raises(ConfigError, match="HUB_CRASH_AT"):
        read(crashing | {"HUB_PUBLIC_URL": "https://hub.example.org"})


def test_each_purpose_has_keys_of_its_own_and_the_first_is_the_newest() -> None:
    config = read(ENOUGH)
    purposes = ("cookie", "cursor", "page", "hint", "queue", "csrf")
    derived = [key for purpose in purposes for key in config.keys(purpose)]
    assert len(set(derived)) == len(derived) == 2 * len(purposes)
    newest = read(ENOUGH | {"HUB_SECRET_KEYS": ENOUGH["HUB_SECRET_KEYS"].split(",")[0]})
    assert newest.keys("cookie") == config.keys("cookie")[:1]
