"""Views, marks and doubts in the pump: what a reader may not see moves nothing that it can notice."""

from __future__ import annotations

from client import Client, read_rig, settled
from truth import Truth
from warp import warped

from hub.domain.sight import View

ADMIN = View(administrative=True, whole=True)


def test_administrative_events_are_sent_to_views_that_contain_them_only() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        responder, admin = Client(rig, 10), Client(rig, 10, ADMIN)
        for kind in ("incident.noted", "member.added", "incident.noted", "role.granted"):
            rig.feed.hear(truth.commit(kind=kind))
        await settled(rig)
        assert responder.positions() == [11, 13]
        assert admin.positions() == [11, 12, 13, 14]
        assert responder.place == admin.place == (truth.epoch, 14)

    warped(story())


def test_an_event_out_of_view_moves_nothing_until_the_heartbeat() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        client = Client(rig, 10)
        await settled(rig)
        rig.feed.hear(truth.commit(kind="member.added"))
        await settled(rig)
        assert client.frames == []
        assert rig.pump.beat(client.reader)
        assert client.names() == ["mark"]
        assert client.place == (truth.epoch, 11)
        rig.feed.hear(truth.commit())
        await settled(rig)
        assert client.positions() == [12], "the next events follow the mark's cursor"

    warped(story())


def test_a_replay_that_ends_out_of_view_ends_with_a_mark() -> None:
    async def story() -> None:
        truth = Truth(10)
        truth.commit(600, kind="member.added")
        rig = await read_rig(truth)
        client = Client(rig, 8)
        await settled(rig)
        assert client.names() == ["events", "mark"]
        assert client.place == (truth.epoch, 610)

    warped(story())


def test_a_heartbeat_waits_for_nothing_and_lets_others_pass() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        client = Client(rig, 10)
        client.is_reading = False
        assert rig.pump.beat(client.reader)
        assert not rig.pump.beat(client.reader), "one frame in flight"
        client.read_on()
        await settled(rig)
        client.reader.held = True
        assert not rig.pump.beat(client.reader), "rights are in doubt"

    warped(story())


def test_a_reader_whose_rights_are_in_doubt_gets_nothing() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        client = Client(rig, 10)
        client.reader.held = True
        rig.feed.hear(truth.commit())
        await settled(rig)
        assert client.frames == []
        client.reader.held = False
        rig.pump.wake([client.reader])
        await settled(rig)
        assert client.positions() == [11]

    warped(story())
