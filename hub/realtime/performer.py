"""The commands of one connection: by the way that HTTP takes, one after the other, answered in order."""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Final

import msgspec
import structlog

from hub.contract import frames
from hub.contract.commands import COMMANDS, Command
from hub.contract.signals import Fault
from hub.domain.errors import Invalid, NotFound
from hub.door import body, correlation, guard, problems
from hub.door.request import Request
from hub.logs import Lines, bind, bound
from hub.realtime.follower import Follower
from hub.services import access, credentials, incidents

WAITING_MAX: Final = 32
DRAIN_SECONDS: Final = 20.0  # that one reply may take; then the connection is dropped

access_line = Lines("hub.access")
log = structlog.get_logger("hub.door")


class Performer:
    """Has a place for a few commands that wait. One that has begun is brought to its end, also when the
    connection goes: like a request's, its change is made or not, and the id says so to who asks again."""

    def __init__(self, request: Request, follower: Follower) -> None:
        self._request = request
        self._follower = follower
        self._waiting: deque[frames.Command] = deque()
        self._task: asyncio.Task[None] | None = None

    def ask(self, command: frames.Command) -> None:
        """Do it when those before it are done; one too many ends the stream."""
        if len(self._waiting) >= WAITING_MAX:
            self._follower.end(
                "rate_limited", f"More than {WAITING_MAX} commands wait for their reply.", 1000
            )
            return
        self._waiting.append(command)
        if self._task is None:
            self._task = asyncio.create_task(self._work(), name="commands")

    def stop(self) -> None:
        """Begin nothing more: nobody is there to hear of it."""
        self._waiting.clear()

    async def _work(self) -> None:
        gate = self._request.desk.gate
        gate.enter()  # a drain waits for it
        try:
            while self._waiting and not self._follower.is_over:
                await self._tell(await self._reply(self._waiting.popleft()))
        finally:
            gate.leave()
            self._task = None

    async def _tell(self, reply: frames.Reply) -> None:
        if self._follower.is_over:
            return
        drained = self._follower.line.tell(reply)
        if drained is None:
            return
        try:
            await asyncio.wait_for(drained, DRAIN_SECONDS)
        except Exception:  # too slow, or gone: nobody reads replies here any more
            self.stop()
            self._follower.line.cut()

    async def _reply(self, command: frames.Command) -> frames.Reply:
        began = asyncio.get_running_loop().time()
        request_id, code = correlation.request_id({}), ""
        bind(**{**bound(), "request_id": request_id})
        try:
            reply = await self._perform(command, request_id)
        except Exception as error:
            told = problems.known(error)
            if isinstance(told, problems.Internal):
                log.exception("command.failed")
            problem = problems.problem(told, request_id)
            code, wait = problem.code, problem.headers.get("Retry-After")
            reply = frames.Reply(
                id=command.id,
                status=problem.status,
                body=msgspec.Raw(problem.body),
                retry_ms=1000 * int(wait) if wait else None,
            )
        access_line(
            "command",
            request_id=request_id,
            command=command.name if command.name in COMMANDS else None,  # somebody may have put a key there
            organization=self._follower.grant.slug,
            status=reply.status,
            code=code or None,
            address=self._request.context.address,
            ms=round(1000 * (asyncio.get_running_loop().time() - began), 1),
        )
        return reply

    async def _perform(self, command: frames.Command, request_id: str) -> frames.Reply:
        kind = COMMANDS.get(command.name)
        if kind is None:
            raise NotFound
        request, ports = self._request, self._request.desk.ports
        context = msgspec.structs.replace(request.context, request_id=request_id)
        guard.charge(request.desk, self._follower.grant)
        grant = await access.again(ports, self._follower.grant, kind.action, context)
        await credentials.note_use(ports, request.credential)
        asked = _arguments(command, kind)
        done = await incidents.perform(
            ports, grant, command.incident, command.name, asked, command.id, context
        )
        answer = msgspec.Raw(msgspec.json.encode(done.performed))
        return frames.Reply(id=command.id, status=200, body=answer, replayed=done.replayed)


def _arguments(command: frames.Command, kind: type[Command]) -> Command:
    given = body.members(bytes(command.args))
    if command.if_version is not None:
        if "if_version" in given:
            twice = "It is in the frame and in its args."
            raise Invalid([Fault(pointer="/if_version", code="duplicate_key", detail=twice)])
        given["if_version"] = command.if_version
    return body.fit(given, kind)
