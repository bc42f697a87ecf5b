"""The bodies that change the catalogue, strict; what a PATCH leaves out stays as it is."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from hub.contract.words import AutoResolve

# It stands within sentences that tell who did what: so it has no character that ends a line or turns text
# round (Unicode, annex 9). What joins letters stays: some scripts need it.
_TURNING = r"\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
Name = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=200,
        pattern=(
            r"^[ \xa0\u1680\u2000-\u200a\u202f\u205f\u3000]*"
            rf"[^\s{_TURNING}][^{_TURNING}]*$(?!\n)"
        ),
        description="text that is more than blanks, on one line and in one direction",
    ),
]
Reference = Annotated[str, msgspec.Meta(max_length=64)]
Tier = Annotated[int, msgspec.Meta(ge=1, le=5)]
# A link that people follow: nothing but http and https, so that none can be a script. `$` alone would let a
# newline at the end pass.
WebLink = Annotated[
    str,
    msgspec.Meta(
        max_length=2000,
        pattern=r"^(https?://[^\s]+)?$(?!\n)",
        description="a web address with http or https, or nothing",
    ),
]
# Nothing that a reader cannot see: no control or format characters, which also turn text round.
_UNSEEN = r"\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff"
Title = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=100,
        pattern=rf"^(?=.*\S)[^{_UNSEEN}]*$(?!\n)",
        description="text that is more than blanks, without characters that nobody sees",
    ),
]
# Never empty; its host is not hidden behind a name and an @ (RFC 3986, 3.2.1), and it has no backslash, which
# browsers read as a slash (the URL standard).
LinkUrl = Annotated[
    str,
    msgspec.Meta(
        max_length=2000,
        pattern=rf"^https?://[^\s/?#@\\{_UNSEEN}]+([/?#][^\s\\{_UNSEEN}]*)?$(?!\n)",
        description="a web address with http or https, without a name before its host",
    ),
]
# So many new incidents at once, and a minute, are no storm.
StormAfter = Annotated[int, msgspec.Meta(ge=1, le=100_000)]
ReopenWithin = Annotated[int, msgspec.Meta(ge=0, le=7 * 86_400)]


class Nothing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An empty body, for what needs no words."""


class ServiceLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where else to look when a service breaks: a dashboard, its logs, who to ask."""

    title: Title
    url: LinkUrl


Links = Annotated[list[ServiceLink], msgspec.Meta(max_length=20)]


class NewService(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service to make."""

    name: Name
    team: Reference | None = None
    tier: Tier = 3
    runbook_url: WebLink = ""
    links: Links = []
    auto_resolve: AutoResolve = AutoResolve.UNLESS_WORKED
    reopen_within_seconds: ReopenWithin = 300
    storm_after: StormAfter = 20


class ServicePatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different about a service; `team` null takes it from its team, `links` are set as a
    whole."""

    name: Name | UnsetType = UNSET
    team: Reference | UnsetType | None = UNSET
    tier: Tier | UnsetType = UNSET
    runbook_url: WebLink | UnsetType = UNSET
    links: Links | UnsetType = UNSET
    auto_resolve: AutoResolve | UnsetType = UNSET
    reopen_within_seconds: ReopenWithin | UnsetType = UNSET
    storm_after: StormAfter | UnsetType = UNSET


class DependOn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a service needs: these services and no others."""

    services: Annotated[list[Reference], msgspec.Meta(max_length=50)]
