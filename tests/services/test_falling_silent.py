"""Alerts that fall silent and storms that fold, on the real line: lanes, timers and the database's clock."""

from __future__ import annotations

from datetime import timedelta

import msgspec
import pytest
from line import alarm, connected, do, drain, fire, granted, kinds, put, receipt, row, shown
from orgs import Org
from servers import Database

from hub.contract.ids import new, text
from hub.contract.integrations import IntegrationPatch
from hub.contract.words import Action, Expire
from hub.domain.errors import Invalid, NotAllowedNow
from hub.domain.version import Expected
from hub.services import integrations, listening, work
from hub.services.ports import Ports, RequestContext

pytestmark = pytest.mark.gen_test(timeout=60)
CONTEXT = RequestContext(request_id="req-of-a-test")
GROUP = '{"version":"4","groupKey":"g","externalURL":"http://am-1","alerts":[%s]}'
ALERT = '{"status":"%s","labels":{"alertname":"%s"}}'


def group(*alerts: tuple[str, str]) -> bytes:
    """A notification of Alertmanager: alerts by name and status."""
    return (GROUP % ",".join(ALERT % (status, name) for name, status in alerts)).encode()


async def tell(ports: Ports, org: Org, *alerts: tuple[str, str]) -> str:
    [kept] = await put(ports, row(ports, org, group(*alerts), format="alertmanager"))
    await drain(ports, org)
    return kept


async def ago(database: Database, hours: float, listens_since: float = 48) -> None:
    """Let all that was said be so long ago, and the hub have listened since then."""
    async with connected(database.admin_url) as admin:
        span = timedelta(hours=hours)
        await admin.execute("UPDATE alert SET last_at = last_at - $1::interval", span)
        await admin.execute("UPDATE timer SET due = due - $1::interval", span)
        await admin.execute(
            "UPDATE listening SET until = now(), since = now() - $1::interval", timedelta(hours=listens_since)
        )


async def statuses(ports: Ports, org: Org) -> list[tuple[str, int, int, int]]:
    return [
        (i.status.value, i.alerts.firing, i.alerts.stale, i.alerts.total) for i in await shown(ports, org)
    ]


