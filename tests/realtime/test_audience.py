"""An audience with sockets: one row of sends, out of which whoever is different is taken by itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from client import Client, Rig, read_rig, settled
from truth import Truth
from warp import warped

from hub.domain.sight import View
from hub.realtime.pump import SLICE


class Connected(Client):
    """A client whose kernel takes what `kernel` says, of each frame that goes straight to it."""

    def __init__(self, rig: Rig, position: int = 0, view: View | None = None) -> None:
        self.straight: Any = SimpleNamespace(pending=[], push=self._push)
        self.kernel: Callable[[bytes], int] = len
        self.slow: list[bytes] = []  # what came by the slow way
        self._begun = b""
        super().__init__(rig, position, view)

    def _push(self, frame: bytes) -> int:
        sent = self.kernel(frame)
        if sent == len(frame):
            super().send(frame)
        else:
            self._begun = frame[:sent]
        return sent

    def send(self, frame: bytes) -> asyncio.Future[None] | None:
        self.slow.append(frame)
        whole, self._begun = self._begun + frame, b""
        return super().send(whole)


async def row(rig: Rig, count: int) -> list[Connected]:
    """So many at the head, in one audience."""
    clients = [Connected(rig, rig.truth.head) for _ in range(count)]
    await settled(rig)
    return clients


def refuse(frame: bytes) -> int:
    raise BlockingIOError


def reset(frame: bytes) -> int:
    raise ConnectionResetError


def test_what_the_kernel_does_not_take_goes_on_by_itself_and_costs_nobody_a_frame() -> None:
    async def story() -> None:
        rig = await read_rig(Truth(10))
        clients = await row(rig, 7)
        clients[0].kernel, clients[3].kernel, clients[6].kernel = refuse, reset, lambda frame: 20
        clients[4].straight.pending.append("a ping")
        for _ in range(2):
            rig.feed.hear(rig.truth.commit())
            await settled(rig)
        assert all(client.positions() == [11, 12] for client in clients)
        assert [len(client.slow) for client in clients] == [2, 0, 0, 2, 2, 0, 2]
        assert clients[6].slow[0] == clients[1].raw[0][20:]

    warped(story())


def test_who_has_a_cursor_of_its_own_gets_what_follows_it() -> None:
    async def story() -> None:
        rig = await read_rig(Truth(10))
        clients = await row(rig, 5)
        rig.feed.hear(rig.truth.commit(kind="member.added"))
        await settled(rig)
        assert rig.pump.beat(clients[1].reader)
        assert rig.pump.beat(clients[2].reader)
        rig.feed.hear(rig.truth.commit(kind="member.added"))
        await settled(rig)
        assert rig.pump.beat(clients[2].reader)
        late = Connected(rig, 11)  # which is told by a mark that it is at the head, and joins
        await settled(rig)
        for _ in range(2):
            rig.feed.hear(rig.truth.commit())
            await settled(rig)
        everybody = [*clients, late]
        assert all(client.positions() == [13, 14] for client in everybody)
        assert len({client.raw[-2] for client in everybody}) == 3, "after 10, 11 and 12"
        assert len({client.raw[-1] for client in everybody}) == 1
        assert [len(client.slow) for client in everybody] == [0, 2, 3, 0, 0, 2]

    warped(story())


def test_who_leaves_during_a_pass_has_the_frame_or_has_it_not() -> None:
    async def story() -> None:
        rig = await read_rig(Truth(10))
        clients = await row(rig, 2 * SLICE + 10)
        rig.feed.hear(rig.truth.commit())
        await asyncio.sleep(0)  # the first slice
        have = [client for client in clients if client.frames]
        have_not = [client for client in clients if not client.frames]
        assert len(have) == SLICE
        held = [*have[:2], *have[-2:], *have_not[:2], *have_not[-2:]]  # on both sides of where it stopped
        for client in held:
            rig.pump.hold(client.reader)
        gone = have_not[7]
        rig.pump.remove(gone.reader)
        rig.feed.hear(rig.truth.commit(kind="member.added"))
        await settled(rig)
        assert [client.positions() for client in held] == 4 * [[11]] + 4 * [[]]
        for client in held:
            rig.pump.release(client.reader)
        rig.feed.hear(rig.truth.commit())
        await settled(rig)
        for client in clients:
            assert client.positions() == ([] if client is gone else [11, 13])

    warped(story())


def test_nobody_is_always_the_last() -> None:
    async def story() -> None:
        rig = await read_rig(Truth(10))
        order: list[int] = []
        clients = await row(rig, 3)
        for number, client in enumerate(clients):
            client.kernel = lambda frame, number=number: order.append(number) or len(frame)
        for _ in range(3):
            rig.feed.hear(rig.truth.commit())
            await settled(rig)
        assert [order[2], order[5], order[8]] == [0, 1, 2]

    warped(story())
