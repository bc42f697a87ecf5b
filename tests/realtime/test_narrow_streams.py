"""Streams of who has a role for some services or incidents: what they carry, how they narrow and widen."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from crew import hire
from following import Following, follow
from orgs import Org
from scene import Scene, build
from servers import Database
from web import Site, read

from hub.contract.events import ChangeRecorded
from hub.contract.frames import CLOSE_CODES
from hub.contract.ids import parse
from hub.contract.words import Role, Scope
from hub.realtime.doorbell import Doorbell
from hub.realtime.station import Station
from hub.services.access import system
from hub.services.change import change
from hub.services.ports import Ports, RequestContext

pytestmark = pytest.mark.gen_test(timeout=40)
ORG = "/api/v1/orgs/acme"
ONE = {"If-Match": '"1"'}
CONTEXT = RequestContext(request_id="req-of-a-test", address="192.0.2.7", device="a test")


@pytest.fixture
def scene(io_loop: Any, ports: Ports, database: Database, live: Site, acme: Org, globex: Org) -> Scene:
    made: Scene = io_loop.run_sync(lambda: build(ports, database, live, acme), timeout=20)
    return made


async def note(scene: Scene, incident: str, text: str) -> None:
    """A note that somebody writes who sees everything; also on an incident that is private meanwhile."""
    author = scene.admin
    answer = await author("POST", f"{ORG}/incidents/{incident}/note", {"text": text})
    assert answer.code == 200, answer.body


async def both(scene: Scene, text: str) -> None:
    """A note on either incident, the one of `mine` last."""
    await note(scene, scene.other.incident, f"other {text}")
    await note(scene, scene.mine.incident, f"mine {text}")


async def saw(following: Following, *texts: str) -> None:
    """What it has seen since its last reset, when the last of these came."""
    assert await following.until(texts[-1]) == list(texts)


@pytest.mark.parametrize("scope", [Scope.TEAM, Scope.SERVICE, Scope.INCIDENT])
async def test_a_stream_carries_what_is_in_sight(scene: Scene, scope: Scope) -> None:
    async with await follow(await scene.actor(Role.OBSERVER, scope), "acme") as following:
        start = following.cursor
        await both(scene, "one")
        await both(scene, "two")
        await saw(following, "mine one", "mine two")
    async with await follow(await scene.actor(Role.OBSERVER, scope), "acme", start) as late:
        assert late.frames[0]["mode"] == "replay", "another one with the same view goes on from its cursor"
        await saw(late, "mine one", "mine two")


async def test_a_cursor_of_another_view_is_no_place_in_this_one(scene: Scene) -> None:
    async with await follow(await scene.actor(Role.OBSERVER, Scope.SERVICE), "acme") as following:
        cursor = following.cursor
    other = await scene.actor(Role.OBSERVER, Scope.SERVICE, scene.other.service)
    async with await follow(other, "acme", cursor) as following:
        assert (await following.next("reset"))["reason"] == "view"


async def test_a_change_of_a_service_goes_to_who_sees_the_service(scene: Scene) -> None:
    async with (
        await follow(await scene.actor(Role.OBSERVER, Scope.SERVICE), "acme") as mine,
        await follow(await scene.actor(Role.OBSERVER, Scope.INCIDENT), "acme") as incident,
    ):
        for corner in (scene.other, scene.mine):
            id = parse("service", corner.service)
            assert id is not None
            async with change(scene.ports, system("worker", scene.org.tenant), CONTEXT) as changed:
                changed.happened(ChangeRecorded(title="deploy", source="ci", text=corner.service), id)
        await both(scene, "after")
        await saw(mine, scene.mine.service, "mine after")
        await saw(incident, "mine after")


@pytest.mark.parametrize("is_rung", [True, False])
async def test_a_role_that_is_taken_back_narrows_the_stream_at_once(
    scene: Scene, doorbell: Doorbell, is_rung: bool
) -> None:
    site, key = await scene.nobody()
    kept = await scene.bind(key, Role.OBSERVER, Scope.SERVICE, scene.mine.service)
    taken = await scene.bind(key, Role.OBSERVER, Scope.SERVICE, scene.other.service)
    async with await follow(site, "acme") as following:
        await both(scene, "before")
        await saw(following, "other before", "mine before")
        if not is_rung:
            await doorbell.stop()  # as if Redis were away
        assert (await scene.admin("DELETE", f"{ORG}/bindings/{taken['id']}", None, ONE)).code == 204
        await note(scene, scene.other.incident, "other between")
        assert (await following.next("reset"))["reason"] == "view"
        await both(scene, "after")
        await saw(following, "mine after")
        assert not any(b"other between" in msgspec.json.encode(frame) for frame in following.frames)
        assert (await scene.admin("DELETE", f"{ORG}/bindings/{kept['id']}", None, ONE)).code == 204
        await both(scene, "never")
        assert await following.end() == (["revoked"], CLOSE_CODES["revoked"])
        assert following.texts == ["mine after"]


async def test_a_role_that_is_given_widens_the_stream(scene: Scene) -> None:
    site, key = await scene.nobody()
    await scene.bind(key, Role.OBSERVER, Scope.INCIDENT, scene.mine.incident)
    async with await follow(site, "acme") as following:
        await both(scene, "one")
        await saw(following, "mine one")
        for scope, id in ((Scope.SERVICE, scene.other.service), (Scope.ORGANIZATION, None)):
            await scene.bind(key, Role.OBSERVER, scope, id)
            assert (await following.next("reset"))["reason"] == "view"
            await both(scene, f"with {scope}")
            await saw(following, f"other with {scope}", f"mine with {scope}")


async def test_a_service_that_goes_to_another_team_takes_its_stream_along(scene: Scene) -> None:
    loses = await scene.actor(Role.OBSERVER, Scope.TEAM)
    gains = await scene.actor(Role.OBSERVER, Scope.TEAM, scene.other.team)
    async with await follow(loses, "acme") as loser, await follow(gains, "acme") as gainer:
        await both(scene, "before")
        await saw(loser, "mine before")
        await saw(gainer, "other before")
        path = f"{ORG}/services/{scene.mine.service}"
        version = {"If-Match": (await scene.admin("GET", path)).headers["ETag"]}
        assert (await scene.admin("PATCH", path, {"team": scene.other.team}, version)).code == 200
        for following in (loser, gainer):
            assert (await following.next("reset"))["reason"] == "view"
        await both(scene, "after")
        await saw(gainer, "other after", "mine after")
        version = {"If-Match": (await scene.admin("GET", path)).headers["ETag"]}
        assert (await scene.admin("PATCH", path, {"team": scene.mine.team}, version)).code == 200
        assert (await loser.next("reset"))["reason"] == "view"
        await both(scene, "again")
        await saw(loser, "mine again")
        assert not any(b" after" in msgspec.json.encode(frame) for frame in loser.frames)


async def test_who_leaves_a_team_loses_what_the_team_sees(scene: Scene, live: Site) -> None:
    ann = await hire(scene.ports, live, scene.org, "Ann", Role.OBSERVER)
    bindings = read(await scene.admin("GET", f"{ORG}/bindings"))["data"]
    [whole] = [each["id"] for each in bindings if each["subject"]["id"] == ann.member]
    assert (await scene.admin("DELETE", f"{ORG}/bindings/{whole}", None, ONE)).code == 204
    await scene.bind(ann.member, Role.OBSERVER, Scope.INCIDENT, scene.other.incident)
    await scene.bind(scene.mine.team, Role.RESPONDER, Scope.TEAM, scene.mine.team)
    seat = f"{ORG}/teams/{scene.mine.team}/members/{ann.member}"
    async with await follow(ann.browser, "acme") as following:
        await both(scene, "outside")
        await saw(following, "other outside")
        seated = await scene.admin("PUT", seat)
        assert seated.code == 200, seated.body
        assert (await following.next("reset"))["reason"] == "view"
        await both(scene, "inside")
        await saw(following, "other inside", "mine inside")
        version = {"If-Match": f'"{read(seated)["version"]}"'}
        assert (await scene.admin("DELETE", seat, None, version)).code == 200
        assert (await following.next("reset"))["reason"] == "view"
        await note(scene, scene.mine.incident, "mine again")
        await note(scene, scene.other.incident, "other again")
        await saw(following, "other again")


async def test_a_role_that_ends_narrows_the_stream_and_leaves_the_rest(scene: Scene) -> None:
    site, key = await scene.nobody()
    await scene.bind(key, Role.OBSERVER, Scope.SERVICE, scene.mine.service)
    ends = scene.ports.clock() + timedelta(seconds=1.5)
    body = {
        "subject": key, "role": "observer", "expires_at": msgspec.to_builtins(ends),
        "scope": {"kind": "service", "id": scene.other.service},
    }  # fmt: skip
    await scene.made("/bindings", body)
    async with await follow(site, "acme") as following:
        assert following.frames[0]["expires_at"]
        await both(scene, "before")
        await saw(following, "other before", "mine before")
        assert (await following.next("reset"))["reason"] == "view"
        await both(scene, "after")
        await saw(following, "mine after")


# --- private incidents ----------------------------------------------------------------------------------


async def test_a_private_incident_is_in_the_streams_of_those_alone_who_are_named(scene: Scene) -> None:
    named, key = await scene.nobody()
    await scene.bind(key, Role.RESPONDER, Scope.INCIDENT, scene.mine.incident)
    seer = await scene.actor(Role.OBSERVER, Scope.SERVICE)
    await scene.hide(scene.mine.incident)
    whole = scene.admin
    async with (
        await follow(named, "acme") as within,
        await follow(seer, "acme") as service,
        await follow(whole, "acme") as everything,
    ):
        start = everything.cursor
        told = await named("POST", f"{ORG}/incidents/{scene.mine.incident}/note", {"text": "secret"})
        assert told.code == 200, told.body
        await note(scene, scene.other.incident, "public")
        await scene.sql(
            "UPDATE incident SET private = false WHERE id = $1", parse("incident", scene.mine.incident)
        )
        await both(scene, "shown")
        await saw(within, "secret", "mine shown")
        await saw(service, "mine shown")
        await saw(everything, "public", "other shown", "mine shown")
    await scene.hide(scene.mine.incident)
    async with await follow(whole, "acme", start) as replay:
        await note(scene, scene.other.incident, "end")
        assert "end" in await replay.until("end")


async def test_a_process_that_reads_the_log_hides_what_one_that_was_rung_hides(
    scene: Scene, station: Station, doorbell: Doorbell
) -> None:
    named, key = await scene.nobody()
    await scene.bind(key, Role.RESPONDER, Scope.INCIDENT, scene.mine.incident)
    await scene.hide(scene.mine.incident)
    await doorbell.stop()  # the log is read by the poll alone
    async with await follow(scene.admin, "acme") as everything, await follow(named, "acme") as within:
        await named("POST", f"{ORG}/incidents/{scene.mine.incident}/note", {"text": "secret"})
        await note(scene, scene.other.incident, "public")
        await saw(everything, "public")
        await saw(within, "secret")
