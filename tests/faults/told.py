"""What readers understand of what they are told."""

from __future__ import annotations

import msgspec


class Told(msgspec.Struct):
    """What a reader looks at; events stay bytes."""

    frame: str = ""
    after: str = ""
    cursor: str = ""
    from_: str = msgspec.field(name="from", default="")
    events: list[msgspec.Raw] = []
    hidden: list[str] = []
    incident: str = ""
    phase: str = ""
    items: list[msgspec.Raw] = []
    reason: str = ""
    code: str = ""


class Spoken(msgspec.Struct):
    """What of an event is written down, and the text of a beacon."""

    class Text(msgspec.Struct, frozen=True):
        """The member of a note."""

        text: str = ""

    id: str
    data: Text = Text()


class State(msgspec.Struct):
    """What of an incident's header is written down."""

    id: str
    version: int
