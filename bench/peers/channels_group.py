"""Django Channels with `group_send` over its in-memory layer, on uvicorn."""

import asyncio
import socket

import django
import uvicorn
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.layers import get_channel_layer
from django.conf import settings
from lines import obey

settings.configure(
    CHANNEL_LAYERS={
        "default": {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 10_000}}
    },
)
django.setup()


class Stream(AsyncWebsocketConsumer):
    async def connect(self) -> None:
        await self.channel_layer.group_add("all", self.channel_name)
        await self.accept()

    async def event(self, event: dict[str, str]) -> None:
        await self.send(text_data=event["text"])


async def send(text: str) -> None:
    await get_channel_layer().group_send("all", {"type": "event", "text": text})


async def main() -> None:
    config = uvicorn.Config(
        Stream.as_asgi(), log_level="error", ws_per_message_deflate=False,
        ws_ping_interval=None,
    )  # fmt: skip
    web = uvicorn.Server(config)
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    serving = asyncio.create_task(web.serve(sockets=[listener]))
    await obey(listener.getsockname()[1], send)
    serving.cancel()


asyncio.run(main())
