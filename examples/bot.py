"""A bot: follows the stream with an API key, resumes from its last cursor, and answers each new incident.

Run it as `HUB_URL=http://127.0.0.1:8080 HUB_ORG=demo HUB_API_KEY=ihk_… python examples/bot.py`.
"""

import asyncio
import json
import os
from pathlib import Path

from tornado.httpclient import AsyncHTTPClient, HTTPClientError, HTTPRequest
from tornado.websocket import websocket_connect

URL = f"{os.environ['HUB_URL']}/api/v1/orgs/{os.environ['HUB_ORG']}"
KEY = {"Authorization": f"Bearer {os.environ['HUB_API_KEY']}", "Content-Type": "application/json"}
CURSOR = Path(os.environ.get("HUB_CURSOR_FILE", "bot.cursor"))


async def main() -> None:
    after = f"?after={CURSOR.read_text()}" if CURSOR.exists() else ""
    socket = await websocket_connect(HTTPRequest(f"ws{URL[4:]}/stream{after}", headers=KEY))
    while (message := await socket.read_message()) is not None:
        frame = json.loads(message)
        for event in frame.get("events", []):
            if event["type"] == "incident.opened":
                once = {**KEY, "Idempotency-Key": event["id"]}  # noted once, however often we come back here
                note = json.dumps({"text": f"Seen: {event['data']['title']}"})
                address = f"{URL}/incidents/{event['incident']}/note"
                await AsyncHTTPClient().fetch(address, method="POST", headers=once, body=note)
        if cursor := frame.get("cursor") or frame.get("from"):
            CURSOR.write_text(cursor)  # only now: what was not answered comes again
    if socket.close_code == 4400:
        CURSOR.unlink(missing_ok=True)  # it means nothing to this hub: begin at the head
    if socket.close_code in (4000, 4001, 4003, 4004, 4300, 4301):
        raise SystemExit(f"closed for good: {socket.close_code} {socket.close_reason}")


while True:
    try:
        asyncio.run(main())
    except (OSError, HTTPClientError) as error:
        if isinstance(error, HTTPClientError) and error.code in (401, 403, 404):
            raise SystemExit(f"refused for good: {error}") from None
        print("dialling again:", error)
    asyncio.run(asyncio.sleep(1))
