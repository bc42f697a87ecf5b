"""The hash chain of the audit log: what is hashed, and how. Bodies are in it as a salted digest only."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec

DOMAIN = b"incidenthub/audit/1"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The columns of one event that are chained."""

    tenant: UUID
    position: int
    id: UUID
    kind: str
    at: datetime
    actor: str
    subject: str
    incident: UUID | None
    version: int | None
    request_id: str
    digest: bytes


def digest(salt: bytes, body: bytes, address: str) -> bytes:
    """What stands for an erasable body: without the 16-byte salt nobody can guess back to it."""
    return hashlib.sha256(salt + len(body).to_bytes(4, "big") + body + address.encode()).digest()


def genesis(tenant: UUID) -> bytes:
    """What the first link of a tenant's chain points back to."""
    return hashlib.sha256(DOMAIN + tenant.bytes).digest()


def seal(previous: bytes, link: Link) -> bytes:
    """The hash of one link: domain, previous hash, then each column behind its length, so that no two
    rows spell the same bytes."""
    columns = (
        link.tenant.bytes,
        link.position.to_bytes(8, "big"),
        link.id.bytes,
        link.kind.encode(),
        ((link.at - EPOCH) // timedelta(microseconds=1)).to_bytes(8, "big", signed=True),
        link.actor.encode(),
        link.subject.encode(),
        link.incident.bytes if link.incident else b"",
        b"" if link.version is None else link.version.to_bytes(8, "big"),
        link.request_id.encode(),
        link.digest,
    )
    hashed = hashlib.sha256(DOMAIN + previous)
    for column in columns:
        hashed.update(len(column).to_bytes(4, "big") + column)
    return hashed.digest()
