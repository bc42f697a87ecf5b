"""python-socketio with `emit` to everybody, on uvicorn."""

import asyncio
import socket

import socketio
import uvicorn
from lines import obey

server = socketio.AsyncServer(async_mode="asgi", ping_interval=3600, ping_timeout=3600)


async def main() -> None:
    app = socketio.ASGIApp(server)
    config = uvicorn.Config(app, log_level="error", ws_per_message_deflate=False)
    web = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    serving = asyncio.create_task(web.serve(sockets=[listener]))
    await obey(listener.getsockname()[1], lambda text: server.emit("event", text))
    serving.cancel()


asyncio.run(main())
