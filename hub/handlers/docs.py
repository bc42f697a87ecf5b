"""Docs: the descriptions for machines, of the API and of the streams."""

from __future__ import annotations

from typing import Any

from hub.door.request import Request
from hub.door.says import says


class Description(Request):
    """`/api/v1/openapi.json`"""

    description: bytes

    @says(dict[str, Any])
    def get(self) -> None:
        """This description of the API, for machines."""
        self.set_header("Content-Type", "application/json")
        self.write(self.description)


class StreamDescription(Request):
    """`/api/v1/asyncapi.json`"""

    stream_description: bytes

    @says(dict[str, Any])
    def get(self) -> None:
        """The description of the streams, for machines (AsyncAPI 3.0)."""
        self.set_header("Content-Type", "application/json")
        self.write(self.stream_description)
