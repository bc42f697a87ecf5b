"""Opsgenie's heartbeats and stories: by the key of the integration, and of no other."""

from __future__ import annotations

from typing import Any

import pytest
from orgs import Org
from tornado.httpclient import HTTPResponse
from web import Site, read

from hub.contract.ids import text
from hub.services import work
from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
BEATS = "/v2/heartbeats"
NIGHTLY = {"name": "nightly", "interval": 2, "intervalUnit": "hours", "description": "d", "enabled": True}


class Genie:
    """An Opsgenie client of an organization's integration."""

    def __init__(self, site: Site, org: Org) -> None:
        self._site, self._headers = site, {"Authorization": f"GenieKey {org.integration_key}"}

    async def __call__(self, method: str, path: str, body: Any = None) -> HTTPResponse:
        return await self._site(method, path, body, self._headers)


async def test_heartbeats_are_made_read_changed_and_deleted(site: Site, acme: Org, globex: Org) -> None:
    ours, theirs = Genie(site, acme), Genie(site, globex)
    made = await ours("POST", BEATS, NIGHTLY)
    assert (made.code, read(made)["result"]) == (201, "Heartbeat created")
    first = read(await ours("GET", f"{BEATS}/nightly"))["data"]
    assert first == {
        "name": "nightly", "description": "", "interval": 2, "intervalUnit": "hours", "enabled": True,
        "expired": False, "lastPingTime": None,
    }  # fmt: skip
    changed = await ours("PATCH", f"{BEATS}/nightly", {"interval": 90, "intervalUnit": "minutes"})
    assert (read(changed)["data"]["interval"], read(changed)["data"]["intervalUnit"]) == (90, "minutes")
    pinged = await ours("GET", f"{BEATS}/nightly/ping")
    assert (pinged.code, read(pinged)["result"]) == (202, "PONG - Heartbeat received")
    ways = ("/enable", "/disable")
    for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), *(("POST", way) for way in ways)):
        asked = None if method in {"GET", "DELETE"} else {}
        assert (await theirs(method, f"{BEATS}/nightly{path}", asked)).code == 404, method
    assert read(await theirs("GET", BEATS))["data"] == {"heartbeats": []}
    assert len(read(await ours("GET", BEATS))["data"]["heartbeats"]) == 1
    owner = await site.signed_in("owner@acme.example")
    log = read(await owner("GET", "/api/v1/orgs/acme/audit"))["data"]
    [entry] = [each for each in log if each["action"] == "heartbeat.created"]
    assert entry["actor"]["id"] == text("integration", acme.integration_id)
    assert (await ours("DELETE", f"{BEATS}/nightly")).code == 200
    assert (await ours("GET", f"{BEATS}/nightly")).code == 404


