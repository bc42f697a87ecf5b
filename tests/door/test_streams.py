"""The description of the streams: valid AsyncAPI 3.0, and whole."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import msgspec
import pytest
from asyncspec import faults, misfits, resolve

from hub.contract import examples, frames
from hub.contract.closes import CLOSES
from hub.contract.commands import COMMANDS
from hub.contract.frames import Frame
from hub.contract.kinds import KINDS
from hub.door.streams import describe_streams
from hub.realtime.socket import TAKES
from hub.routes import ROUTES

DESCRIBED = describe_streams(ROUTES, "the-cookie", "https://hub.example:8443")
MESSAGES = DESCRIBED["components"]["messages"]


def test_it_is_valid() -> None:
    assert faults(DESCRIBED) == []


def planted(*path: str, value: Any = None) -> dict[str, Any]:
    """The description with something else, or nothing, at one place."""
    document = deepcopy(DESCRIBED)
    part = document
    for step in path[:-1]:
        part = part[step]
    if value is None:
        del part[path[-1]]
    else:
        part[path[-1]] = value
    return document


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        (planted("asyncapi", value="2.6.0"), "asyncapi is 3.0.0"),
        (planted("info", "version"), "info: no version"),
        (planted("paths", value={}), "document: paths is no field of it"),
        (planted("servers", "ws", "host"), "server ws: no host"),
        (planted("channels", "socket", "parameters"), "channel socket: its parameters are not those of"),
        (
            planted("channels", "socket", "bindings", "ws", "path", value="/"),
            "channel socket: ws has no path",
        ),
        (
            planted("operations", "socket.send", "action", value="publish"),
            "operation socket.send: its action",
        ),
        (
            planted("operations", "socket.send", "channel", "$ref", value="#/channels/records"),
            "a message that",
        ),
        (planted("components", "schemas", "Mark"), "#/components/schemas/Mark points at nothing"),
        (planted("components", "schemas", "Mark", "type", value="thing"), "schema Mark: "),
        (
            planted("components", "messages", "mark", "examples", value=[{"payload": {}}]),
            "mark: 'frame' is a",
        ),
        (planted("components", "messages", "mark", "examples"), "message mark: no example"),
    ],
)
def test_what_is_not_valid_is_found(document: dict[str, Any], fault: str) -> None:
    assert [found for found in faults(document) if fault in found]


def test_every_frame_is_there_once_and_goes_the_right_way() -> None:
    kinds = {kind for kind in vars(frames).values() if isinstance(kind, type) and issubclass(kind, Frame)}
    payloads = [
        each["payload"].get("$ref") or each["payload"]["allOf"][0]["$ref"] for each in MESSAGES.values()
    ]
    told = sorted(payload.rpartition("/")[2] for payload in payloads)
    assert told == sorted([kind.__name__ for kind in kinds - {Frame}] + ["Event"])
    assert names("socket.receive") == set(TAKES)
    assert {decoder.type for decoder, _ in TAKES.values()} == set(frames.OF_CLIENTS)
    sent = {kind.__struct_config__.tag for kind in kinds - {Frame, *frames.OF_CLIENTS}}
    assert names("socket.send") == sent
    assert names("records.send") == sent - {"reply", "presence", "events"} | {"event"}


def names(operation: str) -> set[str]:
    """The names of an operation's messages, as they are on the wire."""
    told = DESCRIBED["operations"][operation]["messages"]
    return {resolve(DESCRIBED, each["$ref"])["name"] for each in told}


def test_channels_are_the_routes_with_their_query_and_the_servers_their_protocols() -> None:
    socket, records = DESCRIBED["channels"]["socket"], DESCRIBED["channels"]["records"]
    assert socket["address"] == "/api/v1/orgs/{org}/stream"
    assert records["address"] == "/api/v1/orgs/{org}/events/stream"
    asked = DESCRIBED["operations"]["records.send"]["bindings"]["http"]["query"]
    assert socket["bindings"]["ws"]["query"] == asked
    assert set(asked["properties"]) == {"after", "filter", "snapshot", "ticket", "consumer"}
    told = {name: (each["protocol"], each["host"]) for name, each in DESCRIBED["servers"].items()}
    assert told == {"ws": ("wss", "hub.example:8443"), "http": ("https", "hub.example:8443")}
    assert {each["word"]: each["code"] for each in socket["x-closes"]} == frames.CLOSE_CODES
    assert len(set(frames.CLOSE_CODES.values())) == len(CLOSES)


def test_an_event_has_the_data_of_its_kind() -> None:
    noted = msgspec.json.decode(msgspec.json.encode(examples.NOTED))
    assert misfits(DESCRIBED, "event", noted) == []
    assert misfits(DESCRIBED, "event", {**noted, "data": {}})
    assert misfits(DESCRIBED, "event", {**noted, "type": "incident.opened"})
    assert set(KINDS) <= set(DESCRIBED["components"]["schemas"])


def test_a_command_has_the_body_of_its_route() -> None:
    asked = {"frame": "command", "id": "1", "name": "note", "incident": "1", "args": {"text": "x"}}
    assert misfits(DESCRIBED, "command", asked) == []
    assert misfits(DESCRIBED, "command", {**asked, "args": {}})
    assert misfits(DESCRIBED, "command", {**asked, "name": "nonsense"})
    told = MESSAGES["command"]["payload"]["oneOf"]
    assert [each["properties"]["name"]["const"] for each in told] == list(COMMANDS)


def test_a_batch_is_written_as_it_is_described() -> None:
    bodies = [b'{"a":1}', b'{"b":2}']
    raw = [msgspec.Raw(body) for body in bodies]
    said = msgspec.json.encode(frames.Events(after="x", cursor="y", events=raw))
    assert frames.events("x", "y", bodies) == said
