"""Who may do which command over the socket: the same tables, and the same answers as the route's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import product
from typing import Any

import msgspec
import pytest
from estate import Visitor, enrol
from setting import Scene
from subjects import KINDS, Holding, holder
from test_matrix import DONE, PLAN, expected, other_side, place, told
from tornado.httpclient import HTTPRequest
from tornado.websocket import WebSocketClientConnection, websocket_connect

from hub.contract.commands import COMMANDS
from hub.contract.words import Role, Scope

pytest_plugins = ("prepared",)
pytestmark = pytest.mark.gen_test(timeout=140)
COMMANDING = [probe for probe in PLAN if probe.command]
AT_ONCE = 15  # of the 20 messages a second that one connection may send


class Sender:
    """Sends commands over sockets of one visitor, and waits for each reply."""

    def __init__(self, scene: Scene, slug: str, visitor: Visitor) -> None:
        self._url = f"ws://127.0.0.1:{scene.call.port}/api/v1/orgs/{slug}/stream"
        self._headers = visitor.headers
        self._socket: WebSocketClientConnection | None = None
        self._sent = 0

    async def __call__(self, name: str, incident: str, args: Any) -> tuple[int, bytes]:
        """The status and the whole message."""
        if self._socket is None or self._sent % AT_ONCE == 0:
            self.close()
            self._socket = await websocket_connect(HTTPRequest(self._url, headers=self._headers))
        self._sent += 1
        frame = {"frame": "command", "id": str(self._sent), "name": name, "incident": incident, "args": args}
        await self._socket.write_message(msgspec.json.encode(frame))
        while True:
            message = await self._socket.read_message()
            assert isinstance(message, str), (name, self._socket.close_code, self._socket.close_reason)
            reply = msgspec.json.decode(message)
            if reply["frame"] == "reply":
                assert reply["id"] == str(self._sent)
                return reply["status"], message.encode()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()


@asynccontextmanager
async def sending(scene: Scene, visitor: Visitor) -> AsyncIterator[Sender]:
    sender = Sender(scene, scene.acme.org.slug, visitor)
    try:
        yield sender
    finally:
        sender.close()


async def test_every_role_in_every_scope_commands_what_the_tables_say(scene: Scene) -> None:
    assert {probe.command for probe in COMMANDING} == set(COMMANDS)
    inside, outside = await other_side(scene, scene.acme)
    member, _ = await enrol(scene.ports, scene.acme.org, "commander", Role.RESPONDER)  # may take the command
    inside, outside = inside | {"member": member}, outside | {"member": member}
    faults: list[str] = []
    asked = 0
    scopes = (Scope.ORGANIZATION, Scope.TEAM, Scope.SERVICE, Scope.INCIDENT)
    for kind, scope, role in product(KINDS, scopes, Role):
        if kind != "member" and (scope is not Scope.SERVICE or role is Role.OWNER):
            continue  # how one comes by a role and how far it goes do not meddle with each other
        there = scene.acme.org.tenant if scope is Scope.ORGANIZATION else place(inside, scope, scene.acme)
        holding = Holding(kind, role, scope, there)
        visitor = await holder(scene.ports, scene.acme.org, holding)
        async with sending(scene, visitor) as send:
            for probe, (is_inside, things) in product(COMMANDING, [(True, inside), (False, outside)]):
                right = expected(probe, holding, is_inside)
                incident = things["incident"]
                status, message = await send(probe.command, incident, probe.body(things))
                asked += 1
                if not is_inside and status not in DONE and outside["incident"].encode() in message:
                    faults.append(f"{holding}: {probe} tells of what is outside")
                if status not in right:
                    faults.append(f"{holding}, {is_inside=}: {probe}: {message[:200]!r}, not {right}")
    told(faults, asked)
    assert asked >= 2 * len(COMMANDING) * 4 * len(Role)


async def test_nobody_commands_in_another_organization(scene: Scene) -> None:
    theirs = scene.globex.things
    before = await scene.heads()
    for visitor in (scene.acme.key, scene.acme.owner):
        async with sending(scene, visitor) as send:
            for probe in COMMANDING:
                foreign = await send(probe.command, theirs["incident"], probe.body(theirs))
                missing = await send(probe.command, "inc_" + "0" * 26, probe.body(theirs))
                assert foreign[0] == missing[0] == 404
    assert (await scene.heads())[str(scene.globex.org.tenant)] == before[str(scene.globex.org.tenant)]
