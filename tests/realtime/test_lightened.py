"""What is given back once a WebSocket is open: this release of Tornado has it, and nobody misses it."""

from __future__ import annotations

from collections import deque
from typing import Any, cast

import pytest
from following import follow, note
from orgs import Org
from served import server
from tornado.websocket import WebSocketHandler

from hub.config import Config
from hub.realtime import wire
from hub.services.ports import Ports


def test_a_brief_queue_is_first_in_first_out() -> None:
    queue = wire.Brief[int]()
    assert not queue
    queue.append(1)
    queue.append(2)
    assert (queue[0], queue[-1], queue.popleft(), queue.popleft(), len(queue)) == (1, 2, 1, 2, 0)


@pytest.mark.gen_test(timeout=30)
async def test_an_open_stream_keeps_nothing_of_its_handshake(
    ports: Ports, config: Config, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Any] = []
    lighten = wire.lighten

    def looked_at(handler: WebSocketHandler) -> None:
        stream, connection = cast(Any, wire.socket_stream(handler)), cast(Any, handler.request.connection)
        assert type(stream._write_futures) is type(stream._write_buffer._buffers) is deque
        assert dict(handler._headers.get_all())["Upgrade"] == "websocket"
        assert connection._request_headers is handler.request.headers
        assert {"ui", "_headers"} < vars(handler).keys()
        assert connection.context.trusted_downstream == set()
        lighten(handler)
        seen.append(handler)

    monkeypatch.setattr(wire, "lighten", looked_at)
    async with (
        server(ports, config) as ours,
        await follow(ours.site.with_key(acme.api_key), acme) as following,
    ):
        await note(ours.ports, acme, "x" * 3000, "y")
        assert len(await following.until("y")) == 2
        handler = seen.pop()
        stream = handler.straight.stream
        assert handler.straight.pending is stream._write_futures
        assert type(stream._write_futures) is type(stream._write_buffer._buffers) is wire.Brief
        assert not list(handler.request.headers.get_all()) + list(handler._headers.get_all())
        assert handler.ui is None
        stream.close()
        assert handler.straight.waiting == 0
