"""Door: the description of the streams for machines (AsyncAPI 3.0), out of routes, frames and event kinds."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Final
from urllib.parse import urlsplit

import msgspec
from tornado.websocket import WebSocketHandler

from hub import __version__
from hub.contract import examples, frames
from hub.contract.closes import CLOSES
from hub.contract.commands import COMMANDS
from hub.contract.events import Envelope
from hub.contract.frames import OF_CLIENTS, OF_SOCKETS, SUBPROTOCOL, Command, Events, Frame, Reply
from hub.contract.kinds import KINDS
from hub.contract.resources import IncidentResource
from hub.door.answers import REF, Json
from hub.door.route import Route

ABOUT: Final = (
    "One log for each organization, followed with one opaque cursor over WebSocket, Server-Sent Events or "
    "long-poll (which is in /api/v1/openapi.json). What a client has to do is in docs/protocol.md. Unknown "
    "frames, members and types of events are to be ignored: they may be added."
)
RECORD: Final = "One event: the data of a record without an event field, whose id is the cursor behind it."
OF_SERVER: Final = tuple(
    kind
    for kind in vars(frames).values()
    if isinstance(kind, type) and issubclass(kind, Frame) and kind is not Frame and kind not in OF_CLIENTS
)


def describe_streams(routes: Iterable[Route], cookie: str, url: str) -> Json:
    """The AsyncAPI object, from the hub's side: it `receives` what clients send. `cookie` is the name of the
    session's, `url` where the hub is reached."""
    channels: dict[str, Json] = {}
    operations: dict[str, Json] = {}
    messages, schemas = _components()
    for route in routes:
        if getattr(route.handler, "is_endless", False):
            is_socket = issubclass(route.handler, WebSocketHandler)
            (_add_socket if is_socket else _add_records)(route, channels, operations)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": "IncidentHub: the stream", "version": __version__, "description": ABOUT},
        "defaultContentType": "application/json",
        "servers": _servers(url),
        "channels": channels,
        "operations": operations,
        "components": {
            "messages": messages,
            "schemas": schemas,
            "securitySchemes": {
                "session": {"type": "httpApiKey", "in": "cookie", "name": cookie},
                "api_key": {"type": "http", "scheme": "bearer", "bearerFormat": "ihk_…"},
                "ticket": {"type": "httpApiKey", "in": "query", "name": "ticket"},
            },
        },
    }


def _servers(url: str) -> dict[str, Json]:
    """The hub, once for each protocol."""
    at = urlsplit(url)
    safe = "s" if at.scheme == "https" else ""
    security = [{"$ref": f"#/components/securitySchemes/{name}"} for name in ("session", "api_key", "ticket")]
    return {
        protocol: {"host": at.netloc, "protocol": protocol + safe, "security": security}
        for protocol in ("ws", "http")
    }


def _add_socket(route: Route, channels: dict[str, Json], operations: dict[str, Json]) -> None:
    sends, takes = [_key(kind) for kind in OF_SERVER], [_key(kind) for kind in OF_CLIENTS]
    channels["socket"] = {
        **_channel(route, "ws", [*sends, *takes]),
        "bindings": {"ws": {"method": "GET", "query": _query(route), "bindingVersion": "0.1.0"}},
        "x-subprotocol": SUBPROTOCOL,
        "x-closes": [
            {"code": close.code, "word": word, "then": close.then} for word, close in CLOSES.items()
        ],
    }
    operations["socket.send"] = {"action": "send", **_among("socket", sends)}
    operations["socket.receive"] = {"action": "receive", **_among("socket", takes)}
    operations["socket.command"] = {
        "action": "receive",
        **_among("socket", [_key(Command)]),
        "reply": _among("socket", [_key(Reply)]),
    }


def _add_records(route: Route, channels: dict[str, Json], operations: dict[str, Json]) -> None:
    """Events come one by one, and every other frame as a record of its name."""
    sends = ["event", *(_key(kind) for kind in OF_SERVER if kind not in {*OF_SOCKETS, Events})]
    channels["records"] = _channel(route, "http", sends)
    operations["records.send"] = {
        "action": "send",
        **_among("records", sends),
        "bindings": {"http": {"method": "GET", "query": _query(route), "bindingVersion": "0.3.0"}},
    }


def _channel(route: Route, server: str, names: list[str]) -> Json:
    return {
        "address": route.path,
        "description": inspect.getdoc(route.handler),
        "servers": [{"$ref": f"#/servers/{server}"}],
        "parameters": {"org": {"description": "The organization's slug."}},
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
    }


def _among(channel: str, names: list[str]) -> Json:
    """Some of a channel's messages."""
    at = f"#/channels/{channel}"
    return {"channel": {"$ref": at}, "messages": [{"$ref": f"{at}/messages/{name}"} for name in names]}


def _query(route: Route) -> Json:
    asked: Mapping[str, str] = getattr(route.handler, "query", {})
    return {
        "type": "object",
        "properties": {name: {"type": "string", "description": about} for name, about in asked.items()},
    }


def _key(kind: type[Frame]) -> str:
    """What a frame is called here: there is a `presence` of either side."""
    return kind.__name__.lower()


def _message(kind: type[Frame], payload: Json) -> Json:
    summary, _, more = (inspect.getdoc(kind) or "").partition("\n")
    sample = next(each for each in examples.FRAMES if type(each) is kind)
    return {
        "name": kind.__struct_config__.tag,
        "summary": summary,
        "description": " ".join(more.split()),
        "payload": payload,
        "examples": [{"payload": _plain(sample)}],
    }


def _plain(sample: msgspec.Struct) -> Json:
    plain: Json = msgspec.json.decode(msgspec.json.encode(sample))
    return plain


@cache
def _components() -> tuple[dict[str, Json], dict[str, Json]]:
    """The messages and the schemas. An event is one of the kinds, each the envelope with its `type` and data;
    a command is the frame with its `name` and args."""
    of_frames = [*OF_CLIENTS, *OF_SERVER]
    kinds, commands = list(KINDS.values()), list(COMMANDS.values())
    shapes, schemas = msgspec.json.schema_components(
        [*of_frames, *kinds, *commands, IncidentResource, Envelope], ref_template=REF
    )
    shape = iter(shapes)
    messages = {_key(kind): _message(kind, next(shape)) for kind in of_frames}
    data = {kind: next(shape) for kind in KINDS}
    args = {name: next(shape) for name in COMMANDS}
    envelope = {"$ref": REF.format(name="Envelope")}
    messages["command"]["payload"] = {
        "allOf": [messages["command"]["payload"]],
        "oneOf": [{"properties": {"name": {"const": name}, "args": taken}} for name, taken in args.items()],
    }
    for kind, said in data.items():
        schemas[kind] = {"allOf": [envelope], "properties": {"type": {"const": kind}, "data": said}}
    schemas["Event"] = {"oneOf": [{"$ref": REF.format(name=kind)} for kind in KINDS]}
    messages["event"] = {
        "name": "event",
        "summary": RECORD,
        "payload": {"$ref": REF.format(name="Event")},
        "examples": [{"payload": _plain(examples.NOTED)}],
    }
    return messages, schemas
