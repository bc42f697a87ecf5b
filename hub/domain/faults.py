"""Faults: what is wrong with a request, collected, so that one answer names every bad field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hub.contract.signals import Fault
from hub.domain.errors import Invalid


class Faults:
    """Bad fields in the order in which they were found. Whoever collects must `check` before anything is
    done with what was read: a value that a collected check should have given is not there."""

    def __init__(self) -> None:
        self._found: list[Fault] = []

    def add(self, pointer: str, code: str, detail: str) -> None:
        """Note one bad field."""
        self._found.append(Fault(pointer=pointer, code=code, detail=detail))

    @contextmanager
    def collected(self) -> Iterator[None]:
        """Note what the block raises as Invalid, and go on behind the block; every other error goes up."""
        try:
            yield
        except Invalid as error:
            self._found += error.faults

    def before(self, error: Invalid) -> Invalid:
        """An Invalid with these and then its own, each once."""
        return Invalid([*dict.fromkeys([*self._found, *error.faults])], error.detail)

    def check(self) -> None:
        """Raise Invalid with all of them, if there are any."""
        if self._found:
            raise Invalid(self._found)
