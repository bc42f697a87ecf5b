"""View classes: equal views are one value, and an organization has at most 64 of them in a process."""

from __future__ import annotations

import pytest
from following import Following, dial, follow
from orgs import Org
from web import Site

from hub.contract.frames import CLOSE_CODES
from hub.contract.ids import TenantId, new
from hub.domain.sight import View
from hub.realtime.classes import MOST, Classes
from hub.realtime.station import Station

HERE, THERE = TenantId(new()), TenantId(new())


def narrow() -> View:
    """A view that no other one equals."""
    return View(services=frozenset({new()}))


def test_equal_views_are_one_value_while_somebody_has_it() -> None:
    classes, id = Classes(), new()
    first = classes.enter(HERE, View(services=frozenset({id})))
    again = classes.enter(HERE, View(services=frozenset({id})))
    assert first is again
    other = View(services=frozenset({id}))
    classes.leave(HERE, other)
    assert classes.enter(HERE, other) is first
    classes.leave(HERE, other)
    classes.leave(HERE, other)
    assert classes.enter(HERE, other) is other, "nobody had it any more"


def test_an_organization_has_at_most_64_views_and_others_have_theirs() -> None:
    classes, views = Classes(), [narrow() for _ in range(MOST)]
    for view in views:
        assert classes.enter(HERE, view) is view
    assert classes.enter(HERE, narrow()) is None
    assert classes.enter(HERE, views[7]) is views[7], "as many streams of one view as there are"
    assert classes.enter(THERE, narrow()) is not None
    classes.leave(HERE, views[7])
    assert classes.enter(HERE, narrow()) is None, "another stream has it still"
    classes.leave(HERE, views[7])
    assert classes.enter(HERE, narrow()) is not None


@pytest.mark.gen_test(timeout=30)
async def test_a_stream_with_one_view_too_many_is_told_to_come_back(
    live: Site, station: Station, acme: Org, globex: Org, observer_key: str
) -> None:
    classes, views = station.batches.classes, [narrow() for _ in range(MOST)]
    for view in views:
        assert classes.enter(acme.tenant, view)
    ended = Following(await dial(live.with_key(observer_key), acme))
    assert await ended.end() == (["too_many_streams"], CLOSE_CODES["too_many_streams"])
    assert [frame["retry_ms"] > 0 for frame in ended.frames] == [True]
    async with await follow(live.with_key(globex.api_key), globex) as theirs:
        assert theirs.frames[0]["frame"] == "welcome"
    classes.leave(acme.tenant, views[0])
    async with await follow(live.with_key(observer_key), acme) as following:
        assert following.frames[0]["frame"] == "welcome"
        assert classes.enter(acme.tenant, narrow()) is None
    while classes.enter(acme.tenant, narrow()) is None:  # what a stream took, it gives back
        await live("GET", "/livez")
