"""Signed requests at the door: what is taken, what is refused before anything is kept, what comes twice."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import msgspec
import pytest
from line import connected
from orgs import Org
from servers import Database
from signers import github, grafana, standard
from tornado.httpclient import HTTPResponse
from web import Site, outcome, read, serving

from hub import metrics
from hub.app import build
from hub.config import assets
from hub.contract.ids import text
from hub.door.gate import Gate
from hub.handlers import pages
from hub.realtime.station import Station
from hub.services import work
from hub.services.guarding import write_refusals
from hub.services.ports import Ports
from hub.services.receive import Receiver

pytestmark = pytest.mark.gen_test(timeout=30)
EVENTS = "/api/v1/ingest/events"
ALARM = b'{"title": "Disk full", "dedup_key": "disk"}'
GROUP = msgspec.json.encode(
    {"groupKey": "g", "alerts": [{"status": "firing", "labels": {"alertname": "x"}, "fingerprint": "0" * 16}]}
)


def place(org: Org) -> str:
    return f"/api/v1/orgs/{org.slug}/integrations/{text('integration', org.integration_id)}"


async def signing(site: Site, org: Org, scheme: str, **more: Any) -> str:
    """Have the first integration take signed requests only; its secret."""
    answer = await site.with_key(org.api_key)("POST", f"{place(org)}/signing", {"scheme": scheme} | more)
    assert answer.code == 200, answer.body
    return str(read(answer)["secret"])


async def send(
    site: Site, org: Org, headers: dict[str, str], body: bytes = ALARM, path: str = EVENTS
) -> HTTPResponse:
    own = {"Content-Type": "application/json"} | site.headers
    return await site.with_key(org.integration_key)("POST", path, body, own | headers)


async def rows(database: Database, table: str = "inbox") -> int:
    async with connected(database.admin_url) as admin:
        count: int = await admin.fetchval(f"SELECT count(*) FROM {table}")
        return count


async def test_each_scheme_is_taken_with_its_signature(
    site: Site, ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    secret = await signing(site, acme, "standard_webhooks")
    assert (await send(site, acme, standard(secret, ALARM, "msg_1"))).code == 202
    secret = await signing(site, acme, "github")
    assert (await send(site, acme, github(secret, ALARM, "d-1"))).code == 202
    secret = await signing(site, acme, "grafana")
    hook = f"/integrations/grafana/{text('integration', acme.integration_id)}/webhook"
    for ago in (0, None):
        assert (await send(site, acme, grafana(secret, GROUP, ago), GROUP, hook)).code == 202
    assert await rows(database) == 4
    assert (await send(site, globex, {})).code == 202, "who asks for no signature needs none"
    await work.drain(ports, "inbox", [acme.tenant])
    board = read(await site.with_key(acme.api_key)("GET", "/api/v1/orgs/acme/incidents"))["data"]
    assert sorted(one["title"] for one in board) == ["Disk full", "x"]


async def test_what_is_not_signed_right_is_refused_before_anything_is_kept(
    site: Site, web_ports: Ports, database: Database, acme: Org, capsys: pytest.CaptureFixture[str]
) -> None:
    secret = await signing(site, acme, "standard_webhooks")
    good = standard(secret, ALARM, "msg_1")
    hook = f"/integrations/alertmanager/{text('integration', acme.integration_id)}/webhook"
    enqueued = msgspec.json.encode({"routing_key": acme.integration_key, "event_action": "trigger"})
    before = {reason: _refused(reason) for reason in ("missing", "wrong", "old")}
    for headers, body, path, reason in (
        ({}, ALARM, EVENTS, "missing"),
        ({"webhook-id": "msg_1"}, ALARM, EVENTS, "missing"),
        (good, ALARM + b" ", EVENTS, "wrong"),
        (good | {"webhook-id": "msg_2"}, ALARM, EVENTS, "wrong"),
        (standard("whsec_" + "a" * 32, ALARM, "msg_1"), ALARM, EVENTS, "wrong"),
        (github(secret, ALARM, "d-1"), ALARM, EVENTS, "missing"),
        (standard(secret, ALARM, "msg_1", ago=400), ALARM, EVENTS, "old"),
        (standard(secret, ALARM, "msg_1", ago=-400), ALARM, EVENTS, "old"),
        ({}, ALARM, f"/api/v1/ingest/hooks/{acme.integration_key}", "missing"),
        ({}, enqueued, "/v2/enqueue", "missing"),
        ({}, GROUP, hook, "missing"),
        ({}, b"{", EVENTS, "missing"),
    ):
        refused = await send(site, acme, headers, body, path)
        assert outcome(refused) == (401, "signature_refused"), (headers, refused.body)
        assert refused.headers["WWW-Authenticate"]
        before[reason] += 1
    assert await rows(database) == 0
    assert {reason: _refused(reason) for reason in before} == before
    await write_refusals(web_ports, everything=True)
    audit = read(await site.with_key(acme.api_key)("GET", "/api/v1/orgs/acme/audit?limit=5"))["data"]
    told = [each["data"] for each in audit if each["action"] == "request.refused"]
    assert {each["who"] for each in told} == {text("integration", acme.integration_id)}
    assert sum(each["count"] for each in told) == 12
    printed = "".join(capsys.readouterr())
    assert "signature_refused" in printed
    for telling in (secret, secret[6:], good["webhook-signature"][3:], acme.integration_key):
        assert telling not in printed


def _refused(reason: str) -> float:
    return metrics.SIGNATURES_REFUSED.labels(reason)._value.get()


async def test_a_replay_is_answered_like_the_first_and_has_no_second_effect(
    site: Site, database: Database, acme: Org
) -> None:
    secret = await signing(site, acme, "standard_webhooks")
    recorded = standard(secret, ALARM, "msg_1")
    first = await send(site, acme, recorded)
    for more in ({}, {"Idempotency-Key": "another"}, {"X-Webhook-Id": "another"}):
        again = await send(site, acme, recorded | more)
        assert (again.code, again.body) == (202, first.body), more
    retried = await send(site, acme, standard(secret, ALARM, "msg_1", ago=-3))
    assert retried.body == first.body, "a sender's own retry has a new time and the same id"
    assert await rows(database) == 1
    assert (await send(site, acme, standard(secret, ALARM, "msg_2"))).body != first.body
    assert await rows(database) == 2


async def test_a_recorded_request_is_a_replay_at_another_address_too(
    site: Site, database: Database, acme: Org
) -> None:
    secret, integration = await signing(site, acme, "grafana"), text("integration", acme.integration_id)
    recorded = grafana(secret, GROUP)
    first = await send(site, acme, recorded, GROUP, f"/integrations/grafana/{integration}/webhook")
    again = await send(site, acme, recorded, GROUP, f"/integrations/alertmanager/{integration}/webhook")
    assert (again.code, read(again)) == (202, read(first))
    assert await rows(database) == 1
    later = await send(
        site, acme, grafana(secret, GROUP, ago=30), GROUP, f"/integrations/grafana/{integration}/webhook"
    )
    assert read(later) != read(first), "what Grafana says again is no replay"
    for _ in range(2):
        untimed = grafana(secret, GROUP, None)
        assert (
            await send(site, acme, untimed, GROUP, f"/integrations/grafana/{integration}/webhook")
        ).code == 202
    assert await rows(database) == 4, "without a time nothing tells a keep-alive from a replay: state decides"


async def test_a_secret_is_shown_once_and_kept_sealed(site: Site, database: Database, acme: Org) -> None:
    key, once = site.with_key(acme.api_key), {"Idempotency-Key": "k1"}
    made = await key("POST", f"{place(acme)}/signing", {"scheme": "grafana"}, once)
    secret = read(made)["secret"]
    assert secret in read(made)["snippets"]["grafana"]
    assert (read(made)["signing"]["last4"], read(made)["version"]) == (secret[-4:], 2)
    replay = await key("POST", f"{place(acme)}/signing", {"scheme": "grafana"}, once)
    assert (replay.headers["Idempotent-Replayed"], read(replay)["secret"]) == ("true", None)
    shown, listed = await key("GET", place(acme)), await key("GET", "/api/v1/orgs/acme/integrations")
    audit = await key("GET", "/api/v1/orgs/acme/audit")
    assert "SIGNING_SECRET" in read(shown)["snippets"]["grafana"]
    assert read(listed)["data"][0]["signing"]["scheme"] == "grafana"
    assert b'"integration.signed"' in audit.body
    for answer in (replay, shown, listed, audit):
        assert secret.encode() not in answer.body
    async with connected(database.admin_url) as admin:
        [kept] = await admin.fetch("SELECT key_id, sealed, about::text FROM sealed_secret")
    assert secret.encode() not in kept["sealed"]
    assert secret not in kept["about"]
    assert len(kept["key_id"]) == 16


async def test_a_secret_that_the_sender_made_is_taken_and_never_told(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    given = "whsec_" + "Ab1+" * 8
    asked = {"scheme": "standard_webhooks", "secret": given}
    answer = await key("POST", f"{place(acme)}/signing", asked, {"Idempotency-Key": "k1"})
    assert (answer.code, read(answer)["secret"]) == (200, None)
    assert given.encode() not in answer.body
    assert "hmacConfig" not in read(answer)["snippets"]["grafana"], (
        "Grafana signs in no other way than its own"
    )
    assert (await send(site, acme, standard(given, ALARM, "msg_1"))).code == 202
    other = await key(
        "POST", f"{place(acme)}/signing", asked | {"secret": given[:-4] + "Ab2+"}, {"Idempotency-Key": "k1"}
    )
    assert outcome(other) == (422, "idempotency_key_reused")
    for bad in ("short", "whsec_no+base64+of+24", "x" * 257, "a secret with spaces in it", 1):
        answer = await key("POST", f"{place(acme)}/signing", asked | {"secret": bad})
        assert outcome(answer) == (400, "invalid")
        assert read(answer)["errors"][0]["pointer"] == "/secret"
        assert str(bad).encode() not in answer.body or bad == 1


async def test_secrets_overlap_as_long_as_was_asked_for(site: Site, database: Database, acme: Org) -> None:
    first = await signing(site, acme, "github")
    second = await signing(site, acme, "github", overlap_seconds=60)
    shown = read(await site.with_key(acme.api_key)("GET", place(acme)))["signing"]
    assert (shown["last4"], shown["old_until"] is None) == (second[-4:], False)
    assert [(await send(site, acme, github(each, ALARM, each))).code for each in (first, second)] == [
        202,
        202,
    ]
    third = await signing(site, acme, "github", overlap_seconds=60)
    codes = [(await send(site, acme, github(each, ALARM, "d"))).code for each in (first, second, third)]
    assert codes == [401, 202, 202], "a rotation leaves two"
    assert await rows(database, "sealed_secret") == 2
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE sealed_secret SET expires_at = now() WHERE expires_at IS NOT NULL")
    assert (await send(site, acme, github(second, ALARM, "d"))).code == 401
    fourth = await signing(site, acme, "github")
    assert [(await send(site, acme, github(each, ALARM, "d"))).code for each in (third, fourth)] == [401, 202]


async def test_a_new_key_asks_for_signatures_too_until_they_are_given_up(site: Site, acme: Org) -> None:
    key, secret = site.with_key(acme.api_key), await signing(site, acme, "github")
    renewed = read(await key("POST", f"{place(acme)}/rotate", {}))["key"]
    sender = site.with_key(renewed)
    assert outcome(await sender("POST", EVENTS, ALARM)) == (401, "signature_refused")
    assert (await sender("POST", EVENTS, ALARM, github(secret, ALARM, "d"))).code == 202
    version = read(await key("GET", place(acme)))["version"]
    assert outcome(await key("DELETE", f"{place(acme)}/signing")) == (428, "version_missing")
    stale = await key("DELETE", f"{place(acme)}/signing", headers={"If-Match": '"1"'})
    assert outcome(stale) == (412, "stale")
    ended = await key("DELETE", f"{place(acme)}/signing", headers={"If-Match": f'"{version}"'})
    assert (ended.code, ended.body) == (204, b"")
    shown = read(await key("GET", place(acme)))
    assert (shown["signing"], shown["version"]) == (None, version + 1)
    assert (await sender("POST", EVENTS, ALARM)).code == 202
    again = await key("DELETE", f"{place(acme)}/signing", headers={"If-Match": f'"{version + 1}"'})
    assert outcome(again) == (404, "not_found")
    assert b'"integration.unsigned"' in (await key("GET", "/api/v1/orgs/acme/audit")).body


async def test_what_is_too_large_to_be_checked_is_not_kept(site: Site, database: Database, acme: Org) -> None:
    secret = await signing(site, acme, "github")
    large = b'{"title": "' + b"x" * 1_100_000 + b'"}'
    assert outcome(await send(site, acme, github(secret, large, "d"), large)) == (413, "too_large")
    assert await rows(database) == 0


async def test_the_databases_clock_counts_and_not_the_process_s(
    web_ports: Ports, gate: Gate, station: Station, site: Site, acme: Org
) -> None:
    secret = await signing(site, acme, "standard_webhooks")
    ahead = replace(web_ports, clock=lambda: web_ports.clock() + timedelta(hours=1))
    async with serving(build(ahead, gate, Receiver(ahead), station, pages.load(assets("static")))) as skewed:
        skewed.headers["Host"] = f"127.0.0.1:{web_ports.config.port}"
        assert (await send(skewed, acme, standard(secret, ALARM, "msg_1"))).code == 202
