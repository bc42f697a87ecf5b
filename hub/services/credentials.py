"""Credentials: how secrets look, how they are made, and the one look-up that every door asks."""

from __future__ import annotations

import hashlib
import secrets
import string
import zlib
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from hub.contract.ids import TenantId, new
from hub.services.change import Change
from hub.services.ports import Ports
from hub.storage import credentials, directory
from hub.storage.credentials import Credential

ALPHABET = string.ascii_lowercase + string.digits
KEY_PREFIX = "ihk_"
SECRET_MAX = 256
API_KEY = "api_key"
INTEGRATION_KEY = "integration_key"
KEPT = frozenset({"session", API_KEY})


def hash_of(secret: str) -> bytes:
    """What is stored. Secrets have 128 bits or more, so a plain SHA-256 cannot be searched."""
    return hashlib.sha256(secret.encode()).digest()


def _letters(count: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(count))


def new_api_key() -> str:
    """`ihk_<id>_<secret><checksum>`: 8, 32 and 6 characters, a form that secret scanners can match."""
    body = f"{KEY_PREFIX}{_letters(8)}_{_letters(32)}"
    return body + checksum(body)


def checksum(body: str) -> str:
    """CRC-32 in six base-36 digits: a mistyped key is refused without asking the database."""
    number, digits = zlib.crc32(body.encode()), ""
    while len(digits) < 6:
        number, digit = divmod(number, 36)
        digits = (string.digits + string.ascii_lowercase)[digit] + digits
    return digits


def new_integration_key() -> str:
    """32 lower-case letters and digits, as long as a PagerDuty `routing_key` must be; 165 bits."""
    return _letters(32)


def at_hand(ports: Ports, presented: str) -> Credential | None:
    """What `find` returns where it need not ask the database, else None."""
    return ports.grants.credential(hash_of(presented), ports.clock())


async def find(ports: Ports, presented: str) -> Credential | None:
    """What a presented secret stands for; None when it is none, has expired, was revoked, or is a disabled
    integration's. A session or API key is kept while its log is followed (grants.py)."""
    if not presented or len(presented) > SECRET_MAX:
        return None
    hash, now = hash_of(presented), ports.clock()
    if kept := ports.grants.credential(hash, now):
        return kept
    if presented.startswith(KEY_PREFIX) and checksum(presented[:-6]) != presented[-6:]:
        return None
    return await ports.sharing.ask(hash, partial(_read, ports, hash, now))


async def _read(ports: Ports, hash: bytes, now: datetime) -> Credential | None:
    found = await directory.find_credential(ports.store, hash)
    if found is None or found.about.get("disabled"):
        return None
    if found.kind not in KEPT:
        return found
    if rests := ports.grants.rests(TenantId(found.tenant_id)):
        # Whose log it rests on was not known before: only what is read from here on may be kept.
        found = await directory.find_credential(ports.store, hash)
        if found is not None:
            ports.grants.keep_credential(hash, found, rests, now)
    else:
        ports.grants.follow(TenantId(found.tenant_id))
    return found


async def note_use(ports: Ports, credential: Credential) -> None:
    """Move the last use of a key or session, at most once a minute; what a crash takes is noted again."""
    now = ports.clock()
    if credential.last_used_at is not None and now - credential.last_used_at <= timedelta(minutes=1):
        return
    if ports.may_note_use(credential.id, now):
        async with ports.store.begin(TenantId(credential.tenant_id), durable=False) as tx:
            await credentials.mark_used(tx, credential.id, now)


async def keep(
    changed: Change,
    kind: str,
    secret: str,
    subject: UUID,
    name: str,
    scopes: tuple[str, ...] = (),
    expires_at: datetime | None = None,
    version: int = 1,
    made_at: datetime | None = None,
) -> None:
    """Keep a new key: its hash, its name, its last four characters, and who was
    shown it; where it takes the place of another, since when there is one. It has not been used yet."""
    about = {"name": name, "last4": secret[-4:], "version": str(version), "by": changed.grant.actor.id}
    credential = Credential(
        tenant_id=changed.grant.tenant,
        id=new(),
        kind=kind,
        subject=subject,
        scopes=scopes,
        expires_at=expires_at,
        last_used_at=None,
        about=about | ({"made_at": made_at.isoformat()} if made_at else {}),
    )
    await credentials.add(changed.tx, hash_of(secret), credential, changed.now)
