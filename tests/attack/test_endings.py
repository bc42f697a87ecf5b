"""What has ended opens nothing, and neither does a good credential in the place of another kind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from caller import Headers
from estate import Visitor, bearer, enrol
from line import connected
from probes import Probe, probes
from setting import Scene
from subjects import Holding, holder

from hub.contract.words import Role, Scope
from hub.domain.access import PERSON
from hub.door.guard import cookie_name
from hub.services import password_resets, sessions

pytest_plugins = ("prepared",)
pytestmark = pytest.mark.gen_test(timeout=120)
PLAN = probes()
INSIDE = [probe for probe in PLAN if probe.is_in_organization and probe.action not in PERSON]
GUARDED = [probe for probe in PLAN if probe.action is not None]
# One route of each action and method: every route asks the one guard for its credential.
DOORS = list({(probe.action, probe.method): probe for probe in GUARDED}.values())
SENDERS = [probe for probe in PLAN if probe.is_unsafe and probe.route.machine]
PAST, HOUR = timedelta(seconds=-5), timedelta(hours=1)


async def statuses(scene: Scene, visitor: Visitor, plan: list[Probe]) -> dict[int, list[str]]:
    """How a visitor is answered, everywhere."""
    found: dict[int, list[str]] = {}
    for probe in plan:
        things = scene.acme.things
        answer = await scene.call(probe.method, probe.path(things), visitor.headers, probe.body(things))
        found.setdefault(answer.status, []).append(str(probe))
    return found


async def test_a_role_a_membership_and_a_key_open_nothing_after_their_end(scene: Scene) -> None:
    ports, org, before = scene.ports, scene.acme.org, await scene.heads()
    for kind in ("member", "team", "key"):
        holding = Holding(kind, Role.ADMIN, Scope.ORGANIZATION, org.tenant)
        without_role = await holder(ports, org, holding, ends=PAST)
        gone = await holder(ports, org, holding, lasts=PAST)
        before = await scene.heads()
        assert (await statuses(scene, without_role, INSIDE)).keys() == {403}, kind
        assert (await statuses(scene, gone, INSIDE)).keys() == {401 if kind == "key" else 404}, kind
        after = await scene.heads()
        assert after[str(org.tenant)] - before[str(org.tenant)] <= 1, kind  # that the session was used here
        lasting = await holder(ports, org, holding, ends=HOUR, lasts=HOUR)
        assert (await scene.call("GET", "/api/v1/orgs/acme/audit", lasting.headers)).status == 200


async def test_what_was_taken_away_opens_nothing(scene: Scene) -> None:
    call, key, home, org = scene.call, scene.acme.key.headers, "/api/v1/orgs/acme", scene.acme.org
    member, removed = await enrol(scene.ports, org, "removed", Role.ADMIN)
    left = await holder(scene.ports, org, Holding("team", Role.ADMIN, Scope.ORGANIZATION, org.tenant))
    made = (await call("POST", f"{home}/keys", key, {"name": "Short-lived", "role": "admin"})).json
    ended = bearer("a deleted key", made["secret"])
    for visitor in (removed, left, ended):
        assert (await call("GET", f"{home}/audit", visitor.headers)).status == 200
    teams = (await call("GET", f"{home}/teams?limit=200", key)).json["data"]
    [team] = [each for each in teams if any(member["name"] == "holder" for member in each["members"])]
    signed_out = await call("DELETE", "/api/v1/session", scene.acme.observer.headers)
    for path in (f"/members/{member}", f"/teams/{team['id']}", f"/keys/{made['id']}"):
        gone = await call("DELETE", home + path, key | {"If-Match": '"1"'})
        assert gone.status == 204, gone
    assert signed_out.status == 204
    before = await scene.heads()
    for visitor, status in ((removed, 404), (left, 403), (ended, 401), (scene.acme.observer, 401)):
        assert (await statuses(scene, visitor, INSIDE)).keys() == {status}, visitor.name
    assert await scene.heads() == before


async def misplaced(scene: Scene) -> dict[str, Headers]:
    """Good credentials, each where another kind belongs."""
    config, acme = scene.ports.config, scene.acme
    cookie, owner = cookie_name(config), acme.owner
    reset = await password_resets.offer(scene.ports, acme.org.founded.email)
    value = owner.headers["Cookie"].partition("=")[2]
    secrets = {
        "an integration key": acme.org.integration_key,
        "a session's token": owner.token,
        "a session's cookie": value,
        "a session's id": owner.session,
        "a CSRF token": owner.headers["X-CSRF-Token"],
        "an invitation's link": acme.things["link"],
        "a password reset's link": reset,
        "an API key's id": acme.things["api_key"],
        "half of an API key": acme.org.api_key[:-1],
        "an API key in capitals": acme.org.api_key.upper(),
        "nothing": "",
    }
    found: dict[str, Headers] = {}
    for name, secret in secrets.items():
        found[f"{name} as an API key"] = {"Authorization": f"Bearer {secret}"}
        found[f"{name} in X-Api-Key"] = {"X-Api-Key": secret}
    own = {name: value for name, value in owner.headers.items() if name != "Cookie"}
    for name, secret in (secrets | {"an API key": acme.org.api_key}).items():
        if name != "a session's cookie":
            found[f"{name} as a cookie"] = own | {"Cookie": f"{cookie}={secret}"}
        if name != "a session's token":
            sealed = sessions.seal_cookie(config, secret)
            found[f"{name}, sealed as a cookie"] = own | {"Cookie": f"{cookie}={sealed}"}
    other = {"a cookie of another name": "session", "a cookie of another installation": f"{cookie}2"}
    found |= {why: own | {"Cookie": f"{name}={value}"} for why, name in other.items()}
    found["an API key by another scheme"] = {"Authorization": f"Basic {acme.org.api_key}"}
    found["an API key in the query"] = {}
    return found


async def test_no_credential_opens_what_another_kind_opens(scene: Scene) -> None:
    faults, before = [], await scene.heads()
    for why, headers in (await misplaced(scene)).items():
        before = await scene.heads()
        in_query = f"?token={scene.acme.org.api_key}&access_token={scene.acme.org.api_key}"
        for probe in GUARDED if why.startswith("an integration key") else DOORS:
            at = probe.path(scene.acme.things) + (in_query if "query" in why else "")
            answer = await scene.call(probe.method, at, headers, probe.body(scene.acme.things))
            to_sign_in = str(probe) == "GET /" and (answer.status, answer.one("Location")) == (
                302,
                "/sign-in",
            )
            if answer.status != 401 and not to_sign_in:
                faults.append(f"{why}: {probe}: {answer.status} {answer.body[:100]!r}")
        if await scene.heads() != before:
            faults.append(f"{why}: something happened")
    assert not faults, "\n".join(faults[:20])


async def test_only_an_integrations_key_sends_alerts(scene: Scene) -> None:
    acme, faults = scene.acme, []
    wrong = [
        acme.org.api_key,
        acme.owner.token,
        acme.owner.headers["Cookie"],
        acme.things["link"],
        "a" * 32,
        "",
    ]

    async def kept() -> int:
        async with connected(scene.database.admin_url) as admin:
            return int(await admin.fetchval("SELECT count(*) FROM inbox"))

    before = await kept()
    for probe in SENDERS:
        for secret in wrong:
            things: dict[str, Any] = acme.things | {"key": secret or "x"}
            things["integration"] = acme.org.founded.integration_id
            for headers in ({"Authorization": f"Bearer {secret}"}, {"X-Api-Key": secret}, acme.owner.headers):
                answer = await scene.call(probe.method, probe.path(things), headers, probe.body(things))
                if answer.status not in {400, 401, 403, 404}:
                    faults.append(f"{probe}: {secret}: {answer.status}")
    assert await kept() == before
    own = acme.things | {"integration": acme.org.founded.integration_id}
    sending = [probe for probe in SENDERS if not probe.is_setting]
    for probe in sending:
        good = await scene.call(probe.method, probe.path(own), acme.sender.headers, probe.body(own))
        assert good.status in {200, 202}, (str(probe), good)
    assert await kept() == before + len(sending)
    assert not faults, faults
