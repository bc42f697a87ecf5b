"""Strict JSON: bytes to plain values, or the one place where they are broken; every body is read with it."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import Final

POINTER_MAX: Final = 512
FAULTS_MAX: Final = 100
TWICE: Final = "The key is in this object twice."
_SMALLEST, _LARGEST = -(2**63), 2**64 - 1


class Broken(Exception):
    """Bytes that are not JSON as we take it: a JSON pointer (RFC 6901), a code word, a safe sentence.

    The sentence never repeats what was sent; the pointer is cut at POINTER_MAX and always valid text. `all`
    are this one and the other places that are broken, at most FAULTS_MAX.
    """

    def __init__(self, pointer: str, code: str, detail: str, others: Iterable[Broken] = ()) -> None:
        super().__init__(f"{pointer or 'body'}: {detail}")
        self.pointer = pointer[:POINTER_MAX]
        self.code = code
        self.detail = detail
        self.all = [self, *others]

    def below(self, step: str | int) -> list[Broken]:
        """All of them, one step further down."""
        return [Broken(escape(step) + each.pointer, each.code, each.detail) for each in self.all]


def scan(
    body: bytes, max_depth: int = 32, max_nodes: int | None = None, max_string: int | None = None
) -> object:
    """Read JSON (RFC 8259) into dict, list, str, int, float, bool and None; raise Broken and nothing else.

    Refused beyond the grammar: nesting deeper than `max_depth` objects and lists, a key twice in one object
    (a decoder would keep the last, another reader the first), NUL and lone surrogates (PostgreSQL takes
    neither), numbers that are not finite and integers past 64 bits. `max_nodes` counts values, `max_string`
    characters of a key or value. A byte order mark is skipped, as section 8.1 allows. Time and memory are
    linear in the body, so bound its bytes first; `max_depth` must stay far below Python's recursion limit.
    """
    try:
        value = _DECODER.decode(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Broken("", "not_utf8", f"The body is not UTF-8 (byte {error.start}).") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise Broken("", "invalid_json", f"The body is not JSON: {error.msg} ({where}).") from None
    except RecursionError:
        raise Broken("", "too_deep", f"The nesting is deeper than {max_depth}.") from None
    _Look(max_nodes, max_string, b"\\u" in body).at(value, max_depth)
    return value


def escape(segment: str | int) -> str:
    """Write one step of a JSON pointer, with its slash."""
    return "/" + str(segment).replace("~", "~0").replace("/", "~1")


class _Twice(dict[str, object]):
    """An object in which keys came twice: found while decoding, told with their pointers by the look."""

    keys_twice: list[str]


class _Look:
    """One walk over a decoded value. Pointers are put together only while a Broken travels up;
    an object or a list tells of all that is broken in it."""

    def __init__(self, max_nodes: int | None, max_string: int | None, has_escapes: bool) -> None:
        self.has_escapes = has_escapes  # else UTF-8 has no half of a pair, and JSON no bare NUL
        self.is_any_text = not has_escapes and max_nodes is None and max_string is None
        self.nodes_left = math.inf if max_nodes is None else max_nodes
        self.max_string = math.inf if max_string is None else max_string

    def at(self, value: object, depth_left: int) -> None:
        self.nodes_left -= 1
        if self.nodes_left < 0:
            raise Broken("", "too_many", "The body holds too many values.")
        if isinstance(value, str):
            self.text(value)
        elif isinstance(value, dict):
            self.members(value, depth_left - 1)
        elif isinstance(value, list):
            self.elements(value, depth_left - 1)
        elif isinstance(value, float):
            if not math.isfinite(value):
                raise Broken("", "bad_number", "The number is not finite.")
        elif isinstance(value, int) and not _SMALLEST <= value <= _LARGEST:
            raise Broken("", "bad_number", "The integer does not fit in 64 bits.")

    def text(self, value: str) -> None:
        if len(value) > self.max_string:
            raise Broken("", "too_long", f"The text is longer than {self.max_string} characters.")
        if self.has_escapes and ("\0" in value or not (value.isascii() or _is_unicode(value))):
            raise Broken("", "bad_character", "The text holds a NUL or half of a surrogate pair.")

    def members(self, value: dict[str, object], depth_left: int) -> None:
        _not_too_deep(depth_left)
        found: list[Broken] = []
        for key, member in value.items():
            if self.is_any_text and type(member) is str:
                continue  # most members are that, and nothing can be wrong with them
            is_pointed = False  # a bad key is never part of a pointer
            try:
                self.text(key)
                is_pointed = True
                self.at(member, depth_left)
            except Broken as broken:
                found += broken.below(key) if is_pointed else broken.all
                if self.is_enough(found):
                    break
        if isinstance(value, _Twice):
            found += [Broken(escape(key), "duplicate_key", TWICE) for key in value.keys_twice]
        _tell(found)

    def elements(self, value: list[object], depth_left: int) -> None:
        _not_too_deep(depth_left)
        found: list[Broken] = []
        for index, element in enumerate(value):
            try:
                self.at(element, depth_left)
            except Broken as broken:
                found += broken.below(index)
                if self.is_enough(found):
                    break
        _tell(found)

    def is_enough(self, found: list[Broken]) -> bool:
        """Whether to look no further: a hostile body has no end of faults."""
        return len(found) >= FAULTS_MAX or self.nodes_left < 0


def _tell(found: list[Broken]) -> None:
    if found:
        first, *others = found[:FAULTS_MAX]
        raise Broken(first.pointer, first.code, first.detail, others)


def _not_too_deep(depth_left: int) -> None:
    if depth_left < 0:
        raise Broken("", "too_deep", "The nesting is too deep.")


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    twice = _Twice()
    came_again = dict[str, None]()
    for key, value in pairs:
        if key in twice:
            came_again[key] = None
        twice[key] = value
    twice.keys_twice = list(came_again)[:FAULTS_MAX]
    return twice


def _integer(digits: str) -> int:
    """Read at most 21 characters: enough to be out of range, while int() of a million digits is quadratic."""
    return int(digits[:21])


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_int=_integer)
