"""The prefix of a log, by table: append, drop, or read."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from hub.realtime.hint import Hint
from hub.realtime.prefix import Hole, Prefix, Verdict
from hub.storage.log import LogEvent

EPOCH, OTHER = UUID(int=1), UUID(int=2)


def events(*positions: int) -> list[LogEvent]:
    return [LogEvent(position, "incident.noted", None, b"{}") for position in positions]


def hint(*positions: int, head: int = 0, epoch: UUID = EPOCH) -> Hint:
    return Hint(uuid4(), epoch, head or positions[-1], events(*positions))


@pytest.mark.parametrize(
    ("heard", "verdict"),
    [
        (hint(11), Verdict.APPEND),
        (hint(11, 12, 13), Verdict.APPEND),
        (hint(9, 10, 11), Verdict.APPEND),
        (hint(10), Verdict.DROP),
        (hint(3, 4), Verdict.DROP),
        (hint(head=10), Verdict.DROP),
        (hint(12), Verdict.READ),
        (hint(11, 13), Verdict.READ),
        (hint(11, 11, 12), Verdict.READ),
        (hint(12, 11, 13, head=13), Verdict.READ),
        (hint(11, 12, head=13), Verdict.READ),
        (hint(head=11), Verdict.READ),
        (hint(11, epoch=OTHER), Verdict.READ),
        (hint(3, epoch=OTHER), Verdict.READ),
    ],
)
def test_a_hint_is_appended_where_it_continues_dropped_where_it_is_old_and_else_read(
    heard: Hint, verdict: Verdict
) -> None:
    prefix = Prefix()
    prefix.start(EPOCH, 10)
    assert prefix.hear(heard) is verdict
    assert (prefix.epoch, prefix.head) == (EPOCH, 10)


def test_before_the_first_read_every_hint_asks_for_one() -> None:
    assert Prefix().hear(hint(1)) is Verdict.READ


def test_taking_moves_the_head_over_what_is_new_only() -> None:
    prefix = Prefix()
    prefix.start(EPOCH, 10)
    assert [event.position for event in prefix.take(events(9, 10, 11, 12))] == [11, 12]
    assert prefix.head == 12
    assert prefix.take(events(11, 12)) == []


@pytest.mark.parametrize("positions", [(12,), (11, 13), (11, 11)])
def test_taking_refuses_a_gap_and_a_repetition(positions: tuple[int, ...]) -> None:
    prefix = Prefix()
    prefix.start(EPOCH, 10)
    with pytest.raises(Hole):
        prefix.take(events(*positions))
    assert prefix.head == 10


def test_what_the_ear_heard_counts_in_its_own_epoch_only() -> None:
    prefix = Prefix()
    prefix.start(EPOCH, 10)
    prefix.hear(hint(12))
    prefix.hear(hint(90, epoch=OTHER))
    assert prefix.has_heard(EPOCH, 12)
    assert not prefix.has_heard(EPOCH, 13)
    prefix.start(OTHER, 10)
    assert not prefix.has_heard(OTHER, 1)
    assert prefix.has_heard(EPOCH, 99)  # nobody can say any more
