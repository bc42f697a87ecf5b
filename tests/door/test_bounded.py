"""A bounded body: what is within the limit passes whole, what is above leaves its beginning and no more."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tornado.httputil import HTTPHeaders, RequestStartLine

from hub.door.bounded import END_MAX, SALVAGE_MAX, Arrived, Bounded

START = RequestStartLine("POST", "/", "HTTP/1.1")


def arrive(chunks: list[bytes], limit: int, headers: HTTPHeaders) -> tuple[Arrived, list[str]]:
    """Let a body arrive in these chunks."""
    request, seen = Arrived(start_line=START, headers=HTTPHeaders(Host="a")), list[str]()
    entered, left, begin = (lambda word=word: seen.append(word) for word in ("entered", "left", "begun"))
    bounded = Bounded(request, limit, entered, left, begin)
    bounded.headers_received(START, headers)
    for chunk in chunks:
        bounded.data_received(chunk)
        assert seen == ["entered"]
    bounded.finish()
    return request, seen


@given(st.lists(st.binary(max_size=40), max_size=12), st.integers(0, 200))
def test_a_body_is_whole_within_the_limit_and_cut_above(chunks: list[bytes], limit: int) -> None:
    request, seen = arrive(chunks, limit, HTTPHeaders())
    sent = b"".join(chunks)
    assert request.is_cut == (len(sent) > limit)
    assert request.body == sent if not request.is_cut else sent.startswith(request.body)
    assert seen == ["entered", "begun"]


def test_of_a_large_body_only_the_beginning_is_kept() -> None:
    chunks = [bytes([index % 251]) * 10_000 for index in range(1_000)]
    request, _ = arrive(chunks, 1_000_000, HTTPHeaders())
    assert request.is_cut
    assert request.body == b"".join(chunks)[:SALVAGE_MAX]
    assert request.end == b"".join(chunks)[-END_MAX:]


def test_a_sender_who_goes_before_the_end_has_left_and_nothing_begins() -> None:
    request, seen = Arrived(start_line=START, headers=HTTPHeaders(Host="a")), list[str]()
    bounded = Bounded(
        request, 10, lambda: seen.append("entered"), lambda: seen.append("left"), lambda: seen.append("begun")
    )
    bounded.headers_received(START, HTTPHeaders())
    bounded.data_received(b"half")
    bounded.on_connection_close()
    assert seen == ["entered", "left"]


def test_a_form_is_bytes_like_any_body() -> None:
    for name in ("application/x-www-form-urlencoded", "multipart/form-data; boundary=x"):
        headers = HTTPHeaders({"Content-Type": name})
        arrive([b"x"], 10, headers)
        assert "Content-Type" not in headers
    headers = HTTPHeaders({"Content-Type": "application/json"})
    arrive([b"x"], 10, headers)
    assert headers["Content-Type"] == "application/json"
