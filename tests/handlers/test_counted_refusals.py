"""Refusals are counted once, whoever refuses: the guard by the route, or a service by the thing itself."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from orgs import Org
from web import Site, outcome, read

from hub.services.ports import Ports

pytestmark = pytest.mark.gen_test(timeout=30)
ORG = "/api/v1/orgs/acme"


async def made(site: Site, acme: Org, role: str, **more: Any) -> tuple[str, Site]:
    """A key of a role: its id, and the site asked with it."""
    asked = {"name": f"A key of a {role}", "role": role, **more}
    key = read(await site.with_key(acme.api_key)("POST", f"{ORG}/keys", asked))
    return key["id"], site.with_key(key["secret"])


def counted(ports: Ports) -> list[tuple[str, str, str, int]]:
    """Who was refused what and where, and how often."""
    due = ports.refusals.take(ports.clock(), everything=True)
    return [(one.who, one.action, one.target, one.count) for one in due]


async def test_what_a_service_refuses_is_counted_like_what_the_guard_does(
    site: Site, ports: Ports, acme: Org
) -> None:
    home = site.with_key(acme.api_key)
    listed = read(await home("GET", f"{ORG}/services"))["data"]
    other = read(await home("POST", f"{ORG}/services", {"name": "Other"}))
    robot, narrow = await made(site, acme, "admin", services=[listed[0]["id"]])
    integration = {"name": "Elsewhere", "service": other["id"]}
    looker, observer = await made(site, acme, "observer")
    chief, admin = await made(site, acme, "admin")
    owners = {"subject": robot, "role": "owner"}
    for ask, action, who in (
        (partial(observer, "POST", f"{ORG}/incidents", {}), "incident:open", looker),  # the guard
        (partial(narrow, "GET", f"{ORG}/members"), "member:read", robot),  # the guard
        (partial(narrow, "POST", f"{ORG}/services", {"name": "New"}), "service:manage", robot),
        (partial(admin, "POST", f"{ORG}/bindings", owners), "member:manage", chief),
        (partial(admin, "DELETE", f"{ORG}/members/{acme_owner(read(await home('GET', f'{ORG}/members')))}",
                 None, {"If-Match": '"1"'}), "member:manage", chief),
    ):  # fmt: skip
        counted(ports)
        assert outcome(await ask()) == (403, "forbidden"), action
        assert counted(ports) == [(who, action, "acme", 1)]
    assert (
        outcome(await narrow("POST", f"{ORG}/integrations", integration))[0] == 400
    )  # out of sight: a fault
    assert counted(ports) == []


def acme_owner(page: Any) -> str:
    """The owner among members."""
    return str(page["data"][0]["id"])


async def test_refusals_of_a_service_fold_like_all_others(site: Site, ports: Ports, acme: Org) -> None:
    chief, admin = await made(site, acme, "admin")
    for _ in range(5):
        answer = await admin("POST", f"{ORG}/bindings", {"subject": chief, "role": "owner"})
        assert outcome(answer) == (403, "forbidden")
    assert sum(count for _, _, _, count in counted(ports)) == 5
    assert len(counted(ports)) == 0


async def test_a_page_of_others_and_a_missing_token_are_no_refusal_of_the_person(
    site: Site, ports: Ports, acme: Org
) -> None:
    ann = await site.signed_in("owner@acme.example")
    for headers, code in (
        ({"Origin": "http://evil.example"}, "cross_origin"),
        ({"X-CSRF-Token": "x"}, "csrf"),
    ):
        answer = await ann("POST", f"{ORG}/services", {"name": "New"}, headers)
        assert outcome(answer) == (403, code)
    assert counted(ports) == []
