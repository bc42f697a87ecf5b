"""Foreign is missing: every route, with things of the other organization in every place, from everybody."""

from __future__ import annotations

import re
from itertools import count, permutations

import pytest
from caller import Answer
from estate import NOBODY, Estate, Visitor
from probes import PLACES, REFERENCES, Probe, Things, probes
from setting import Scene

from hub.contract.ids import new, text
from hub.domain.access import OWN

pytest_plugins = ("prepared",)
pytestmark = pytest.mark.gen_test(timeout=120)
PLAN = probes()
INSIDE = [probe for probe in PLAN if probe.is_in_organization]
MOVING = {"Date", "X-Response-Time", "RateLimit"}  # clocks, and what is left of one's own quota
TENANT = re.compile(r"'[0-9a-f-]{36}'")
VERSIONS = ("", '"1"', '"999"')  # none, one that a thing of the other side may have, one that none has


def missing(place: str) -> str:
    """An id of the right kind that nobody has; of what is no id, a text of its length."""
    return text(PLACES[place], new()) if place in PLACES else new().hex + new().hex[:27]


def sides(scene: Scene) -> list[tuple[Estate, Estate]]:
    """Who attacks whom: each side the other."""
    return list(permutations((scene.acme, scene.globex)))


def look(answer: Answer, names: set[str]) -> tuple[int, str, list[tuple[str, str]]]:
    """All of an answer that its reader can tell apart, without the names that were asked for."""
    body = answer.body.decode()
    for name in names:
        body = body.replace(name, "(asked)")
    return answer.status, body, sorted(pair for pair in answer.headers if pair[0] not in MOVING)


async def compare(
    scene: Scene, probe: Probe, visitor: Visitor, expected: int, *asked: tuple[Things, Things, str]
) -> list[str]:
    """What is wrong when the same is asked of what is foreign and of what is missing. `asked` are the two:
    what stands in the path, what stands in the body, and the field beside the required ones.

    The answers must be the same, and so must be the way to them: the statements that were sent to the
    database stand for the time that it takes, which no test could measure without failing now and then.
    """
    faults, names = [], {name for path, body, _ in asked for name in (*path.values(), *body.values())}
    names = {name for name in names if len(name) > 20}
    for version in VERSIONS if probe.says.is_versioned and probe.is_unsafe else VERSIONS[:1]:
        headers = visitor.headers | {"X-Request-ID": "the-same", "If-Match": version}
        seen, sent = [], []
        for path, body, field in asked:
            scene.watch.take()
            said = probe.body(body, *filter(None, [field]))
            seen.append(look(await scene.call(probe.method, probe.path(path), headers, said), names))
            sent.append([TENANT.sub("(tenant)", statement) for statement in scene.watch.take()])
        # Without a version, and with one that is stale, it may be told before the thing is looked for.
        is_expected = seen[0][0] in {expected, {"": 428, VERSIONS[-1]: 412}.get(version, expected)}
        where = f"{visitor.name}: {probe} {version}"
        if seen[0] != seen[1] or "a secret" in seen[0][1]:
            faults.append(f"{where}: {seen[0]}, and where it is missing {seen[1]}")
        elif not is_expected:
            faults.append(f"{where}: {seen[0][:2]}, not {expected}")
        if probe.action and not any("hub.tenant" in statement for statement in sent[0]):
            faults.append(f"{where}: it was not seen where a tenant is set: {sent[0]}")
        elif sent[0] != sent[1]:
            apart = next(n for n in count() if sent[0][n : n + 1] != sent[1][n : n + 1])
            faults.append(f"{where}: another way through the database: {[each[apart:] for each in sent]}")
    return faults


def told(faults: list[str]) -> None:
    """Fail with the cases."""
    if faults:
        pytest.fail(f"{len(faults)} faults:\n" + "\n".join(each[:500] for each in faults[:20]), pytrace=False)


