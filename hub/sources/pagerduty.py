"""PagerDuty Events API v2, so that whatever can page through PagerDuty needs only another address."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from uuid import UUID

import msgspec

from hub.contract.signals import KEY_MAX, LABEL_MAX, TITLE_MAX, Fault, Rejected, Signal, Unreadable
from hub.contract.words import AlertSeverity, SignalAction
from hub.sources import reading
from hub.sources.base import Checked, Reply, derived_key
from hub.sources.replies import RETRY_AFTER

NAME = "pagerduty"
BODY_MAX = 1024 * 1024

_ACTIONS = ("trigger", "acknowledge", "resolve")
_KEY_OF_A_BROKEN_BODY = re.compile(rb'"routing_key"\s*:\s*"\s*([0-9A-Za-z_-]{1,64})\s*"')


class _Payload(msgspec.Struct):
    summary: msgspec.Raw = msgspec.Raw()
    source: msgspec.Raw = msgspec.Raw()
    severity: msgspec.Raw = msgspec.Raw()


class _Event(msgspec.Struct):
    routing_key: msgspec.Raw = msgspec.Raw()
    event_action: msgspec.Raw = msgspec.Raw()
    dedup_key: msgspec.Raw = msgspec.Raw()
    payload: msgspec.Raw = msgspec.Raw()


def check(body: bytes) -> Checked:
    """Read the routing key, the dedup key and the required fields; `custom_details` are skipped unread.

    Whoever asks has shown no key yet, so nothing is built that an answer does not need. Of a broken body
    the routing key is still looked for, so that it can be kept for somebody as a dead letter.
    """
    try:
        event = _glance(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = _KEY_OF_A_BROKEN_BODY.search(body)
        broken = Fault(pointer="", code="invalid_json", detail="The event is not a JSON object")
        return Checked(key=found[1].decode() if found else None, faults=(broken,))
    key, dedup_key = event["routing_key"], event["dedup_key"]
    faults = _faults(event)
    if not isinstance(key, str) or not key.strip():
        faults.insert(0, _missing("routing_key"))
    return Checked(
        key=key.strip() if isinstance(key, str) and key.strip() else None,
        dedup_key=dedup_key if isinstance(dedup_key, str) and dedup_key.strip() else None,
        faults=tuple(faults),
    )


def signals(body: bytes) -> list[Signal | Rejected]:
    """One signal a body; Unreadable where check finds faults, or where the JSON is not strict."""
    event = reading.strictly(body)
    if not isinstance(event, dict):
        raise Unreadable("body: The event is not a JSON object")
    faults = _faults(event)
    if faults:
        raise Unreadable(f"{faults[0].pointer}: {faults[0].detail}")
    payload, dedup_key = event.get("payload"), event.get("dedup_key")
    named = {name: reading.member(payload, name) for name in ("component", "group", "class")}
    return [
        Signal(
            action=SignalAction(event["event_action"]),
            dedup_key=dedup_key if isinstance(dedup_key, str) and dedup_key.strip() else None,
            title=reading.text(reading.member(payload, "summary"), TITLE_MAX),
            severity=reading.severity(reading.member(payload, "severity")),
            source=reading.text(reading.member(payload, "source"), LABEL_MAX),
            text=reading.prose(reading.member(payload, "custom_details")),
            occurred_at=reading.moment(reading.member(payload, "timestamp")),
            labels=reading.labels({name: value for name, value in named.items() if value is not None}),
            links=reading.links(_links(event)),
        )
    ]


def answer(checked: Checked, row: UUID | None) -> Reply:
    """Answer in the vendor's words: 202 with the dedup key, 400 with a list of sentences.

    An unknown key is a 400 there too, not a 401.
    """
    if checked.faults or row is None:
        errors = [fault.detail for fault in checked.faults] or ["Invalid routing key"]
        body = {"status": "invalid event", "message": "Event object is invalid", "errors": errors}
        return Reply(status=400, body=body)
    dedup_key = checked.dedup_key or derived_key(row, 0)
    return Reply(status=202, body={"status": "success", "message": "Event processed", "dedup_key": dedup_key})


def busy() -> Reply:
    """Answer 503: its clients try again on that and on 429, and we are away, not throttling."""
    body = {"status": "unavailable", "message": "The event was not stored. Send it again.", "errors": []}
    return Reply(status=503, body=body, headers={"Retry-After": RETRY_AFTER})


def _glance(body: bytes) -> dict[str, object]:
    """Read what check needs into the shape that `_faults` takes; a value of another type becomes False."""
    event = msgspec.json.decode(body.removeprefix(BOM_UTF8), type=_Event)
    found: dict[str, object] = {name: _string(getattr(event, name)) for name in _Event.__struct_fields__}
    if found["payload"] is False:
        try:
            payload = msgspec.json.decode(event.payload, type=_Payload)
        except msgspec.ValidationError:
            return found
        found["payload"] = {name: _string(getattr(payload, name)) for name in _Payload.__struct_fields__}
    return found


def _string(raw: msgspec.Raw) -> str | bool | None:
    if not bytes(raw):
        return None
    try:
        return msgspec.json.decode(raw, type=str | None)
    except msgspec.ValidationError:
        return False


def _faults(event: dict[str, object]) -> list[Fault]:
    """Find what the vendor's contract refuses. The routing key is the door's affair, not the event's."""
    found = []
    action, dedup_key, payload = event.get("event_action"), event.get("dedup_key"), event.get("payload")
    if action not in _ACTIONS:
        found.append(_not_one_of("event_action", _ACTIONS))
    if dedup_key is not None and not isinstance(dedup_key, str):
        found.append(Fault(pointer="/dedup_key", code="wrong_type", detail="'dedup_key' is not a string"))
    elif len(dedup_key or "") > KEY_MAX:
        detail = f"'dedup_key' is too long (maximum is {KEY_MAX} characters)"
        found.append(Fault(pointer="/dedup_key", code="too_long", detail=detail))
    elif action in ("acknowledge", "resolve") and not (dedup_key or "").strip():
        found.append(_missing("dedup_key"))
    if action == "trigger":
        for name in ("summary", "source"):
            value = reading.member(payload, name)
            if not isinstance(value, str) or not value.strip():
                found.append(_missing(f"payload.{name}"))
        if reading.member(payload, "severity") not in tuple(AlertSeverity):
            found.append(_not_one_of("payload.severity", tuple(AlertSeverity)))
    return found


def _missing(name: str) -> Fault:
    return Fault(pointer=_pointer(name), code="required", detail=f"'{name}' is missing or blank")


def _not_one_of(name: str, words: tuple[str, ...]) -> Fault:
    detail = f"'{name}' is invalid (must be one of: {', '.join(words)})"
    return Fault(pointer=_pointer(name), code="not_a_choice", detail=detail)


def _pointer(name: str) -> str:
    return "/" + name.replace(".", "/")


def _links(event: dict[str, object]) -> list[tuple[object, object]]:
    """Find the addresses of an event: its links, its client and its images (which are not shown inline)."""
    member = reading.member
    found = [(member(link, "href"), member(link, "text")) for link in _list(event.get("links"))]
    found.append((event.get("client_url"), event.get("client")))
    for image in _list(event.get("images")):
        found.append((member(image, "href") or member(image, "src"), member(image, "alt")))
    return found


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
