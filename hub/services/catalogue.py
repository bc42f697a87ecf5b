"""The catalogue: services, shown and changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec

from hub.contract.administration import (
    ServiceArchived,
    ServiceChanged,
    ServiceCreated,
    ServiceUnarchived,
    Value,
)
from hub.contract.catalogue import NewService, ServicePatch
from hub.contract.ids import new, parse, text
from hub.contract.resources import Named, ServicePage, ServiceResource
from hub.contract.signals import Fault
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.domain.errors import Invalid, NotAllowedNow, NotFound, Stale
from hub.domain.faults import Faults
from hub.domain.service import status_of
from hub.domain.sight import View
from hub.domain.version import Expected
from hub.services import paging
from hub.services.altered import altered, asked_for
from hub.services.change import Change, change, read
from hub.services.once import Claim, patiently
from hub.services.ports import Ports, RequestContext
from hub.services.views import view
from hub.storage import catalogue, services, teams
from hub.storage.constraints import TAKEN
from hub.storage.services import Kept, Shown
from hub.storage.tx import Tx


def resource(shown: Shown, view: View) -> ServiceResource:
    """A service as somebody with this view sees it: needs that are out of sight are left out."""
    kept = shown.kept
    return ServiceResource(
        id=text("service", kept.id),
        name=kept.name,
        team=Named(text("team", kept.team_id), shown.team_name or "") if kept.team_id else None,
        dependencies=[
            Named(text("service", each.id), each.name) for each in shown.needs if view.sees_service(each.id)
        ],
        tier=kept.tier,
        runbook_url=kept.runbook_url,
        links=kept.links,
        auto_resolve=kept.auto_resolve,
        reopen_within_seconds=int(kept.reopen_within.total_seconds()),
        storm_after=kept.storm_after,
        status=status_of(shown.worst),
        open_incidents=shown.open_incidents,
        created_at=kept.created_at,
        archived_at=kept.archived_at,
        version=shown.version,
    )


async def page_services(
    ports: Ports, grant: Grant, limit: int, cursor: str | None, archived: bool = False
) -> ServicePage:
    """Services that one sees, those that are archived or the others, in the order they were made."""
    grant.require_somewhere(Action.SERVICE_READ)
    filter = "services/archived" if archived else "services"
    after = paging.id_place(ports, grant, filter, cursor, paging.OLDEST)
    seen = view(grant)
    async with read(ports, grant) as tx:
        found = await services.page(tx, seen, archived, after, limit + 1)
    last = found[limit - 1].kept.id if len(found) > limit else None
    return ServicePage(
        [resource(shown, seen) for shown in found[:limit]],
        paging.next_cursor(ports, grant, filter, len(found) > limit, last),
    )


async def show_service(ports: Ports, grant: Grant, reference: str) -> ServiceResource:
    """One service, archived ones too; NotFound alike for a foreign, a missing one, and one out of sight."""
    async with read(ports, grant) as tx:
        return resource(await find_service(tx, grant, reference, Action.SERVICE_READ), view(grant))


async def add_service(
    ports: Ports, grant: Grant, asked: NewService, key: str | None, context: RequestContext
) -> tuple[ServiceResource, bool]:
    """Make a service; True beside it where a request made before did. Invalid for a name that is taken or a
    team that is not there."""
    grant.require(Action.SERVICE_MANAGE)

    async def attempt() -> tuple[ServiceResource, bool]:
        async with change(ports, grant, context) as changed:
            claim = Claim(changed, "service.create", key, asked)
            if (earlier := await claim.earlier()) is not None:
                return await _now(changed, earlier), True
            faults, id = Faults(), new()
            with faults.collected():
                team = await _team(changed, asked.team)
            await _check_name(changed, asked.name, faults)
            faults.check()
            await services.add(
                changed.tx,
                Kept(
                    id=id,
                    name=asked.name,
                    team_id=team,
                    tier=asked.tier,
                    runbook_url=asked.runbook_url,
                    links=asked.links,
                    auto_resolve=asked.auto_resolve,
                    reopen_within=timedelta(seconds=asked.reopen_within_seconds),
                    storm_after=asked.storm_after,
                    created_at=changed.now,
                ),
            )
            changed.happened(ServiceCreated(name=asked.name, links=asked.links), id)
            await claim.done(text("service", id))
            return await _now(changed, text("service", id)), False

    return await patiently(attempt)


async def change_service(
    ports: Ports,
    grant: Grant,
    reference: str,
    asked: ServicePatch,
    expected: Expected,
    context: RequestContext,
) -> ServiceResource:
    """Change what the patch names; raise Stale unless `expected` has the present version. What is so already
    changes nothing, the version included."""

    async def attempt() -> ServiceResource:
        async with change(ports, grant, context) as changed:
            found = await lock_service(changed, reference)
            if not expected.meets(found.version):
                raise Stale(resource(found, view(grant)))
            wanted = await _patched(changed, found.kept, asked_for(asked))
            if wanted == found.kept:
                return resource(found, view(grant))
            await services.save(changed.tx, wanted)
            now = known(await services.find(changed.tx, found.kept.id))
            changes = altered(_fields(found), _fields(now))
            changed.happened(ServiceChanged(changes=changes), found.kept.id)
            return resource(now, view(grant))

    return await patiently(attempt)


async def archive_service(
    ports: Ports, grant: Grant, reference: str, is_archived: bool, key: str | None, context: RequestContext
) -> tuple[ServiceResource, bool]:
    """Take a service out of the lists, or put it back; its incidents stay. NotAllowedNow while an integration
    could still open some: what nobody looks at must get no alerts. Its integrations stay disabled when it
    comes back."""
    command = "service.archive" if is_archived else "service.unarchive"

    async def attempt() -> tuple[ServiceResource, bool]:
        async with change(ports, grant, context) as changed:
            found = await lock_service(changed, reference)
            claim = Claim(changed, command, key, reference)
            if await claim.earlier() is not None:
                return resource(found, view(grant)), True
            if is_archived != (found.kept.archived_at is not None):
                if is_archived and await catalogue.is_alerted(changed.tx, found.kept.id):
                    raise NotAllowedNow("Disable its integrations first, or give them another service.")
                at = changed.now if is_archived else None
                await services.save(changed.tx, msgspec.structs.replace(found.kept, archived_at=at))
                changed.happened(ServiceArchived() if is_archived else ServiceUnarchived(), found.kept.id)
            await claim.done(reference)
            return await _now(changed, reference), False

    return await patiently(attempt)


def _fields(shown: Shown) -> dict[str, Value]:
    """What a PATCH can name, in the words of the wire."""
    now = resource(shown, View(whole=True))
    return {
        "name": now.name,
        "team": now.team.id if now.team else None,
        "tier": now.tier,
        "runbook_url": now.runbook_url,
        "links": now.links,
        "auto_resolve": now.auto_resolve,
        "reopen_within_seconds": now.reopen_within_seconds,
        "storm_after": now.storm_after,
    }


async def _patched(changed: Change, kept: Kept, wanted: dict[str, Any]) -> Kept:
    faults = Faults()
    columns = {name: value for name, value in wanted.items() if name not in {"team", "reopen_within_seconds"}}
    if "team" in wanted:
        with faults.collected():
            team = columns["team_id"] = await _team(changed, wanted["team"])
            if team != kept.team_id:
                _require_named(changed.grant, team)
    if wanted.get("name", kept.name) != kept.name:
        await _check_name(changed, wanted["name"], faults)
    faults.check()
    if "reopen_within_seconds" in wanted:
        columns["reopen_within"] = timedelta(seconds=wanted["reopen_within_seconds"])
    return msgspec.structs.replace(kept, **columns)


async def _team(changed: Change, reference: str | None) -> UUID | None:
    if reference is None:
        return None
    id = parse("team", reference)
    if id is None or await teams.find(changed.tx, id) is None:
        raise Invalid([Fault(pointer="/team", code="unknown", detail="There is no such team.")])
    return id


async def _check_name(changed: Change, name: str, faults: Faults) -> None:
    """Tell of a name that is taken together with other faults; the constraint is for who comes meanwhile."""
    if await services.is_taken(changed.tx, name):
        faults.add("/name", "taken", TAKEN)


def _require_named(grant: Grant, team: UUID | None) -> None:
    """Who manages a service alone gives it to teams that they see, to nobody they cannot know of."""
    if team is not None and not grant.allows(Action.MEMBER_READ, team=team):
        raise Invalid([Fault(pointer="/team", code="unknown", detail="There is no such team.")])


async def find_service(tx: Tx, grant: Grant, reference: str, action: Action) -> Shown:
    """A service by its id on the wire; NotFound for one out of sight as for a missing one, Forbidden where it
    is seen, but the action is not allowed."""
    id = parse("service", reference)
    if id is None or not view(grant).sees_service(id):
        raise NotFound("There is no such service.")
    shown = known(await services.find(tx, id))
    grant.require(action, service=id)
    return shown


async def lock_service(changed: Change, reference: str) -> Shown:
    """The service, to manage it, locked against every other change, and against the lanes that open its
    incidents. Raises what `find_service` does, before it waits for anybody."""
    shown = await find_service(changed.tx, changed.grant, reference, Action.SERVICE_MANAGE)
    await catalogue.lock_service(changed.tx, shown.kept.id)
    return known(await services.find(changed.tx, shown.kept.id))


def known(shown: Shown | None) -> Shown:
    """The service, or NotFound."""
    if shown is None:
        raise NotFound("There is no such service.")
    return shown


async def _now(changed: Change, reference: str) -> ServiceResource:
    found = await find_service(changed.tx, changed.grant, reference, Action.SERVICE_MANAGE)
    return resource(found, view(changed.grant))
