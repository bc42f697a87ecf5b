"""The owner's browser on one kept connection, for thousands of requests; it judges every answer."""

from __future__ import annotations

import http.client
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from victim import PASSWORD, Victim

from hub.door.guard import cookie_name


@dataclass(frozen=True)
class Answer:
    """One answer, read whole; the names of its headers in small letters."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Its body, which is JSON."""
        return json.loads(self.body)

    @property
    def pointers(self) -> list[str]:
        """The fields that are to blame."""
        return [error["pointer"] for error in self.json.get("errors", [])]


class Client:
    """Asks, and fails at once where an answer is a fault of ours or no problem body."""

    def __init__(self, victim: Victim, org: str = "acme") -> None:
        self.victim = victim
        self.asked = 0
        self._connection = http.client.HTTPConnection("127.0.0.1", victim.port, timeout=30)
        self.headers = {"Origin": f"http://{victim.host}", "Content-Type": "application/json"}
        signed = json.dumps({"email": f"owner@{org}.example", "password": PASSWORD}).encode()
        answer = self("POST", "/api/v1/session", signed)
        assert answer.status == 201
        self.headers["X-CSRF-Token"] = answer.json["csrf"]

    def __call__(self, method: str, path: str, body: bytes | None = None, **headers: str | None) -> Answer:
        """One request; a header that is None is left out, and an underline in a name is a hyphen."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = {name: value for name, value in (self.headers | given).items() if value is not None}
        self._connection.request(method, path, body, {name: value.encode() for name, value in sent.items()})
        answer = self._connection.getresponse()
        found = {name.lower(): value for name, value in answer.headers.items()}
        read = Answer(answer.status, found, answer.read())
        self.asked += 1
        self._keep(read)
        self._judge(f"{method} {path} {str(headers)[:300]} {(body or b'')[:300]!r}", read)
        return read

    def _keep(self, answer: Answer) -> None:
        """Take a new session, as a browser does: signing in and founding an organization give one."""
        cookie = answer.headers.get("set-cookie", "")
        if answer.status < 300 and cookie.startswith(cookie_name(self.victim.config) + "="):
            self.headers["Cookie"] = cookie.partition(";")[0]
            self.headers["X-CSRF-Token"] = answer.headers.get("x-csrf-token", "")

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def vendor(self, path: str, body: bytes, key: str, **headers: str) -> Answer:
        """What a sender asks: no cookie, a key of an integration."""
        return self("POST", path, body, Cookie=None, X_CSRF_Token=None, Origin=None,
                    Authorization=f"Bearer {key}", **headers)  # fmt: skip

    def _judge(self, asked: str, answer: Answer) -> None:
        assert answer.status < 500, (asked, answer)
        assert b"Traceback" not in answer.body, asked
        assert "x-injected" not in answer.headers, asked
        if answer.status >= 400 and asked.partition("?")[0].split()[1] != "/":
            kind = answer.headers["content-type"]
            assert kind in {"application/problem+json", "application/json"}, (asked, answer)
            if kind == "application/problem+json":
                said = answer.json
                assert said["status"] == answer.status, asked
                assert said["code"] != "internal", asked
                assert said["request_id"], asked


def segment(word: str) -> str:
    """A word as one segment of a path, or a value of a query."""
    return quote(word, safe="")
