"""Undo: what requests that are undone had done, by outcomes and log, and what becomes of each effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

import msgspec

from hub.contract import events as e
from hub.contract.ids import parse, text
from hub.contract.kinds import KINDS
from hub.contract.silence import AlertHeardAgain
from hub.contract.undo import NAMED_MAX, Effects, Kept, NamedEffect, Undone
from hub.domain.errors import Broken
from hub.domain.incident import Incident
from hub.domain.undo import Effect, Verdict
from hub.services.watching import Pinged, PingOutcome
from hub.storage.undoing import Cause, Told

_outcome = msgspec.json.Decoder(list[PingOutcome])


class Deed(NamedTuple):
    """One item of a request: when that came among others, the alert (id of the wire), what it caused."""

    arrival: int
    alert: str | None
    events: list[UUID]
    pinged: tuple[Pinged, ...]


def read_deeds(cause: Cause) -> list[Deed]:
    """The items of a request."""
    return [
        Deed(
            cause.arrival,
            item.alert,
            [id for name in item.events if (id := parse("event", name)) is not None],
            item.pinged,
        )
        for item in _outcome.decode(cause.outcome)
    ]


class Tally:
    """Effects, the newest first, and what became of them."""

    def __init__(self, told: Sequence[Told], deeds: Sequence[Deed]) -> None:
        self.effects = [_effect(each.body) for each in told]
        self.positions = {effect.id: each.position for effect, each in zip(self.effects, told, strict=True)}
        self.deeds = {text("event", id): deed for deed in deeds for id in deed.events}
        self._undone: list[NamedEffect] = []
        self._kept: list[NamedEffect] = []
        self.undone_total = self.kept_total = 0

    def is_said(self, effect: Effect, shared: Mapping[str, int]) -> bool:
        """Whether others have said the same of an alert; `shared` is when they last did. That a stale one was
        heard of again, only who came later has said too."""
        last = shared.get(text("alert", effect.subject), -1) if effect.data.about == "alert" else -1
        is_again = isinstance(effect.data, AlertHeardAgain)
        return last > (self.deeds[effect.id].arrival if is_again else -1)

    def judged(self, effect: Effect, verdict: Verdict, incident: Incident | None, name: str) -> None:
        """Note what became of one effect. What is private is named to nobody, and not counted."""
        if incident is None or not incident.private:
            place = text("incident", incident.id) if incident else None
            what, subject = effect.data.kind, text(effect.data.about, effect.subject)
            if verdict.kept or verdict.events:
                self.add(what, subject, name, verdict.kept, place)

    def add(self, what: str, subject: str, name: str, kept: Kept | None, incident: str | None = None) -> None:
        """Note what was taken back, or why it was `kept`."""
        named = NamedEffect(what=what, subject=subject, name=name, incident=incident, kept=kept)
        self.undone_total += kept is None
        self.kept_total += kept is not None
        notes = self._undone if kept is None else self._kept
        if len(notes) < NAMED_MAX:
            notes.append(named)

    def told(self, receipts: int, effects: Effects, left: int) -> Undone:
        """The answer."""
        return Undone(
            preview=False,
            receipts=receipts,
            effects=effects,
            left=left,
            undone=self._undone,
            undone_total=self.undone_total,
            kept=self._kept,
            kept_total=self.kept_total,
        )


def _effect(body: bytes) -> Effect:
    envelope = msgspec.json.decode(body, type=e.Envelope)
    struct = KINDS[envelope.type]
    subject = parse(struct.about, envelope.subject)
    if subject is None:
        raise Broken(f"{envelope.id} is about nothing.")
    return Effect(
        id=envelope.id,
        data=msgspec.json.decode(envelope.data, type=struct),
        subject=subject,
        incident=parse("incident", envelope.incident) if envelope.incident else None,
        actor=envelope.actor,
        at=envelope.time,
    )
