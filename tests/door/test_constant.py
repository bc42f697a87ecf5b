"""The headers of every answer: the bytes that are sent say what Tornado would have said."""

from __future__ import annotations

import pytest
from tornado.httputil import HTTPHeaders, HTTPServerRequest, RequestStartLine

from hub.door.constant import Constant

SAME = {"X-Frame-Options": "DENY", "Cache-Control": "no-store"}


def request(method: str = "POST", version: str = "HTTP/1.1", **headers: str) -> HTTPServerRequest:
    return HTTPServerRequest(
        start_line=RequestStartLine(method, "/", version), headers=HTTPHeaders({"Host": "a", **headers})
    )


def test_an_answer_has_its_own_headers_and_those_of_every_answer_that_it_did_not_set() -> None:
    own = HTTPHeaders({"Content-Length": "2", "Cache-Control": "private"})
    own.add("Set-Thing", "a")
    own.add("Set-Thing", "b")
    head, body = Constant(SAME).answer(202, own, b"{}").split(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    assert (status, body) == ("HTTP/1.1 202 Accepted", b"{}")
    said = [line.split(": ", 1) for line in lines]
    assert sorted(name for name, _ in said) == [
        "Cache-Control", "Content-Length", "Date", "Set-Thing", "Set-Thing", "X-Frame-Options",
    ]  # fmt: skip
    assert ["Cache-Control", "private"] in said
    assert said[0][1].endswith(" GMT")


def test_what_is_missing_is_filled_in_and_nothing_is_overwritten() -> None:
    headers = HTTPHeaders({"Cache-Control": "private"})
    Constant(SAME).fill(headers)
    assert (headers["Cache-Control"], headers["X-Frame-Options"]) == ("private", "DENY")
    assert headers["Date"].endswith(" GMT")


@pytest.mark.parametrize(
    ("asked", "status", "headers", "is_plain"),
    [
        (request(), 202, {"Content-Length": "2"}, True),
        (request("GET"), 404, {"Content-Length": "2"}, True),
        (request("HEAD"), 200, {"Content-Length": "2"}, False),
        (request("GET"), 304, {"Content-Length": "0"}, False),
        (request("GET"), 101, {"Content-Length": "0"}, False),
        (request(), 204, {"Content-Length": "0"}, False),
        (request(), 200, {}, False),
        (request(version="HTTP/1.0"), 200, {"Content-Length": "2"}, False),
        (request(Connection="close"), 200, {"Content-Length": "2"}, False),
        (request(), 503, {"Content-Length": "2", "Connection": "close"}, False),
    ],
)
def test_only_an_answer_of_known_length_on_a_connection_that_stays_is_plain(
    asked: HTTPServerRequest, status: int, headers: dict[str, str], is_plain: bool
) -> None:
    assert Constant(SAME).is_plain(asked, status, HTTPHeaders(headers)) is is_plain
