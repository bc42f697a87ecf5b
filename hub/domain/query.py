"""What a list of incidents is asked for, in words: the grammar of `q=` and of the board's filter."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import msgspec

from hub.contract.signals import Fault
from hub.contract.words import OPEN, Severity, Status
from hub.domain.errors import Invalid
from hub.domain.faults import Faults
from hub.domain.filter import LENGTH_MAX, TERMS_MAX, severities


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """Of one name any term holds, of different names all do, and of plain words each; an empty set asks for
    everything. `services` are ids or parts of names, `texts` parts of what a line of the board says; both in
    small letters."""

    statuses: frozenset[Status] = frozenset(Status)
    severities: frozenset[Severity] = frozenset()
    services: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()

    @property
    def is_of_statuses(self) -> bool:
        """Whether it asks for nothing but statuses."""
        return not (self.severities or self.services or self.texts)

    @property
    def words(self) -> str:
        """The same question in one spelling; what a page's cursor is bound to."""
        parts = (self.statuses, self.severities, self.services, self.texts)
        return msgspec.json.encode([sorted(part) for part in parts]).decode()


EVERYTHING: Final = Query()


def read(words: str, among: Iterable[str] = ()) -> Query:
    """The query of `status:triggered service:checkout severity:<=2 text`, among incidents of some statuses
    (words as behind `status:`; any unless there are some). Raise Invalid, naming every term that means
    nothing."""
    terms = words.split()
    if len(words) > LENGTH_MAX or len(terms) > TERMS_MAX:
        detail = f"A query has at most {LENGTH_MAX} characters and {TERMS_MAX} terms."
        raise Invalid([Fault(pointer="/q", code="too_long", detail=detail)])
    faults = Faults()
    statuses, levels, services, texts = set[Status](), set[Severity](), set[str](), set[str]()
    for term in terms:
        name, colon, value = term.partition(":")
        name = name.lower() if colon and value else ""
        if name == "status":
            statuses |= _statuses(value.lower().split(","), "/q", faults)
        elif name == "severity":
            found = severities(value)
            levels |= found
            if not found:
                faults.add("/q", "term", f"{term[:80]!r} is no severity: severity:2, severity:<=2.")
        elif name == "service":
            services.add(_small(value))
        else:
            texts.add(_small(term))
    of = _statuses(among, "/status", faults)
    faults.check()
    return Query(
        statuses=frozenset(statuses or Status) & frozenset(of or Status),
        severities=frozenset(levels),
        services=frozenset(services),
        texts=frozenset(texts),
    )


def _small(word: str) -> str:
    """A word in small letters, each for itself as PostgreSQL's lower() does it: Python's own makes two of one
    capital (İ), and another letter of a sigma at the end of a word, which the database would not find."""
    return "".join(letter.lower()[0] for letter in word)


def _statuses(words: Iterable[str], pointer: str, faults: Faults) -> set[Status]:
    """`open`, `all` or words of Status; what is none is added to the faults."""
    found = set[Status]()
    for word in words:
        if word in {"open", "all", *Status}:
            found |= OPEN if word == "open" else set(Status) if word == "all" else {Status(word)}
        else:
            faults.add(pointer, "word", f"{word[:40]!r} is no status.")
    return found
