"""What PagerDuty's shapes of events share: the key in the body, a glance before the answer, its words."""

from __future__ import annotations

import re
from codecs import BOM_UTF8
from collections.abc import Callable

import msgspec

from hub.contract.signals import KEY_MAX, Fault, Unreadable
from hub.sources import reading
from hub.sources.base import Checked, Reply
from hub.sources.replies import RETRY_AFTER

Faults = Callable[[dict[str, object]], list[Fault]]

_KEY_OF_A_BROKEN_BODY = re.compile(rb'"(?:routing|service)_key"\s*:\s*"\s*([0-9A-Za-z_-]{1,64})\s*"')


class _Payload(msgspec.Struct):
    summary: msgspec.Raw = msgspec.Raw()
    source: msgspec.Raw = msgspec.Raw()
    severity: msgspec.Raw = msgspec.Raw()


class _Event(msgspec.Struct):
    """The members that any of the shapes must answer for."""

    routing_key: msgspec.Raw = msgspec.Raw()
    event_action: msgspec.Raw = msgspec.Raw()
    dedup_key: msgspec.Raw = msgspec.Raw()
    payload: msgspec.Raw = msgspec.Raw()
    service_key: msgspec.Raw = msgspec.Raw()
    event_type: msgspec.Raw = msgspec.Raw()
    incident_key: msgspec.Raw = msgspec.Raw()
    description: msgspec.Raw = msgspec.Raw()


def check(body: bytes, key_field: str, dedup_field: str, faults: Faults) -> Checked:
    """Read the key, the dedup key and the required fields; details are skipped unread.

    Whoever asks has shown no key yet, so nothing is built that an answer does not need. Of a broken body
    the key is still looked for, so that it can be kept for somebody as a dead letter.
    """
    try:
        event = _glance(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        found = _KEY_OF_A_BROKEN_BODY.search(body)
        broken = Fault(pointer="", code="invalid_json", detail="The event is not a JSON object")
        return Checked(key=found[1].decode() if found else None, faults=(broken,))
    key, dedup_key, bad = event[key_field], event.get(dedup_field), faults(event)
    if not isinstance(key, str) or not key.strip():
        bad.insert(0, missing(key_field))
    return Checked(
        key=key.strip() if isinstance(key, str) and key.strip() else None,
        dedup_key=dedup_key if isinstance(dedup_key, str) and dedup_key.strip() else None,
        faults=tuple(bad),
    )


def event(body: bytes, faults: Faults) -> dict[str, object]:
    """The one event of a body; Unreadable where check finds faults, or where the JSON is not strict."""
    read = reading.strictly(body)
    if not isinstance(read, dict):
        raise Unreadable("body: The event is not a JSON object")
    if bad := faults(read):
        raise Unreadable(f"{bad[0].pointer}: {bad[0].detail}")
    return read


def refused(checked: Checked) -> Reply:
    """The vendor's 400 with a list of sentences; an unknown key is one too there, not a 401."""
    return told(400, *([fault.detail for fault in checked.faults] or ["Invalid routing key"]))


def told(status: int, *errors: str) -> Reply:
    """A refusal in the vendor's shape."""
    body = {"status": "invalid event", "message": "Event object is invalid", "errors": list(errors)}
    return Reply(status=status, body=body)


def processed(status: int, **more: str) -> Reply:
    """The vendor's success."""
    return Reply(status=status, body={"status": "success", "message": "Event processed", **more})


def busy(is_over_quota: bool, throttle: int = 429) -> Reply:
    """503, or what the vendor throttles with: its clients try again on both."""
    headers = {"Retry-After": RETRY_AFTER}
    if is_over_quota:
        body = {
            "status": "throttle exceeded",
            "message": "Requests for this service are arriving too quickly.",
        }
        return Reply(status=throttle, body=body | {"errors": []}, headers=headers)
    body = {"status": "unavailable", "message": "The event was not stored. Send it again."}
    return Reply(status=503, body=body | {"errors": []}, headers=headers)


def faults_of_key(name: str, value: object, is_needed: bool) -> list[Fault]:
    """What is wrong with a dedup key: its type, its length, or that it is not there."""
    if value is not None and not isinstance(value, str):
        return [Fault(pointer=f"/{name}", code="wrong_type", detail=f"'{name}' is not a string")]
    if len(value or "") > KEY_MAX:
        detail = f"'{name}' is too long (maximum is {KEY_MAX} characters)"
        return [Fault(pointer=f"/{name}", code="too_long", detail=detail)]
    return [missing(name)] if is_needed and not (value or "").strip() else []


def is_blank(value: object) -> bool:
    """Whether a text that is needed is not there."""
    return not isinstance(value, str) or not value.strip()


def missing(name: str) -> Fault:
    """A field that is needed, by its dotted name."""
    return Fault(pointer=_pointer(name), code="required", detail=f"'{name}' is missing or blank")


def not_one_of(name: str, words: tuple[str, ...]) -> Fault:
    """A field that has none of its words."""
    detail = f"'{name}' is invalid (must be one of: {', '.join(words)})"
    return Fault(pointer=_pointer(name), code="not_a_choice", detail=detail)


def key_or_none(value: object) -> str | None:
    """A dedup key as it was given; None for a blank one."""
    return value if isinstance(value, str) and value.strip() else None


def links(event: dict[str, object]) -> list[tuple[object, object]]:
    """Find the addresses of an event: its links, its client and its images (which are not shown inline)."""
    member = reading.member
    found = [(member(link, "href"), member(link, "text")) for link in _list(event.get("links"))]
    found.append((event.get("client_url"), event.get("client")))
    for image in _list(event.get("images")):
        found.append((member(image, "href") or member(image, "src"), member(image, "alt")))
    return found


def _glance(body: bytes) -> dict[str, object]:
    """Read what check needs into the shape that the faults take; a value of another type becomes False."""
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


def _pointer(name: str) -> str:
    return "/" + name.replace(".", "/")


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
