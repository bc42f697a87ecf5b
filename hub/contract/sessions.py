"""The bodies of what a person does about their own sign-in."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

PASSWORD_MAX = 1024
Password = Annotated[str, msgspec.Meta(min_length=1, max_length=PASSWORD_MAX)]
NewPassword = Annotated[str, msgspec.Meta(min_length=10, max_length=PASSWORD_MAX)]


class SessionResource(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that a person is signed in with; `current` is the one that asks. It ends at `expires_at`,
    or after three days without a use."""

    id: str
    device: str
    address: str
    started_at: datetime
    last_used_at: datetime
    expires_at: datetime
    current: bool


class SessionPage(msgspec.Struct, frozen=True):
    """Sessions, newest first."""

    data: list[SessionResource]
    next_cursor: str | None


class ChangePassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The password as it is, and as it shall be."""

    current: Password
    new: NewPassword


class ResetPassword(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new password, from whoever holds the link."""

    password: NewPassword
