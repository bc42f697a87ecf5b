"""Resuming a stream: the verdict on a cursor, all or nothing."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from hub.domain.resume import Place, Plan, is_further, plan

EPOCH, OTHER = UUID(int=1), UUID(int=2)
VIEW, NARROWER = b"view", b"less"
HEAD = 10


def place(position: int, epoch: UUID = EPOCH, view: bytes = VIEW) -> Place:
    return Place(epoch=epoch, position=position, view=view)


@pytest.mark.parametrize(
    ("cursor", "sure", "verdict"),
    [
        (None, False, Plan(mode="live", position=HEAD)),
        (place(HEAD), False, Plan(mode="live", position=HEAD)),
        (place(9), False, Plan(mode="replay", position=9)),
        (place(0), False, Plan(mode="replay", position=0)),
        (place(11), False, Plan(mode="ahead", position=HEAD)),
        (place(11), True, Plan(mode="reset", position=HEAD, reason="epoch")),
        (place(9), True, Plan(mode="replay", position=9)),
        (place(9, OTHER), False, Plan(mode="reset", position=HEAD, reason="epoch")),
        (place(11, OTHER), False, Plan(mode="reset", position=HEAD, reason="epoch")),
        (place(9, EPOCH, NARROWER), False, Plan(mode="reset", position=HEAD, reason="view")),
        (place(HEAD, EPOCH, NARROWER), False, Plan(mode="reset", position=HEAD, reason="view")),
        (place(11, EPOCH, NARROWER), False, Plan(mode="reset", position=HEAD, reason="view")),
        (place(9, OTHER, NARROWER), False, Plan(mode="reset", position=HEAD, reason="epoch")),
    ],
)
def test_a_cursor_is_replayed_wholly_or_reset(cursor: Place | None, sure: bool, verdict: Plan) -> None:
    assert plan(cursor, EPOCH, HEAD, VIEW, sure) == verdict


@pytest.mark.parametrize("cursor", [None, place(0)])
def test_an_empty_log_is_live_at_once(cursor: Place | None) -> None:
    assert plan(cursor, EPOCH, 0, VIEW) == Plan(mode="live", position=0)


@pytest.mark.parametrize(
    ("to", "moves"),
    [
        (place(4), False),
        (place(5), False),
        (place(6), True),
        (place(4, view=NARROWER), False),
        (place(5, view=NARROWER), True),
        (place(6, view=NARROWER), True),
        (place(1, epoch=OTHER), True),
    ],
)
def test_what_was_acknowledged_only_goes_on_within_an_epoch(to: Place, moves: bool) -> None:
    assert is_further(place(5), to) is moves


def test_what_was_owed_is_behind_it_at_the_same_position() -> None:
    owed = msgspec.structs.replace(place(5), owed=OTHER)
    assert is_further(owed, place(5))
    assert not is_further(place(5), owed)
    assert not is_further(owed, owed)
