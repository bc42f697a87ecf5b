"""One example of each frame, for the description of the streams: an incident of acme's, and its stream."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import msgspec

from hub.contract import frames
from hub.contract.events import Envelope, IncidentNoted

CURSORS: Final = [
    "q3u1nG0vVvX1kq0mJ8Q2l7c4r6dZp9yB5xw0sT-eFhA1uIoLkMjNbGvCzXy",
    "Zr8wQk2JtY6vB1nM5xC9pL0sD4gH7fK3aT_eRiU8oWqEyXvNzGm2hJbVcPd",
    "mV0cX7zB4nL1kJ8hG5fD2sA9pO6iU3yT-rEwQ_tYuIoPaSdFgHjKlZxCvBn",
]
INCIDENT: Final = "inc_06ip7hd03dst7a16qasfknqpvg"
AT: Final = datetime(2026, 11, 27, 21, 45, 6, tzinfo=UTC)
NOTED: Final = Envelope(
    id="evt_06ip7hd03dst7e3m0q8rtvns4k",
    type=IncidentNoted.kind,
    time=AT,
    source="/tenants/ten_06ip7gg03dst702ihr3fch8dq4",
    subject=INCIDENT,
    actor="mem_06ip7gg03dst71q6bq8a14ch3s",
    actorname="Ann",
    schemaversion=1,
    incident=INCIDENT,
    incidentversion=7,
    incidentseverity="SEV2",
    correlationid="req_3f2a9c",
    data=msgspec.Raw(msgspec.json.encode(IncidentNoted(text="The disk is full."))),
)
FRAMES: Final[tuple[frames.Frame, ...]] = (
    frames.Hello(after=CURSORS[0], filter="severity:<=2", snapshot="auto"),
    frames.Ack(cursor=CURSORS[1]),
    frames.Command(
        id="note-1", name="note", incident=INCIDENT, args=msgspec.Raw(b'{"text":"The disk is full."}')
    ),
    frames.Here(incident=INCIDENT, state="typing"),
    frames.Welcome(
        from_=CURSORS[0],
        head=CURSORS[2],
        mode="replay",
        heartbeat_ms=15_000,
        retry=frames.Retry(min=200, max=5_000),
        limits=frames.Limits(message_bytes=65_536, messages_per_second=20),
    ),
    frames.Events(after=CURSORS[0], cursor=CURSORS[1], events=[msgspec.Raw(msgspec.json.encode(NOTED))]),
    frames.Mark(cursor=CURSORS[2], at=AT),
    frames.Reset(reason="view", cursor=CURSORS[2]),
    frames.Snapshot(phase="end", cursor=CURSORS[2], is_complete=True),
    frames.Hidden(incident=INCIDENT),
    frames.Reply(id="note-1", status=200, body=msgspec.Raw(b'{"events":[]}')),
    frames.Presence(
        incident=INCIDENT, members=(frames.Member("mem_06ip7gg03dst71q6bq8a14ch3s", "Ann", "typing"),)
    ),
    frames.Goaway(after_ms=1_730, reason="restart"),
    frames.Error(code="revoked", message="Your access to this organization has ended."),
)
