"""What must be true after the journey: one effect each, one history, a wall between, a sound audit."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from journey import Journey
from running import hub
from servers import Servers
from stage import Stage
from watching import watching


@pytest.fixture(scope="module")
def journey(servers: Servers, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Journey]:
    """The journey, over; its database is still there."""
    stage = Stage(servers, Path(tmp_path_factory.mktemp("journey")))

    async def travel() -> Journey:
        async with watching() as watcher:
            made = Journey(stage, watcher)
            await made.run()
            return made

    try:
        yield asyncio.run(travel())
    finally:
        servers.drop_database(stage.database)


def test_the_faults_happened(journey: Journey) -> None:
    assert journey.left_attempts >= 1, "the worker was not killed in the middle of a lane"
    assert journey.accepted_while_stuck == 0, "a 202 came before its COMMIT"
    assert journey.exit_codes == {"web": 0, "web at last": 0, "worker": 0}
    for side in journey.sides.values():
        for name in ("admin", "bot"):
            assert side.recorders[name].connections >= 3
            assert (1012, "restart") in side.recorders[name].farewells


def test_every_accepted_alert_has_exactly_one_effect(journey: Journey) -> None:
    assert [state for state, _ in journey.inbox] == ["done"]
    for slug, side in journey.sides.items():
        sent = {(group.format, key) for group in side.sender.sent for key in group.keys}
        assert side.sender.accepted >= len(side.sender.sent)
        found = journey.alerts[slug]
        assert {(format, key) for format, key, *_ in found} == sent
        assert len(found) == len(sent), "an alert has two episodes"
        events = [msgspec.json.decode(body) for _, _, body in side.log]
        fired = Counter(event["data"]["dedup_key"] for event in events if event["type"] == "alert.fired")
        assert fired == Counter(key for _, key in sent)
        assert [event["data"]["number"] for event in events if event["type"] == "incident.opened"] == list(
            range(1, len(side.sender.sent) + 1)
        )


def test_alerts_of_one_group_share_an_incident_and_no_two_groups_do(journey: Journey) -> None:
    for slug, side in journey.sides.items():
        incident_of = {key: incident for _, key, _, _, incident in journey.alerts[slug]}
        of_groups = [{incident_of[key] for key in group.keys} for group in side.sender.sent]
        assert all(len(incidents) == 1 for incidents in of_groups)
        assert len(set.union(*of_groups)) == len(side.sender.sent)


def test_what_was_resolved_is_resolved_once_and_nothing_else_is(journey: Journey) -> None:
    for slug, side in journey.sides.items():
        cleared = {key for group in side.sender.resolved for key in group.keys}
        assert {key for _, key, _, status, _ in journey.alerts[slug] if status == "cleared"} == cleared
        kinds = Counter(kind for _, kind, _ in side.log)
        assert kinds["alert.cleared"] == len(cleared)
        ended = kinds["incident.resolved"] + kinds["incident.signals_cleared"]
        assert ended == len(side.sender.resolved)
        assert kinds["incident.acknowledged"] == kinds["incident.noted"] == 3


def test_every_receipt_says_what_became_of_its_request(journey: Journey) -> None:
    for receipts in journey.receipts.values():
        assert receipts
        assert {receipt["state"] for receipt in receipts} == {"done"}
        decisions = {item["decision"] for receipt in receipts for item in receipt["items"]}
        assert decisions <= {"opened", "joined", "repeated", "cleared", "ignored"}


def test_every_reader_has_the_same_history_as_the_log(journey: Journey) -> None:
    for side in journey.sides.values():
        for name, recorder in side.recorders.items():
            assert len(recorder.history) >= side.due[name] > 0, name
            assert recorder.history == side.visible(name)[: len(recorder.history)], name
            assert recorder.resets == []
        assert len(side.visible("bot")) < len(side.visible("admin")), "the two views should differ"


def test_nobody_sees_the_other_organization(journey: Journey) -> None:
    for slug, other in (("acme", "globex"), ("globex", "acme")):
        foreign = {f"Trouble {other}".encode(), str(journey.sides[other].tenant).encode()}
        theirs = {incident["id"] for incident in journey.incidents[other]}
        side = journey.sides[slug]
        for path in ("", "/incidents/1", "/stream"):
            assert journey.refusals[slug, path, other] == journey.refusals[slug, path, "nowhere"]
            assert journey.refusals[slug, path, other][0] == 404
        assert len(journey.incidents[slug]) == len(side.sender.sent)
        assert not theirs & {incident["id"] for incident in journey.incidents[slug]}
        for recorder in side.recorders.values():
            assert not [body for body in recorder.history if any(word in body for word in foreign)]


def test_the_audit_log_verifies_and_has_one_seal_for_every_event(journey: Journey) -> None:
    assert len(journey.heads) >= 5  # two organizations, two owners, the installation
    assert all(position == seals for _, position, seals in journey.heads)
    verified = hub("audit", "verify", **journey.stage.environment)
    assert verified.returncode == 0, verified.stderr
    lines = dict(line.split("  ", 1) for line in verified.stdout.splitlines())
    assert lines == {tenant: f"{position} sealed, 0 waiting: sound" for tenant, position, _ in journey.heads}


@pytest.mark.browser
def test_the_browser_saw_all_of_it_live_and_nothing_else(journey: Journey) -> None:
    if journey.watcher is None:
        pytest.skip("Chromium is not installed")
    assert journey.watcher.faults == []
    assert not journey.watcher.was_reloaded
    expected = {
        f"#{incident['number']} | {incident['title']} | {incident['status']}"
        f" | {incident['alerts']['firing']}/{incident['alerts']['total']}".lower()
        for incident in journey.incidents["acme"]
    }
    assert {row.lower() for row in journey.watcher.rows} == expected
    assert "globex" not in journey.watcher.text.lower()
