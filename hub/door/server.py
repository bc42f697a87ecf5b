"""Door: the server itself, which looks at a request's head before anything parses it."""

from __future__ import annotations

import asyncio
import re
import socket
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final, NamedTuple

from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPInputError
from tornado.ioloop import IOLoop
from tornado.iostream import IOStream, UnsatisfiableReadError

LINES_MAX: Final = 102  # a request line, a hundred fields, and the empty line
ONCE: Final = (b"\ncontent-length:", b"\nhost:", b"\ntransfer-encoding:")
HOST: Final = re.compile(rb"(?:\[[0-9a-f:.]+\]|[^\[\]: \t]*)(?::[0-9]*)?")
SAID: Final = b"HTTP/1.1 %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
REST_MAX: Final = 256 * 1024
UNHEARD_MS: Final = 75_000
WAITING_MAX: Final = 16_384  # accepted and not begun; more wait in the kernel
BEGIN_AT_ONCE: Final = 16  # in a turn of the loop: some 20 ms, in which nobody else is served
UNSAID: Final = 3600.0  # seconds, where a server is not told


def fault(head: bytes) -> str:
    """Why a head (RFC 9112, section 2) is refused with 400, in a few words of ours; empty when it is not.

    What is asked for here is what Tornado lets pass and what another reader of the same bytes, a proxy in
    front, could take otherwise: lines that do not end with CR LF, a framing field twice or as a list, a port
    that is no number, a target that names a host of its own (a proxy sends us the path). The rest of the
    grammar is Tornado's.
    """
    ends = head.count(b"\r\n")
    if not head.count(b"\r") == ends == head.count(b"\n"):
        return "a line does not end with CR LF"
    if ends > LINES_MAX:
        return "too many fields"
    if not head.lstrip(b"\r\n").partition(b" ")[2].startswith(b"/"):
        return "the target is not a path"
    small = head.lower()
    length, host, encoding = small.count(ONCE[0]), small.count(ONCE[1]), small.count(ONCE[2])
    if length > 1 or host > 1 or encoding > 1:
        return "a field came twice"
    if length and b"," in _value(small, ONCE[0]):
        return "a list of lengths"
    if host and not HOST.fullmatch(_value(small, ONCE[1])):
        return "not a host"
    return "not the encoding chunked" if encoding and _value(small, ONCE[2]) != b"chunked" else ""


def _value(head: bytes, name: bytes) -> bytes:
    return head.partition(name)[2].partition(b"\r")[0].strip(b" \t")


class Patience(NamedTuple):
    """How long a connection waits: for a head, also between two requests, and for a body; in seconds."""

    head: float
    body: float


