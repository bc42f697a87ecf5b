"""Opsgenie's Alert API v2, which JSM Operations has too: alerts made, and acted upon by their alias."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec

from hub.contract.signals import DETAILS_MAX, LABEL_MAX, TITLE_MAX, Fault, Rejected, Signal, Unreadable
from hub.contract.strict import Broken, scan
from hub.contract.words import AlertSeverity, SignalAction
from hub.sources import reading
from hub.sources.base import Checked, Reply
from hub.sources.reading import member
from hub.sources.replies import RETRY_AFTER

NAME = "opsgenie"
BODY_MAX = 1024 * 1024
COMES_AGAIN = True

CREATE: Final = "create"
PING: Final = "ping"
_ACTS: Final = {
    "close": SignalAction.RESOLVE,
    "acknowledge": SignalAction.ACKNOWLEDGE,
    "notes": SignalAction.NOTE,
}
# What an alert of ours has no place for: it is said on the incident's timeline.
_SAID: Final = (
    "unacknowledge", "snooze", "escalate", "assign", "tags", "details", "responders", "message",
    "description", "priority", "action",
)  # fmt: skip
ACTS: Final = frozenset((*_ACTS, *_SAID))
_VERBS: Final = ACTS | {CREATE, PING}
_BODY: Final = b',"body":'
_OWN: Final = frozenset(("user", "source", "note"))


def envelope(verb: str, alias: str, body: bytes, name: str = "") -> bytes:
    """A request as it is kept: what its address says, around the body as it came. A body that is no JSON, or
    that would say one of these names once more, is found by strict reading."""
    head = msgspec.json.encode({"verb": verb, "alias": alias, "name": name})[:-1]
    return head + _BODY + (body if body.strip() else b"{}") + b"}"


def check(body: bytes) -> Checked:
    """Read the envelope; no JSON, and a new alert without its message, are faults."""
    try:
        faults = _faults(scan(body))
    except Broken as broken:
        return Checked(faults=(_unread(body, broken),))
    return Checked(faults=tuple(faults))


def signals(body: bytes) -> list[Signal | Rejected]:
    """One signal, and before it the note that came with it; Unreadable where check finds faults.

    Over-long values are cut, as the vendor does; a longer alias is hashed whole, so that two never merge.
    """
    request = reading.strictly(body)
    if faults := _faults(request):
        raise Unreadable(f"{faults[0].pointer or 'body'}: {faults[0].detail}")
    verb, said = reading.text(member(request, "verb")), member(request, "body")
    if verb == CREATE:
        return [_created(said)]
    key = reading.key(member(request, "alias"))
    if verb == PING:
        return [Signal(action=SignalAction.HEARTBEAT, dedup_key=key)]
    note = reading.text(member(said, "note"), DETAILS_MAX)
    action = _ACTS.get(verb, SignalAction.NOTE)
    words = note if verb == "notes" else _words(verb, reading.text(member(request, "name")), said)
    acts = [Signal(action=action, dedup_key=key, text=words)]
    if note.strip() and verb != "notes":
        acts.insert(0, Signal(action=SignalAction.NOTE, dedup_key=key, text=note))
    return list(acts)


def answer(checked: Checked, row: UUID | None) -> Reply:
    """Answer in the vendor's words: 202 with the request's id, 400 for what is no JSON, 422 with the bad
    fields, 401 for an unknown key."""
    if row is None:
        return told(401, "Could not authenticate", headers=CHALLENGE)
    request = str(row)
    if checked.faults and checked.faults[0].code == "invalid_json":
        bad = checked.faults[0]
        words = f"{bad.pointer}: {bad.detail}" if bad.pointer else bad.detail
        return told(400, f"Could not parse JSON payload: {words}", request)
    if checked.faults:
        errors = {fault.pointer.removeprefix("/body/"): fault.detail for fault in checked.faults}
        words = "Request body is not processable. Please check the errors."
        return told(422, words, request, errors=errors)
    body = {"result": "Request will be processed", "took": 0.001, "requestId": request}
    return Reply(status=202, body=body, headers=UNTHROTTLED)


def busy(is_over_quota: bool = False) -> Reply:
    """Answer 429, or 503 where nothing can be kept: its clients try again on both."""
    again = {"Retry-After": RETRY_AFTER}
    if not is_over_quota:
        return told(503, "The request was not stored. Send it again.", headers=again)
    throttled = {"X-RateLimit-State": "THROTTLED", "X-RateLimit-Reason": "ACCOUNT"}
    return told(429, "You are making too many requests!", headers=UNTHROTTLED | throttled | again)


def told(
    status: int,
    message: str,
    request: str = "",
    headers: dict[str, str] | None = None,
    errors: dict[str, str] | None = None,
) -> Reply:
    """A refusal in the vendor's shape; without `request` the handler has the HTTP request's id there."""
    body: dict[str, object] = {"message": message, "took": 0.001, "requestId": request}
    if errors:
        body["errors"] = errors
    return Reply(status=status, body=body, headers=UNTHROTTLED if headers is None else headers)


CHALLENGE: Final = {"WWW-Authenticate": "GenieKey"}  # a 401 has a challenge: RFC 9110, section 11.6.1
UNTHROTTLED: Final = {"X-RateLimit-State": "OK", "X-RateLimit-Period-In-Sec": "60"}


def _unread(body: bytes, broken: Broken) -> Fault:
    """Where it is broken, as the sender counts: without the envelope around what was sent."""
    try:
        scan(body.partition(_BODY)[2][:-1])
    except Broken as of_what_was_sent:
        broken = of_what_was_sent
    return Fault(pointer=broken.pointer, code="invalid_json", detail=broken.detail)


def _faults(request: object) -> list[Fault]:
    said = member(request, "body")
    if not isinstance(said, dict) or reading.text(member(request, "verb")) not in _VERBS:
        return [Fault(pointer="", code="invalid_json", detail="The body is not a JSON object")]
    if member(request, "verb") != CREATE:
        alias = member(request, "alias")
        is_there = isinstance(alias, str) and alias.strip()
        return [] if is_there else [Fault(pointer="/alias", code="required", detail="may not be empty")]
    message = said.get("message")
    if not isinstance(message, str) or not message.strip():
        return [Fault(pointer="/body/message", code="required", detail="may not be empty")]
    return []


def _created(said: object) -> Signal:
    details = reading.labels(member(said, "details"))
    tags, entity = member(said, "tags"), reading.text(member(said, "entity"))
    more = {
        "tags": ", ".join(reading.text(tag) for tag in tags) if isinstance(tags, list) else "",
        "entity": entity,
    }
    parts = (
        reading.text(member(said, "description"), DETAILS_MAX),
        reading.prose(
            {name: member(said, name) for name in ("user", "note", "responders") if member(said, name)}
        ),
    )
    return Signal(
        action=SignalAction.TRIGGER,
        dedup_key=reading.key(member(said, "alias")) or None,
        title=reading.text(member(said, "message"), TITLE_MAX),
        severity=_severity(member(said, "priority")),
        source=reading.text(member(said, "source")),
        text="\n\n".join(part for part in parts if part.strip())[:DETAILS_MAX],
        labels=reading.labels({name: value[:LABEL_MAX] for name, value in more.items() if value} | details),
        links=reading.links([(member(said, "source"), "Source")]),
    )


def _severity(priority: object) -> AlertSeverity:
    """P1 to P5; P3, a warning, where there is none."""
    return reading.severity(priority) if reading.text(priority).strip() else AlertSeverity.WARNING


def _words(verb: str, name: str, said: object) -> str:
    """What was asked of an alert, for its timeline."""
    if verb in _ACTS:
        return ""
    members = said.items() if isinstance(said, dict) else ()
    asked = reading.prose({name: value for name, value in members if name not in _OWN})
    who = reading.text(member(said, "user"))
    return f"{who or 'The sender'} asked for {verb} {name}\n{asked}".strip()[:DETAILS_MAX]
