"""More people for an organization of a test, each with a browser of their own."""

from __future__ import annotations

from dataclasses import dataclass

from orgs import Org
from web import PASSWORD, Site, read

from hub.contract.ids import TenantId, new, text
from hub.contract.words import Role
from hub.services.access import system
from hub.services.change import change
from hub.services.joining import join
from hub.services.passwords import hash_password
from hub.services.ports import Ports, RequestContext
from hub.storage import people

CONTEXT = RequestContext(request_id="req-of-a-test", address="192.0.2.7", device="a test")


@dataclass
class Person:
    """Somebody who has signed in; `member` is the id in the organization that they were made for."""

    browser: Site
    member: str
    tenant: TenantId


async def person(ports: Ports, email: str) -> TenantId:
    """Somebody who can sign in and is a member of nothing."""
    tenant = TenantId(new())
    async with change(ports, system("founder", tenant), CONTEXT) as changed:
        await people.open_log(changed.tx)
        name = email.split("@", 1)[0].title()
        await people.add_person(changed.tx, email, name, await hash_password(PASSWORD), changed.now)
    return tenant


async def hire(ports: Ports, site: Site, org: Org, name: str, role: Role) -> Person:
    """A member of the organization with one role, signed in as NAME@SLUG.example."""
    email = f"{name.lower()}@{org.slug}.example"
    tenant = await person(ports, email)
    async with change(ports, system("founder", org.tenant, org.slug), CONTEXT) as changed:
        member = await join(changed, tenant, name, role)
    return Person(await site.signed_in(email), text("member", member), tenant)


async def version(site: Site, path: str) -> dict[str, str]:
    """The If-Match that a change of this resource needs."""
    return {"If-Match": (await site("GET", path)).headers["ETag"]}


async def kinds(site: Site, count: int, slug: str = "acme") -> list[str]:
    """The newest entries of an organization's audit log, oldest first."""
    answer = await site("GET", f"/api/v1/orgs/{slug}/audit?limit={count}")
    entries = read(answer)["data"]
    return [entry["action"] for entry in reversed(entries)]
