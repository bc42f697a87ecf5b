"""The bounds as they are in effect: Tornado's, the database role's, the pool's, the log's, and health."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import asyncpg
import pytest
from poison import TEXTS
from raw import exchange
from running import eventually
from servers import Database, wait
from tornado.httputil import HTTPServerRequest
from victim import Victim

from hub import app
from hub.config import Config
from hub.domain.errors import Unavailable
from hub.door.application import House
from hub.door.server import Server
from hub.services.paging import LIMIT_MAX
from hub.storage import tx
from hub.storage.tx import Store

LOGGED = r"""
import json, logging, sys
import structlog
from hub import logs
logs.configure("info", "web")
for text in json.loads(sys.stdin.read()):
    structlog.get_logger().info("a text", text=text, inner={text: [text]})
    logging.getLogger("a.library").warning("it says %s", text)
    try:
        raise ValueError(text)
    except ValueError:
        structlog.get_logger().exception("it broke")
"""


def nothing(request: HTTPServerRequest) -> None:
    """An application that is never asked."""


def test_the_servers_bounds_are_these() -> None:
    server = Server(nothing, **app.SERVER)
    parameters = server.conn_params
    assert parameters.max_header_size == 16 * 1024
    assert parameters.max_body_size == 64 * 1024 * 1024
    assert server.patience.head == 75
    assert server.patience.body == 10
    assert parameters.decompress is False
    assert server.xheaders is False
    assert server.max_buffer_size == 256 * 1024
    assert app.BACKLOG >= 1024
    assert LIMIT_MAX == 200


def test_nothing_of_the_framework_shows_its_inside(house: House, victim: Victim) -> None:
    assert not house.settings.get("debug")
    assert not house.settings.get("serve_traceback")
    assert not house.settings.get("autoreload")
    for path in ("/livez", "/nothing", "/api/v1/me"):
        assert "Server" not in victim.ask("GET", path)[1]
    assert b"server" not in exchange(victim.port, b"GET / HTTP/9\r\n\r\n").raw.lower()


def test_the_runtime_role_waits_for_nothing_without_end(database: Database) -> None:
    async def shown() -> dict[str, str]:
        connection = await asyncpg.connect(database.url, timeout=10)
        try:
            names = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
            return {name: await connection.fetchval(f"SHOW {name}") for name in names}
        finally:
            await connection.close()

    assert wait(shown()) == {
        "statement_timeout": "5s",
        "lock_timeout": "2s",
        "idle_in_transaction_session_timeout": "10s",
    }


@pytest.mark.gen_test(timeout=30)
async def test_who_finds_no_free_connection_is_told_to_come_again(config: Config) -> None:
    assert tx.CONNECT_SECONDS <= 1
    store = Store(config.database_url, 1)
    await store.open()
    async with store.connection():
        with pytest.raises(Unavailable) as caught:
            async with store.connection():
                pytest.fail("there were two")
    assert caught.value.retry_after >= 1
    async with store.connection() as connection:
        assert await connection.fetchval("SELECT 1") == 1
    await store.close()


def test_one_event_is_one_line_and_secrets_are_masked(tmp_path: Path) -> None:
    key, password = "ihk_abcd1234_" + "s3cret" * 5, "hunter2hunter2"
    texts = [
        *TEXTS, *(chr(code) for code in (*range(32), 0x7F, 0x85, 0x2028, 0x2029, 0x202E)),
        '"}\n{"event": "request", "status": 200', "\x1b]0;owned\x07", "a" * 100_000,
        f"Bearer {key}", f"postgresql://hub_runtime:{password}@127.0.0.1/hub", f"redis://:{password}@x:1/0",
    ]  # fmt: skip
    said = subprocess.run(
        [sys.executable, "-c", LOGGED], input=json.dumps(texts), capture_output=True, text=True, check=True
    ).stderr
    lines = said.removesuffix("\n").split("\n")
    assert len(lines) == 3 * len(texts)
    assert all(letter.isascii() and letter.isprintable() for line in lines for letter in set(line))
    assert all(json.loads(line)["process"] == "web" for line in lines)
    assert "s3cret" not in said
    assert password not in said
    assert "ihk_abcd1234_***" in said  # whose key it is may be known


def test_a_request_writes_one_line_whatever_is_in_it(victim: Victim) -> None:
    trace = "/api/v1/orgs/a%0d%0a%7B%22event%22:%22forged%22%7D%00%1b[2J/incidents?x=%0a%0d"
    victim.ask("GET", "/docs")
    eventually(lambda: victim.lines()[-1].get("route") == "/docs")  # those before it are written by then
    before = len(victim.lines())
    victim.ask("GET", trace, User_Agent="forged\t\x80\xff", X_Request_ID='"}{"event":"forged"}')
    eventually(lambda: len(victim.lines()) > before)
    [line] = victim.lines()[before:]
    assert (line["event"], line["route"]) == ("request", "/api/v1/orgs/{org}/incidents")
    assert "forged" not in json.dumps(line)


def test_the_operators_page_and_the_public_ones_are_on_ports_of_their_own(victim: Victim) -> None:
    assert victim.ask("GET", "/metrics")[0] == 404
    status, _, body = victim.ask("GET", "/metrics", operator=True)
    assert (status, b"hub_database_up 1.0" in body) == (200, True)
    assert b"acme" not in body
    assert victim.ask("GET", "/api/v1/me", operator=True)[0] == 404
    forwarded = victim.ask("GET", "/metrics", operator=True, X_Forwarded_For="203.0.113.7")
    assert forwarded[0] == 403


def test_a_database_that_goes_away_makes_it_unready_and_not_dead(victim: Victim) -> None:
    name = victim.database.name

    async def administer(*statements: str) -> None:
        connection = await asyncpg.connect(victim.database.admin_url.replace(name, "postgres"), timeout=10)
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()

    assert victim.ask("GET", "/readyz")[0] == 200
    wait(administer(
        f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false',
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'",
    ))  # fmt: skip
    try:
        eventually(lambda: victim.ask("GET", "/readyz")[0] == 503)
        assert victim.ask("GET", "/livez")[0] == 200
        key = f"Bearer {victim.acme.api_key}"
        status, headers, _ = victim.ask("GET", "/api/v1/orgs/acme/incidents", Authorization=key)
        assert (status, "Retry-After" in headers) == (503, True)
    finally:
        wait(administer(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true'))
    eventually(lambda: victim.ask("GET", "/readyz")[0] == 200)
