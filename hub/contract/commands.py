"""Commands: what may be asked of an incident, imperative; each names its Struct and its action."""

from __future__ import annotations

from typing import Annotated, ClassVar

import msgspec

from hub.contract.words import Action, Severity

Text = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=16_384, pattern=r"\S", description="text that is more than blanks"),
]  # not blanks alone
Reason = Annotated[
    str,
    msgspec.Meta(min_length=1, max_length=1000, pattern=r"\S", description="text that is more than blanks"),
]
Reference = Annotated[str, msgspec.Meta(max_length=64)]
References = Annotated[list[Reference], msgspec.Meta(max_length=50)]
Version = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]  # as wide as its column


class Command(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The arguments of a command. With `if_version` a loser is told who was first (409)."""

    action: ClassVar[Action]
    if_version: Version | None = None


class Acknowledge(Command, frozen=True, kw_only=True):
    """I have it."""

    action = Action.INCIDENT_ACKNOWLEDGE


class Unacknowledge(Command, frozen=True, kw_only=True):
    """Nobody has it: back to triggered."""

    action = Action.INCIDENT_ACKNOWLEDGE


class Mitigate(Command, frozen=True, kw_only=True):
    """The harm has stopped."""

    action = Action.INCIDENT_RESOLVE


class Resolve(Command, frozen=True, kw_only=True):
    """It is over; its alerts are cleared."""

    action = Action.INCIDENT_RESOLVE


class Close(Command, frozen=True, kw_only=True):
    """Nothing is left to do."""

    action = Action.INCIDENT_RESOLVE


class Reopen(Command, frozen=True, kw_only=True):
    """It is not over."""

    action = Action.INCIDENT_RESOLVE


class Note(Command, frozen=True, kw_only=True):
    """Write something down; plain text, at most 16,384 characters."""

    action = Action.INCIDENT_NOTE
    text: Text


class SetSeverity(Command, frozen=True, kw_only=True):
    """Say how bad it is."""

    action = Action.INCIDENT_EDIT
    severity: Severity


class AssignCommander(Command, frozen=True, kw_only=True):
    """Say which member leads the work; null: nobody."""

    action = Action.INCIDENT_EDIT
    commander: Annotated[str, msgspec.Meta(max_length=64)] | None


class Hide(Command, frozen=True, kw_only=True):
    """Make it private: the members, teams and keys that are named, and who does it, see it; nobody else does,
    whatever their role. Of a private one it changes who is named."""

    action = Action.INCIDENT_HIDE
    members: References = []
    teams: References = []
    keys: References = []
    reason: Reason | None = None


class Show(Command, frozen=True, kw_only=True):
    """Everybody who sees the service sees it again, with all that happened meanwhile."""

    action = Action.INCIDENT_HIDE


class BreakGlass(Command, frozen=True, kw_only=True):
    """See a private incident without being named, for 8 hours; those who are named are told, with the reason.
    For owners and admins, and for people only. It takes no version: whoever asks must not know one."""

    action = Action.INCIDENT_BREAK_GLASS
    reason: Reason
    if_version: None = None


class Split(Command, frozen=True, kw_only=True):
    """Take alerts that are not cleared out of it: each goes to the incident that it would have opened, had
    there been no storm, or to one of its own."""

    action = Action.INCIDENT_EDIT
    alerts: Annotated[list[Reference], msgspec.Meta(min_length=1, max_length=50)]


class VacateCommander(Command, frozen=True, kw_only=True):
    """Take the command from a member who goes. It comes with the end of a membership, never from outside."""

    action = Action.INCIDENT_EDIT
    member: str
    reason: str


COMMANDS: dict[str, type[Command]] = {
    "acknowledge": Acknowledge,
    "unacknowledge": Unacknowledge,
    "mitigate": Mitigate,
    "resolve": Resolve,
    "close": Close,
    "reopen": Reopen,
    "note": Note,
    "severity": SetSeverity,
    "commander": AssignCommander,
    "split": Split,
    "hide": Hide,
    "show": Show,
    "break-glass": BreakGlass,
}
