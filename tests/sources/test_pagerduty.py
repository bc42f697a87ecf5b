"""PagerDuty Events v2: the vendor's contract, word for word where a client reads it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from hub.contract.signals import Link, Signal, Unreadable
from hub.contract.words import AlertSeverity, SignalAction
from hub.sources import pagerduty
from hub.sources.base import Checked
from hub.sources.reading import LINKS_MAX

ROW = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
KEY = "0123456789abcdef0123456789abcdef"
BAD_ACTION = "'event_action' is invalid (must be one of: trigger, acknowledge, resolve)"
BAD_SEVERITY = "'payload.severity' is invalid (must be one of: critical, error, warning, info)"
GROUP = "17c4e445d234645c9e547ff6d32a864af0ebdadcd1902771c24c8d366637ff41"


def event(payload: object = None, **fields: object) -> bytes:
    """A trigger; `payload` members and top-level fields replace those of a sound one."""
    members: dict[str, Any] = {"summary": "Disk full", "source": "db-1", "severity": "error"}
    inner = members | payload if isinstance(payload, dict) else payload if payload is not None else members
    return json.dumps({"routing_key": KEY, "event_action": "trigger", "payload": inner} | fields).encode()


def taken(body: bytes) -> Signal:
    """The one signal of a body."""
    (signal,) = pagerduty.signals(body)
    assert isinstance(signal, Signal)
    return signal


def test_a_captured_trigger_is_taken(sample: Callable[[str], bytes]) -> None:
    body = sample("alertmanager-pagerduty-trigger")
    assert pagerduty.check(body) == Checked(key=KEY, dedup_key=GROUP)
    signal = taken(body)
    assert (signal.action, signal.dedup_key, signal.group_key) == (SignalAction.TRIGGER, GROUP, None)
    assert signal.title == "[FIRING:2] DiskFull (node critical)"
    assert signal.severity is AlertSeverity.CRITICAL
    assert signal.text.startswith("firing: Labels:\n - alertname = DiskFull\n")
    assert "\nnum_firing: 2\n" in signal.text
    assert signal.links == (
        Link(href="https://runbook.example/x", text="runbook"),
        Link(href="http://vm:9793/#/alerts?receiver=everything", text="Alertmanager"),
        Link(href="https://img.example/", text="graph"),
    )
    assert signal.reporter == "", "a resolve names no source: all of one integration is one reporter"


def test_a_captured_resolve_is_taken(sample: Callable[[str], bytes]) -> None:
    body = sample("alertmanager-pagerduty-resolve")
    assert pagerduty.check(body) == Checked(key=KEY, dedup_key=GROUP)
    assert (taken(body).action, taken(body).dedup_key) == (SignalAction.RESOLVE, GROUP)


def test_the_answer_has_the_words_that_clients_compare() -> None:
    reply = pagerduty.answer(pagerduty.check(event(dedup_key="db-1/disk")), ROW)
    assert (reply.status, reply.content_type) == (202, "application/json")
    assert reply.body == {"status": "success", "message": "Event processed", "dedup_key": "db-1/disk"}


@pytest.mark.parametrize("given", [{}, {"dedup_key": None}, {"dedup_key": ""}, {"dedup_key": " "}])
def test_a_trigger_without_a_key_is_told_the_one_that_processing_derives(given: dict[str, object]) -> None:
    body = event(**given)
    assert taken(body).dedup_key is None
    reply = pagerduty.answer(pagerduty.check(body), ROW)
    assert isinstance(reply.body, dict)
    assert reply.body["dedup_key"] == f"auto:1:{ROW.hex}:0"


@pytest.mark.parametrize("action", ["acknowledge", "resolve"])
@pytest.mark.parametrize("payload", [None, "", [], {}, {"severity": "?"}])
def test_a_follow_up_needs_no_payload(action: str, payload: object) -> None:
    body = json.dumps(
        {"routing_key": KEY, "event_action": action, "dedup_key": "k", "payload": payload}
    ).encode()
    assert pagerduty.check(body) == Checked(key=KEY, dedup_key="k")
    assert taken(body).action == action


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (event(event_action="page"), [BAD_ACTION]),
        (event(event_action=None), [BAD_ACTION]),
        (event(event_action="resolve"), ["'dedup_key' is missing or blank"]),
        (event(dedup_key=7), ["'dedup_key' is not a string"]),
        (event(dedup_key="k" * 256), ["'dedup_key' is too long (maximum is 255 characters)"]),
        (event({"summary": " "}), ["'payload.summary' is missing or blank"]),
        (event({"source": None}), ["'payload.source' is missing or blank"]),
        (event({"severity": "SEV1"}), [BAD_SEVERITY]),
        (event([]), [
            "'payload.summary' is missing or blank", "'payload.source' is missing or blank", BAD_SEVERITY,
        ]),
        (b'{"routing_key": "%s", ' % KEY.encode(), ["The event is not a JSON object"]),
        (b'[{"routing_key": "%s"}]' % KEY.encode(), ["The event is not a JSON object"]),
    ],
)  # fmt: skip
def test_what_the_vendor_refuses_is_refused_and_kept(body: bytes, errors: list[str]) -> None:
    checked = pagerduty.check(body)
    assert checked.key == KEY, "without it the body could not be kept as somebody's dead letter"
    reply = pagerduty.answer(checked, ROW)
    assert reply.status == 400
    assert reply.body == {
        "status": "invalid event",
        "message": "Event object is invalid",
        "errors": errors,
    }
    with pytest.raises(Unreadable):
        pagerduty.signals(body)


def test_an_unknown_key_is_refused_as_the_vendor_does() -> None:
    reply = pagerduty.answer(pagerduty.check(event()), None)
    assert reply.status == 400
    assert isinstance(reply.body, dict)
    assert reply.body["errors"] == ["Invalid routing key"]


@pytest.mark.parametrize("key", [None, "", " ", 7, ["k"]])
def test_a_body_without_a_key_says_so(key: object) -> None:
    checked = pagerduty.check(event(routing_key=key))
    assert checked.key is None
    assert [fault.detail for fault in checked.faults] == ["'routing_key' is missing or blank"]


def test_the_key_belongs_to_the_door_so_a_stored_body_may_have_lost_it() -> None:
    assert taken(event(routing_key=None)).title == "Disk full"


def test_white_space_around_the_key_and_the_body_and_a_byte_order_mark_are_forgiven() -> None:
    body = b"\xef\xbb\xbf" + event(routing_key=f" {KEY}\n") + b"\r\n"
    assert pagerduty.check(body) == Checked(key=KEY)
    assert taken(body).title == "Disk full"


def test_an_over_long_summary_is_cut() -> None:
    body = event({"summary": "s" * 5_000})
    assert pagerduty.check(body).faults == ()
    assert taken(body).title == "s" * 1_024


@pytest.mark.parametrize(
    ("stamp", "moment"),
    [
        ("2026-11-23T08:48:18.000+0000", datetime(2026, 11, 23, 8, 48, 18, tzinfo=UTC)),
        ("2026-11-23T09:48:18+01:00", datetime(2026, 11, 23, 8, 48, 18, tzinfo=UTC)),
        ("2026-11-23T08:48:18.123456789Z", datetime(2026, 11, 23, 8, 48, 18, 123_456, UTC)),
        (" 2026-11-23 08:48:18 ", datetime(2026, 11, 23, 8, 48, 18, tzinfo=UTC)),
        ("0001-01-01T00:00:00Z", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("just now", None),
        (1_795_423_698, None),
    ],
)
def test_a_time_is_read_in_many_spellings_and_never_refused(stamp: object, moment: datetime | None) -> None:
    body = event({"timestamp": stamp})
    assert pagerduty.check(body).faults == ()
    assert taken(body).occurred_at == moment


def test_a_time_without_a_zone_is_utc_wherever_the_hub_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        moment = taken(event({"timestamp": "2026-11-23T08:48:18"})).occurred_at
    finally:
        monkeypatch.undo()
        time.tzset()
    assert moment == datetime(2026, 11, 23, 8, 48, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    ("details", "text"),
    [
        ("free text", "free text"),
        ({"a": 1, "b": {"c": None}}, 'a: 1\nb: {"c":null}'),
        ([1], "[1]"),
        (None, ""),
    ],
)
def test_custom_details_may_be_anything(details: object, text: str) -> None:
    assert taken(event({"custom_details": details})).text == text


def test_component_group_and_class_become_labels() -> None:
    named = {"component": "postgres", "group": "prod", "class": "disk"}
    assert taken(event(named)).labels == named
    assert taken(event({"component": None, "group": {}})).labels == {}


@pytest.mark.parametrize(
    "links", [None, 7, "https://x", [7, None, {}, {"href": "ftp://x"}, {"href": ["https://x"]}]]
)
def test_odd_links_are_dropped(links: object) -> None:
    assert taken(event(links=links, images=links, client_url=links)).links in (
        (),
        (Link(href="https://x"),),
    )


def test_links_are_bounded() -> None:
    assert len(taken(event(links=[{"href": f"https://x/{n}"} for n in range(100)])).links) == LINKS_MAX


@pytest.mark.parametrize("poison", [b'"\\u0000"', b'{"a": 1, "a": 2}', b"9" * 30])
def test_json_that_only_the_strict_reader_refuses_is_accepted_and_becomes_a_dead_letter(
    poison: bytes,
) -> None:
    body = event({"custom_details": "HERE"}).replace(b'"HERE"', poison)
    assert pagerduty.check(body) == Checked(key=KEY)
    with pytest.raises(Unreadable, match="/payload/custom_details"):
        pagerduty.signals(body)
