"""A bounded body: what is within the limit passes whole, what is above leaves its beginning and no more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tornado.httputil import HTTPHeaders, HTTPMessageDelegate, RequestStartLine

from hub.door.bounded import SALVAGE_MAX, Arrived, Bounded

START = RequestStartLine("POST", "/", "HTTP/1.1")


class Inner(HTTPMessageDelegate):
    """The delegate of a handler: what reaches it."""

    def __init__(self) -> None:
        self.body = b""
        self.is_finished = False

    def data_received(self, chunk: bytes) -> None:
        self.body += chunk

    def finish(self) -> None:
        self.is_finished = True


def arrive(chunks: list[bytes], limit: int, headers: HTTPHeaders) -> tuple[Inner, Arrived, list[str]]:
    """Let a body arrive in these chunks."""
    inner, request, seen = Inner(), Arrived(start_line=START, headers=HTTPHeaders(Host="a")), list[str]()
    bounded = Bounded(inner, request, limit, lambda: seen.append("entered"), lambda: seen.append("left"))
    bounded.headers_received(START, headers)
    for chunk in chunks:
        bounded.data_received(chunk)
        assert inner.body == b"", "nothing is held twice"
    bounded.finish()
    assert inner.is_finished
    return inner, request, seen


@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(0, 200))
def test_a_body_is_whole_within_the_limit_and_cut_above(chunks: list[bytes], limit: int) -> None:
    inner, request, seen = arrive(chunks, limit, HTTPHeaders())
    sent = b"".join(chunks)
    assert request.is_cut == (len(sent) > limit)
    assert inner.body == sent if not request.is_cut else sent.startswith(inner.body)
    assert seen == ["entered"]


def test_of_a_large_body_only_the_beginning_is_kept() -> None:
    chunks = [bytes([index % 251]) * 10_000 for index in range(1_000)]
    inner, request, _ = arrive(chunks, 1_000_000, HTTPHeaders())
    assert request.is_cut
    assert inner.body == b"".join(chunks)[:SALVAGE_MAX]


def test_a_form_is_bytes_like_any_body() -> None:
    for name in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        headers = HTTPHeaders({"Content-Type": name})
        arrive([b"x"], 10, headers)
        assert "Content-Type" not in headers
    headers = HTTPHeaders({"Content-Type": "application/json"})
    arrive([b"x"], 10, headers)
    assert headers["Content-Type"] == "application/json"
