"""An asker: one request after the other over one kept-alive connection, on blocking sockets."""

from __future__ import annotations

import socket
import time
from types import TracebackType
from typing import Any, Self

import msgspec

ANSWER_SECONDS = 30


class Asker:
    """Whatever is not answered with 2xx ends the benchmark: an error is quick, and would look good."""

    def __init__(self, port: int, key: str) -> None:
        self._port = port
        self._socket = self._connected()
        self._head = (
            f"Host: 127.0.0.1:{port}\r\nAuthorization: Bearer {key}\r\nAccept: application/json\r\n"
            "User-Agent: bench/1\r\n"
        )
        self.headers = b""

    def _connected(self) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self._port), timeout=ANSWER_SECONDS)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    def reconnect(self) -> None:
        """Begin a new connection: the server ends one that was idle for more than a minute."""
        self._socket.close()
        self._socket = self._connected()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def ask(self, method: str, path: str, body: bytes = b"", headers: str = "") -> bytes:
        """The body of the answer; `headers` are more lines, each with its end."""
        if body:
            headers += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        self._socket.sendall(f"{method} {path} HTTP/1.1\r\n{self._head}{headers}\r\n".encode() + body)
        received = b""
        while b"\r\n\r\n" not in received:
            received += self._more()
        self.headers, _, said = received.partition(b"\r\n\r\n")
        length = int(self.headers.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        while len(said) < length:
            said += self._more()
        if not self.headers.startswith(b"HTTP/1.1 2"):
            raise SystemExit(f"{method} {path}: {self.headers.decode()}\n{said.decode()[:500]}")
        return said

    def timed(self, method: str, path: str, body: bytes = b"", headers: str = "") -> float:
        """Milliseconds from the first byte of the request to the last of the answer."""
        began = time.perf_counter()
        self.ask(method, path, body, headers)
        return 1000 * (time.perf_counter() - began)

    def json(self, path: str) -> Any:
        """The answer to a GET, decoded."""
        return msgspec.json.decode(self.ask("GET", path))

    def _more(self) -> bytes:
        chunk = self._socket.recv(65536)
        if not chunk:
            raise SystemExit("the hub closed the connection in the middle of an answer")
        return chunk
