"""Careful reading of senders' values: bounded texts, labels, links, moments; odd values give nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from hashlib import sha256
from operator import itemgetter
from typing import Final

import msgspec

from hub.contract.signals import (
    DETAILS_MAX,
    KEY_MAX,
    LABEL_MAX,
    LABELS_MAX,
    Link,
    Rejected,
    Signal,
    Unreadable,
)
from hub.contract.strict import Broken, scan
from hub.contract.words import AlertSeverity

HREF_MAX: Final = 4096
LINKS_MAX: Final = 16
_SEVERITIES = {
    AlertSeverity.CRITICAL: ("critical", "crit", "page", "emergency", "fatal", "p1"),
    AlertSeverity.ERROR: ("error", "err", "high", "major", "p2"),
    AlertSeverity.WARNING: ("warning", "warn", "medium", "minor", "p3"),
    AlertSeverity.INFO: ("info", "information", "notice", "low", "none", "debug", "p4", "p5"),
}
_SEVERITY_OF = {word: severity for severity, words in _SEVERITIES.items() for word in words}
_WEB = re.compile(r"https?://[^/?#\\]", re.IGNORECASE)


def strictly(body: bytes) -> object:
    """Read a stored body as strict JSON (contract/strict.py); raise Unreadable, naming the place."""
    try:
        return scan(body)
    except Broken as broken:
        raise Unreadable(str(broken)) from None


def demand_one(taken: Sequence[Signal | Rejected]) -> None:
    """Raise Unreadable, with the first reason, when there is no signal among what was taken."""
    if taken and isinstance(taken[0], Rejected) and not any(isinstance(part, Signal) for part in taken):
        raise Unreadable(f"{taken[0].pointer or 'body'}: {taken[0].detail}")


def text(value: object, limit: int = LABEL_MAX) -> str:
    """Write a plain value as text of at most `limit` characters; "" for null, objects and lists."""
    if isinstance(value, str):
        return value[:limit]
    if value is None or isinstance(value, dict | list):
        return ""
    return msgspec.json.encode(value).decode()[:limit]


def prose(value: object) -> str:
    """Write details for people: an object as `name: value` lines, the rest as it is; cut at DETAILS_MAX."""
    if isinstance(value, dict):
        lines = (f"{name}: {_shown(member)}" for name, member in value.items())
        return "\n".join(lines)[:DETAILS_MAX]
    return _shown(value)[:DETAILS_MAX] if value is not None else ""


def severity(value: object) -> AlertSeverity:
    """Understand the severity words that senders use; ERROR where none is given or it is not known."""
    return _SEVERITY_OF.get(text(value).strip().lower(), AlertSeverity.ERROR)


def labels(value: object) -> dict[str, str]:
    """Take the first LABELS_MAX plain members of an object, names and values cut; {} for anything else."""
    if not isinstance(value, dict):
        return {}
    plain = ((name, member) for name, member in value.items() if not isinstance(member, dict | list))
    return {text(name): text(member) for (name, member), _ in zip(plain, range(LABELS_MAX), strict=False)}


def web(value: object) -> str:
    """Return an http or https address, or "": no other scheme may become something to click on."""
    if not isinstance(value, str) or len(value) > HREF_MAX or " " in value or not value.isprintable():
        return ""
    return value if _WEB.match(value) else ""


def links(found: Iterable[tuple[object, object]]) -> tuple[Link, ...]:
    """Keep the first LINKS_MAX pairs of (href, text) whose href is a web address."""
    kept = (Link(href=web(href), text=text(words)) for href, words in found if web(href))
    return tuple(link for link, _ in zip(kept, range(LINKS_MAX), strict=False))


def member(value: object, name: str) -> object:
    """Return a member of an object; None where it has none or where the value is no object."""
    return value.get(name) if isinstance(value, dict) else None


def key(value: object) -> str:
    """Fit a vendor's key into KEY_MAX: a longer one becomes its versioned hash, so that two never merge."""
    whole = value.strip() if isinstance(value, str) else text(value)
    return whole if len(whole) <= KEY_MAX else f"long:1:{sha256(whole.encode()).hexdigest()}"


def labels_key(value: Mapping[str, object]) -> str:
    """Name a whole label set, in whatever order it came: versioned, and the same on every reading."""
    ordered = msgspec.json.encode(sorted(value.items(), key=itemgetter(0)))
    return f"am:1:{sha256(ordered).hexdigest()}"


def parse_moment(value: str) -> datetime:
    """Read ISO 8601 in its many spellings, without a zone as UTC; raise ValueError when it is none."""
    read = datetime.fromisoformat(value.strip().upper())
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def sane(moment: datetime) -> datetime | None:
    """Return the moment in UTC; None for years that stand for "never", such as 1 and 9999.

    Those break arithmetic of zones and PostgreSQL's driver.
    """
    return moment.astimezone(UTC) if 1970 <= moment.year < 2200 else None


def moment(value: object) -> datetime | None:
    """Read a sender's time; None where there is none that makes sense."""
    try:
        return sane(parse_moment(value)) if isinstance(value, str) else None
    except ValueError:
        return None


def _shown(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
