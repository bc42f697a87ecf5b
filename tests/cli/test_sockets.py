"""Listening sockets: bound first, the operator's on loopback whatever the public one is."""

from __future__ import annotations

import socket
from contextlib import ExitStack

import pytest

from hub.cli.children import web_processes
from hub.cli.sockets import listen, listen_both
from hub.config import Config
from hub.embedded import EmbeddedError
from hub.embedded.keep import choose_port


def config(host: str) -> Config:
    """Settings with two free ports."""
    return Config(
        database_url="-",
        redis_url="-",
        secret_keys=("k" * 32,),
        host=host,
        port=choose_port(None),
        admin_port=choose_port(None),
    )


def test_a_busy_port_is_said_in_one_sentence_that_names_the_setting() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(EmbeddedError) as refused:
            listen("127.0.0.1", port, "HUB_PORT")
    assert str(refused.value) == f"port {port} on 127.0.0.1 is in use; choose another with HUB_PORT."


def test_an_address_that_is_not_ours_is_said_in_one_sentence() -> None:
    with pytest.raises(EmbeddedError, match=r"cannot listen on 192\.0\.2\.1 port 8080: "):
        listen("192.0.2.1", 8080, "HUB_PORT")


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])  # noqa: S104 - that is the point
def test_the_operators_socket_is_on_loopback_whatever_the_public_one_is(host: str) -> None:
    with ExitStack() as stack:
        public, admin = listen_both(config(host), stack)
        assert public.getsockname()[0] == host
        assert admin.getsockname()[0] == "127.0.0.1"
    assert public.fileno() == admin.fileno() == -1


def test_of_several_web_processes_only_the_first_has_the_operators_socket() -> None:
    with ExitStack() as stack:
        public, admin = listen_both(config("127.0.0.1"), stack)
        specs = web_processes(3, {"KEPT": "yes"}, public, admin)
        assert [spec.name for spec in specs] == ["web-1", "web-2", "web-3"]
        assert [spec.env["HUB_LISTEN_FD"] for spec in specs] == [str(public.fileno())] * 3
        assert [spec.env["HUB_ADMIN_FD"] for spec in specs] == [str(admin.fileno()), "-1", "-1"]
        assert [len(spec.fds) for spec in specs] == [2, 1, 1]
        assert {spec.env["KEPT"] for spec in specs} == {"yes"}
