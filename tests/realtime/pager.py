"""The consumer that tests hold: made, asked for in pages, and looked at."""

from __future__ import annotations

from typing import Any

from web import Site, read

from hub.embedded.spec import until

HOME = "/api/v1/orgs/acme"
PAGER = f"{HOME}/consumers/pager"


async def made(site: Site, name: str = "pager", **more: str) -> dict[str, Any]:
    """A new consumer."""
    answer = await site("POST", f"{HOME}/consumers", {"name": name, **more})
    assert answer.code == 201, answer.body
    return read(answer)


async def stored(site: Site, cursor: str) -> None:
    """Wait until the consumer's place is this one."""

    async def is_there() -> bool:
        return read(await site("GET", PAGER))["cursor"] == cursor

    await until(is_there, 10)


async def poll(site: Site, **query: Any) -> Any:
    """The answer to one page for the consumer."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return await site("GET", f"{HOME}/events?consumer=pager&{asked}")


def texts(page: Any) -> list[str]:
    return [event["data"].get("text", event["type"]) for event in page["events"]]
