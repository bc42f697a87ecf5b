"""The web process: what it waits for, what it refuses to be, and how it leaves."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from orgs import Org
from tornado.httpclient import AsyncHTTPClient, HTTPResponse

from hub.config import Config
from hub.door.pulse import STUCK_SECONDS

pytestmark = pytest.mark.gen_test(timeout=60)


@dataclass
class Process:
    """A web process with sockets that it inherited, as from the supervisor."""

    child: asyncio.subprocess.Process
    url: str
    operator: str
    lines: list[dict[str, object]] = field(default_factory=list)

    async def get(self, path: str, **options: object) -> HTTPResponse:
        """Ask it; the socket is there before the process."""
        return await AsyncHTTPClient().fetch(
            self.url + path, raise_error=False, request_timeout=30, **options
        )

    async def said(self, event: str) -> None:
        """Read its log until it has said this."""
        assert self.child.stderr
        while not self.lines or self.lines[-1]["event"] != event:
            self.lines.append(json.loads(await self.child.stderr.readline()))

    def ask_to_leave(self) -> None:
        """TERM, once."""
        self.child.send_signal(signal.SIGTERM)

    async def end(self) -> int:
        """Read the rest of its log; its exit code."""
        _, rest = await self.child.communicate()
        self.lines += [json.loads(line) for line in rest.splitlines()]
        return await self.child.wait()


@asynccontextmanager
async def running(config: Config, database_url: str) -> AsyncIterator[Process]:
    """`incidenthub web`, ended for certain."""
    with socket.create_server(("127.0.0.1", 0)) as public, socket.create_server(("127.0.0.1", 0)) as admin:
        port, admin_port = public.getsockname()[1], admin.getsockname()[1]
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "hub", "web"),
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": os.pathsep.join(sys.path),
                "HUB_DATABASE_URL": database_url,
                "HUB_REDIS_URL": config.redis_url,
                "HUB_SECRET_KEYS": "a key of a test that has 32 letters or more",
                "HUB_PORT": str(port),
                "HUB_ADMIN_PORT": str(admin_port),
                "HUB_LISTEN_FD": str(public.fileno()),
                "HUB_ADMIN_FD": str(admin.fileno()),
            },
            pass_fds=(public.fileno(), admin.fileno()),
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            yield Process(child, f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin_port}")
        finally:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()


async def test_a_process_serves_on_inherited_sockets_and_leaves_when_asked(config: Config, acme: Org) -> None:
    async with running(config, config.database_url) as web:
        await web.said("serving")
        key = {"Authorization": f"Bearer {acme.api_key}"}
        assert (await web.get("/readyz")).code == 200
        assert (await web.get("/api/v1/orgs/acme/incidents", headers=key)).code == 200
        hook = f"/api/v1/ingest/hooks/{acme.integration_key}?token=a-key-in-a-query"
        trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
        sent = await web.get(hook, method="POST", body=b'{"title":"x"}', headers={"traceparent": trace})
        assert sent.code == 202
        assert (await web.get("/no/such/a-key-in-a-path")).code == 404
        metrics = await AsyncHTTPClient().fetch(web.operator + "/metrics")
        assert b"hub_database_up 1.0" in metrics.body
        web.ask_to_leave()
        assert await web.end() == 0
    assert [line["event"] for line in web.lines if line["event"] != "request"] == [
        "listening",
        "serving",
        "leaving",
        "left",
    ]
    requests = [line for line in web.lines if line["event"] == "request"]
    assert {"/api/v1/orgs/{org}/incidents", "/metrics"} <= {line["route"] for line in requests}
    assert trace in [line.get("traceparent") for line in requests]
    for secret in (acme.api_key, acme.integration_key, "a-key-in-a-query", "a-key-in-a-path"):
        assert secret not in json.dumps(web.lines)


async def test_who_waits_in_the_queue_of_a_starting_process_is_not_refused(config: Config, acme: Org) -> None:
    """Else a rolling restart would fail the requests of its first moments."""
    async with running(config, config.database_url) as web:
        head = {"Authorization": f"Bearer {acme.api_key}"}
        assert (await web.get("/api/v1/orgs/acme/incidents", headers=head)).code == 200


async def test_a_request_under_way_is_finished_before_the_process_ends(config: Config, acme: Org) -> None:
    async with running(config, config.database_url) as web:
        await web.said("serving")
        host, port = "127.0.0.1", int(web.url.rpartition(":")[2])
        reader, writer = await asyncio.open_connection(host, port)
        head = (
            f"POST /api/v1/ingest/events HTTP/1.1\r\nHost: {host}:{port}\r\nContent-Length: 13\r\n"
            f"Authorization: Bearer {acme.integration_key}\r\nExpect: 100-continue\r\n\r\n"
        )
        writer.write(head.encode())
        assert b"100" in await reader.readuntil(b"\r\n\r\n")
        web.ask_to_leave()
        await web.said("leaving")
        writer.write(b'{"title":"x"}')
        answer = await reader.readuntil(b"\r\n\r\n")
        assert b"202 Accepted" in answer
        assert b"Connection: close" in answer
        writer.close()
        assert await web.end() == 0


async def test_without_a_database_a_process_waits_and_says_so(config: Config) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"postgresql://hub_runtime:x@127.0.0.1:{nobody.getsockname()[1]}/hub"
        async with running(config, url) as web:
            assert (await web.get("/livez")).code == 200
            assert json.loads((await web.get("/readyz")).body)["database"] == "away"
            answer = await web.get("/v2/enqueue", method="POST", body=b"{}")
            assert (answer.code, answer.headers["Retry-After"]) == (503, "2")
            await web.said("waiting for the database")
            web.ask_to_leave()
            assert await web.end() == 0


async def test_a_process_that_stood_still_says_so(config: Config, acme: Org) -> None:
    async with running(config, config.database_url) as web:
        await web.said("serving")
        loop = asyncio.get_running_loop()
        web.child.send_signal(signal.SIGSTOP)
        began = loop.time()
        asked = asyncio.create_task(web.get("/livez"))
        await asyncio.wait({asked}, timeout=STUCK_SECONDS + 1)  # nobody answers for as long
        assert not asked.done()
        web.child.send_signal(signal.SIGCONT)
        first = await asked
        stood = loop.time() - began
        assert (stood > STUCK_SECONDS, first.code, json.loads(first.body)) == (True, 503, {"status": "stuck"})
        metrics = (await AsyncHTTPClient().fetch(web.operator + "/metrics")).body.decode()
        late = dict(re.findall(r'hub_loop_lag_seconds_bucket\{le="([^"]+)"\} (\S+)', metrics))
        assert float(late["+Inf"]) - float(late["5.0"]) == 1


async def test_a_role_that_could_go_round_the_wall_is_refused_with_one_sentence(config: Config) -> None:
    async with running(config, config.database_owner_url) as web:
        _, said = await web.child.communicate()
        assert await web.child.wait() == 1
    assert "could bypass row-level security" in said.decode().splitlines()[-1]
    assert b"Traceback" not in said
