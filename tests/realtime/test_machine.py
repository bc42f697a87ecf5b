"""The core of the stream under random histories; and broken ones, which must be found out.

HYPOTHESIS_STREAMS is how many histories are tried, 40 if it is not set.
"""

from __future__ import annotations

import ast
import os
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from machine import Stream
from msgspec.structs import replace

from hub.contract.ids import TenantId
from hub.realtime.batches import Batches
from hub.realtime.chunks import SIZE, Chunks
from hub.realtime.feed import Feed
from hub.realtime.hint import Hint
from hub.realtime.pump import Pump
from hub.realtime.reader import Reader
from hub.storage.log import LogEvent

HUB = Path(__file__).resolve().parent.parent.parent / "hub"
HISTORIES = int(os.environ.get("HYPOTHESIS_STREAMS") or 40)
BROKEN = 200  # histories in which a planted defect is found at the latest
STEPS = 40
SLOWLY = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]


def run(machine: type[Stream], histories: int, **how: bool) -> None:
    """Raises the first finding, as it is: no search for others, nor for a shorter history, which may take for
    ever with a core that is broken."""
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=histories, stateful_step_count=STEPS, deadline=None, database=None,
            suppress_health_check=SLOWLY, phases=[Phase.generate], report_multiple_bugs=False, **how,
        ),
    )  # fmt: skip


@pytest.mark.timeout(max(120, HISTORIES * 2))
def test_whatever_happens_every_reader_has_exactly_its_view_of_the_log() -> None:
    run(Stream, HISTORIES)


class Forgetful(Chunks):
    """Drops the event before the last one of a chunk, and goes on as if it were there."""

    def after(self, tenant: TenantId, position: int) -> list[LogEvent] | None:
        found = super().after(tenant, position)
        return found and [event for event in found if event is found[-1] or event.position % SIZE != SIZE - 1]


class Deaf(Feed):
    """Does not tell the readers that the log is another one."""

    async def _start_over(self, head: object, reason: str) -> bool:
        self._restarted = lambda feed, reason: None
        return await super()._start_over(head, reason)  # type: ignore[arg-type]


class Trusting(Feed):
    """Appends what it hears, wherever that begins."""

    def hear(self, hint: Hint | None) -> None:
        if hint is not None:
            first = self.prefix.head + 1
            self._append([replace(event, position=first + n) for n, event in enumerate(hint.events)])


class Careless(Feed):
    """Tells nobody that rights are in doubt, nor that an incident is private now."""

    def _append(self, events: Sequence[LogEvent]) -> None:
        new = self.prefix.take(events)
        self._chunks.append(self.tenant, new)
        self._moved(self)


class Silent(Batches):
    """Has told of what left as soon as the event is told, whether or not the connection ends there."""

    def cursor(self, feed: Feed, position: int, view_hash: bytes, owed: object = None) -> str:
        return super().cursor(feed, position, view_hash)


class Ruthless(Pump):
    """Sends on while rights are in doubt."""

    def hold(self, reader: Reader) -> None:
        """Does not."""


class Ahead(Pump):
    """Marks the head before it has sent what is below it."""

    def _advance(self, reader: Reader) -> None:
        reader.position = reader.feed.prefix.head
        self._mark(reader)


class Restless(Pump):
    """Looks after a reader again and again, though nothing is to do."""

    def _join(self, reader: Reader) -> None:
        self.wake([reader])


@pytest.mark.parametrize(
    ("part", "broken", "found"),
    [
        ("chunks_of", Forgetful, "'I1:"),
        ("feed_of", Deaf, "'I[13]:|never idle"),
        ("feed_of", Trusting, "'(I|exception)"),
        ("feed_of", Careless, "'I10:"),
        ("batches_of", Silent, "'I1:"),
        ("pump_of", Ruthless, "'I10:"),
        ("pump_of", Ahead, "'I10?:"),
        ("pump_of", Restless, "never idle"),
    ],
)
def test_a_broken_core_is_found_out(part: str, broken: type, found: str) -> None:
    """In the same histories each time."""
    machine = type("Broken", (Stream,), {part: broken})
    with pytest.raises(Exception, match=found):
        run(machine, BROKEN, derandomize=True)


CORE = (
    "domain.filter", "domain.resume", "domain.sight", "realtime.audience", "realtime.batches",
    "realtime.chunks", "realtime.encodings", "realtime.feed", "realtime.fetches", "realtime.heads",
    "realtime.hint", "realtime.prefix", "realtime.pump", "realtime.reader", "services.cursors",
)  # fmt: skip
OUTSIDE = {"asyncpg", "redis", "select", "socket", "sqlalchemy", "time", "tornado"}


@pytest.mark.parametrize("name", CORE)
def test_the_core_touches_no_socket_database_or_clock(name: str) -> None:
    """What it is given may: the source of a feed, the line of a reader, the clock of the pump."""
    tree = ast.parse((HUB / f"{name.replace('.', '/')}.py").read_text())
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
    modules = {getattr(node, "module", None) or node.names[0].name for node in imports}
    assert not {module.partition(".")[0] for module in modules} & OUTSIDE