async def test_a_heartbeat_is_disabled_and_enabled_again(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    ours = Genie(site, acme)
    assert (await ours("POST", BEATS, NIGHTLY | {"enabled": False})).code == 201
    path = f"/api/v1/orgs/acme/heartbeats/{await id_of(site, acme)}"
    for method in ("POST", "PUT", "PATCH"):
        for way in ("enable", "disable"):
            switched = await ours(method, f"{BEATS}/nightly/{way}", {})
            is_on = way == "enable"
            assert (switched.code, read(switched)["result"]) == (200, f"Heartbeat {way}d")
            assert read(switched)["data"]["enabled"] is is_on
            shown = read(await site.with_key(acme.api_key)("GET", path))
            assert (shown["enabled"], shown["status"] == "disabled") == (is_on, not is_on)
    assert (await ours("PATCH", f"{BEATS}/nightly/ping", {})).code == 202
    await work.drain(ports, "inbox", [acme.tenant])
    shown = read(await site.with_key(acme.api_key)("GET", path))
    assert (shown["status"], shown["due_at"], shown["last_ping_at"] is None) == ("disabled", None, False)
    assert (await ours("PATCH", f"{BEATS}/nightly", {"enabled": True})).code == 200
    shown = read(await site.with_key(acme.api_key)("GET", path))
    assert (shown["status"], shown["due_at"] is None) == ("alive", False)
    assert (await Genie(site, globex)("POST", f"{BEATS}/nightly/disable", {})).code == 404


async def test_what_changes_a_heartbeat_is_a_use_of_the_key_and_can_be_undone(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    integration = f"/api/v1/orgs/acme/integrations/{text('integration', acme.integration_id)}"
    ours, admin = Genie(site, acme), site.with_key(acme.api_key)
    since = ports.clock().isoformat()
    await ours("POST", BEATS, NIGHTLY)
    await ours("POST", f"{BEATS}/nightly/disable", {})
    await ours("POST", f"{BEATS}/nightly/disable", {})
    assert read(await admin("GET", f"{integration}/uses"))["data"][0]["count"] == 2, "one changed nothing"
    listed = f"/api/v1/orgs/acme/receipts?integration={text('integration', acme.integration_id)}"
    receipts = read(await admin("GET", listed))["data"]
    heartbeat = await id_of(site, acme)
    assert [(each["items"][0]["rule"], each["items"][0]["heartbeat"]) for each in receipts] == [
        ("a heartbeat was changed", heartbeat),
        ("a heartbeat was made", heartbeat),
    ]
    asked = {"since": since, "preview": True}
    foreign = await site.with_key(globex.api_key)("POST", f"{integration}/undo", asked)
    assert foreign.code == 404
    tried = read(await admin("POST", f"{integration}/undo", asked))
    done = read(await admin("POST", f"{integration}/undo", asked | {"preview": False}))
    assert [(each["what"], each["name"]) for each in done["undone"]] == [
        ("heartbeat.changed", "nightly"), ("heartbeat.created", "nightly"),
    ]  # fmt: skip
    assert (tried["undone"], tried["left"], done["left"]) == (done["undone"], 2, 0)
    assert (await ours("GET", f"{BEATS}/nightly")).code == 404


async def id_of(site: Site, org: Org) -> str:
    """The id of the one heartbeat that there is."""
    [found] = read(await site.with_key(org.api_key)("GET", f"/api/v1/orgs/{org.slug}/heartbeats"))["data"]
    return str(found["id"])


@pytest.mark.parametrize(
    ("fields", "bad"),
    [
        ({"name": None}, "name"), ({"name": "a b"}, "name"), ({"interval": None}, "interval"),
        ({"interval": 0}, "interval"), ({"interval": "2"}, "interval"), ({"interval": 1 << 62}, "interval"),
        ({"interval": True}, "interval"), ({"intervalUnit": "weeks"}, "intervalUnit"),
        ({"intervalUnit": ["days"]}, "intervalUnit"), ({"enabled": "no"}, "enabled"),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_named(site: Site, acme: Org, fields: dict[str, object], bad: str) -> None:
    refused = await Genie(site, acme)("POST", BEATS, NIGHTLY | fields)
    assert (refused.code, read(refused)["errors"].keys()) == (422, {bad})


async def test_a_name_that_is_taken_and_no_key_are_refused(site: Site, acme: Org) -> None:
    ours = Genie(site, acme)
    assert [(await ours("POST", BEATS, NIGHTLY)).code for _ in range(2)] == [201, 422]
    assert (await site("POST", BEATS, NIGHTLY)).code == 401
    assert (await ours("POST", BEATS, b"{")).code == 422


async def test_on_hold_only_a_listed_address_changes_one(site: Site, acme: Org) -> None:
    ours = Genie(site, acme)
    assert (await ours("POST", BEATS, NIGHTLY)).code == 201
    path = f"/api/v1/orgs/acme/integrations/{text('integration', acme.integration_id)}/hold"
    for addresses, code in ((["203.0.113.7"], 403), (["127.0.0.1"], 200)):
        held = await site.with_key(acme.api_key)("POST", path, {"addresses": addresses})
        assert held.code == 200
        assert (await ours("DELETE", f"{BEATS}/nightly")).code == code


async def test_a_client_reads_its_own_notes_and_deeds_alone(
    site: Site, ports: Ports, acme: Org, globex: Org
) -> None:
    ours = Genie(site, acme)
    await ours("POST", "/v2/alerts", {"message": "Disk full", "alias": "disk"})
    await ours("POST", "/v2/alerts/disk/notes?identifierType=alias", {"note": "look"})
    await work.drain(ports, "inbox", [acme.tenant])
    said = await site.with_key(acme.api_key)("POST", "/api/v1/orgs/acme/incidents/1/note", {"text": "secret"})
    assert said.code == 200
    notes = read(await ours("GET", "/v2/alerts/disk/notes?identifierType=alias"))["data"]
    assert [note["note"] for note in notes] == ["look"]
    logs = read(await ours("GET", "/v2/alerts/disk/logs?identifierType=alias"))["data"]
    assert [entry["log"] for entry in logs] == ["Incident noted: look", "Alert fired", "Incident opened"]
    theirs = await Genie(site, globex)("GET", "/v2/alerts/disk/notes?identifierType=alias")
    assert theirs.code == 404
    assert (await ours("GET", "/v2/alerts/disk/close?identifierType=alias")).code == 404
