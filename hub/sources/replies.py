"""Answers that several senders share: a problem body, and "try again soon"."""

from __future__ import annotations

from http import HTTPStatus
from typing import Final
from uuid import UUID

import msgspec

from hub.contract import ids
from hub.contract.signals import Fault
from hub.sources.base import Reply

RETRY_AFTER: Final = "2"
"""Seconds; about as long as the database takes to come back from a restart."""


def problem(
    status: HTTPStatus,
    code: str,
    detail: str,
    headers: dict[str, str],
    faults: tuple[Fault, ...] = (),
    **more: object,
) -> Reply:
    """Write a problem (RFC 9457) with the members that the door's have, and more."""
    body: dict[str, object] = {
        "type": f"/docs/problems#{code}",
        "title": status.phrase,
        "status": status.value,
        "detail": detail,
        "code": code,
        "errors": msgspec.to_builtins(list(faults)),
    }
    return Reply(
        status=status.value, body=body | more, content_type="application/problem+json", headers=headers
    )


def accepted(row: UUID | None) -> Reply:
    """Say 202 with the receipt id, or that the key is unknown."""
    if row is None:
        return unknown_key()
    return Reply(status=202, body={"status": "accepted", "receipt_id": ids.text("receipt", row)})


def unknown_key() -> Reply:
    """Refuse a key that is not (or no longer) an integration's."""
    return problem(
        HTTPStatus.UNAUTHORIZED,
        "unauthenticated",
        "The integration key is missing or unknown.",
        {"WWW-Authenticate": 'Bearer realm="incidenthub"'},  # a 401 has a challenge: RFC 9110, section 11.6.1
    )


def unavailable() -> Reply:
    """Say that nothing was kept and that the sender must send it again."""
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        "The request could not be stored. Send it again.",
        {"Retry-After": RETRY_AFTER},
    )


def throttled() -> Reply:
    """Say that too many came, that this one was not kept, and that the sender must send it again."""
    return problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "rate_limited",
        "Too many requests came; this one was not kept. Send it again.",
        {"Retry-After": RETRY_AFTER},
    )
