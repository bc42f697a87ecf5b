"""A key that leaked: requests from our address and a strange one, and what is undone of them."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from line import CONTEXT, alarm, drain, granted, put, row, shown
from orgs import PASSWORD, Org

from hub.contract.ids import text
from hub.contract.undo import Undo, Undone
from hub.contract.words import Action
from hub.domain.access import Grant
from hub.services import access, credentials, incidents, sessions, undoing
from hub.services.ports import Ports

OURS, STRANGE = "203.0.113.9", "198.51.100.7"
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


async def send(ports: Ports, org: Org, key: str, action: str = "trigger", address: str = STRANGE) -> str:
    """A request from an address, processed; its receipt."""
    sent = row(ports, org, alarm(key, action, **({"title": "look here"} if action == "note" else {})))
    [reference] = await put(ports, msgspec.structs.replace(sent, address=address))
    await drain(ports, org)
    return reference


async def undo(
    ports: Ports, org: Org, *addresses: str, since: datetime = ALWAYS, preview: bool = False,
    key: str | None = None,
) -> Undone:  # fmt: skip
    grant = await granted(ports, org, Action.INTEGRATION_MANAGE)
    asked = Undo(since=since, addresses=list(addresses), preview=preview)
    done, _ = await undoing.undo(ports, grant, text("integration", org.integration_id), asked, key, CONTEXT)
    return done


async def owner(ports: Ports, org: Org) -> Grant:
    """The Grant of a person: what they do is work."""
    made = await sessions.sign_in(ports, f"owner@{org.slug}.example", PASSWORD, CONTEXT)
    found = await credentials.find(ports, made.token)
    return await access.authorize(ports, found, org.slug, Action.INCIDENT_NOTE, CONTEXT)


async def told(ports: Ports, org: Org) -> list[tuple[str, str, int, int]]:
    """Title, status, firing and total of every incident."""
    found = await shown(ports, org)
    return [(each.title, each.status.value, each.alerts.firing, each.alerts.total) for each in found]


async def corrected(ports: Ports, org: Org, reference: str) -> dict[str, str]:
    """The kinds of an incident's events, by the kind of what corrects them."""
    page = await incidents.timeline(ports, await granted(ports, org), reference, 200, None)
    events = [msgspec.json.decode(event) for event in page.data]
    names = {event["id"]: event["type"] for event in events}
    return {
        event["type"]: names[event["data"]["corrects"]] for event in events if event["data"].get("corrects")
    }


def left(done: Undone) -> list[tuple[str, str]]:
    """What was left, and why."""
    return [(each.what, each.kept or "") for each in done.kept]
