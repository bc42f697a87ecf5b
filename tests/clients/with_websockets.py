"""`websockets` (PyPI): a key in the Authorization header, the cursor in the query."""

import asyncio
import json

from ledger import KEY, Ledger
from websockets.asyncio.client import connect
from websockets.exceptions import WebSocketException

HEADERS = {"Authorization": f"Bearer {KEY}"}


async def main() -> None:
    ledger = Ledger("websockets")
    while True:
        url = ledger.address("/stream", after=ledger.cursor).replace("http", "ws", 1)
        try:
            async with connect(
                url, additional_headers=HEADERS, subprotocols=["incidenthub.v1+json"]
            ) as socket:
                async for message in socket:
                    if not ledger.take(json.loads(message)):
                        break
        except (OSError, EOFError, WebSocketException):
            await asyncio.sleep(0.02)


asyncio.run(main())
