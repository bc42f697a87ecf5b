"""Administrative events: organizations, people, keys, sessions and refusals; in no responder's view."""

from __future__ import annotations

from datetime import datetime

import msgspec

from hub.contract.catalogue import ServiceLink
from hub.contract.events import Kind
from hub.contract.words import Role, Scope


class Administrative(Kind, frozen=True, kw_only=True):
    """The base of what only owners and admins (or the person) may see."""

    administrative = True


class OrganizationCreated(Administrative, frozen=True, kw_only=True):
    """An organization exists."""

    kind = "organization.created"
    about = "organization"
    slug: str
    name: str


class MemberAdded(Administrative, frozen=True, kw_only=True):
    """A person is a member."""

    kind = "member.added"
    about = "member"
    name: str


class RoleGranted(Administrative, frozen=True, kw_only=True):
    """A role was bound to a subject in a scope; `scope_id` is empty for the organization. Who sees a private
    incident is told by its own events."""

    kind = "role.granted"
    about = "binding"
    subject: str
    role: Role
    scope: Scope
    scope_id: str = ""


class TeamCreated(Administrative, frozen=True, kw_only=True):
    """A team exists."""

    kind = "team.created"
    about = "team"
    name: str


Value = str | int | bool | list[ServiceLink] | None


class ServiceCreated(Administrative, frozen=True, kw_only=True):
    """A service exists."""

    kind = "service.created"
    about = "service"
    name: str
    links: list[ServiceLink] = msgspec.field(default_factory=list)


class Altered(msgspec.Struct, frozen=True):
    """What one field was, and what it is now."""

    was: Value
    now: Value


class ServiceChanged(Administrative, frozen=True, kw_only=True):
    """Fields of a service were changed."""

    kind = "service.changed"
    about = "service"
    changes: dict[str, Altered]


class ServiceDependenciesSet(Administrative, frozen=True, kw_only=True):
    """What a service needs was set as a whole: services by their ids."""

    kind = "service.dependencies_set"
    about = "service"
    was: tuple[str, ...]
    now: tuple[str, ...]


class ServiceArchived(Administrative, frozen=True, kw_only=True):
    """A service is in no list any more; its incidents stay."""

    kind = "service.archived"
    about = "service"


class ServiceUnarchived(Administrative, frozen=True, kw_only=True):
    """A service is in the lists again; its integrations stay disabled until somebody enables them."""

    kind = "service.unarchived"
    about = "service"


class IntegrationCreated(Administrative, frozen=True, kw_only=True):
    """An integration exists; its key was shown once."""

    kind = "integration.created"
    about = "integration"
    name: str
    service: str


class KeyCreated(Administrative, frozen=True, kw_only=True):
    """An API key exists; it was shown once. `services` are all that it has a role for, unless it is empty."""

    kind = "key.created"
    about = "key"
    name: str
    scopes: tuple[str, ...]
    services: tuple[str, ...] = ()


class SessionUsed(Administrative, frozen=True, kw_only=True):
    """A session was used in this organization for the first time."""

    kind = "session.used"
    about = "session"
    device: str


class RequestRefused(Administrative, frozen=True, kw_only=True):
    """An actor was refused an action; equal refusals of one minute are folded, with their count."""

    kind = "request.refused"
    about = "tenant"
    who: str
    action: str
    target: str
    count: int
    first_at: datetime
    last_at: datetime


class PersonCreated(Administrative, frozen=True, kw_only=True):
    """A person can sign in."""

    kind = "person.created"
    about = "person"


class SessionStarted(Administrative, frozen=True, kw_only=True):
    """A person signed in."""

    kind = "session.started"
    about = "session"
    device: str


class SessionEnded(Administrative, frozen=True, kw_only=True):
    """A session ended; its streams end with it."""

    kind = "session.ended"
    about = "session"
    reason: str


class PasswordChanged(Administrative, frozen=True, kw_only=True):
    """A person changed their password; all their sessions ended, and the browser that asked got a new one."""

    kind = "password.changed"
    about = "person"


class PasswordResetOffered(Administrative, frozen=True, kw_only=True):
    """Somebody made a link that sets a new password; it works once, for an hour. An operator's names no
    `organization`; an owner's has the slug."""

    kind = "password.reset_offered"
    about = "person"
    organization: str = ""


class PasswordReset(Administrative, frozen=True, kw_only=True):
    """Whoever held the link set a new password; all the person's sessions ended."""

    kind = "password.reset"
    about = "person"


class SignInFailed(Administrative, frozen=True, kw_only=True):
    """A sign-in failed: of a person in that person's log, of a name that nobody has in the installation's."""

    kind = "sign_in.failed"
    about = "tenant"
