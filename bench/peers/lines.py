"""What the peers in Python share: the standard library alone, since they have a venv of their own."""

import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable

HEADER = 4  # of a WebSocket message of 126 to 65,535 bytes


async def obey(port: int, send: Callable[[str], Awaitable[None] | None]) -> None:
    """Print the port, then have `send` say each message, one after the other."""
    gc.freeze()
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(port, flush=True)
    while line := await reader.readline():
        size, count = map(int, line.split())
        text = "~" + "x" * (size - HEADER - 1)
        for _ in range(count):
            said = send(text)
            if said is not None:
                await said
