"""PagerDuty's senders put the integration key into the body: it is not kept there, however it is written."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from orgs import Org
from web import Site, read

from hub.handlers.intake import without
from hub.services import work
from hub.services.credentials import ALPHABET
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)


def unreadable(key: str) -> bytes:
    """An event that lacks its payload, and so becomes a dead letter with its body."""
    return msgspec.json.encode({"routing_key": key, "event_action": "trigger", "payload": None})


def escaped(key: str, count: int, form: str = "\\u%04x") -> str:
    """The key with its first letters as JSON escapes."""
    return "".join(form % ord(letter) for letter in key[:count]) + key[count:]


async def letters(api: Site) -> list[dict[str, Any]]:
    """The dead letters, newest first."""
    found: list[dict[str, Any]] = read(await api("GET", "/api/v1/orgs/acme/receipts?state=dead"))["data"]
    return found


async def test_a_key_in_a_body_is_not_kept(site: Site, ports: Ports, acme: Org) -> None:
    key, api = acme.integration_key, site.with_key(acme.api_key)
    forms = [key, escaped(key, 32), escaped(key, 1), escaped(key, 7, "\\u%04X")]
    for form in forms:
        body = unreadable("the key").replace(b"the key", form.encode())
        assert (await site("POST", "/v2/enqueue", body)).code == 400
    await work.drain(ports, "inbox", [acme.tenant])
    kept = await letters(api)
    assert len(kept) == len(forms)
    for letter in kept:
        shown = read(await api("GET", f"/api/v1/orgs/acme/receipts/{letter['id']}"))
        assert shown["body"].encode() == unreadable("*" * len(key))
    said = (await api("GET", "/api/v1/orgs/acme/incidents/1/timeline")).body.decode()
    assert "*" * len(key) in said
    assert key not in said


@pytest.mark.parametrize("first", ALPHABET)
def test_an_escape_that_ends_like_the_key_begins_is_gone_as_a_whole(first: str) -> None:
    key = first + "x" * 31
    for form in (escaped(key, 1), escaped(key, 1, "\\u%04X"), key):
        assert without(key, form.encode() + b" " + key.encode()) == b"*" * 32 + b" " + b"*" * 32


def test_what_is_not_the_key_stays_as_it_came() -> None:
    key = "abc_d-e0"
    for body in (
        b"",
        b"{}",
        b'{"a":"\\u003cb\\u003e \\u00e9"}',
        b'"\\u0061\\u0062"',
        b"\xff\x00" + key[1:].encode(),
    ):
        assert without(key, body) == body
