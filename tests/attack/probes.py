"""The plan of the attack: every method of every route and every command, out of the tables themselves."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, Final
from urllib.parse import quote

import msgspec

from hub.contract.commands import COMMANDS
from hub.contract.ids import PREFIXES
from hub.contract.words import Action
from hub.door.route import ByCommand, Public, Route
from hub.door.says import Says, said
from hub.routes import ROUTES

Things = dict[str, str]  # what an organization has, by the name of the place where a route takes it

# What stands in a path: the kind of its id (contract/ids.py), or an empty word for what is no id.
PLACES: Final = {
    "incident": "incident", "service": "service", "integration": "integration", "api_key": "key",
    "member": "member", "team": "team", "invitation": "invitation", "binding": "binding",
    "receipt": "receipt", "session": "session", "consumer": "consumer", "heartbeat": "heartbeat", "org": "",
    "command": "", "key": "", "link": "", "build": "", "name": "", "beat": "",
    "identifier": "", "verb": "", "request": "",
}  # fmt: skip

# What a field of a body refers to: the places of the things that may stand there.
REFERENCES: Final = {
    "service": ("service",),
    "services": ("service",),
    "team": ("team",),
    "integration": ("integration",),
    "subject": ("member", "team", "api_key"),
    "scope": ("service", "team", "incident"),
    "commander": ("member",),
    "members": ("member",),
    "teams": ("team",),
    "keys": ("api_key",),
    "cursor": ("cursor",),
}
KINDS: Final = {prefix: kind for kind, prefix in PREFIXES.items()}
HERE: Final = "tests/attack/probes.py"
_numbers = count(1)
PASSWORD: Final = "correct horse battery staple"
# What else a body may say; what must be unlike all before is made anew.
WORDS: Final[dict[str, Any]] = {
    "name": lambda: f"thing-{next(_numbers)}",
    "filter": "severity:<=2",
    "holder": 0,
    "slug": lambda: f"org-{next(_numbers)}",
    "email": lambda: f"guest{next(_numbers)}@elsewhere.example",
    "title": "Disk full",
    "text": "Looking at it",
    "severity": "SEV4",
    "tier": 2,
    "interval_seconds": 60,
    "stale_after_seconds": 3600,
    "storm_after": 20,
    "expire": "stale",
    "alerts": ["alr_1"],
    "grace_seconds": 30,
    "enabled": True,
    "fed_by": "Watchdog",
    "runbook_url": "https://wiki.example/disk",
    "links": [{"title": "Dashboard", "url": "https://graphs.example/disk"}],
    "auto_resolve": "always",
    "reopen_within_seconds": 60,
    "overlap_seconds": 60,
    "role": "observer",
    "scopes": ["incident:read"],
    "expires_at": "2090-01-01T00:00:00Z",
    "expires_in_seconds": 600,
    "display_name": lambda: f"Person {next(_numbers)}",
    "time_zone": "Europe/Berlin",
    "password": PASSWORD,
    "current": "not the one that it is",
    "new": "another horse with a battery",
    "if_version": 1,
    "addresses": ["203.0.113.0/24"],
    "quarantined": "process",
    "since": "2090-01-01T00:00:00Z",
    "preview": False,
    "scheme": "github",
    "secret": "a secret of the sender's own",
    "reason": "An audit",
    "body": "{}",
    "private": {},
}
# What senders put into their bodies, by the format of the route.
INTAKE: Final[dict[str, Callable[[Things], Any]]] = {
    "generic": lambda things: {"title": "Disk full", "dedup_key": "disk"},
    "pagerduty": lambda things: {
        "routing_key": things.get("key", ""),
        "event_action": "trigger",
        "dedup_key": "disk",
        "payload": {"summary": "Disk full", "source": "db-1", "severity": "critical"},
    },
    "alertmanager": lambda things: {
        "version": "4",
        "groupKey": "disk",
        "status": "firing",
        "alerts": [{"status": "firing", "labels": {"alertname": "Disk"}, "fingerprint": "0" * 16}],
    },
    "grafana": lambda things: {
        "version": "1",
        "alerts": [{"status": "firing", "labels": {"alertname": "Disk"}, "fingerprint": "0" * 16}],
    },
    "pagerduty_change": lambda things: {
        "routing_key": things.get("key", ""),
        "payload": {"summary": "Deployed", "source": "ci"},
    },
    "pagerduty_v1": lambda things: {
        "service_key": things.get("key", ""),
        "event_type": "trigger",
        "incident_key": "disk",
        "description": "Disk full",
    },
    "opsgenie": lambda things: {"message": "Disk full", "alias": "disk", "note": "Look"},
    "prometheus": lambda things: [{"labels": {"alertname": "Disk"}}],
    "cloudevents": lambda things: {
        "specversion": "1.0",
        "id": "1",
        "source": "/db-1",
        "type": "disk.full",
        "data": {"title": "Disk full", "dedup_key": "disk"},
    },
}


class Unplanned(AssertionError):
    """A route takes something that the attack does not know. The message says what to add, and where."""


@dataclass(frozen=True)
class Probe:
    """One method of one route; of the route of the commands, one command."""

    method: str
    route: Route
    command: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.route.path.replace('{command}', self.command)}"

    @property
    def says(self) -> Says:
        """What the method declares, where it does."""
        return said(self.route.handler, self.method) or Says()

    @property
    def action(self) -> Action | None:
        """What its caller must be allowed to do; None where anybody may call."""
        guard = self.route.guards[self.method]
        if isinstance(guard, ByCommand):
            return COMMANDS[self.command].action
        return None if isinstance(guard, Public) else guard

    @property
    def is_unsafe(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"

    @property
    def is_setting(self) -> bool:
        """Whether a sender's key does more with it than send: it says which heartbeats there are."""
        return self.route.handler.__module__ == "hub.handlers.opsgenie_heartbeats"

    @property
    def places(self) -> list[str]:
        """The names in its path."""
        return re.findall(r"\{(\w+)", self.route.path)

    @property
    def ids(self) -> list[str]:
        """The names in its path that are ids."""
        return [place for place in self.places if PLACES[place]]

    @property
    def references(self) -> dict[str, tuple[str, ...]]:
        """The fields of its body that name other things."""
        return {name: REFERENCES[name] for name in self._fields if name in REFERENCES}

    @property
    def required(self) -> set[str]:
        """The fields that its body cannot be without."""
        takes = self._takes
        if not is_struct(takes):
            return set()
        return {field.encode_name for field in msgspec.structs.fields(takes) if field.required}

    @property
    def is_in_organization(self) -> bool:
        """Whether it is about one organization."""
        return self.route.path.startswith("/api/v1/orgs/{org}")

    def path(self, things: Things) -> str:
        """Its address, where these things stand in the places."""
        values = things | {"command": self.command}

        def put(found: re.Match[str]) -> str:
            return quote(values[found[1]], safe="/" if found[2] else "")

        return re.sub(r"\{(\w+)(:path)?\}", put, self.route.path)

    def body(self, things: Things, *more: str) -> Any:
        """A body that it takes: the fields that it requires and `more`; None where it takes none."""
        takes = self._takes
        if takes is None:
            return None
        if not is_struct(takes):
            return INTAKE[self.route.kwargs["source"].NAME](things)
        wanted = self.required | set(more)
        return {name: self._value(takes, name, things) for name in self._fields if name in wanted}

    def require_known(self) -> None:
        """Raise Unplanned for a place, a field or a format that no table here names."""
        for place in self.places:
            if place not in PLACES:
                raise Unplanned(f"{self}: add {{{place}}} to PLACES in {HERE}, and make one in estate.py.")
        for name in self._fields:
            if name not in REFERENCES and name not in WORDS:
                raise Unplanned(
                    f"{self}: add the field {name!r} to WORDS in {HERE}, or to REFERENCES where it names"
                    " another thing."
                )
        takes, source = self._takes, self.route.kwargs.get("source")
        if takes is not None and not is_struct(takes) and (not source or source.NAME not in INTAKE):
            raise Unplanned(f"{self}: add a body of this format to INTAKE in {HERE}.")

    @property
    def _takes(self) -> Any:
        return COMMANDS[self.command] if self.command else self.says.takes

    @property
    def _fields(self) -> list[str]:
        takes = self._takes
        return [each.encode_name for each in msgspec.structs.fields(takes)] if is_struct(takes) else []

    def _value(self, takes: type[msgspec.Struct], name: str, things: Things) -> Any:
        if name in REFERENCES:
            thing = things[REFERENCES[name][0]]
            if name == "scope":
                return {"kind": KINDS[thing.partition("_")[0]], "id": thing}
            field = next(each for each in msgspec.structs.fields(takes) if each.encode_name == name)
            return [thing] if "list" in str(field.type) else thing
        value = WORDS[name]
        return value() if callable(value) else value


def is_struct(takes: Any) -> bool:
    """Whether a body is one of our own: strict, with named fields."""
    return isinstance(takes, type) and issubclass(takes, msgspec.Struct)


def probes(routes: Iterable[Route] = ROUTES) -> list[Probe]:
    """All of them. Raise Unplanned for what this attack would leave out."""
    found = list(_probes(routes))
    for probe in found:
        probe.require_known()
    return found


def _probes(routes: Iterable[Route]) -> Iterator[Probe]:
    for route in routes:
        for method, guard in route.guards.items():
            if isinstance(guard, ByCommand):
                yield from (Probe(method, route, command) for command in COMMANDS)
            else:
                yield Probe(method, route)
