"""Pages and assets: sent as they are, with their types, and kept for ever only under their own build."""

from __future__ import annotations

from pathlib import Path

import pytest
from orgs import Org
from web import Site, outcome

from hub.config import assets
from hub.handlers import pages

pytestmark = pytest.mark.gen_test(timeout=30)


@pytest.fixture(scope="module")
def library() -> pages.Library:
    return pages.load(assets("static"))


@pytest.mark.parametrize(
    "path",
    [
        "/sign-in",
        "/reset-password",
        "/invitations",
        "/account",
        "/orgs/acme",
        "/orgs/nobody",
        "/orgs/acme/incidents/7",
        "/orgs/acme/settings",
        "/orgs/acme/settings/invitations",
        "/orgs/acme/settings/services",
        "/orgs/acme/settings/services/svc_1",
        "/orgs/acme/settings/integrations",
        "/orgs/acme/settings/integrations/int_1",
        "/orgs/acme/settings/keys",
        "/orgs/acme/settings/consumers",
        "/orgs/acme/settings/heartbeats",
        "/orgs/acme/receipts/rcp_1",
        "/orgs/acme/settings/members",
        "/orgs/acme/settings/teams",
    ],
)
async def test_a_page_is_the_same_for_everybody(site: Site, acme: Org, path: str) -> None:
    seen = {(await visitor("GET", path)).body for visitor in (site, site.with_key(acme.api_key))}
    seen.add((await (await site.signed_in("owner@acme.example"))("GET", path)).body)
    assert len(seen) == 1
    answer = await site("GET", path)
    assert (answer.code, answer.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert b"/static/BUILD/" not in answer.body


async def test_every_asset_is_there_with_its_type_and_never_changes(
    site: Site, library: pages.Library
) -> None:
    for name, asset in library.assets.items():
        answer = await site("GET", f"/static/{library.build}/{name}")
        assert (answer.code, answer.body) == (200, asset.content)
        assert answer.headers["Content-Type"] == pages.TYPES[Path(name).suffix]
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"


async def test_an_asset_under_another_build_is_not_kept(site: Site, library: pages.Library) -> None:
    name = next(iter(library.assets))
    answer = await site("GET", f"/static/older/{name}")
    assert (answer.code, answer.headers["Cache-Control"]) == (200, "no-store")


@pytest.mark.parametrize(
    "name", ["../hub/config.py", "%2e%2e/hub/config.py", "/etc/passwd", "board.html", "js", "nothing.js"]
)
async def test_nothing_else_is_reached(site: Site, library: pages.Library, name: str) -> None:
    assert outcome(await site("GET", f"/static/{library.build}/{name}")) == (404, "not_found")


async def test_home_is_the_board_or_the_sign_in_page(site: Site, acme: Org) -> None:
    stranger = await site("GET", "/")
    assert (stranger.code, stranger.headers["Location"]) == (302, "/sign-in")
    member = await (await site.signed_in("owner@acme.example"))("GET", "/")
    assert (member.code, member.headers["Location"]) == (302, "/orgs/acme")


def test_the_build_follows_the_content(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text('<script src="/static/BUILD/a.js"></script>')
    (tmp_path / "a.js").write_text("1")
    (tmp_path / "secret.pem").write_text("x")
    before = pages.load(tmp_path)
    assert before.pages["a.html"].decode() == f'<script src="/static/{before.build}/a.js"></script>'
    assert set(before.assets) == {"a.js"}
    assert pages.load(tmp_path).build == before.build
    (tmp_path / "a.js").write_text("2")
    assert pages.load(tmp_path).build != before.build


@pytest.mark.parametrize("path", ["/", "/sign-in", "/orgs/acme"])
async def test_a_browser_at_another_address_is_told_what_to_do(site: Site, acme: Org, path: str) -> None:
    elsewhere = {"Host": f"192.168.1.5:{site.config.port}"}
    told = await site("GET", path, headers=elsewhere | {"Accept": "text/html,*/*;q=0.8"})
    assert (told.code, told.headers["Content-Type"]) == (421, "text/html; charset=utf-8")
    assert b"HUB_PUBLIC_URL" in told.body
    assert f"ssh -L {site.config.port}:127.0.0.1:{site.config.port}".encode() in told.body
    assert b"192.168" not in told.body
    assert outcome(await site("GET", path, headers=elsewhere)) == (421, "wrong_host")
