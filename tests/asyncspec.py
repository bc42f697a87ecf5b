"""Holds an AsyncAPI 3.0 document against the rules of the specification, and what was said against it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from jsonschema import Draft7Validator

Json = dict[str, Any]
# The fixed fields of the specification's objects (AsyncAPI 3.0.0, "Schema"): required ones first.
FIELDS: dict[str, tuple[str, str]] = {
    "document": ("asyncapi info", "id servers defaultContentType channels operations components"),
    "info": ("title version", "description termsOfService contact license tags externalDocs"),
    "server": (
        "host protocol",
        "protocolVersion pathname description title summary variables security tags externalDocs bindings",
    ),
    "channel": (
        "",
        "address messages title summary description servers parameters tags externalDocs bindings",
    ),
    "parameter": ("", "enum default description examples location"),
    "operation": (
        "action channel",
        "title summary description security tags externalDocs bindings traits messages reply",
    ),
    "reply": ("", "address channel messages"),
    "message": (
        "",
        "headers payload correlationId contentType name title summary description tags externalDocs bindings"
        " examples traits",
    ),
    "example": ("", "headers payload name summary"),
    "components": (
        "",
        "schemas servers channels operations messages securitySchemes serverVariables parameters"
        " correlationIds replies replyAddresses externalDocs tags operationTraits messageTraits"
        " serverBindings channelBindings operationBindings messageBindings",
    ),
}
KEY = re.compile(r"[\w.\-]+")
META = Draft7Validator.META_SCHEMA
BINDINGS = {
    "ws": {"method", "query", "headers", "bindingVersion"},
    "http": {"method", "query", "bindingVersion"},
}


def faults(document: Json) -> list[str]:
    """What is wrong with it, in sentences; none for a valid document."""
    found = [*_objects(document), *_references(document, document), *_schemas(document)]
    return found or [*_samples(document)]


def resolve(document: Json, reference: str) -> Json:
    """What a reference of the document points at; KeyError where that is nothing."""
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found if "$ref" not in found else resolve(document, found["$ref"])


def misfits(document: Json, message: str, said: Any) -> list[str]:
    """What of a payload does not fit the message of this name."""
    payload = document["components"]["messages"][message]["payload"]
    whole = {"allOf": [payload], "components": document["components"]}
    return [f"{message}: {error.message}"[:400] for error in Draft7Validator(whole).iter_errors(said)]


def _objects(document: Json) -> Iterator[str]:
    yield from _fields("document", "document", document)
    if document.get("asyncapi") != "3.0.0":
        yield "asyncapi is 3.0.0"
    yield from _fields("info", "info", document.get("info", {}))
    components = document.get("components", {})
    yield from _fields("components", "components", components)
    for kind, several in (
        ("server", document.get("servers", {})),
        ("channel", document.get("channels", {})),
        ("operation", document.get("operations", {})),
        ("message", components.get("messages", {})),
    ):
        for name, one in several.items():
            yield from _fields(kind, f"{kind} {name}", one)
            yield from [f"{kind} {name}: no name of a component"] if not KEY.fullmatch(name) else []
            for protocol, binding in one.get("bindings", {}).items():
                if extra := set(binding) - BINDINGS.get(protocol, set()):
                    yield f"{kind} {name}: {protocol} has no {', '.join(extra)}"
    for name, channel in document.get("channels", {}).items():
        places = set(re.findall(r"\{(\w+)\}", channel.get("address", "")))
        if places != set(channel.get("parameters", {})):
            yield f"channel {name}: its parameters are not those of its address"
        for parameter in channel.get("parameters", {}).values():
            yield from _fields("parameter", f"channel {name}", parameter)
    for name, operation in document.get("operations", {}).items():
        if operation.get("action") not in {"send", "receive"}:
            yield f"operation {name}: its action is send or receive"
        yield from _fields("reply", f"operation {name}", operation.get("reply", {}))
        for part in (operation, operation.get("reply", {})):
            own = f"{part.get('channel', {}).get('$ref')}/messages/"
            if any(not each["$ref"].startswith(own) for each in part.get("messages", [])):
                yield f"operation {name}: a message that is none of its channel"


def _fields(kind: str, where: str, found: Json) -> Iterator[str]:
    needed, others = (set(each.split()) for each in FIELDS[kind])
    if missing := needed - set(found):
        yield f"{where}: no {', '.join(sorted(missing))}"
    if extra := {name for name in found if not name.startswith("x-")} - needed - others:
        yield f"{where}: {', '.join(sorted(extra))} is no field of it"


def _references(document: Json, part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        reference = part.get("$ref")
        if isinstance(reference, str):
            try:
                resolve(document, reference)
            except (KeyError, TypeError):
                yield f"{reference} points at nothing"
        for each in part.values():
            yield from _references(document, each)
    elif isinstance(part, list):
        for each in part:
            yield from _references(document, each)


def _schemas(document: Json) -> Iterator[str]:
    for name, schema in document["components"]["schemas"].items():
        yield from (f"schema {name}: {e.message}" for e in Draft7Validator(META).iter_errors(schema))


def _samples(document: Json) -> Iterator[str]:
    for name, message in document["components"]["messages"].items():
        if not message.get("examples"):
            yield f"message {name}: no example"
        for sample in message.get("examples", []):
            yield from _fields("example", f"message {name}", sample)
            yield from misfits(document, name, sample.get("payload"))
