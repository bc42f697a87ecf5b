"""Clients that do not answer, do not read, or are not there any more: they hold nobody up."""

from __future__ import annotations

import socket
from functools import partial
from typing import Any

import pytest
from following import follow, note
from idlers import raw
from orgs import Org
from served import eventually, server
from tornado.iostream import IOStream
from web import Site

from hub.config import Config
from hub.realtime import slow, wire
from hub.realtime.socket import Stream
from hub.realtime.station import Station
from hub.services.ports import Ports

BEAT = 0.1


@pytest.mark.gen_test(timeout=60)
async def test_heartbeats_keep_who_answers_and_drop_who_does_not(
    ports: Ports, config: Config, acme: Org
) -> None:
    async with server(ports, config, heartbeat=BEAT) as ours:
        site = ours.site.with_key(acme.api_key)
        silent = await raw(site, acme)
        async with await follow(site, acme) as following:
            marks = [await following.next("mark") for _ in range(10)]
            await eventually(lambda: len(ours.station._followers) == 1)
            assert {mark["cursor"] for mark in marks} == {following.frames[0]["from"]}
            await note(ours.ports, acme, "alive")
            assert await following.until("alive") == ["alive"]
        silent.close()


@pytest.mark.gen_test(timeout=60)
async def test_a_client_that_never_reads_is_cut_and_holds_nobody_up(
    ports: Ports, config: Config, acme: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(slow, "BLOCKED_MAX", 0.5)
    async with server(ports, config) as ours:
        site = ours.site.with_key(acme.api_key)
        stalled = await raw(site, acme)
        async with await follow(site, acme) as following:
            texts = [f"{number} " + "x" * 16_000 for number in range(200)]
            for begin in range(0, 200, 20):
                await note(ours.ports, acme, *texts[begin : begin + 20])
            assert await following.until(texts[-1]) == texts
            await eventually(lambda: len(ours.station._followers) == 1)
        stalled.close()


@pytest.mark.gen_test(timeout=60)
async def test_our_end_of_the_socket_is_set_up_against_idlers(
    live: Site, acme: Org, station: Station
) -> None:
    async with await follow(live.with_key(acme.api_key), acme):
        [follower] = station._followers
        assert isinstance(follower.line, Stream)
        stream = follower.line.straight.stream
        assert isinstance(stream, IOStream)
        get: Any = partial(stream.socket.getsockopt)
        assert get(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        assert wire.SEND_BUFFER <= get(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 2 * wire.SEND_BUFFER
        assert get(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == wire.UNACKNOWLEDGED_MS
