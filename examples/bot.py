"""A bot: follows the stream with an API key and answers each new incident over the same socket: it needs no
address of its own, and no second connection. Its place is kept by the hub, as a durable consumer.

Run it as `HUB_URL=http://127.0.0.1:8080 HUB_ORG=demo HUB_API_KEY=ihk_… python examples/bot.py`.
"""

import asyncio
import json
import os
from collections import deque

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

ORG = f"{os.environ['HUB_URL']}/api/v1/orgs/{os.environ['HUB_ORG']}"
KEY = {"Authorization": f"Bearer {os.environ['HUB_API_KEY']}", "Content-Type": "application/json"}
NAME = os.environ.get("HUB_CONSUMER", "bot")


def answer(event: dict) -> str:
    note = {"text": f"Seen: {event['data']['title']}"}
    command = {"frame": "command", "name": "note", "incident": event["incident"], "args": note}
    return json.dumps({**command, "id": event["id"]})  # noted once, however often we come back here


async def keep_place() -> None:
    body = json.dumps({"name": NAME})
    try:
        await AsyncHTTPClient().fetch(f"{ORG}/consumers", method="POST", body=body, headers=KEY)
    except HTTPClientError as error:
        if error.code != 400:  # the name is taken: it is ours, and has its place
            raise


async def main() -> None:
    await keep_place()
    url = f"ws{ORG[4:]}/stream?consumer={NAME}"
    socket = await websocket_connect(HTTPRequest(url, headers=KEY))
    opened, cursor, done = deque(), "", ""
    while (message := await socket.read_message()) is not None:
        frame = json.loads(message)
        is_free = not opened or frame["frame"] == "reply"  # one command at a time
        if frame["frame"] == "reply":
            if frame["status"] not in (429, 503):
                opened.popleft()
            await asyncio.sleep(frame.get("retry_ms", 100) / 1000)  # more than 20 a second are a flood
        opened.extend(event for event in frame.get("events", []) if event["type"] == "incident.opened")
        if opened and is_free:
            await socket.write_message(answer(opened[0]))
        cursor = frame.get("cursor") or cursor
        if not opened and cursor != done and frame["frame"] in ("reply", "mark"):
            await socket.write_message(json.dumps({"frame": "ack", "cursor": cursor}))
            done = cursor  # only now: what was not answered comes again
    if socket.close_code in (4000, 4001, 4003, 4004, 4300, 4301, 4500):
        raise SystemExit(f"closed for good: {socket.close_code} {socket.close_reason}")


while True:
    try:
        asyncio.run(main())
    except (OSError, HTTPClientError) as error:
        if isinstance(error, HTTPClientError) and error.code in (401, 403, 404):
            raise SystemExit(f"refused for good: {error}") from None
        print("dialling again:", error)
    asyncio.run(asyncio.sleep(1))
