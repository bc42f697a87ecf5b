"""Door: a body, read strictly: exact type, no doubled key, no unknown field, every bad field named."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeVar

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


def read(body: bytes, kind: type[Kind]) -> Kind:
    """Decode a JSON object into `kind`; raise Invalid with every bad, missing and unknown field."""
    return fit(members(body), kind)


def members(body: bytes) -> dict[str, object]:
    """The members of a JSON object as plain values; raise Invalid for what is none, or not strict."""
    try:
        value = scan(body, DEPTH_MAX, NODES_MAX, STRING_MAX)
    except Broken as broken:
        raise Invalid([Fault(pointer=broken.pointer, code=broken.code, detail=broken.detail)]) from None
    if not isinstance(value, dict):
        raise Invalid([Fault(pointer="", code="wrong_type", detail="Expected an object.")])
    return value


def fit(value: Mapping[str, object], kind: type[Kind]) -> Kind:
    """The members of an object as `kind`; raise Invalid as `read` does."""
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError:
        raise Invalid(_faults(value, kind)) from None


def _faults(value: Mapping[str, object], kind: type[msgspec.Struct]) -> list[Fault]:
    """Look at field after field, since msgspec stops at the first that is bad."""
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    found = [
        Fault(pointer=escape(name), code="unknown", detail="There is no such field.")
        for name in value
        if name not in fields
    ]
    for name, field in fields.items():
        if name not in value:
            if field.required:
                found.append(Fault(pointer=escape(name), code="required", detail="The field is missing."))
            continue
        try:
            msgspec.convert(value[name], field.type)
        except msgspec.ValidationError as error:
            said, _, path = str(error).partition(" - at `$")
            pointer = escape(name) + "".join(escape(key or at) for key, at in _STEP.findall(path.rstrip("`")))
            found.append(Fault(pointer=pointer, code="invalid", detail=_sentence(said)))
    return found[:FAULTS_MAX]


def _sentence(said: str) -> str:
    """What msgspec says, without the value that was sent: it may be a secret in the wrong field."""
    return re.sub(r"Invalid enum value .*", "Not one of the values that are possible here", said) + "."
