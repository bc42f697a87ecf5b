"""The verdict on a resume: where a stream starts, given a cursor's place and the log's head."""

from __future__ import annotations

from uuid import UUID

import msgspec


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """What a cursor holds: a position, in an epoch of the log, in a view.

    `owed` is the incident that the event at this position took out of what was asked for, while the holder
    has the event and was not told so yet. Whoever goes on from there is told first.
    """

    epoch: UUID
    position: int
    view: bytes
    owed: UUID | None = None

    def is_in(self, epoch: UUID, view: bytes) -> bool:
        """Whether it means something in this epoch and view."""
        return self.epoch == epoch and self.view == view


def is_further(place: Place, other: Place) -> bool:
    """Whether `other` moves an acknowledged place: further in the same epoch, at the same position what was
    owed there or another view, or into another epoch; never backwards."""
    if place.epoch != other.epoch or place.position < other.position:
        return True
    is_told = place.owed is not None and other.owed is None
    return place.position == other.position and (place.view != other.view or is_told)


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """`mode` is live, replay, reset or ahead; `position` is the last one the client is taken to have, but for
    what it is `owed` there.

    `ahead` is a question: the cursor is above our head, which may be a second old; read the head again
    and plan once more with `sure=True`, and only then is it a reset.
    """

    mode: str
    position: int
    reason: str = ""
    owed: UUID | None = None


def plan(place: Place | None, epoch: UUID, head: int, view: bytes, sure: bool = False) -> Plan:
    """Decide all or nothing: every event after the place, or a reset; never "mostly".

    Without a place the stream starts at the head. On a mismatch of epoch or view nothing is replayed.
    """
    if place is None:
        return Plan(mode="live", position=head)
    if place.epoch != epoch:
        return Plan(mode="reset", position=head, reason="epoch")
    if place.view != view:
        return Plan(mode="reset", position=head, reason="view")
    if place.position > head:
        if not sure:
            return Plan(mode="ahead", position=head)
        return Plan(mode="reset", position=head, reason="epoch")
    mode = "live" if place.position == head else "replay"
    return Plan(mode=mode, position=place.position, owed=place.owed)
