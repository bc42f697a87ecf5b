"""The bodies of our own requests, strict: what is not named here is refused with its pointer."""

from __future__ import annotations

from typing import Annotated

import msgspec

from hub.contract.commands import Reason, References
from hub.contract.words import Severity

Title = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An address and a password."""

    email: Annotated[str, msgspec.Meta(min_length=1, max_length=320)]
    password: Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class Private(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a private incident names, besides who opens it."""

    members: References = []
    teams: References = []
    keys: References = []
    reason: Reason | None = None


class OpenIncident(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An incident opened by hand."""

    title: Title
    service: Annotated[str, msgspec.Meta(max_length=64)]
    severity: Severity = Severity.SEV3
    private: Private | None = None
