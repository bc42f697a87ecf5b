"""A client that sends what it is told to the byte, and looks at every answer for what none may lack."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.door.application import HEADERS

SECONDS = 20
Headers = dict[str, str]
ANY_CACHE = {"no-store", "private, no-cache", "public, max-age=31536000, immutable"}
COOKIE = ["HttpOnly", "Path=/", "SameSite=Lax", "Secure"]


@dataclass(frozen=True)
class Answer:
    """A whole answer."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def all(self, name: str) -> list[str]:
        """The values of a header, as they came."""
        return [value for each, value in self.headers if each.lower() == name.lower()]

    def one(self, name: str) -> str:
        """The value of a header; empty without one."""
        return ", ".join(self.all(name))

    @property
    def json(self) -> Any:
        """The body, decoded."""
        return msgspec.json.decode(self.body)

    @property
    def is_endless(self) -> bool:
        """Whether it goes on as a stream; that it began is all that is asked here."""
        return self.status == 101 or self.one("Content-Type").startswith("text/event-stream")

    @property
    def is_unread(self) -> bool:
        """Whether the head of the request was no HTTP: that is refused without a word, and the end."""
        return self.status == 400 and not self.all("Content-Type")

    @property
    def code(self) -> str:
        """The problem's word; empty for what is no problem."""
        return str(self.json["code"]) if self.one("Content-Type") == "application/problem+json" else ""


@dataclass
class Caller:
    """One connection that is kept. `secured` says which hub it asks, for the headers that depend on it."""

    port: int
    is_https: bool = False
    asked: int = 0
    cookies: list[str] = field(default_factory=list)
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    @property
    def origin(self) -> str:
        """Where our own pages come from."""
        return f"http://127.0.0.1:{self.port}"

    async def __call__(
        self, method: str, target: str, headers: Headers | None = None, body: object = None
    ) -> Answer:
        """Ask, and wait for the whole answer; a body that is not bytes goes as JSON. An empty value leaves
        its header out. Fail where the answer lacks what every answer has."""
        sent = {"Host": f"127.0.0.1:{self.port}"}
        if body is not None and not isinstance(body, bytes):
            sent["Content-Type"], body = "application/json", msgspec.json.encode(body)
        sent |= headers or {}
        if isinstance(body, bytes):
            sent |= {"Content-Length": str(len(body))}
        lines = [
            f"{method} {target} HTTP/1.1",
            *(f"{name}: {value}" for name, value in sent.items() if value),
        ]
        content = body if isinstance(body, bytes) else b""
        answer = await self._exchange("\r\n".join([*lines, "", ""]).encode() + content, method)
        self.asked += 1
        if faults := list(self._faults(answer)):
            raise AssertionError(f"{method} {target} {answer.status}: {'; '.join(faults)}")
        return answer

    async def close(self) -> None:
        """End the connection."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _exchange(self, content: bytes, method: str) -> Answer:
        async with asyncio.timeout(SECONDS):
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self.port)
            reader, writer = self._streams
            writer.write(content)
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            pairs = [line.partition(":")[::2] for line in head[1:] if line]
            headers = tuple((name, value.strip()) for name, value in pairs)
            answer = Answer(int(head[0].split()[1]), headers, b"")
            length = answer.one("Content-Length")
            if length and method != "HEAD" and answer.status != 304:
                answer = Answer(answer.status, headers, await reader.readexactly(int(length)))
            if answer.one("Connection") == "close" or answer.is_unread or answer.is_endless:
                await self.close()
            return answer

    def _faults(self, answer: Answer) -> Iterable[str]:
        if answer.status >= 500:
            yield f"our fault: {answer.body!r}"
        if answer.all("Server"):
            yield "names its server"
        if answer.status == 101 or answer.is_unread:
            return
        expected = {name: value for name, value in HEADERS.items() if name != "Cache-Control"}
        if self.is_https:
            expected["Strict-Transport-Security"] = "max-age=31536000"
        for name, value in expected.items():
            if answer.all(name) != [value]:
                yield f"{name} is {answer.all(name)}"
        if answer.all("Strict-Transport-Security") and not self.is_https:
            yield "asks for https that is not there"
        if answer.one("Cache-Control") not in ANY_CACHE:
            yield f"may be cached: {answer.one('Cache-Control')!r}"
        if answer.one("Cache-Control").startswith("public") and answer.all("Set-Cookie"):
            yield "a cookie that is kept for everybody"
        if answer.status in {301, 302, 303, 307, 308} and not is_local(answer.one("Location")):
            yield f"leads away, to {answer.one('Location')!r}"
        for cookie in answer.all("Set-Cookie"):
            self.cookies.append(cookie)
            name, *flags = cookie.split("; ")
            flags = [flag for flag in flags if not flag.startswith("expires=")]
            if not name.startswith("__Host-") or sorted(flags, key=str.lower) != COOKIE:
                yield f"a cookie without its flags: {cookie}"


def is_local(location: str) -> bool:
    """Whether a redirect stays on this hub: a path with one slash at its beginning, and no backslash."""
    return location.startswith("/") and not location.startswith(("//", "/\\")) and "\\" not in location
