"""A client of the pump that keeps the rules of the protocol and refuses what breaks them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import msgspec
from truth import Truth

from hub.config import Config
from hub.contract import frames
from hub.domain.sight import View
from hub.realtime.batches import Batches
from hub.realtime.chunks import Chunks
from hub.realtime.encodings import Content, Messages
from hub.realtime.feed import Feed
from hub.realtime.pump import Pump
from hub.realtime.reader import Reader
from hub.services.cursors import Cursors
from hub.services.ports import utc_now

CONFIG = Config(database_url="", redis_url="", secret_keys=("a key of a test, long enough: 32",))


class Plain(Messages):
    """Frames as they are, without the framing of a transport."""

    name = "plain"

    def events(self, after: str, cursor: str, batch: Content, cursor_at: Callable[[int], str]) -> bytes:
        return frames.events(after, cursor, [event.body for event in batch.events])

    def tell(self, frame: frames.Frame) -> bytes:
        return msgspec.json.encode(frame)


class Client:
    """Applies frames as stream-protocol.md says: `after` must equal the last cursor, a reset drops all."""

    straight = None

    def __init__(self, rig: Rig, position: int = 0, view: View | None = None) -> None:
        self.rig = rig
        self.raw: list[bytes] = []
        self.frames: list[dict[str, Any]] = []
        self.history: list[tuple[str, int]] = []
        self.cut_at: float | None = None
        self.is_reading = True
        self.is_live = False
        self.encoding = Plain()
        self._stuck: list[asyncio.Future[None]] = []
        self.reader = Reader(rig.feed, view or View(whole=True), position, self)
        self.cursor = rig.batches.cursor(rig.feed, position, self.reader.view_hash)
        rig.pump.add(self.reader)

    @property
    def place(self) -> tuple[UUID, int]:
        """What the last cursor says."""
        place = self.rig.cursors.read(self.rig.truth.tenant, self.cursor)
        assert place is not None
        return place.epoch, place.position

    def read_on(self) -> None:
        """Take what was in flight, and all that follows."""
        self.is_reading = True
        while self._stuck:
            self._stuck.pop().set_result(None)

    def positions(self) -> list[int]:
        return [position for _, position in self.history]

    def names(self) -> list[str]:
        return [frame["frame"] for frame in self.frames]

    def send(self, frame: bytes) -> asyncio.Future[None] | None:
        assert not self._stuck, "more than one frame in flight"
        self.raw.append(frame)
        self._apply(msgspec.json.decode(frame))
        if self.is_reading:
            return None
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stuck.append(sent)
        return sent

    def tell(self, frame: frames.Frame) -> asyncio.Future[None] | None:
        return self.send(self.encoding.tell(frame))

    def live(self) -> None:
        self.is_live = True

    def ping(self) -> None:
        raise AssertionError("the follower pings, not the pump")

    def end(self, code: int, reason: str) -> None:
        raise AssertionError("the follower ends, not the pump")

    def cut(self) -> None:
        self.cut_at = self.cut_at or asyncio.get_running_loop().time()

    def _apply(self, frame: dict[str, Any]) -> None:
        self.frames.append(frame)
        if frame["frame"] == "events":
            assert frame["after"] == self.cursor
            place = self.rig.cursors.read(self.rig.truth.tenant, frame["cursor"])
            for event in frame["events"]:
                epoch, position = event["at"].split("/")
                assert place is not None
                assert epoch == str(place.epoch)
                assert int(position) <= place.position
                self.history.append((epoch, int(position)))
        elif frame["frame"] == "reset":
            self.history.clear()
        self.cursor = frame["cursor"]


class Rig:
    """One feed on a log in memory, with its chunks and its pump."""

    def __init__(self, truth: Truth) -> None:
        self.truth = truth
        self.cursors = Cursors(CONFIG)
        self.chunks = Chunks()
        self.batches = Batches(self.chunks, self.cursors)
        self.pump = Pump(self.batches, utc_now)
        self.feed = Feed(truth.tenant, truth.source, self.chunks, self.pump.moved, self.pump.restarted)


async def read_rig(truth: Truth) -> Rig:
    rig = Rig(truth)
    await rig.feed.behind()
    return rig


async def calm() -> None:
    """Let everything that is under way come to its end: 5 s are enough for every repair (I12)."""
    for _ in range(100):
        await asyncio.sleep(0.05)


async def settled(rig: Rig) -> None:
    """Read the log to its end, then be calm."""
    await rig.feed.behind()
    await calm()
