"""What cannot be is not sent: it is counted, and the reader begins anew or is cut."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from client import Client, calm, read_rig, settled
from truth import Truth
from warp import warped

from hub.metrics import INVARIANTS_BROKEN
from hub.realtime import slow


def broken(invariant: str) -> float:
    return float(INVARIANTS_BROKEN.labels(invariant)._value.get())


def test_what_is_in_memory_and_not_the_log_is_never_sent_but_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def story() -> None:
        rig = await read_rig(Truth(10))
        whole = rig.chunks.after
        monkeypatch.setattr(rig.chunks, "after", lambda *at: (whole(*at) or [])[1:])
        client = Client(rig, 4)
        await settled(rig)
        assert [frame.get("reason") for frame in client.frames] == ["trimmed"]

    before = broken("I3")
    warped(story())
    assert broken("I3") == before + 1


def test_a_mark_that_would_not_be_true_is_not_sent_but_counted() -> None:
    async def story() -> None:
        rig = await read_rig(Truth(10))
        client = Client(rig, 10)
        client.reader.position = 11
        assert rig.pump.beat(client.reader)
        await settled(rig)
        assert [frame.get("reason") for frame in client.frames] == ["trimmed"]
        assert client.place[1] == 10

    before = broken("I9")
    warped(story())
    assert broken("I9") == before + 1


def test_who_was_told_of_an_event_is_not_told_again_but_cut_and_counted() -> None:
    async def story() -> None:
        rig = await read_rig(Truth(10))
        client = Client(rig, 4)
        client.reader.told = 7
        await settled(rig)
        assert not client.frames
        assert client.cut_at is not None

    before = broken("I2")
    with pytest.raises(AssertionError, match="Twice"):
        warped(story())
    assert broken("I2") == before + 1


def test_a_log_that_was_cut_within_its_epoch_is_counted_and_everybody_begins_anew() -> None:
    async def story() -> None:
        truth = Truth(10)
        rig = await read_rig(truth)
        client = Client(rig, 10)
        await calm()
        truth.cut(7)
        await settled(rig)
        assert [frame.get("reason") for frame in client.frames] == ["epoch"]
        assert client.place == (truth.epoch, 7)

    before = broken("I4")
    warped(story())
    assert broken("I4") == before + 1


def test_who_has_too_much_waiting_is_cut_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        rig = await read_rig(Truth(10))
        stuffed, slim = Client(rig, 10), Client(rig, 10)
        await calm()
        stuffed.is_reading = slim.is_reading = False
        rig.feed.hear(rig.truth.commit())
        await calm()
        monkeypatch.setattr(stuffed, "straight", SimpleNamespace(waiting=slow.BYTES_MAX + 1), raising=False)
        rig.pump.cut_blocked()
        assert stuffed.cut_at is not None
        assert slim.cut_at is None

    before = broken("I11")
    warped(story())
    assert broken("I11") == before + 1
