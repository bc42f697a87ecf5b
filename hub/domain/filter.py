"""What a follower asked for, out of what it may see: the terms of a stream's filter."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final, Protocol
from uuid import UUID

import msgspec

from hub.contract.ids import parse, text
from hub.contract.signals import Fault
from hub.contract.words import Severity
from hub.domain.errors import Invalid
from hub.domain.faults import Faults

LENGTH_MAX: Final = 1000
TERMS_MAX: Final = 50
KIND: Final = re.compile(r"[a-z_]{1,40}\.(?:[a-z_]{1,40}|\*)", re.ASCII)
SEVERITY: Final = re.compile(r"(<=|>=|<|>|)(?:SEV)?([1-5])", re.ASCII | re.IGNORECASE)
LEVELS: Final = list(Severity)  # the worst first


class Marked(msgspec.Struct, frozen=True):
    """What of an envelope says how bad its incident was after it, and before."""

    class Before(msgspec.Struct, frozen=True):
        """The member of an event that changed it."""

        was: str = ""

    data: Before
    incidentseverity: str = ""


class Asked(Protocol):
    """What of an event a filter looks at."""

    @property
    def kind(self) -> str: ...

    @property
    def incident(self) -> UUID | None: ...

    @property
    def service(self) -> UUID | None: ...

    @property
    def body(self) -> bytes | None: ...


_marked = msgspec.json.Decoder(Marked)


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """All terms of different names must hold, of one name any; an empty one asks for everything."""

    incidents: frozenset[UUID] = frozenset()
    services: frozenset[UUID] = frozenset()
    severities: frozenset[Severity] = frozenset()
    kinds: frozenset[str] = frozenset()

    def asks_for(self, event: Asked) -> bool:
        """Whether an event is asked for. An incident counts as it was before the event or as it is after it,
        so that leaving is seen."""
        if self.kinds and not ({event.kind, event.kind.partition(".")[0] + ".*"} & self.kinds):
            return False
        return self.concerns(event)

    def concerns(self, event: Asked) -> bool:
        """Whether an event is about what is asked for, of whatever kind it is."""
        if self.incidents and event.incident not in self.incidents:
            return False
        if self.services and event.service not in self.services:
            return False
        return not self.severities or bool(self.severities & {*_levels(event)})

    def drops(self, event: Asked) -> bool:
        """Whether this event takes its incident out of what is asked for."""
        if not self.severities or event.kind != "incident.severity_set":
            return False
        after, before = _levels(event)
        return before in self.severities and after not in self.severities

    def holds(self, incident: UUID, service: UUID, severity: Severity) -> bool:
        """Whether an incident as it is now is asked for."""
        return (
            (not self.incidents or incident in self.incidents)
            and (not self.services or service in self.services)
            and (not self.severities or severity in self.severities)
        )

    @property
    def words(self) -> str:
        """The same filter in one spelling, whatever the order in which it was asked for."""
        terms = [
            *(f"incident:{text('incident', id)}" for id in self.incidents),
            *(f"service:{text('service', id)}" for id in self.services),
            *(f"severity:{LEVELS.index(severity) + 1}" for severity in self.severities),
            *(f"kind:{kind}" for kind in self.kinds),
        ]
        return " ".join(sorted(terms))


EVERYTHING: Final = Filter()


def read(words: str) -> Filter:
    """The filter of `incident:inc_… service:svc_… severity:<=2 kind:incident.*`; raise Invalid, naming every
    term that means nothing."""
    terms = words.split()
    if len(words) > LENGTH_MAX or len(terms) > TERMS_MAX:
        detail = f"A filter has at most {LENGTH_MAX} characters and {TERMS_MAX} terms."
        raise Invalid([Fault(pointer="/filter", code="too_long", detail=detail)])
    faults = Faults()
    if not terms:
        return EVERYTHING
    found: dict[str, set[object]] = {"incident": set(), "service": set(), "severity": set(), "kind": set()}
    for term in terms:
        name, _, value = term.partition(":")
        values = READERS[name](value) if name in READERS else frozenset()
        if values:
            found[name] |= values
        else:
            detail = f"{term[:80]!r} is no term: {WHAT}."
            faults.add("/filter", "term", detail)
    faults.check()
    return msgspec.convert(
        {
            "incidents": found["incident"],
            "services": found["service"],
            "severities": found["severity"],
            "kinds": found["kind"],
        },
        Filter,
        strict=False,
    )


def veiled(words: str) -> str:
    """The same terms for whoever may not see every incident that they name."""
    return " ".join("incident:*" if term.startswith("incident:") else term for term in words.split())


def _id(kind: str) -> Callable[[str], frozenset[object]]:
    def read(value: str) -> frozenset[object]:
        id = parse(kind, value)
        return frozenset({id}) if id else frozenset()

    return read


def severities(value: str) -> frozenset[Severity]:
    """`2`, `SEV2`, and `<=2` for that bad or worse, `>=2` for that bad or better, `<2`, `>2`; none for what
    means nothing."""
    found = SEVERITY.fullmatch(value)
    if found is None:
        return frozenset()
    sign, index = found[1], int(found[2]) - 1
    beside = {"<": LEVELS[:index], ">": LEVELS[index + 1 :]}.get(sign[:1], [])
    return frozenset([*beside, LEVELS[index]] if sign in {"", "<=", ">="} else beside)


def _kind(value: str) -> frozenset[object]:
    return frozenset({value}) if KIND.fullmatch(value) else frozenset()


def _levels(event: Asked) -> tuple[str, str]:
    """How bad the event's incident was after it, and before."""
    if event.body is None:
        return "", ""
    marked = _marked.decode(event.body)
    return marked.incidentseverity, marked.data.was or marked.incidentseverity


READERS: Final[dict[str, Callable[[str], frozenset[object]]]] = {
    "incident": _id("incident"),
    "service": _id("service"),
    "severity": severities,
    "kind": _kind,
}
WHAT: Final = "incident:inc_…, service:svc_…, severity:2 or severity:<=2, kind:incident.noted or kind:alert.*"
