"""The links of a service: set as a whole, shown, told to the log, and none that a browser would run."""

from __future__ import annotations

from typing import Any

import pytest
from line import connected
from orgs import Org
from servers import Database
from web import Site, outcome, read

pytestmark = pytest.mark.gen_test(timeout=30)
SERVICES = "/api/v1/orgs/acme/services"
GRAPHS = {"title": "Graphs", "url": "https://graphs.example/d/1?from=now-1h#top"}
LOGS = {"title": "Logs and traces", "url": "http://[::1]:8080/"}
BAD_URLS = [
    "", "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "java\tscript:alert(1)",
    "\x01javascript:alert(1)", "javascript://https://a.example/%0aalert(1)", "data:text/html,x",
    "DATA:text/html,x", "vbscript:x", "file:///etc/passwd", "//evil.example", "/\\evil.example",
    "\\\\evil.example", "/x", "x.example", "https:", "https://", "https:///x", "https:evil.example",
    "http:/evil.example", "https:\\\\evil.example", "ftp://a.example", "blob:https://a.example/x",
    "https://a.example ", "https://a.example\n", "\nhttps://a.example", "https://a.example/\r\nx",
    "https://a.example/a b", "https://a.example/\u2028", "https://a.example/\u202egpj",
    "https://good.example@evil.example", "https://u:p@a.example/", "https://:p@a.example",
    "https://@a.example", "https://evil.example\\@good.example", "https://a.example/\\x",
    "https://a\u200b.example", "view-source:https://a", "https://a.example/" + "x" * 1_983, 1, None, [], {},
]  # fmt: skip
BAD_TITLES = [
    "", " ", "\u00a0", "a\nb", "a\n", "a\tb", "\x1b[2J", "\x7f", "\u202eevil", "\u200b", "x" * 101, 1, None,
]  # fmt: skip


async def made(key: Site, **asked: Any) -> tuple[dict[str, Any], str]:
    """A new service, and where it is."""
    answer = await key("POST", SERVICES, {"name": "Checkout"} | asked)
    assert answer.code == 201, answer.body
    return read(answer), answer.headers["Location"]


async def last(key: Site) -> dict[str, Any]:
    """The newest entry of the audit log."""
    [entry] = read(await key("GET", "/api/v1/orgs/acme/audit?limit=1"))["data"]
    return dict(entry)


async def test_links_are_set_as_a_whole_and_told_to_the_log(site: Site, acme: Org, globex: Org) -> None:
    key = site.with_key(acme.api_key)
    service, path = await made(key, links=[GRAPHS])
    assert service["links"] == [GRAPHS]
    assert (await last(key))["data"]["links"] == [GRAPHS]
    changed = await key("PATCH", path, {"links": [LOGS, GRAPHS]}, {"If-Match": '"1"'})
    assert read(changed) == service | {"links": [LOGS, GRAPHS], "version": 2}
    assert (await last(key))["data"]["changes"] == {"links": {"was": [GRAPHS], "now": [LOGS, GRAPHS]}}
    assert read(await key("GET", path)) == read(changed)
    assert read(await key("GET", SERVICES))["data"][-1] == read(changed)
    for patch in ({"links": [LOGS, GRAPHS]}, {"name": "Checkout"}):
        assert read(await key("PATCH", path, patch, {"If-Match": '"2"'})) == read(changed)
    lost = await key("PATCH", path, {"links": []}, {"If-Match": '"1"'})
    assert (outcome(lost), read(lost)["current"]) == ((412, "stale"), read(changed))
    assert outcome(await key("PATCH", path, {"links": []})) == (428, "version_missing")
    stranger = site.with_key(globex.api_key)
    foreign = path.replace("acme", "globex")
    for at in (path, foreign):
        assert outcome(await stranger("GET", at)) == (404, "not_found")
        assert outcome(await stranger("PATCH", at, {"links": []}, {"If-Match": '"2"'})) == (404, "not_found")
    assert read(await key("GET", path)) == read(changed)
    assert read(await key("PATCH", path, {"links": []}, {"If-Match": '"2"'}))["links"] == []
    [theirs] = read(await stranger("GET", SERVICES.replace("acme", "globex")))["data"]
    assert theirs["links"] == []


@pytest.mark.parametrize(
    ("field", "value"),
    [*(("url", url) for url in BAD_URLS), *(("title", title) for title in BAD_TITLES)],
    ids=lambda value: ascii(value)[:40],
)
async def test_a_link_that_could_mislead_is_refused_by_its_pointer(
    site: Site, acme: Org, field: str, value: object
) -> None:
    key = site.with_key(acme.api_key)
    links = [GRAPHS, LOGS, GRAPHS, GRAPHS | {field: value}, LOGS]
    answer = await key("POST", SERVICES, {"name": "Till", "links": links})
    assert outcome(answer) == (400, "invalid")
    assert [fault["pointer"] for fault in read(answer)["errors"]] == [f"/links/3/{field}"]


async def test_every_bad_link_is_named_and_there_are_at_most_twenty(site: Site, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    _, path = await made(key)
    bad = [
        GRAPHS,
        {"title": "", "url": "//evil"},
        {"title": "x"},
        GRAPHS | {"rel": "opener"},
        "https://a.example",
    ]
    for answer in (
        await key("POST", SERVICES, {"name": "Till", "links": bad}),
        await key("PATCH", path, {"links": bad}, {"If-Match": '"1"'}),
    ):
        assert outcome(answer) == (400, "invalid")
        assert sorted(fault["pointer"] for fault in read(answer)["errors"]) == [
            "/links/1/title", "/links/1/url", "/links/2/url", "/links/3/rel", "/links/4",
        ]  # fmt: skip
    for links in ([GRAPHS] * 21, None, {}):
        answer = await key("PATCH", path, {"links": links}, {"If-Match": '"1"'})
        assert [fault["pointer"] for fault in read(answer)["errors"]] == ["/links"]
    full = [{"title": "\u00e9" * 100, "url": "https://a.example/" + "x" * 1_982}] * 20
    assert read(await key("PATCH", path, {"links": full}, {"If-Match": '"1"'}))["links"] == full


async def test_a_service_from_before_links_has_none(site: Site, database: Database, acme: Org) -> None:
    key = site.with_key(acme.api_key)
    async with connected(database.admin_url) as admin:
        await admin.execute("UPDATE service SET links = DEFAULT WHERE tenant_id = $1", acme.tenant)
    assert [each["links"] for each in read(await key("GET", SERVICES))["data"]] == [[]]
