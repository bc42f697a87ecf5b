"""What cannot be is not sent: it is counted, and the reader begins anew or is cut."""

from __future__ import annotations

import pytest
from client import Client, read_rig, settled
from truth import Truth
from warp import warped

from hub.metrics import INVARIANTS_BROKEN


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
