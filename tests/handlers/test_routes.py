"""The sitemap: who may do what where, written out a second time, so that a change is made on purpose."""

from __future__ import annotations

import re

import pytest
from web import Site

from hub.app import SERVER, proxies
from hub.config import Config, ConfigError
from hub.contract.words import Action
from hub.domain.access import CARRIES, MATRIX
from hub.door.route import ByCommand, Public, audit
from hub.routes import OPERATOR_ROUTES, ROUTES

ORG = "/api/v1/orgs/{org}"
EXPECTED = {
    ("POST", "/api/v1/ingest/events"): "public",
    ("POST", "/api/v1/ingest/hooks/{key}"): "public",
    ("POST", "/api/v1/ingest/cloudevents"): "public",
    ("POST", "/v2/enqueue"): "public",
    ("POST", "/v2/change/enqueue"): "public",
    ("POST", "/generic/2010-04-15/create_event.json"): "public",
    ("POST", "/integrations/alertmanager/{integration}/api/v2/alerts"): "public",
    ("GET", "/integrations/alertmanager/{integration}/api/v2/status"): "public",
    ("POST", "/integrations/alertmanager/{integration}/webhook"): "public",
    ("POST", "/integrations/grafana/{integration}/webhook"): "public",
    ("PUT", "/integrations/grafana/{integration}/webhook"): "public",
    ("GET", "/api/v1/ingest/receipts"): "public",
    ("POST", "/api/v1/ingest/heartbeats/{beat}"): "public",
    ("GET", "/api/v1/ingest/receipts/{receipt}"): "public",
    ("GET", f"{ORG}/incidents"): "incident:read",
    ("POST", f"{ORG}/incidents"): "incident:open",
    ("GET", f"{ORG}/incidents/{{incident}}"): "incident:read",
    ("GET", f"{ORG}/incidents/{{incident}}/timeline"): "incident:read",
    ("POST", f"{ORG}/incidents/{{incident}}/{{command}}"): "the command's",
    ("GET", f"{ORG}/stream"): "stream:follow",
    ("GET", f"{ORG}/events/stream"): "stream:follow",
    ("GET", f"{ORG}/events"): "stream:follow",
    ("POST", f"{ORG}/stream-tickets"): "stream:follow",
    ("GET", f"{ORG}/consumers"): "consumer:use",
    ("POST", f"{ORG}/consumers"): "consumer:use",
    ("GET", f"{ORG}/consumers/{{consumer}}"): "consumer:use",
    ("PATCH", f"{ORG}/consumers/{{consumer}}"): "consumer:use",
    ("DELETE", f"{ORG}/consumers/{{consumer}}"): "consumer:use",
    ("POST", f"{ORG}/consumers/{{consumer}}/ack"): "consumer:use",
    ("GET", f"{ORG}/snapshot"): "incident:read",
    ("GET", ORG): "incident:read",
    ("POST", "/api/v1/orgs"): "self:manage",
    ("PATCH", ORG): "organization:manage",
    ("GET", f"{ORG}/members"): "member:read",
    ("GET", f"{ORG}/members/{{member}}"): "member:read",
    ("PATCH", f"{ORG}/members/{{member}}"): "member:manage",
    ("DELETE", f"{ORG}/members/{{member}}"): "member:manage",
    ("DELETE", f"{ORG}/me"): "self:manage",
    ("GET", f"{ORG}/members/{{member}}/holds"): "member:manage",
    ("POST", f"{ORG}/members/{{member}}/password-reset"): "owner:manage",
    ("GET", f"{ORG}/teams"): "member:read",
    ("POST", f"{ORG}/teams"): "team:manage",
    ("GET", f"{ORG}/teams/{{team}}"): "member:read",
    ("PATCH", f"{ORG}/teams/{{team}}"): "team:manage",
    ("DELETE", f"{ORG}/teams/{{team}}"): "team:manage",
    ("PUT", f"{ORG}/teams/{{team}}/members/{{member}}"): "team:manage",
    ("DELETE", f"{ORG}/teams/{{team}}/members/{{member}}"): "team:manage",
    ("GET", f"{ORG}/invitations"): "member:manage",
    ("POST", f"{ORG}/invitations"): "member:manage",
    ("GET", f"{ORG}/invitations/{{invitation}}"): "member:manage",
    ("DELETE", f"{ORG}/invitations/{{invitation}}"): "member:manage",
    ("GET", "/api/v1/invitations/{link}"): "public",
    ("POST", "/api/v1/invitations/{link}/accept"): "public",
    ("GET", f"{ORG}/bindings"): "member:read",
    ("POST", f"{ORG}/bindings"): "member:manage",
    ("GET", f"{ORG}/bindings/{{binding}}"): "member:read",
    ("DELETE", f"{ORG}/bindings/{{binding}}"): "member:manage",
    ("GET", f"{ORG}/services"): "service:read",
    ("POST", f"{ORG}/services"): "service:manage",
    ("GET", f"{ORG}/services/{{service}}"): "service:read",
    ("PATCH", f"{ORG}/services/{{service}}"): "service:manage",
    ("PUT", f"{ORG}/services/{{service}}/dependencies"): "service:manage",
    ("POST", f"{ORG}/services/{{service}}/archive"): "service:manage",
    ("POST", f"{ORG}/services/{{service}}/unarchive"): "service:manage",
    ("GET", f"{ORG}/integrations"): "integration:read",
    ("POST", f"{ORG}/integrations"): "integration:manage",
    ("GET", f"{ORG}/integrations/{{integration}}"): "integration:read",
    ("PATCH", f"{ORG}/integrations/{{integration}}"): "integration:manage",
    ("POST", f"{ORG}/integrations/{{integration}}/rotate"): "integration:manage",
    ("POST", f"{ORG}/integrations/{{integration}}/disable"): "integration:manage",
    ("POST", f"{ORG}/integrations/{{integration}}/enable"): "integration:manage",
    ("POST", f"{ORG}/integrations/{{integration}}/test"): "integration:manage",
    ("POST", f"{ORG}/integrations/{{integration}}/signing"): "integration:manage",
    ("DELETE", f"{ORG}/integrations/{{integration}}/signing"): "integration:manage",
    ("POST", f"{ORG}/integrations/{{integration}}/hold"): "integration:manage",
    ("POST", f"{ORG}/integrations/{{integration}}/release"): "integration:manage",
    ("POST", f"{ORG}/integrations/{{integration}}/undo"): "integration:manage",
    ("GET", f"{ORG}/integrations/{{integration}}/uses"): "integration:manage",
    ("GET", f"{ORG}/heartbeats"): "integration:read",
    ("POST", f"{ORG}/heartbeats"): "integration:manage",
    ("GET", f"{ORG}/heartbeats/{{heartbeat}}"): "integration:read",
    ("PATCH", f"{ORG}/heartbeats/{{heartbeat}}"): "integration:manage",
    ("DELETE", f"{ORG}/heartbeats/{{heartbeat}}"): "integration:manage",
    ("GET", f"{ORG}/keys"): "key:manage",
    ("POST", f"{ORG}/keys"): "key:manage",
    ("GET", f"{ORG}/keys/{{api_key}}"): "key:manage",
    ("DELETE", f"{ORG}/keys/{{api_key}}"): "key:manage",
    ("POST", f"{ORG}/keys/{{api_key}}/rotate"): "key:manage",
    ("GET", f"{ORG}/receipts"): "receipt:read",
    ("GET", f"{ORG}/receipts/{{receipt}}"): "receipt:read",
    ("POST", f"{ORG}/receipts/{{receipt}}/replay"): "receipt:replay",
    ("POST", f"{ORG}/receipts/{{receipt}}/discard"): "receipt:replay",
    ("POST", f"{ORG}/integrations/{{integration}}/replay"): "receipt:replay",
    ("GET", f"{ORG}/audit"): "audit:read",
    ("POST", "/api/v1/session"): "public",
    ("DELETE", "/api/v1/session"): "self:manage",
    ("GET", "/api/v1/me"): "public",
    ("GET", "/api/v1/me/audit"): "self:read",
    ("GET", "/api/v1/me/sessions"): "self:read",
    ("DELETE", "/api/v1/me/sessions"): "self:manage",
    ("DELETE", "/api/v1/me/sessions/{session}"): "self:manage",
    ("PUT", "/api/v1/me/password"): "self:manage",
    ("POST", "/api/v1/password-resets/{link}"): "public",
    ("GET", "/reset-password"): "public",
    ("GET", "/invitations"): "public",
    ("GET", "/account"): "public",
    ("GET", "/"): "self:read",
    ("GET", "/sign-in"): "public",
    ("GET", "/orgs/{org}"): "public",
    ("GET", "/orgs/{org}/incidents/{incident}"): "public",
    ("GET", "/orgs/{org}/settings"): "public",
    ("GET", "/orgs/{org}/settings/invitations"): "public",
    ("GET", "/orgs/{org}/settings/services"): "public",
    ("GET", "/orgs/{org}/settings/services/{service}"): "public",
    ("GET", "/orgs/{org}/settings/integrations"): "public",
    ("GET", "/orgs/{org}/settings/integrations/{integration}"): "public",
    ("GET", "/orgs/{org}/settings/consumers"): "public",
    ("GET", "/orgs/{org}/settings/heartbeats"): "public",
    ("GET", "/orgs/{org}/settings/keys"): "public",
    ("GET", "/orgs/{org}/settings/receipts"): "public",
    ("GET", "/orgs/{org}/receipts/{receipt}"): "public",
    ("GET", "/orgs/{org}/settings/members"): "public",
    ("GET", "/orgs/{org}/settings/teams"): "public",
    ("GET", "/static/{build}/{name:path}"): "public",
    ("GET", "/docs"): "public",
    ("GET", "/docs/problems"): "public",
    ("GET", "/docs/roles"): "public",
    ("GET", "/api/v1/openapi.json"): "public",
    ("GET", "/api/v1/asyncapi.json"): "public",
    ("GET", "/livez"): "public",
    ("GET", "/readyz"): "public",
}
OPSGENIE = {
    "/v2/alerts": ("GET", "POST"),
    "/v2/alerts/count": ("GET",),
    "/v2/alerts/requests/{request}": ("GET",),
    "/v2/alerts/{identifier}": ("GET",),
    "/v2/alerts/{identifier}/{verb}": ("GET", "POST", "PUT"),
    "/v2/alerts/{identifier}/actions/{name}": ("POST",),
    "/v2/heartbeats": ("GET", "POST"),
    "/v2/heartbeats/{beat}": ("GET", "PATCH", "DELETE"),
    "/v2/heartbeats/{beat}/enable": ("POST", "PUT", "PATCH"),
    "/v2/heartbeats/{beat}/disable": ("POST", "PUT", "PATCH"),
    "/v2/heartbeats/{beat}/ping": ("GET", "POST", "PUT", "PATCH"),
}
PREFIXES = ("", "/integrations/opsgenie/{integration}", "/jsm/ops/integration")
EXPECTED |= {
    (method, at + path): "public"
    for at in PREFIXES
    for path, methods in OPSGENIE.items()
    for method in methods
}


