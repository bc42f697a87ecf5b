"""What an organization of the attack has: one of everything that a route takes, and people who come to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from caller import Caller, Headers
from line import drain
from orgs import Org
from probes import Things

from hub.contract.ids import TenantId, new, text
from hub.contract.words import Role
from hub.door.guard import cookie_name
from hub.services import access, sessions
from hub.services.change import change
from hub.services.joining import join
from hub.services.ports import Ports, RequestContext
from hub.storage import directory, people

CONTEXT = RequestContext(request_id="req-of-a-test", address="192.0.2.7", device="a test")
NOBODY = "organization-that-is-not-there"


@dataclass(frozen=True)
class Visitor:
    """Who asks, by what is in the headers; `session` is set for a browser."""

    name: str
    headers: Headers
    session: str = ""
    token: str = ""


@dataclass(frozen=True)
class Estate:
    """An organization, its things by the place where a route takes them, and who comes to it."""

    org: Org
    things: Things
    owner: Visitor
    observer: Visitor
    key: Visitor
    sender: Visitor

    @property
    def visitors(self) -> list[Visitor]:
        """Everybody who belongs to it."""
        return [self.owner, self.observer, self.key]


async def found(ports: Ports, call: Caller, org: Org) -> Estate:
    """Make one of everything, two of what is listed, by the public API where there is a way."""
    person = await directory.find_identity(ports.store, "password", org.founded.email)
    assert person
    key, sender = bearer("the key", org.api_key), bearer("a sender", org.integration_key)
    owner, again = await signed_in(ports, "the owner", person), await signed_in(ports, "again", person)
    bob, observer = await enrol(ports, org, "bob", Role.OBSERVER)
    things = {
        "org": org.slug, "session": again.session, "member": bob, "key": org.integration_key,
        "build": "older", "name": "css/base.css", "beat": "second",
        "identifier": "second", "verb": "close", "request": "second",
    }  # fmt: skip
    home = f"/api/v1/orgs/{org.slug}"

    async def make(path: str, body: object) -> Any:
        answer = await call("POST", home + path, key.headers, body)
        assert answer.status in {200, 201}, answer
        return answer.json

    things["service"] = (await call("GET", f"{home}/services", key.headers)).json["data"][0]["id"]
    await make("/services", {"name": "Second service"})
    for number in range(2):
        incident = (await make("/incidents", {"title": "a secret", "service": things["service"]}))["id"]
        await make(f"/incidents/{incident}/note", {"text": "a secret"})
        things["incident"] = incident
        things["team"] = (await make("/teams", {"name": f"Team {number}"}))["id"]
        consumer = await make("/consumers", {"name": f"consumer-{number}"})
        things |= {"consumer": consumer["id"], "cursor": consumer["cursor"]}
        invited = await make(
            "/invitations", {"email": f"guest{number}@{org.slug}.example", "role": "observer"}
        )
        things |= {"invitation": invited["id"], "link": invited["link"].rpartition("#")[2]}
        sent = await call("POST", "/api/v1/ingest/events", sender.headers, b'{"broken')
        assert sent.status == 400, sent
    things["integration"] = (
        await make("/integrations", {"name": "Second integration", "service": things["service"]})
    )["id"]
    for name in ("first", "second"):
        asked = {"name": name, "integration": things["integration"], "interval_seconds": 60}
        things["heartbeat"] = (await make("/heartbeats", asked))["id"]
    things["api_key"] = (await make("/keys", {"name": "Second key", "role": "observer"}))["id"]
    sent = await call("POST", "/api/v1/ingest/events", sender.headers, {"title": "a secret"})
    things["receipt"] = sent.json["receipt_id"]
    given = (await call("GET", f"{home}/bindings", key.headers)).json["data"]
    [things["binding"]] = [binding["id"] for binding in given if binding["subject"]["id"] == bob]
    await drain(ports, org)
    return Estate(org, things, owner, observer, key, sender)


def bearer(name: str, secret: str) -> Visitor:
    """Who shows a key."""
    return Visitor(name, {"Authorization": f"Bearer {secret}"})


async def register(ports: Ports, name: str) -> TenantId:
    """Somebody who is a member of nothing, with a password that nobody knows."""
    tenant = TenantId(new())
    async with change(ports, access.system("founder", tenant), CONTEXT) as changed:
        await people.open_log(changed.tx)
        await people.add_person(changed.tx, f"{name}@{tenant}.example", name, "no hash", changed.now)
    return tenant


async def enrol(ports: Ports, org: Org, name: str, *roles: Role, person: TenantId | None = None) -> Any:
    """A member with roles in the whole organization: the id, and the member as a visitor."""
    person = person or await register(ports, name)
    async with change(ports, access.system("founder", org.tenant, org.slug), CONTEXT) as changed:
        if roles:
            member = await join(changed, person, name, roles[0])
        else:
            member = await people.add_member(changed.tx, new(), person, name, changed.now)
    return text("member", member), await signed_in(ports, name, person)


async def signed_in(ports: Ports, name: str, person: TenantId) -> Visitor:
    """A browser of a person, as if they had signed in (whose password would take its time to hash)."""
    async with change(ports, await access.person(ports, person), CONTEXT) as changed:
        token, credential = await sessions.start(changed)
    value, at = sessions.seal_cookie(ports.config, token), f"http://127.0.0.1:{ports.config.port}"
    headers = {
        "Cookie": f"{cookie_name(ports.config)}={value}",
        "Origin": at,
        "X-CSRF-Token": sessions.csrf(ports, credential.id),
    }
    return Visitor(name, headers, text("session", credential.id), token)


async def together(ports: Ports, *estates: Estate) -> Visitor:
    """Somebody who owns all of these: what is right in one must still be missing in the other."""
    person = await register(ports, "both")
    for estate in estates:
        _, visitor = await enrol(ports, estate.org, "both", Role.OWNER, person=person)
    return Visitor("an owner of both", visitor.headers, visitor.session)


async def settled(call: Caller, *visits: tuple[Visitor, Estate]) -> None:
    """Let everybody come once: the first use of a session in an organization is an event of its own."""
    for visitor, estate in visits:
        answer = await call("GET", f"/api/v1/orgs/{estate.org.slug}", visitor.headers)
        assert answer.status == 200, (visitor, answer)
