"""Every secret that a hub hands out or is handed, and the search for each of them in all its spellings."""

from __future__ import annotations

import re
import urllib.error
import urllib.request
from base64 import b64encode, urlsafe_b64decode
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import msgspec

# How a field that holds a secret is called, on the wire; and those which are called so and hold none.
TELLING = re.compile(r"secret|ticket|password|token|csrf|cookie|credential|^(current|new|link|key)$|_key$")
HARMLESS = {"dedup_key", "group_key", "password_reset", "Me.key", "MyOrganization.key"}
BYTEA = re.compile(rb"\\\\?x((?:[0-9a-f]{2}){8,})")
ESCAPE = re.compile(rb"\\\\?u00([2-7][0-9a-fA-F])")


def spellings(secret: str) -> set[bytes]:
    """How a secret may be written: plainly, in hex, in base64 (at any place of a text), for an address."""
    plain = secret.encode()
    found = {plain, plain.hex().encode(), plain.hex().upper().encode(), quote(secret, safe="").encode()}
    found.add(re.sub(rb"%[0-9A-F]{2}", lambda one: one[0].lower(), quote(secret, safe="").encode()))
    for shift in range(3):  # what stands before it moves the letters; those that others share are left out
        coded = b64encode(b"\0" * shift + plain)
        inside = coded[(0, 2, 3)[shift] : -4]
        found |= {inside, inside.translate(bytes.maketrans(b"+/", b"-_"))}
    return found


def unwrapped(text: bytes) -> bytes:
    """A text, with what its hexadecimal columns hold, and both without JSON's escapes."""
    whole = text + b"\n" + b"\n".join(bytes.fromhex(one.decode()) for one in BYTEA.findall(text))
    return whole + b"\n" + ESCAPE.sub(lambda one: bytes([int(one[1], 16)]), whole)


def hits(text: bytes, secrets: set[str]) -> list[str]:
    """The spellings of secrets that are in the (unwrapped) text."""
    return sorted(spelled.decode() for secret in secrets for spelled in spellings(secret) if spelled in text)


@dataclass
class Issued:
    """The secrets so far, and the (method, route) pairs that were used."""

    secrets: set[str] = field(default_factory=set)
    used: set[tuple[str, str]] = field(default_factory=set)

    def note(self, *secrets: str) -> None:
        """Remember secrets, and what is inside a signed one."""
        for secret in secrets:
            assert len(secret) >= 10, "too short to be told from other text"
            bare = secret.rpartition("#")[2]
            self.secrets.add(bare)
            inner = bare.split(".")[0] if bare.count(".") >= 2 else ""
            if len(inner) >= 16:
                self.secrets.add(inner)
                self.secrets.add(
                    urlsafe_b64decode(inner + "=" * (-len(inner) % 4)).decode(errors="ignore").strip('"')
                )

    def learn(self, body: Any, owner: str = "") -> None:
        """Remember every value of a telling field, at any depth."""
        if isinstance(body, list):
            for each in body:
                self.learn(each)
        elif isinstance(body, dict):
            for name, value in body.items():
                if isinstance(value, str) and value and TELLING.search(name) and name not in HARMLESS:
                    self.note(value)
                else:
                    self.learn(value)


@dataclass
class Client:
    """Somebody at the hub: nobody, a browser with its cookie, or a key."""

    url: str
    issued: Issued
    key: str = ""
    cookie: str = ""
    csrf: str = ""

    def __call__(self, method: str, path: str, body: Any = None, status: int = 0, **headers: str) -> Any:
        """Ask, and learn from the question and the answer; the answer's JSON. Fail at another status."""
        sent = {"Origin": self.url, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.key:
            sent["Authorization"] = f"Bearer {self.key}"
        if self.cookie:
            sent |= {"Cookie": self.cookie, "X-CSRF-Token": self.csrf}
        content = body if isinstance(body, bytes) or body is None else msgspec.json.encode(body)
        if content is not None:
            sent.setdefault("Content-Type", "application/json")
        if content is not None and content is not body:
            self.issued.learn(body)
        request = urllib.request.Request(self.url + path, content, sent, method=method)  # noqa: S310
        try:
            answer = urllib.request.urlopen(request, timeout=20)  # noqa: S310 - our own address
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            raw = answer.read()
        assert not status or answer.status == status, (method, path, answer.status, raw[:500])
        for line in answer.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            if len(value) > 10:
                self.issued.note(value)
                self.cookie = f"{name}={value}"
        is_json = "json" in (answer.headers["Content-Type"] or "") and raw
        said = msgspec.json.decode(raw) if is_json else None
        if isinstance(said, dict) and path != "/api/v1/me":
            self.issued.learn(said)
        if isinstance(said, dict) and said.get("csrf"):
            self.issued.note(said["csrf"])
            self.csrf = said["csrf"]
        self.issued.used.add((method, path.partition("?")[0]))
        return said
