"""Docs: the description for machines, and what each problem code means; every problem links here."""

from __future__ import annotations

from typing import Any

from tornado.escape import xhtml_escape

from hub.domain.errors import HubError
from hub.door.problems import STATUS
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


class Problems(Request):
    """`/docs/problems`"""

    def get(self) -> None:
        """One entry a code, out of the one table of errors."""
        entries = "".join(
            f'<dt id="{error.code}"><code>{error.code}</code> ({status})<dd>{xhtml_escape(_meaning(error))}'
            for error, status in sorted(STATUS.items(), key=lambda entry: (entry[1], entry[0].code))
            if "code" in vars(error)
        )
        self.set_header("Content-Type", "text/html; charset=utf-8")
        self.write(
            '<!doctype html><html lang="en"><meta charset="utf-8"><title>Problems · IncidentHub</title>'
            "<h1>Problems</h1><p>Errors are <code>application/problem+json</code> (RFC 9457); "
            f"<code>code</code> never changes its meaning.</p><dl>{entries}</dl></html>"
        )


def _meaning(error: type[HubError]) -> str:
    return (error.__doc__ or "").split("\n", 1)[0]
