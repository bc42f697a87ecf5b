"""Door: a body, read strictly: exact type, no doubled key, no unknown field, every bad field named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Final, TypeVar, Union, get_args, get_origin

import msgspec

from hub.contract.signals import Fault
from hub.contract.strict import Broken, escape, scan
from hub.domain.errors import Invalid
from hub.door.problems import WrongType

DEPTH_MAX: Final = 32
NODES_MAX: Final = 10_000
STRING_MAX: Final = 64 * 1024
FAULTS_MAX: Final = 100
_STEP: Final = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]")
_BOUND: Final = re.compile(r"(of length )?([<>])= (-?[0-9]+)")
_NAMES: Final = {  # of msgspec's types
    "str": "text", "int": "a whole number", "float": "a number", "bool": "true or false", "array": "a list",
    "object": "an object", "datetime": "a time",
}  # fmt: skip
Kind = TypeVar("Kind", bound=msgspec.Struct)


def check_type(headers: Mapping[str, str]) -> None:
    """Raise WrongType unless the body is plain `application/json`.

    A page of another site can post text/plain and forms without asking first (the simple requests of the
    Fetch standard), but never this type: so it is exact.
    """
    media, _, parameter = headers.get("Content-Type", "").partition(";")
    if media.strip().lower() != "application/json":
        raise WrongType()
    if parameter.replace(" ", "").lower() not in {"", "charset=utf-8"}:
        raise WrongType("The only charset of application/json is utf-8.")
    if headers.get("Content-Encoding", "identity").lower() != "identity":
        raise WrongType("A compressed body is not taken.")


def read(body: bytes, kind: type[Kind], string_max: int = STRING_MAX) -> Kind:
    """Decode a JSON object into `kind`; raise Invalid with every bad, missing and unknown field."""
    return fit(members(body, string_max), kind)


def members(body: bytes, string_max: int = STRING_MAX) -> dict[str, object]:
    """The members of a JSON object as plain values; raise Invalid for what is none, or not strict."""
    try:
        value = scan(body, DEPTH_MAX, NODES_MAX, string_max)
    except Broken as broken:
        faults = [Fault(pointer=each.pointer, code=each.code, detail=each.detail) for each in broken.all]
        raise Invalid(faults) from None
    if not isinstance(value, dict):
        raise Invalid([Fault(pointer="", code="wrong_type", detail="Expected an object.")])
    return value


def fit(value: Mapping[str, object], kind: type[Kind]) -> Kind:
    """The members of an object as `kind`; raise Invalid as `read` does."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise Invalid(_faults(value, kind)) from None


def _faults(value: object, kind: object, at: str = "") -> list[Fault]:
    """Look at field after field and item after item, since msgspec stops at the first that is bad."""
    whole = _fault(value, kind, at)
    if whole is None:
        return []
    found: list[Fault] = []
    for part in _parts(kind):
        if isinstance(value, dict) and isinstance(part, type) and issubclass(part, msgspec.Struct):
            found = _of_fields(value, part, at)
        elif isinstance(value, list) and get_origin(part) is list:
            [item] = get_args(part)
            found = [
                fault for index, each in enumerate(value) for fault in _faults(each, item, f"{at}/{index}")
            ]
    return (found or [whole])[:FAULTS_MAX]


def _of_fields(value: Mapping[str, object], kind: type[msgspec.Struct], at: str) -> list[Fault]:
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    found = [
        Fault(pointer=at + escape(name), code="unknown", detail="There is no such field.")
        for name in value
        if name not in fields
    ]
    for name, field in fields.items():
        if name in value:
            found += _faults(value[name], field.type, at + escape(name))
        elif field.required:
            found.append(Fault(pointer=at + escape(name), code="required", detail="The field is missing."))
    return found


def _fault(value: object, kind: object, at: str) -> Fault | None:
    """The first fault that msgspec finds, and where."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        said, _, path = str(error).partition(" - at `$")
        steps = "".join(escape(key or index) for key, index in _STEP.findall(path.rstrip("`")))
        return Fault(pointer=at + steps, code="invalid", detail=_sentence(said, kind))
    return None


def _form(kind: object) -> str:
    """How a text's type describes its form; empty where it does not."""
    if get_origin(kind) in {Union, UnionType}:
        return next((form for each in get_args(kind) if (form := _form(each))), "")
    metas = getattr(kind, "__metadata__", ())
    return next(
        (meta.description for meta in metas if isinstance(meta, msgspec.Meta) and meta.description), ""
    )


def _parts(kind: object) -> tuple[object, ...]:
    """The types that a field's type is made of: without what is annotated, each of a union."""
    if get_origin(kind) is Annotated:
        return _parts(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        return tuple(part for each in get_args(kind) for part in _parts(each))
    return (kind,)


def _sentence(said: str, kind: object) -> str:
    """What msgspec says, in words that people can read, since pages show them, and without the value that was
    sent: it may be a secret in the wrong field. In the place of a pattern, what the type says of its form."""
    if " matching regex " in said:
        return f"Expected {_form(kind) or 'another form of text'}."
    said = re.sub(r"Invalid enum value .*", "Not one of the values that are possible here", said)
    if said.startswith("Expected"):
        said = re.sub(r"`(.+?)`", lambda named: " or ".join(map(_named, named[1].split(" | "))), said)
        said = _BOUND.sub(lambda at: f"{at[1] or 'of '}{at[3]} or {'more' if at[2] == '>' else 'less'}", said)
    return said + "."


def _named(kind: str) -> str:
    return _NAMES.get(kind, kind)
