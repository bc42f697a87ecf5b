"""People on the wire: organizations, members, roles, invitations and teams, as they are asked and shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from hub.contract.catalogue import Name
from hub.contract.resources import Named
from hub.contract.words import Role, Scope

# The schema's own rule; `$` alone would let a newline at the end pass.
Slug = Annotated[
    str,
    msgspec.Meta(
        max_length=64,
        pattern=r"^[a-z0-9](-?[a-z0-9]){1,38}$(?!\n)",
        description="2 to 39 small letters and digits, with single hyphens between them",
    ),
]
Reference = Annotated[str, msgspec.Meta(max_length=64)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Asked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The base of bodies: what is not named is refused."""


class CreateOrganization(Asked, frozen=True, kw_only=True):
    """An organization; who asks becomes its owner."""

    slug: Slug
    name: Name


class RenameOrganization(Asked, frozen=True, kw_only=True):
    """Another name; the slug stays, since addresses hold it."""

    name: Name


class ChangeMember(Asked, frozen=True, kw_only=True):
    """What is given is changed. `expires_at` null lets the membership last."""

    display_name: Name | UnsetType = UNSET
    time_zone: Annotated[str, msgspec.Meta(max_length=64)] | UnsetType = UNSET
    expires_at: Moment | UnsetType | None = UNSET


class MemberResource(msgspec.Struct, frozen=True, kw_only=True):
    """A member. `roles` are its own; those of its teams come on top."""

    id: str
    name: str
    time_zone: str
    roles: list[Role]
    teams: list[Named]
    joined_at: datetime
    expires_at: datetime | None
    version: int


class PasswordResetMade(msgspec.Struct, frozen=True, kw_only=True):
    """A link with which a member sets a new password. `link` is in the answer that makes it, and never again;
    null in the answer to a repeat. Any earlier one works no more."""

    member: str
    link: str | None
    lasts_seconds: int


class MemberPage(msgspec.Struct, frozen=True):
    """Members in the order in which they came."""

    data: list[MemberResource]
    next_cursor: str | None


class Where(Asked, frozen=True, kw_only=True):
    """Where a role is to hold: the organization, which needs no id, or one team, service or incident."""

    kind: Scope
    id: Reference | None = None


class Bound(msgspec.Struct, frozen=True):
    """Where a role holds; `id` is null and `name` empty for the whole organization."""

    kind: Scope
    id: str | None
    name: str


class GiveRole(Asked, frozen=True, kw_only=True):
    """A role for a member, a team or a key: in the whole organization, unless `scope` says where.
    `expires_at` null lets it last."""

    subject: Reference
    role: Role
    scope: Where = Where(kind=Scope.ORGANIZATION)
    expires_at: Moment | None = None


class BindingResource(msgspec.Struct, frozen=True, kw_only=True):
    """A role that somebody has. It is given and taken back, never changed: its version is always 1."""

    id: str
    subject: Named
    role: Role
    scope: Bound
    created_at: datetime
    expires_at: datetime | None
    version: int = 1


class BindingPage(msgspec.Struct, frozen=True):
    """Roles in the order in which they were given."""

    data: list[BindingResource]
    next_cursor: str | None


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """An open incident that somebody has acknowledged, or commands."""

    id: str
    number: int
    title: str


class Holds(msgspec.Struct, frozen=True, kw_only=True):
    """What a member has in this organization: roles and teams go with a removal, and nobody else may be
    working on the incidents that they acknowledged or command; at most 200 of each. `keys` are the API and
    integration keys whose secrets they were shown, by making or rotating them: those work on."""

    roles: list[Role]
    teams: list[Named]
    acknowledged: list[Held]
    commands: list[Held] = []
    keys: list[Named] = []
