"""`aiohttp` (PyPI): a key in the X-Api-Key header, the cursor in the query, and no subprotocol."""

import asyncio
import json

from aiohttp import ClientError, ClientSession, WSMsgType
from ledger import KEY, Ledger


async def follow(session: ClientSession, ledger: Ledger) -> None:
    headers = {"X-Api-Key": KEY}
    async with session.ws_connect(ledger.address("/stream", after=ledger.cursor), headers=headers) as socket:
        async for message in socket:
            if message.type != WSMsgType.TEXT or not ledger.take(json.loads(message.data)):
                return


async def main() -> None:
    ledger = Ledger("aiohttp")
    async with ClientSession() as session:
        while True:
            try:
                await follow(session, ledger)
            except (OSError, ClientError):
                await asyncio.sleep(0.02)


asyncio.run(main())