async def test_an_alert_that_is_not_repeated_goes_stale_and_is_heard_of_again(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await listening.beat(ports)
    await tell(ports, acme, ("disk", "firing"))
    await tell(ports, globex, ("disk", "firing"))
    await ago(database, 5.9)
    await drain(ports, acme, kind="timers")
    assert await statuses(ports, acme) == [("triggered", 1, 0, 1)]
    await tell(ports, acme, ("disk", "firing"))  # a repeat puts it off
    await ago(database, 1)
    await drain(ports, acme, globex, kind="timers")
    assert await statuses(ports, acme) == [("triggered", 1, 0, 1)]
    assert await statuses(ports, globex) == [("triggered", 0, 1, 1)]
    await ago(database, 6)
    await drain(ports, acme, kind="timers")
    assert await statuses(ports, acme) == [("triggered", 0, 1, 1)]
    assert await kinds(ports, acme, "1") == [
        "incident.opened", "alert.fired", "alert.went_stale", "incident.signals_stale"
    ]  # fmt: skip
    item = (await receipt(ports, acme, await tell(ports, acme, ("disk", "firing")))).items[0]
    assert (item.decision, item.rule) == ("repeated", "heard again after it went stale")
    assert await statuses(ports, acme) == [("triggered", 1, 0, 1)]
    await ago(database, 7)
    await drain(ports, acme, kind="timers")
    assert await statuses(ports, acme) == [("triggered", 0, 1, 1)]
    await tell(ports, acme, ("disk", "resolved"))
    assert await statuses(ports, acme) == [("resolved", 0, 0, 1)]


@pytest.mark.parametrize("why", ["a downtime", "nobody listens", "rows wait"])
async def test_what_could_not_be_heard_is_no_silence(
    ports: Ports, database: Database, acme: Org, why: str
) -> None:
    await listening.beat(ports)
    await tell(ports, acme, ("disk", "firing"))
    await ago(database, 7, listens_since=5 if why == "a downtime" else 48)
    if why == "nobody listens":
        async with connected(database.admin_url) as admin:
            await admin.execute("UPDATE listening SET until = now() - interval '11 s'")
    if why == "rows wait":
        await put(ports, row(ports, acme, group(("disk", "firing")), format="alertmanager"))
    await drain(ports, acme, kind="timers")
    assert await statuses(ports, acme) == [("triggered", 1, 0, 1)]
    async with connected(database.admin_url) as admin:
        assert await admin.fetchval("SELECT count(*) FROM timer WHERE kind = 'stale'") == 1


async def test_an_integration_says_after_how_long_and_what_then(
    ports: Ports, database: Database, acme: Org
) -> None:
    await listening.beat(ports)
    grant, reference = await granted(ports, acme), text("integration", acme.integration_id)
    asked = IntegrationPatch(stale_after_seconds=60, expire=Expire.CLEAR)
    told = await integrations.patch(ports, grant, reference, asked, Expected(None), CONTEXT)
    assert (told.stale_after_seconds, told.expire) == (60, Expire.CLEAR)
    await fire(ports, acme, alarm("disk"))
    await ago(database, 0.02)
    await drain(ports, acme, kind="timers")
    assert await statuses(ports, acme) == [("resolved", 0, 0, 1)]
    again = IntegrationPatch(stale_after_seconds=None, expire=Expire.STALE)
    told = await integrations.patch(ports, grant, reference, again, Expected(None), CONTEXT)
    assert (told.stale_after_seconds, told.expire) == (None, Expire.STALE)


async def test_a_storm_folds_into_one_incident_ends_and_is_split(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    await fire(ports, acme, [alarm(f"k{n}") for n in range(30)], [alarm("k25"), alarm("late")])
    await fire(ports, globex, alarm("k0"))
    found = await shown(ports, acme)
    storm = found[-1]
    assert (len(found), storm.storm, storm.alerts.total) == (21, True, 11)
    assert [i.storm for i in await shown(ports, globex)] == [False]
    async with connected(database.admin_url) as admin:
        moved = "UPDATE flow SET at = at - interval '2 min'"
        await admin.execute(moved)
        await admin.execute("UPDATE timer SET due = now() WHERE kind = 'storm'")
        alert = await admin.fetchval("SELECT id FROM alert WHERE dedup_key = 'k25'")
    await drain(ports, acme, kind="timers")
    assert (await kinds(ports, acme, str(storm.number)))[-1] == "incident.storm_ended"
    await fire(ports, acme, alarm("after"))
    assert [i.title for i in await shown(ports, acme)][21:] == ["after is broken"]
    grant = await granted(ports, acme, Action.INCIDENT_EDIT)
    named = [text("alert", alert)]
    done = await do(ports, grant, str(storm.number), "split", alerts=named)
    assert done.performed.incident.alerts.total == 10
    own = (await shown(ports, acme))[-1]
    assert (own.title, own.alerts.total, own.storm) == ("k25 is broken", 1, False)
    assert await kinds(ports, acme, str(own.number)) == ["incident.opened", "alert.taken_in"]
    again = await do(ports, grant, str(storm.number), "split", alerts=named)
    assert not again.performed.changed
    with pytest.raises(Invalid) as refused:
        await do(ports, grant, str(storm.number), "split", alerts=[*named, text("alert", new()), "x"])
    assert [fault.pointer for fault in refused.value.faults] == ["/alerts/1", "/alerts/2"]
    await fire(ports, acme, alarm("k25", "resolve"))
    assert (await shown(ports, acme))[-1].status == "resolved"
    with pytest.raises(NotAllowedNow):
        await do(ports, grant, str(own.number), "split", alerts=named)


async def test_ten_thousand_triggers_with_one_key_are_one_incident(
    ports: Ports, database: Database, acme: Org
) -> None:
    """In the bodies of 500 that are the most: the count is right, and nothing but the first is an event."""
    body = msgspec.json.encode([alarm("disk")] * 500)
    for _ in range(20):
        await put(ports, row(ports, acme, body))
    while await work.drain(ports, "inbox", [acme.tenant]):
        pass  # in portions, as fast as this machine judges them
    async with connected(database.admin_url) as admin:
        assert await admin.fetchval("SELECT array_agg(count) FROM alert") == [10_000]
    assert await kinds(ports, acme, "1") == ["incident.opened", "alert.fired"]
    assert len(await shown(ports, acme)) == 1
