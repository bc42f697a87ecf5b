"""Strict reading of one object of our own format, field by field: every fault is found, not the first."""

from __future__ import annotations

import re
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from hub.contract.signals import KEY_MAX, LABELS_MAX, Fault, Link
from hub.contract.strict import POINTER_MAX, escape
from hub.sources import reading

FAULTS_MAX: Final = 20
_RFC3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)

Word = TypeVar("Word", bound=StrEnum)


class Fields:
    """The fields of one object. Each reader takes its field; null counts as absent; faults are collected.

    Prose is cut to its limit, since a page must not be lost for its length; keys are refused when too long,
    since a cut key would merge two problems into one.
    """

    def __init__(self, members: dict[str, object], at: str = "") -> None:
        self._left = dict(members)
        self._at = at
        self.faults: list[Fault] = []

    def prose(self, name: str, limit: int, required: bool = False) -> str:
        """Take a text and cut it; "" when absent."""
        value = self._string(name, required)
        return value[:limit] if value is not None else ""

    def key(self, name: str, required: bool = False) -> str | None:
        """Take a key of at most KEY_MAX characters; None when absent."""
        value = self._string(name, required)
        if value is not None and len(value) > KEY_MAX:
            self._fault(escape(name), "too_long", f"The text is longer than {KEY_MAX} characters.")
            return None
        return value

    def word(self, name: str, words: type[Word], default: Word) -> Word:
        """Take one word of a fixed set."""
        value = self._string(name)
        if value is None:
            return default
        try:
            return words(value)
        except ValueError:
            self._fault(escape(name), "not_a_choice", f"One of: {', '.join(words)}.")
            return default

    def moment(self, name: str) -> datetime | None:
        """Take a time (RFC 3339, with its offset); None when absent or of a year that means "never"."""
        value = self._string(name)
        if value is None:
            return None
        try:
            if _RFC3339.fullmatch(value):
                return reading.sane(reading.parse_moment(value))
        except ValueError:
            pass  # such as a thirteenth month: the same fault
        self._fault(escape(name), "bad_time", "A time looks like 2026-01-31T12:00:00Z (RFC 3339).")
        return None

    def labels(self, name: str) -> dict[str, str]:
        """Take an object of texts, at most LABELS_MAX of them; names and values are cut."""
        value = self._take(name)
        if value is None:
            return {}
        if not isinstance(value, dict) or len(value) > LABELS_MAX:
            self._fault(escape(name), "wrong_type", f"Labels are an object of at most {LABELS_MAX} texts.")
            return {}
        for label, member in value.items():
            if not isinstance(member, str):
                self._fault(escape(name) + escape(label), "wrong_type", "The value of a label is a text.")
        return reading.labels(value)

    def links(self, name: str) -> tuple[Link, ...]:
        """Take a list of {href, text}; hrefs that are not http or https are dropped."""
        value = self._take(name)
        if value is None:
            return ()
        if not isinstance(value, list) or len(value) > reading.LINKS_MAX:
            self._fault(escape(name), "wrong_type", f"Links are a list of at most {reading.LINKS_MAX}.")
            return ()
        for index, link in enumerate(value):
            if not isinstance(link, dict) or not link.keys() <= {"href", "text"}:
                where = escape(name) + escape(index)
                self._fault(where, "wrong_type", "A link is an object of href and text.")
        return reading.links((reading.member(link, "href"), reading.member(link, "text")) for link in value)

    def details(self, name: str) -> str:
        """Take anything and write it for people."""
        return reading.prose(self._take(name))

    def no_more(self) -> None:
        """Call every field that nobody took a fault: a misspelt name must not pass in silence."""
        for name in self._left:
            self._fault(escape(name), "unknown_field", "There is no such field.")

    def _take(self, name: str) -> object:
        return self._left.pop(name, None)

    def _string(self, name: str, required: bool = False) -> str | None:
        value = self._take(name)
        if isinstance(value, str) and value.strip():
            return value
        if value is not None and not isinstance(value, str):
            self._fault(escape(name), "wrong_type", "The value is a text.")
        elif required:
            self._fault(escape(name), "required", "The field is required.")
        return None

    def _fault(self, pointer: str, code: str, detail: str) -> None:
        if len(self.faults) < FAULTS_MAX:
            self.faults.append(Fault(pointer=(self._at + pointer)[:POINTER_MAX], code=code, detail=detail))
