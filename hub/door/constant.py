"""Door: the headers of every answer, encoded once, and a plain answer as the bytes of one write."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import lru_cache
from http.client import responses
from typing import Final

from tornado.httputil import HTTPHeaders, HTTPServerRequest, format_timestamp

BODILESS: Final = frozenset({204, 304})  # and all below 200: RFC 9112, section 6.3


class Constant:
    """Headers that come with every answer which has none of its own by that name.

    Tornado validates and encodes each header of each answer anew; these never change, and an answer of known
    length on a connection that stays open needs nothing else of it.
    """

    def __init__(self, headers: Mapping[str, str]) -> None:
        self.headers = dict(headers)
        self._lines = {name: f"{name}: {value}\r\n" for name, value in headers.items()}
        self._all = "".join(self._lines.values())
        self._names = frozenset(HTTPHeaders(headers))  # as HTTPHeaders writes them

    def fill(self, headers: HTTPHeaders) -> None:
        """Add those that are missing, and the date."""
        headers["Date"] = _date(int(time.time()))
        for name, value in self.headers.items():
            if name not in headers:
                headers[name] = value

    def is_plain(self, request: HTTPServerRequest, status: int, headers: HTTPHeaders) -> bool:
        """Whether an answer is its head and its body and nothing more: HTTP/1.1 without a word about the
        connection, from either side, and a body whose length is known."""
        return (
            request.version == "HTTP/1.1"
            and request.method != "HEAD"
            and status >= 200
            and status not in BODILESS
            and "Content-Length" in headers
            and "Connection" not in request.headers
            and "Connection" not in headers
        )

    def answer(self, status: int, headers: HTTPHeaders, body: bytes) -> bytes:
        """Such an answer. The values of `headers` came through Tornado's set_header: none breaks a line."""
        own = "".join([f"{name}: {value}\r\n" for name, value in headers.get_all()])
        rest = self._all
        if not self._names.isdisjoint(headers):
            rest = "".join(line for name, line in self._lines.items() if name not in headers)
        reason = responses.get(status, "Unknown")
        date = _date(int(time.time()))
        return f"HTTP/1.1 {status} {reason}\r\nDate: {date}\r\n{own}{rest}\r\n".encode("latin1") + body


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return format_timestamp(second)
