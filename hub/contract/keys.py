"""API keys on the wire: the bodies that make and rotate them, and how they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from hub.contract.administration import Administrative
from hub.contract.catalogue import Name
from hub.contract.people import Reference
from hub.contract.resources import Named
from hub.contract.words import Action, Role


class NewKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key to make. Its scopes narrow the role to these actions; without them it may do all of it. With
    `services` the role holds for these alone, without them in the whole organization."""

    name: Name
    role: Role
    services: Annotated[list[Reference], msgspec.Meta(min_length=1, max_length=50)] | None = None
    scopes: Annotated[list[Action], msgspec.Meta(min_length=1, max_length=64)] | None = None
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


class KeyResource(msgspec.Struct, frozen=True, kw_only=True):
    """An API key. `scopes` is empty where nothing narrows its roles, `services` where one of them holds
    elsewhere than for single services; `old_key_until` is set while a rotation overlaps. One that has expired
    stays listed until it is deleted."""

    id: str
    name: str
    roles: list[Role]
    services: list[Named]
    scopes: list[Action]
    last4: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    old_key_until: datetime | None
    version: int


class KeyMade(KeyResource, frozen=True, kw_only=True):
    """A key with its secret, to be presented as `Authorization: Bearer`. A replay has null there: it is shown
    once."""

    secret: str | None


class KeyPage(msgspec.Struct, frozen=True):
    """API keys in the order they were made."""

    data: list[KeyResource]
    next_cursor: str | None


class KeyRotated(Administrative, frozen=True, kw_only=True):
    """It has a new secret; the one before works until `old_key_until`, or has ended (null)."""

    kind = "key.rotated"
    about = "key"
    old_key_until: datetime | None


class KeyDeleted(Administrative, frozen=True, kw_only=True):
    """It has ended, its roles and streams with it."""

    kind = "key.deleted"
    about = "key"
    name: str
