"""What a client of the tests has seen, as JSON lines: its cursor, and the ids of the events up to it."""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import urlencode

URL = os.environ["HUB_STREAMS"]  # of one organization: …/api/v1/orgs/acme
KEY = os.environ["HUB_KEY"]


class Ledger:
    """The history of one client, kept by the rule of docs/protocol.md."""

    def __init__(self, client: str) -> None:
        self.client = client
        self.cursor = ""

    def address(self, path: str, **query: str) -> str:
        """Where to dial; with the own cursor, where the client cannot send it otherwise."""
        return f"{URL}{path}?{urlencode({'client': self.client, **query})}"

    def take(self, frame: dict[str, Any]) -> bool:
        """Take a frame of the WebSocket; False where it does not follow what is here: then dial again."""
        if frame["frame"] == "events" and frame["after"] != self.cursor:
            return False
        self.see(frame.get("cursor") or frame.get("from") or self.cursor, frame.get("events", []))
        return True

    def see(self, cursor: str, events: list[dict[str, Any]]) -> None:
        """Note the events before a cursor."""
        self.cursor = cursor
        print(
            json.dumps({"client": self.client, "cursor": cursor, "ids": [e["id"] for e in events]}),
            flush=True,
        )
