"""Consumers as they are stored: one holder's word counts, and an organization's rows are its own."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from line import CONTEXT, granted
from orgs import Org

from hub.contract.consumers import NewConsumer
from hub.contract.ids import new, parse
from hub.domain.errors import NotFound, TakenOver
from hub.domain.resume import Place
from hub.services import acknowledging, consumers
from hub.services.acknowledging import Kept, Step
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)


async def pager(ports: Ports, org: Org) -> Any:
    """A consumer of the organization's key, and its Grant."""
    grant = await granted(ports, org)
    await consumers.create(ports, grant, NewConsumer(name="pager"), None, CONTEXT)
    return grant


def on(kept: Kept, steps: int = 1) -> Place:
    """A place that is so much further."""
    return msgspec.structs.replace(kept.place, position=kept.position + steps)


async def place(ports: Ports, grant: Any) -> Place | None:
    """Where the consumer is."""
    shown = await consumers.show(ports, grant, "pager")
    return ports.cursors.read(grant.tenant, shown.cursor)


async def test_who_was_replaced_moves_nothing_and_releases_nothing(ports: Ports, acme: Org) -> None:
    grant = await pager(ports, acme)
    older = await acknowledging.take(ports, grant, "pager", None)
    newer = await acknowledging.take(ports, grant, "pager", None)
    assert newer.holder == older.holder + 1
    step = Step(older.id, older.holder, on(older))
    assert await acknowledging.note(ports, acme.tenant, [step], {}, {older.id: older.holder}) == 0
    assert (await consumers.show(ports, grant, "pager")).held
    assert await place(ports, grant) == older.place
    step = Step(newer.id, newer.holder, on(newer))
    assert await acknowledging.note(ports, acme.tenant, [step], {}, {newer.id: newer.holder}) == 1
    assert not (await consumers.show(ports, grant, "pager")).held
    assert await place(ports, grant) == on(newer)
    assert (await acknowledging.take(ports, grant, "pager", newer.holder)).holder == newer.holder
    with pytest.raises(TakenOver):
        await acknowledging.take(ports, grant, "pager", older.holder)


async def test_what_was_acknowledged_moves_by_the_rule_of_the_domain(ports: Ports, acme: Org) -> None:
    grant = await pager(ports, acme)
    kept = await acknowledging.take(ports, grant, "pager", None)
    owed = msgspec.structs.replace(on(kept, 2), owed=new())
    for step, moves in (
        (owed, 1),
        (owed, 0),
        (on(kept, 1), 0),
        (on(kept, 2), 1),
        (owed, 0),
        (msgspec.structs.replace(on(kept, 1), epoch=new()), 1),
    ):
        said = Step(kept.id, kept.holder, step)
        assert await acknowledging.note(ports, acme.tenant, [said], {}, {}) == moves
        if moves:
            assert await place(ports, grant) == step


async def test_an_organization_takes_and_moves_its_own_only(ports: Ports, acme: Org, globex: Org) -> None:
    ours, theirs = await pager(ports, acme), await pager(ports, globex)
    kept = await acknowledging.take(ports, ours, "pager", None)
    other = await acknowledging.take(ports, theirs, "pager", None)
    step = Step(kept.id, kept.holder, on(kept))
    assert await acknowledging.note(ports, globex.tenant, [step], {}, {kept.id: kept.holder}) == 0
    assert (await consumers.show(ports, ours, "pager")).held
    with pytest.raises(NotFound):
        await consumers.show(ports, theirs, (await consumers.show(ports, ours, "pager")).id)
    held = [(acme.tenant, kept.id, kept.holder), (globex.tenant, other.id, other.holder)]
    assert await acknowledging.lost(ports, []) == await acknowledging.lost(ports, held) == []
    await acknowledging.take(ports, theirs, "pager", None)
    [lost] = await acknowledging.lost(ports, held)
    assert (lost.id, lost.is_there, lost.is_held) == (other.id, True, True)
    mixed = [(globex.tenant, kept.id, kept.holder)]
    assert [each.is_there for each in await acknowledging.lost(ports, mixed)] == [False]
    assert parse("consumer", (await consumers.show(ports, ours, "pager")).id) == kept.id