def declared(guard: object) -> str:
    """The guard in a word."""
    if isinstance(guard, Public):
        return "public"
    return "the command's" if isinstance(guard, ByCommand) else str(guard)


def test_the_sitemap_is_what_we_meant() -> None:
    found = {
        (method, route.path): declared(guard) for route in ROUTES for method, guard in route.guards.items()
    }
    assert found == EXPECTED


def test_the_boot_audit_passes_on_both_ports() -> None:
    audit(ROUTES)
    audit(OPERATOR_ROUTES)


def test_no_address_is_there_twice() -> None:
    for routes in (ROUTES, OPERATOR_ROUTES):
        paths = [route.path for route in routes]
        assert len(paths) == len(set(paths))


def test_only_what_machines_call_is_exempt_from_the_host_list() -> None:
    machines = {route.path for route in ROUTES if route.machine}
    vendors = ("/api/v1/ingest", "/v2/", "/generic/", "/integrations/", "/jsm/")
    assert machines == {path for _, path in EXPECTED if path.startswith(vendors)} | {"/livez", "/readyz"}


def test_bodies_are_small_but_for_intake_and_what_mends_it() -> None:
    large = {route.path: route.body_max for route in ROUTES if route.body_max != 64 * 1024}
    assert large == {at + path: 1024 * 1024 for at in PREFIXES for path in OPSGENIE} | {
        "/api/v1/ingest/events": 1024 * 1024,
        "/api/v1/ingest/hooks/{key}": 1024 * 1024,
        "/api/v1/ingest/cloudevents": 1024 * 1024,
        "/v2/enqueue": 1024 * 1024,
        "/v2/change/enqueue": 1024 * 1024,
        "/generic/2010-04-15/create_event.json": 1024 * 1024,
        "/integrations/alertmanager/{integration}/api/v2/alerts": 4 * 1024 * 1024,
        "/integrations/alertmanager/{integration}/webhook": 4 * 1024 * 1024,
        "/integrations/grafana/{integration}/webhook": 4 * 1024 * 1024,
        "/api/v1/orgs/{org}/receipts/{receipt}/replay": 4 * 1024 * 1024,
    }


