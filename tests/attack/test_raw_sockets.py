"""Malformed requests on a bare socket: one refusal, the connection ends, and nothing behind it is run."""

from __future__ import annotations

import json

import pytest
from malformed import BAD, BODY, GET, GOOD, LARGE, LENGTH, ODD, WHOLE, framed
from raw import exchange
from victim import Victim

LAST = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def opened(victim: Victim, noun: str = "incidents") -> list[dict[str, str]]:
    """The incidents that there are; asking is a good request too."""
    key = f"Bearer {victim.acme.api_key}"
    status, _, body = victim.ask("GET", f"/api/v1/orgs/acme/{noun}?limit=200", Authorization=key)
    assert status == 200
    found: list[dict[str, str]] = json.loads(body)["data"]
    return found


@pytest.fixture(scope="module")
def service(victim: Victim) -> str:
    return opened(victim, "services")[0]["id"]


def filled(victim: Victim, service: str, sent: bytes) -> bytes:
    """The bytes with our host, key and sizes in them."""
    body = BODY.replace(b"SERVICE", service.encode())
    values = {
        BODY: body,
        b"HOST": victim.host.encode(),
        b"KEY": victim.acme.api_key.encode(),
        b"LENGTH": str(len(body)).encode(),
        b"SIZE": f"{len(body):x}".encode(),
    }
    for name, value in values.items():
        sent = sent.replace(name, value)
    return sent


def test_the_corpus_is_large() -> None:
    assert len(BAD) + len(LARGE) >= 100


@pytest.mark.parametrize("name", BAD)
def test_it_is_refused_and_what_follows_it_is_not_read(victim: Victim, service: str, name: str) -> None:
    before = opened(victim)
    said = exchange(victim.port, filled(victim, service, BAD[name] + WHOLE))
    assert said.is_closed
    assert said.statuses == [400]
    assert opened(victim) == before


@pytest.mark.parametrize("name", LARGE)
def test_a_head_that_is_too_large_is_told_so(victim: Victim, service: str, name: str) -> None:
    before = opened(victim)
    said = exchange(victim.port, filled(victim, service, LARGE[name] + WHOLE))
    assert said.is_closed
    assert said.statuses == [431]
    assert opened(victim) == before


@pytest.mark.parametrize("name", GOOD)
def test_what_is_unusual_and_right_is_taken_and_the_next_one_too(
    victim: Victim, service: str, name: str
) -> None:
    before = len(opened(victim))
    said = exchange(victim.port, filled(victim, service, GOOD[name] + WHOLE) + LAST)
    assert [status for status in said.statuses if status != 100] == [201, 201, 200]
    assert said.statuses.count(100) == (name == "one who asks whether to go on")
    assert len(opened(victim)) == before + 2


@pytest.mark.parametrize("name", ODD)
def test_a_request_that_is_well_formed_and_odd_gets_its_status(victim: Victim, name: str) -> None:
    line, statuses = ODD[name]
    said = exchange(victim.port, line + f"Host: {victim.host}\r\nConnection: close\r\n\r\n".encode())
    assert said.is_closed
    assert len(said.statuses) == 1
    assert set(said.statuses) <= statuses


def test_http_1_0_needs_no_host_and_is_not_kept_alive(victim: Victim) -> None:
    said = exchange(victim.port, b"GET /livez HTTP/1.0\r\n\r\n" + GET + b"Host: x\r\n\r\n")
    assert (said.statuses, said.is_closed) == ([200], True)


def test_a_refusal_says_that_the_connection_ends_or_has_no_length(victim: Victim, service: str) -> None:
    """A reader that finds a length and no end of the connection would wait for more (RFC 9112, 6.3)."""
    for sent in (BAD["both sizes"], LARGE["a head of 17 KiB"]):
        head = exchange(victim.port, filled(victim, service, sent)).raw.lower()
        assert b"connection: close" in head or b"content-length" not in head


def test_a_key_in_what_cannot_be_read_is_not_in_the_log(victim: Victim, service: str) -> None:
    fields = (
        b"Authorization: Bearer KEY\0",
        b"Authorization: Bearer\x01KEY",
        b"KEY\0: a",
        b"KEY KEY: a",
        b"Content-Length: KEY",
        b"Content-Length: KEY, 1",
        b"Transfer-Encoding: KEY",
        b"Authorization: Bearer\nKEY",
    )
    for field in fields:
        sent = GET + b"Host: x\r\n" + field + b"\r\n\r\n"
        assert exchange(victim.port, filled(victim, service, sent)).statuses == [400]
    host = filled(victim, service, GET + b"Host: KEY\\\r\n\r\n")
    assert exchange(victim.port, host).statuses == [400]
    assert victim.acme.api_key not in victim.log.read_text()
    assert victim.acme.api_key.rpartition("_")[2] not in victim.log.read_text()


def test_nothing_of_all_this_was_a_fault_of_ours(victim: Victim, service: str) -> None:
    assert exchange(victim.port, filled(victim, service, framed(LENGTH * 2))).statuses == [400]
    logged = victim.lines()
    assert [line for line in logged if line["level"] in {"error", "critical"}] == []
    assert any("malformed" in line["event"].lower() for line in logged)
