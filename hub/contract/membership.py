"""Administrative events of who belongs to an organization, as what, and in which team."""

from __future__ import annotations

from hub.contract.administration import Administrative, Altered
from hub.contract.words import Role, Scope


class OrganizationRenamed(Administrative, frozen=True, kw_only=True):
    """An organization has another name."""

    kind = "organization.renamed"
    about = "organization"
    name: str
    was: str


class MemberChanged(Administrative, frozen=True, kw_only=True):
    """Fields of a membership were changed."""

    kind = "member.changed"
    about = "member"
    changes: dict[str, Altered]


class MemberRemoved(Administrative, frozen=True, kw_only=True):
    """A membership ended, and with it these roles and teams; the person's account stays. They command these
    incidents no more; these keys, whose secrets they were shown, work on. `reason` is `removed` or `left`."""

    kind = "member.removed"
    about = "member"
    name: str
    roles: tuple[Role, ...]
    teams: tuple[str, ...]
    commanded: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    reason: str = "removed"


class MemberPasswordResetOffered(Administrative, frozen=True, kw_only=True):
    """An owner was shown a link that sets a new password for a member; it works once, for an hour."""

    kind = "member.password_reset_offered"
    about = "member"


class RoleRevoked(Administrative, frozen=True, kw_only=True):
    """A role was taken back; `scope_id` is as in `role.granted`."""

    kind = "role.revoked"
    about = "binding"
    subject: str
    role: Role
    scope: Scope = Scope.ORGANIZATION
    scope_id: str = ""


class InvitationCreated(Administrative, frozen=True, kw_only=True):
    """Somebody was invited; the link was shown once."""

    kind = "invitation.created"
    about = "invitation"
    email: str
    role: Role


class InvitationWithdrawn(Administrative, frozen=True, kw_only=True):
    """An invitation works no more."""

    kind = "invitation.withdrawn"
    about = "invitation"
    email: str


class InvitationAccepted(Administrative, frozen=True, kw_only=True):
    """The person who acts has used the link, and is this member now."""

    kind = "invitation.accepted"
    about = "invitation"
    member: str


class TeamRenamed(Administrative, frozen=True, kw_only=True):
    """A team has another name."""

    kind = "team.renamed"
    about = "team"
    name: str
    was: str


class TeamMemberAdded(Administrative, frozen=True, kw_only=True):
    """A member is in the team, and has the team's roles."""

    kind = "team.member_added"
    about = "team"
    member: str


class TeamMemberRemoved(Administrative, frozen=True, kw_only=True):
    """A member is in the team no more."""

    kind = "team.member_removed"
    about = "team"
    member: str


class TeamDeleted(Administrative, frozen=True, kw_only=True):
    """A team is no more; its members have its roles no more."""

    kind = "team.deleted"
    about = "team"
    name: str
