"""websockets with its `broadcast`, which builds a frame once."""

import asyncio

from lines import obey
from websockets.asyncio.server import ServerConnection, broadcast, serve

connections: set[ServerConnection] = set()


async def stream(connection: ServerConnection) -> None:
    connections.add(connection)
    try:
        await connection.wait_closed()
    finally:
        connections.discard(connection)


async def main() -> None:
    async with serve(stream, "127.0.0.1", 0, compression=None, ping_interval=None) as server:
        port = server.sockets[0].getsockname()[1]
        await obey(port, lambda text: broadcast(connections, text))


asyncio.run(main())
