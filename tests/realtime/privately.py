"""What tests of private incidents do: act as somebody, hire somebody, read words."""

from __future__ import annotations

from typing import Any

from crew import Person, hire
from following import make_key
from scene import Scene
from web import Site, read

from hub.contract.words import Role

ORG = "/api/v1/orgs/acme"


async def act(site: Site, incident: str, name: str, **arguments: Any) -> Any:
    """One command; its answer."""
    answer = await site("POST", f"{ORG}/incidents/{incident}/{name}", arguments)
    assert answer.code == 200, (name, answer.body)
    return read(answer)


async def staff(scene: Scene, *names: str, role: Role = Role.RESPONDER) -> list[Person]:
    return [await hire(scene.ports, scene.admin, scene.org, name, role) for name in names]


async def watcher(scene: Scene) -> Site:
    """Somebody who sees the whole organization, and nothing administrative."""
    return scene.admin.with_key(await make_key(scene.ports, scene.org, Role.OBSERVER))


def words(told: Any) -> list[str]:
    return [str(event["data"].get("text", event["type"])) for event in told]
