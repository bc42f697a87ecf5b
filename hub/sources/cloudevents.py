"""CloudEvents 1.0: structured, binary or a batch; its data is an event of ours, or what people read."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import unquote
from uuid import UUID

import msgspec

from hub.contract.signals import TITLE_MAX, Fault, Rejected, Signal
from hub.contract.strict import escape
from hub.contract.words import SignalAction
from hub.sources import generic, reading
from hub.sources.base import Checked, Reply
from hub.sources.reading import member

NAME = "cloudevents"
BODY_MAX = 1024 * 1024
COMES_AGAIN = True

_NEEDED: Final = ("id", "source", "type")
_MEDIA: Final = "application/cloudevents"


def is_event(headers: Mapping[str, str]) -> bool:
    """Whether a request says that it brings CloudEvents, in whichever mode of the HTTP binding."""
    return "ce-specversion" in headers or headers.get("Content-Type", "").strip().lower().startswith(_MEDIA)


def structured(headers: Mapping[str, str], body: bytes) -> bytes:
    """The event of a binary request in the JSON format; another request's body as it is.

    HTTP binding, 3.1.3: attributes are headers that begin with `ce-`, percent-encoded. The data stays the
    bytes that came: strict reading finds what is no JSON, and a name that is there twice.
    """
    if headers.get("Content-Type", "").strip().lower().startswith(_MEDIA) or "ce-specversion" not in headers:
        return body
    attributes = {
        name[3:].lower(): unquote(value) for name, value in headers.items() if name[:3].lower() == "ce-"
    }
    kind = headers.get("Content-Type", "application/json")
    head = msgspec.json.encode(attributes | {"datacontenttype": kind})[:-1]
    if not body.strip():
        return head + b"}"
    if "json" in kind.lower():
        return head + b',"data":' + body + b"}"
    return head + b',"data_base64":' + msgspec.json.encode(body) + b"}"


def check(body: bytes) -> Checked:
    """Read every event; the delivery of a single one is its source and id, which name it (CloudEvents, 3.1).

    A batch has no delivery: its repeats are judged by state.
    """
    return generic.checked(body, _read, _name)


def signals(body: bytes) -> list[Signal | Rejected]:
    """One signal, or one rejection with its first bad field, each; Unreadable where check finds faults."""
    return generic.taken(body, _read)


def answer(checked: Checked, row: UUID | None) -> Reply:
    """Answer as our own format does: 202 with what became of each event, 400 with the bad fields, 401."""
    return generic.answer(checked, row)


def busy(is_over_quota: bool = False) -> Reply:
    """Answer 429 or 503, with Retry-After."""
    return generic.busy(is_over_quota)


def _name(event: object) -> str:
    names = [reading.text(member(event, name)) for name in ("source", "id")]
    return msgspec.json.encode(names).decode() if all(names) else ""


def _decoded(data: object) -> str | None:
    """Text that came as bytes, as a binary request of text/plain does; None for bytes that are no text."""
    try:
        return b64decode(data, validate=True).decode().replace("\0", "") if isinstance(data, str) else None
    except ValueError:
        return None


def _read(event: object, at: str) -> Signal | list[Fault]:
    """Data whose names are all of our format is an event of ours, read strictly. Any other event is a
    trigger: its type and subject are its title, and with its source they name the problem."""
    if not isinstance(event, dict):
        return [Fault(pointer=at, code="wrong_type", detail="An event is an object.")]
    faults = [
        Fault(pointer=at + escape(name), code="required", detail=f"{name} is a text that is not empty.")
        for name in _NEEDED
        if not isinstance(event.get(name), str) or not event[name].strip()
    ]
    if event.get("specversion") != "1.0":
        faults.append(Fault(pointer=f"{at}/specversion", code="not_a_choice", detail="The version is 1.0."))
    if faults:
        return faults
    data, at_time, source = (
        event.get("data", _decoded(event.get("data_base64"))),
        reading.moment(event.get("time")),
        reading.text(event["source"]),
    )
    if isinstance(data, dict) and data and data.keys() <= generic.FIELDS:
        ours = generic.event(data, f"{at}/data")
        if isinstance(ours, list):
            return ours
        return msgspec.structs.replace(
            ours, source=ours.source or source, occurred_at=ours.occurred_at or at_time
        )
    subject = reading.text(event.get("subject"))
    named = msgspec.json.encode([event["source"], event["type"], subject])
    return Signal(
        action=SignalAction.TRIGGER,
        dedup_key=f"ce:1:{sha256(named).hexdigest()}",
        title=": ".join(part for part in (event["type"], subject) if part.strip())[:TITLE_MAX],
        severity=reading.severity(event.get("severitytext") or event.get("severity")),
        source=source,
        text=reading.prose(data),
        occurred_at=at_time,
        labels=reading.labels({name: event[name] for name in ("type", "subject") if event.get(name)}),
    )