class StrictStream(IOStream):
    """A connection whose heads pass `fault`. Nothing private of Tornado is used: where a release reads heads
    in another way, tests/attack/test_raw_sockets.py says so.

    It ends when a head or a body is late. Tornado would set a timer, a task and two futures for each; here
    one timer a connection looks now and then whether what is waited for is due.
    """

    _is_at_head = True
    _due: float | None = None  # by the loop's clock; None while nothing is waited for

    def __init__(self, *args: Any, patience: Patience, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._patience = patience
        self._loop = asyncio.get_running_loop()
        self._watch = self._loop.call_later(min(patience), self._look)

    def reading(self) -> bool:
        """Also when a head has come before somebody waits for it, or before who waits goes on. Tornado would
        have the kernel look away until then, and look again."""
        return self._is_at_head or super().reading()

    def set_nodelay(self, value: bool) -> None:
        """Tornado turns it on and off with each answer; here it is on from the beginning (Server), and off
        means that the next head may come."""
        self._is_at_head = not value

    async def read_until_regex(self, regex: bytes, max_bytes: int | None = None) -> bytes:
        """A head, or HTTPInputError, which Tornado answers with 400 and the end of the connection."""
        self._is_at_head, self._due = True, self._loop.time() + self._patience.head
        try:
            head = await super().read_until_regex(regex, max_bytes)
        finally:
            self._is_at_head, self._due = False, None
        if said := fault(head):
            raise HTTPInputError(said)
        return head

    def send(self, data: bytes) -> int:
        """Give the kernel what it takes at once, and nothing while something waits to be written; how many
        bytes it took. Whoever writes the rest learns what was wrong."""
        if self.writing() or self.closed():
            return 0
        try:
            return self.socket.send(data)
        except OSError:
            return 0

    def wait_for_body(self) -> None:
        """A body comes from now on; end the connection where it is not whole in time."""
        self._due = self._loop.time() + self._patience.body

    def body_came(self) -> None:
        """It is whole."""
        self._due = None

    def _look(self) -> None:
        usual = min(self._patience)
        left = usual if self._due is None else min(usual, self._due - self._loop.time())
        if left > 0:
            self._watch = self._loop.call_later(left, self._look)
        else:
            self.close()

    def close(self, exc_info: Any = False) -> None:
        """Close it; who sent a line that is too long is told so, as far as the socket takes it at once: a
        head by 431 (RFC 6585, section 5), a chunk's size by 400. The rest of what came is read, since the
        kernel would answer it with a reset, which overtakes our answer."""
        if isinstance(exc_info, UnsatisfiableReadError) and not self.closed():
            status = b"431 Request Header Fields Too Large" if self._is_at_head else b"400 Bad Request"
            with suppress(OSError):
                self.socket.send(SAID % status)
                self.socket.shutdown(socket.SHUT_WR)
                for _ in range(REST_MAX // self.read_chunk_size):
                    if not self.socket.recv(self.read_chunk_size):
                        break
        self._watch.cancel()
        super().close(exc_info)


class Server(HTTPServer):
    """Tornado's, on streams of ours, which takes a crowd out of the kernel's queue at once and begins to
    serve a few of it in each turn of the loop.

    Where that queue is full, a client is not refused: the kernel drops its SYN, and it asks again after 1, 3,
    7, 15 and 31 seconds. Tornado accepts 128 in a turn and serves them before the next 128.
    """

    patience: Patience

    def initialize(self, *args: Any, **kwargs: Any) -> None:
        """Take what Tornado's takes; that heads and bodies come in time is seen to by our streams."""
        super().initialize(*args, **kwargs)
        options = self.conn_params
        self.patience = Patience(options.header_timeout or UNSAID, options.body_timeout or UNSAID)
        options.header_timeout = options.body_timeout = None
        self._listening: list[socket.socket] = []
        self._waiting: deque[tuple[socket.socket, Any]] = deque()
        self._is_beginning = False

    def add_sockets(self, sockets: Iterable[socket.socket]) -> None:
        """Accept on these from now on."""
        for listening in sockets:
            IOLoop.current().add_handler(listening, self._accept, IOLoop.READ)
            self._listening.append(listening)

    def stop(self) -> None:
        """Accept no more. Who was accepted is served."""
        while self._listening:
            listening = self._listening.pop()
            IOLoop.current().remove_handler(listening)
            listening.close()
        while self._waiting:
            self._begin(*self._waiting.popleft())
        super().stop()

    def _accept(self, listening: socket.socket, events: int) -> None:
        while listening.fileno() >= 0 and len(self._waiting) < WAITING_MAX:
            try:
                accepted = listening.accept()
            except BlockingIOError:
                break
            except ConnectionAbortedError:
                continue
            self._waiting.append(accepted)
        if self._waiting and not self._is_beginning:
            self._begin_some()

    def _begin_some(self) -> None:
        for _ in range(min(BEGIN_AT_ONCE, len(self._waiting))):
            self._begin(*self._waiting.popleft())
        self._is_beginning = bool(self._waiting)
        if self._is_beginning:
            asyncio.get_running_loop().call_soon(self._begin_some)

    def _begin(self, connection: socket.socket, address: Any) -> None:
        """Serve a connection that was accepted; end it when its other side takes nothing for 75 seconds.

        Without the option of TCP, an answer that nobody reads would be kept as long as the sender likes (RFC
        5482; not every system has it).
        """
        try:
            if connection.family != socket.AF_UNIX:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                if hasattr(socket, "TCP_USER_TIMEOUT"):
                    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNHEARD_MS)
        except OSError:  # it has gone
            connection.close()
            return
        stream = StrictStream(
            connection,
            max_buffer_size=self.max_buffer_size,
            read_chunk_size=self.read_chunk_size,
            patience=self.patience,
        )
        self.handle_stream(stream, address)
