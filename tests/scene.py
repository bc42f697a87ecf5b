"""An organization with two services, two teams and something in each, and actors with one narrow role."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from line import alarm, connected, fire, post
from orgs import Org
from roles import key_of
from servers import Database
from web import Site, read

from hub.contract.ids import parse, text
from hub.contract.words import Role, Scope
from hub.services import credentials
from hub.services.ports import Ports


@dataclass
class Corner:
    """A service, the team that owns it, an incident of it, its integration and a receipt."""

    service: str
    team: str
    incident: str
    integration: str
    receipt: str

    def place(self, scope: Scope) -> str | None:
        """What a role in this scope is for."""
        return {"team": self.team, "service": self.service, "incident": self.incident}.get(scope.value)


@dataclass
class Scene:
    """Two corners that have nothing to do with each other. `admin` may do everything; it is a key."""

    ports: Ports
    database: Database
    org: Org
    admin: Site
    mine: Corner
    other: Corner

    async def made(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """What a POST of the administrator made."""
        answer = await self.admin("POST", f"/api/v1/orgs/{self.org.slug}{path}", body)
        assert answer.code in (200, 201), answer.body
        return dict(read(answer))

    async def sql(self, statement: str, *values: object) -> None:
        """What no service of ours can do yet."""
        async with connected(self.database.admin_url) as admin:
            await admin.execute(statement, *values)

    async def hide(self, incident: str) -> None:
        """Make an incident private."""
        await self.sql("UPDATE incident SET private = true WHERE id = $1", parse("incident", incident))

    async def nobody(self) -> tuple[Site, str]:
        """A client with a key that has no role at all, and the key's id."""
        secret = await key_of(self.ports, self.org, Role.OBSERVER)
        key = await credentials.find(self.ports, secret)
        assert key is not None
        await self.sql("DELETE FROM role_binding WHERE subject_id = $1", key.subject)
        return self.admin.with_key(secret), text("key", key.subject)

    async def bind(self, subject: str, role: Role, scope: Scope, id: str | None) -> dict[str, Any]:
        """Give a role by REST."""
        where = {"kind": scope.value} | ({"id": id} if id else {})
        return await self.made("/bindings", {"subject": subject, "role": role.value, "scope": where})

    async def actor(self, role: Role, scope: Scope, id: str | None = None) -> Site:
        """A client whose key has this role alone; for `mine` where no id is given."""
        site, key = await self.nobody()
        await self.bind(key, role, scope, id or self.mine.place(scope))
        return site


async def build(ports: Ports, database: Database, site: Site, org: Org) -> Scene:
    """The scene in an organization that a fixture has made: its first service is `mine`."""
    admin, path = site.with_key(org.api_key), f"/api/v1/orgs/{org.slug}"
    services = read(await admin("GET", f"{path}/services"))["data"]
    first = await _corner(ports, admin, path, org, services[0], text("integration", org.integration_id))
    added = read(await admin("POST", f"{path}/services", {"name": "Other"}))
    asked = {"name": "other", "service": added["id"]}
    integration = read(await admin("POST", f"{path}/integrations", asked))["id"]
    second = await _corner(ports, admin, path, org, added, integration)
    return Scene(ports, database, org, admin, first, second)


async def _corner(
    ports: Ports, admin: Site, path: str, org: Org, service: dict[str, Any], integration: str
) -> Corner:
    team = service["team"] or read(await admin("POST", f"{path}/teams", {"name": "Others"}))
    if service["team"] is None:
        version = {"If-Match": f'"{service["version"]}"'}
        answer = await admin("PATCH", f"{path}/services/{service['id']}", {"team": team["id"]}, version)
        assert answer.code == 200, answer.body
    asked = {"service": service["id"], "title": f"{service['name']} is slow", "severity": "SEV3"}
    incident = read(await admin("POST", f"{path}/incidents", asked))["id"]
    of = Org(org.founded, org.tenant, org.slug, org.key, _uuid(integration))
    receipt = await post(ports, of, alarm(f"disk of {service['name']}"))
    await fire(ports, of, alarm(None, title="a dead letter follows"))
    return Corner(service["id"], team["id"], incident, integration, receipt)


def _uuid(integration: str) -> UUID:
    id = parse("integration", integration)
    assert id is not None
    return id
