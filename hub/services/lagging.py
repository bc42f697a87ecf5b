"""Lagging: how far behind a consumer is, counted in what its owner sees and the asker may see too."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec

from hub.contract.consumers import Lag
from hub.contract.ids import parse
from hub.domain import filter
from hub.domain.access import Grant
from hub.domain.errors import Forbidden
from hub.domain.filter import EVERYTHING
from hub.domain.sight import View
from hub.services.credentials import API_KEY
from hub.services.holding import held
from hub.services.views import view
from hub.storage import keys, lag, people
from hub.storage.consumers import Kept
from hub.storage.directory import Head
from hub.storage.tx import Tx

LOOKED_AT: Final = 500  # events of the log, for each consumer that is shown
OWNERS: Final = ("member", "key")


def owner_of(grant: Grant) -> tuple[str, UUID]:
    """Whose consumers the actor's are; raise Forbidden for who can have none."""
    for kind in OWNERS:
        if id := parse(kind, grant.actor.id):
            return kind, id
    raise Forbidden("Consumers are a member's or an API key's.")


def is_own(grant: Grant, kept: Kept) -> bool:
    """Whether the actor is the one whose consumer this is."""
    return owner_of(grant) == (kept.owner_kind, kept.owner_id)


async def view_of(tx: Tx, grant: Grant, kept: Kept) -> View:
    """What a consumer's owner sees now, out of what its filter asks for."""
    if is_own(grant, kept):
        seen = view(grant)
    else:
        scopes: tuple[str, ...] = ()
        if kept.owner_kind == "key":
            of_key = (await keys.of(tx, API_KEY, [kept.owner_id]))[kept.owner_id]
            scopes = of_key[0].scopes if of_key else ()
        seen = view(held(await people.bindings(tx, kept.owner_kind, kept.owner_id), scopes))
    return msgspec.structs.replace(seen, filter=filter.read(kept.filter))


def reset(kept: Kept, seen: View, head: Head) -> str:
    """Why the next stream would begin with a reset; empty where it goes on from the place."""
    if kept.epoch != head.epoch or kept.position > head.position:
        return "epoch"
    return "" if kept.place.is_in(kept.epoch, seen.hash) else "view"


async def lag_of(tx: Tx, grant: Grant, kept: Kept, seen: View, head: Head) -> Lag:
    """How much comes behind a place that means something. Of somebody else's view only what the asker may
    see too is counted: a number would tell of private incidents."""
    wants_bodies = seen.filter is not EVERYTHING and bool(seen.filter.severities)
    passed = (
        await lag.behind(tx, kept.position, LOOKED_AT, wants_bodies) if kept.position < head.position else []
    )
    also = view(grant)
    waiting = [each for each in passed if seen.sees(each) and also.may_see(each)]
    return Lag(
        events=len(waiting),
        is_more=kept.position + len(passed) < head.position,
        oldest_at=waiting[0].at if waiting else None,
    )
