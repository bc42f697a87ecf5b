"""Signatures on the wire: what makes an integration take signed requests only, and how that is shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from hub.contract.administration import Administrative
from hub.contract.integrations import IntegrationDetail
from hub.contract.words import SigningScheme

Given = Annotated[
    str,
    msgspec.Meta(
        min_length=16, max_length=256, pattern=r"^[!-~]+$", description="ASCII characters without blanks"
    ),
]


class Sign(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take requests only that are signed by this scheme. `secret` is one that the sender has made; without it
    one is made here. The present one works on beside it for `overlap_seconds`, at most a week."""

    scheme: SigningScheme
    secret: Given | None = None
    overlap_seconds: Annotated[int, msgspec.Meta(ge=0, le=604_800)] = 0


class IntegrationSigning(IntegrationDetail, frozen=True, kw_only=True):
    """An integration with its new signing secret, in Grafana's snippet too. It is null in a replay, and where
    the sender made it: a secret is shown once."""

    secret: str | None


class IntegrationSigned(Administrative, frozen=True, kw_only=True):
    """It takes signed requests only, by a new secret; the one before works until `old_secret_until`, or has
    ended (null)."""

    kind = "integration.signed"
    about = "integration"
    scheme: SigningScheme
    old_secret_until: datetime | None


class IntegrationUnsigned(Administrative, frozen=True, kw_only=True):
    """It takes unsigned requests again; its signing secrets are gone."""

    kind = "integration.unsigned"
    about = "integration"


class SecretsResealed(Administrative, frozen=True, kw_only=True):
    """An operator had stored secrets sealed anew, under the first key of the installation; they work on."""

    kind = "secrets.resealed"
    about = "tenant"
    count: int