def test_every_limit_of_the_server_is_set() -> None:
    assert SERVER == {
        "max_header_size": 16_384,
        "max_body_size": 67_108_864,
        "max_buffer_size": 262_144,
        "chunk_size": 16_384,
        "idle_connection_timeout": 75,
        "body_timeout": 10,
        "decompress_request": False,
        "xheaders": False,
    }


def test_a_proxy_that_is_no_address_is_told_at_start() -> None:
    config = Config(
        database_url="x", redis_url="x", secret_keys=("x",), trusted_proxies=("10.0.0.0/8", "proxy.example")
    )
    with pytest.raises(ConfigError, match=r"HUB_TRUSTED_PROXIES.*proxy\.example"):
        proxies(config)


@pytest.mark.gen_test(timeout=30)
async def test_each_problem_links_to_an_entry_of_the_docs(site: Site) -> None:
    page = (await site("GET", "/docs/problems")).body.decode()
    for code in ("invalid", "not_found", "conflict", "csrf", "too_large", "unavailable"):
        assert f'<dt id="{code}">' in page


@pytest.mark.gen_test(timeout=30)
@pytest.mark.parametrize(("title", "table"), [("role", MATRIX), ("scope", CARRIES)])
async def test_the_page_of_roles_tells_each_cell_of_the_tables(
    site: Site, title: str, table: dict[str, frozenset[Action]]
) -> None:
    page = (await site("GET", "/docs/roles")).body.decode()
    heads, _, rows = (
        page.partition(f"<caption>What each {title}")[2].partition("</table>")[0].partition("<tbody>")
    )
    columns = [head.partition("<")[0].lower() for head in heads.split('<th scope="col">')[2:]]
    found = {
        re.search("<code>(.*?)</code>", line)[1]: re.findall("<td[^>]*>(yes|no)", line)  # type: ignore[index]
        for line in rows.split("<tr>")[1:]
    }
    assert found == {
        action: ["yes" if action in table[column] else "no" for column in columns]
        for action in set().union(*table.values())
    }
    assert columns == list(table)


@pytest.mark.gen_test(timeout=30)
async def test_pages_out_of_tables_bring_nothing_that_the_policy_stops(site: Site) -> None:
    for path in ("/docs/problems", "/docs/roles"):
        page = (await site("GET", path)).body.decode()
        assert not re.search(r"<script|<style|\bstyle=|\bon\w+=|\{|`", page), path
        for asset in set(re.findall(r'(?:href|src)="(/static/[^"]+)"', page)):
            assert (await site("GET", asset)).code == 200, asset