async def test_a_foreign_organization_is_answered_like_one_that_is_not_there(scene: Scene) -> None:
    faults, before = [], await scene.heads()
    for mine, foreign in sides(scene):
        there, nowhere = foreign.things, foreign.things | {"org": NOBODY}
        for visitor in mine.visitors:
            for probe in INSIDE:
                asked = (there, there, ""), (nowhere, there, "")
                faults += await compare(scene, probe, visitor, 404, *asked)
    assert await scene.heads() == before
    told(faults)


async def test_a_foreign_id_in_a_path_is_answered_like_one_that_is_not_there(scene: Scene) -> None:
    faults, before = [], await scene.heads()
    for mine, foreign in sides(scene):
        for probe in INSIDE:
            for place in probe.ids:
                there = mine.things | {place: foreign.things[place]}
                nowhere = mine.things | {place: missing(place)}
                for visitor in (mine.owner, mine.key, scene.both):
                    asked = (there, mine.things, ""), (nowhere, mine.things, "")
                    # No key is an owner: it does not get as far as to ask.
                    expected = 403 if visitor is mine.key and probe.action in OWN else 404
                    faults += await compare(scene, probe, visitor, expected, *asked)
    assert await scene.heads() == before
    told(faults)


async def test_a_foreign_id_in_a_body_is_answered_like_one_that_is_not_there(scene: Scene) -> None:
    faults, before, asked_for = [], await scene.heads(), 0
    for mine, foreign in sides(scene):
        for probe in INSIDE:
            for field, places in probe.references.items():
                for place in places:
                    there = mine.things | {REFERENCES[field][0]: foreign.things[place]}
                    nowhere = mine.things | {REFERENCES[field][0]: missing(place)}
                    for visitor in (mine.owner, mine.key, scene.both):
                        asked = (mine.things, there, field), (mine.things, nowhere, field)
                        faults += await compare(scene, probe, visitor, 400, *asked)
                        asked_for += 1
    assert await scene.heads() == before
    assert asked_for >= 54
    told(faults)


async def test_a_number_of_the_other_side_is_answered_like_one_that_is_not_there(scene: Scene) -> None:
    opened = {"title": "a secret", "service": scene.globex.things["service"]}
    made = await scene.call("POST", "/api/v1/orgs/globex/incidents", scene.globex.key.headers, opened)
    there, nowhere = str(made.json["number"]), "987654"
    faults = []
    for probe in [each for each in INSIDE if "incident" in each.ids]:
        for visitor in (scene.acme.owner, scene.acme.key, scene.both):
            ours = scene.acme.things
            asked = (ours | {"incident": there}, ours, ""), (ours | {"incident": nowhere}, ours, "")
            faults += await compare(scene, probe, visitor, 404, *asked)
    told(faults)


async def test_outside_of_organizations_a_foreign_id_is_none_too(scene: Scene) -> None:
    """One's own sessions, what senders may ask with their key, and pages."""
    faults, before, asked_for = [], await scene.heads(), set()
    for mine, foreign in sides(scene):
        first = {"integration": missing("integration")}  # from now on the sender's key is known by heart
        [webhook] = [each for each in PLAN if each.route.path.endswith("alertmanager/{integration}/webhook")]
        await scene.call("POST", webhook.path(first), mine.sender.headers, webhook.body(first))
        for probe in [each for each in PLAN if not each.is_in_organization]:
            for place in probe.ids:
                ours = mine.things
                asked = (
                    (ours | {place: foreign.things[place]}, ours, ""),
                    (ours | {place: missing(place)}, ours, ""),
                )
                is_page = probe.says.gives is None and not probe.is_unsafe
                expected = 200 if is_page else 401 if place == "integration" else 404
                visitor = mine.sender if probe.route.machine else mine.owner
                faults += await compare(scene, probe, visitor, expected, *asked)
                asked_for.add(str(probe))
    assert await scene.heads() == before
    assert asked_for >= {"DELETE /api/v1/me/sessions/{session}", "GET /api/v1/ingest/receipts/{receipt}"}
    told(faults)
