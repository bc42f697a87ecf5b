"""Integrations on the wire: the bodies that make and change them, and how they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from hub.contract.administration import Administrative, Altered
from hub.contract.catalogue import Name, Reference
from hub.contract.hold import HoldShown
from hub.contract.resources import Named
from hub.contract.words import Expire, SigningScheme


class NewIntegration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An integration to make."""

    name: Name
    service: Reference


StaleAfter = Annotated[int, msgspec.Meta(ge=60, le=31 * 86_400)]


class IntegrationPatch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be different about an integration; with another service, new incidents open there.
    An alert that is not repeated for `stale_after_seconds` (null: as its format is known for) is stale, or
    clears where `expire` says so."""

    name: Name | UnsetType = UNSET
    service: Reference | UnsetType = UNSET
    stale_after_seconds: StaleAfter | UnsetType | None = UNSET
    expire: Expire | UnsetType = UNSET


class Rotate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long the present key works beside the new one: at most a week, and not at all by default."""

    overlap_seconds: Annotated[int, msgspec.Meta(ge=0, le=604_800)] = 0


class KeyShown(msgspec.Struct, frozen=True, kw_only=True):
    """A secret as it is shown ever after: by its last four characters."""

    last4: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None


class SigningShown(msgspec.Struct, frozen=True, kw_only=True):
    """How senders must sign; the secret is shown by its last four characters. `old_until` is set while the
    one before it works too."""

    scheme: SigningScheme
    last4: str
    since: datetime
    old_until: datetime | None


class IntegrationResource(msgspec.Struct, frozen=True, kw_only=True):
    """An integration. `keys` are those that work, the newest first: two while a rotation overlaps. With
    `signing` it takes signed requests only."""

    id: str
    name: str
    service: Named
    keys: list[KeyShown]
    last_used_at: datetime | None
    created_at: datetime
    disabled_at: datetime | None
    stale_after_seconds: int | None
    expire: Expire
    hold: HoldShown | None
    signing: SigningShown | None
    version: int


class Addresses(msgspec.Struct, frozen=True, kw_only=True):
    """Where each format is sent; `hooks` has the key in its path, for tools that can send no header."""

    events: str
    hooks: str
    cloudevents: str
    pagerduty: str
    changes: str
    alertmanager: str
    prometheus: str
    grafana: str
    opsgenie: str


class Snippets(msgspec.Struct, frozen=True, kw_only=True):
    """What to paste into a shell or a configuration file."""

    curl: str
    cloudevents: str
    pagerduty: str
    changes: str
    alertmanager: str
    prometheus: str
    grafana: str
    opsgenie: str


class IntegrationDetail(IntegrationResource, frozen=True, kw_only=True):
    """An integration with how to send to it; the snippets say KEY where the key belongs."""

    urls: Addresses
    snippets: Snippets


class IntegrationMade(IntegrationDetail, frozen=True, kw_only=True):
    """An integration with its new key, in the snippets too. A replay has null there: it is shown once."""

    key: str | None


class Tested(msgspec.Struct, frozen=True):
    """A test alert that was kept: its receipt says what became of it."""

    receipt: str


class IntegrationPage(msgspec.Struct, frozen=True):
    """Integrations in the order they were made."""

    data: list[IntegrationResource]
    next_cursor: str | None


class IntegrationChanged(Administrative, frozen=True, kw_only=True):
    """Fields of an integration were changed."""

    kind = "integration.changed"
    about = "integration"
    changes: dict[str, Altered]


class IntegrationRotated(Administrative, frozen=True, kw_only=True):
    """It has a new key; the one before works until `old_key_until`, or has ended (null)."""

    kind = "integration.rotated"
    about = "integration"
    old_key_until: datetime | None


class IntegrationDisabled(Administrative, frozen=True, kw_only=True):
    """Its keys are refused like unknown ones; its alerts stay."""

    kind = "integration.disabled"
    about = "integration"


class IntegrationEnabled(Administrative, frozen=True, kw_only=True):
    """Its keys are taken again."""

    kind = "integration.enabled"
    about = "integration"


class IntegrationTested(Administrative, frozen=True, kw_only=True):
    """Somebody sent a test alert through it."""

    kind = "integration.tested"
    about = "integration"
    receipt: str
