"""Invitations on the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from hub.contract.catalogue import Name
from hub.contract.people import Asked
from hub.contract.resources import Named
from hub.contract.sessions import NewPassword
from hub.contract.words import Role

WEEK = 7 * 86_400
# What a mailbox looks like to whoever only has to tell two apart; no mail is sent (RFC 5321, 4.5.3.1).
Address = Annotated[
    str,
    msgspec.Meta(
        min_length=3,
        max_length=320,
        pattern=r"^[^\s@]+@[^\s@]+$(?!\n)",
        description="an address such as ann@example.org",
    ),
]
Lasts = Annotated[int, msgspec.Meta(ge=60, le=WEEK)]


class Invite(Asked, frozen=True, kw_only=True):
    """Somebody to invite by address; the link works once, for a week at most."""

    email: Address
    role: Role
    expires_in_seconds: Lasts = WEEK


class InvitationResource(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation that nobody has used. `link` is in the answer that makes it, and never again. It is
    withdrawn, never changed: its version is always 1."""

    id: str
    email: str
    role: Role
    invited_by: Named
    created_at: datetime
    expires_at: datetime
    link: str | None = None
    version: int = 1


class InvitationPage(msgspec.Struct, frozen=True):
    """Invitations that wait, in the order in which they were made."""

    data: list[InvitationResource]
    next_cursor: str | None


class InvitationShown(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation as whoever holds the link sees it."""

    organization: str
    slug: str
    email: str
    role: Role
    expires_at: datetime


class AcceptInvitation(Asked, frozen=True, kw_only=True):
    """Name and password of somebody new; whoever is signed in with the invited address sends neither."""

    name: Name | None = None
    password: NewPassword | None = None


class Accepted(msgspec.Struct, frozen=True, kw_only=True):
    """Where one is a member now, and as which."""

    slug: str
    member: str
