"""A hub behind pgbouncer hands out every kind of secret; none of them is in its logs or in its database."""

from __future__ import annotations

import os
import re
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from bouncer import Bouncer
from issued import HARMLESS, TELLING, Client, Issued, hits, spellings, unwrapped
from redis import Redis
from running import Up, eventually, hub, up
from servers import Database, Servers
from signers import github, standard

from hub.cli.main import main
from hub.door.says import said
from hub.embedded.home import binaries, unprivileged_user
from hub.routes import ROUTES

pytestmark = pytest.mark.timeout(240)
KEYS, WORD = "/api/v1/orgs/demo/keys", "a horse for every staple, "
ONCE = {"Idempotency_Key": "once-and-again"}
# Commands that hand out nothing; the others are run below.
SILENT = {"web", "worker", "migrate", "audit verify", "secrets rotate"}
RUN = {"up", "org create", "person reset"}


def commands(group: click.Group, before: str = "") -> Iterator[str]:
    """Every command of the command line."""
    for name, each in group.commands.items():
        yield from commands(each, f"{before}{name} ") if isinstance(each, click.Group) else [before + name]


def fields(kind: Any, seen: set[Any] | None = None) -> set[str]:
    """The telling fields of a body, at any depth."""
    seen = set() if seen is None else seen
    if kind in seen:
        return set()
    seen.add(kind)
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        found = {name for name in kind.__struct_fields__
                 if TELLING.search(name) and not {name, f"{kind.__name__}.{name}"} & HARMLESS}  # fmt: skip
        for each in msgspec.structs.fields(kind):
            found |= fields(each.type, seen)
        return found
    inner = getattr(kind, "__args__", ())
    return set().union(*(fields(each, seen) for each in inner)) if inner else set()


def telling() -> set[tuple[str, str]]:
    """Every (method, path) whose request or answer has a secret in it."""
    return {
        (method, route.path)
        for route in ROUTES
        for method in route.guards
        for says in [said(route.handler, method)]
        if says
        and (fields(says.takes) | fields(says.gives) or "{link}" in route.path or "{key}" in route.path)
    }


def live(started: Up, issued: Issued) -> None:
    """Everything that hands out a secret or takes one, over HTTP; and each put where it does not belong."""
    first = started.first_run()
    issued.note(first["password"], first["api_key"], first["integration_key"])
    nobody, robot = Client(started.url, issued), Client(started.url, issued, key=first["api_key"])
    browser = Client(started.url, issued)
    browser("POST", "/api/v1/session", {"email": first["email"], "password": WORD + "wrong"}, 401)
    browser("POST", "/api/v1/session", {"email": first["email"], "password": first["password"]}, 201)
    browser("GET", "/api/v1/me", status=200)
    before = (first["password"], WORD + "changed")
    browser("PUT", "/api/v1/me/password", {"current": before[0], "new": before[1]})
    browser("GET", "/api/v1/me/sessions", status=200)
    # keys
    made = robot("POST", KEYS, {"name": "One more", "role": "admin"}, 201, **ONCE)
    assert robot("POST", KEYS, {"name": "One more", "role": "admin"}, **ONCE)["secret"] is None
    robot("POST", f"{KEYS}/{made['id']}/rotate", {"overlap_seconds": 60}, 200)
    # a ticket that is used, one that nobody takes, and one where it does not belong
    for path in ("events", "events/stream", "incidents"):
        ticket = robot("POST", "/api/v1/orgs/demo/stream-tickets", status=201)["ticket"]
        nobody("GET", f"/api/v1/orgs/{'demo' if path == 'events' else 'nobody'}/{path}?ticket={ticket}")
    # an integration, and every place for its key
    service = robot("GET", "/api/v1/orgs/demo/services")["data"][0]["id"]
    place = "/api/v1/orgs/demo/integrations"
    sender = robot("POST", place, {"name": "Sender", "service": service}, 201)
    renewed = robot("POST", f"{place}/{sender['id']}/rotate", {"overlap_seconds": 60}, 200)["key"]
    event = {"title": "Disk full", "severity": "critical", "source": "db-1", "dedup_key": "disk"}
    Client(started.url, issued, key=sender["key"])("POST", "/api/v1/ingest/events", event, 202)
    nobody("POST", f"/api/v1/ingest/hooks/{renewed}", event, 202)
    escaped = "".join(f"\\u{ord(letter):04x}" for letter in renewed)
    for written in (renewed, escaped):
        page = b'{"routing_key": "%s", "event_action": "trigger", "payload": %s}'
        for payload in (b'{"summary": "x", "source": "y", "severity": "error"}', b"null"):
            nobody("POST", "/v2/enqueue", page % (written.encode(), payload))
    hook = f"/integrations/alertmanager/{sender['id']}/webhook"
    nobody("POST", f"{hook}?token={renewed}", {"version": "4"})
    basic = b64encode(f"x:{renewed}".encode()).decode()
    nobody("POST", hook, b"{}", Authorization=f"Basic {basic}")
    # a sender that signs: with a secret that is made here, and with one that it has made
    grafana = f"/integrations/grafana/{sender['id']}/webhook"
    for asked in (
        {"scheme": "standard_webhooks"},
        {"scheme": "github", "secret": "given-by-a-sender-of-ours"},
    ):
        signing = robot(
            "POST", f"{place}/{sender['id']}/signing", asked, 200, Idempotency_Key=asked["scheme"]
        )
        secret = signing["secret"] or asked["secret"]
        issued.note(secret)
        assert robot("POST", f"{place}/{sender['id']}/signing", asked, 200,
                     Idempotency_Key=asked["scheme"])["secret"] is None  # fmt: skip
        signer = standard if asked["scheme"] == "standard_webhooks" else github
        body = msgspec.json.encode(event)
        headers = {name.replace("-", "_"): value for name, value in signer(secret, body, "msg_1").items()}
        Client(started.url, issued, key=renewed)("POST", "/api/v1/ingest/events", body, 202, **headers)
        nobody("POST", f"{grafana}?token={renewed}", body, 401, X_Hub_Signature_256=f"sha256={secret}")
        nobody("POST", f"/{secret}", body)
    shown = robot("GET", f"{place}/{sender['id']}", status=200)
    robot("DELETE", f"{place}/{sender['id']}/signing", status=204, If_Match=f'"{shown["version"]}"')
    # people
    people = "/api/v1/orgs/demo/invitations"
    for name in ("new", "never"):
        invited = robot("POST", people, {"email": f"{name}@demo.example", "role": "admin"}, 201)
        link = invited["link"].partition("#")[2]
        nobody("GET", f"/api/v1/invitations/{link}", status=200)
        robot("GET", people, status=200)
        robot("GET", f"{people}/{invited['id']}", status=200)
        if name == "new":
            person = Client(started.url, issued)
            taken = {"name": "New", "password": WORD + "new"}
            person("POST", f"/api/v1/invitations/{link}/accept", taken, 201)
            person("POST", "/api/v1/session", {"email": "new@demo.example", "password": WORD + "new"}, 201)
    members = robot("GET", "/api/v1/orgs/demo/members", status=200)["data"]
    [newcomer] = [each["id"] for each in members if each["name"] == "New"]
    offered = browser("POST", f"/api/v1/orgs/demo/members/{newcomer}/password-reset", {}, 201)
    link = offered["link"].partition("#")[2]
    nobody("POST", f"/api/v1/password-resets/{link}", {"password": WORD + "newer"}, 204)
    reset = hub("person", "reset", first["email"], HUB_DATA_DIR=str(started.folder)).stdout.strip()
    issued.note(reset)
    link = reset.partition("#")[2]
    nobody("POST", f"/api/v1/password-resets/{link}", {"password": WORD + "reset"}, 204)
    nobody("POST", f"/api/v1/password-resets/{link}", {"password": WORD + "again"})
    owner = ("--owner", "owner@initech.example")
    printed = hub("org", "create", "initech", *owner, HUB_DATA_DIR=str(started.folder)).stdout
    issued.note(*re.findall(r"(?:password|api key|integration key) +(\S+)", printed))
    # where they do not belong
    for secret in (made["secret"], renewed, link, browser.cookie.partition("=")[2], WORD + "reset"):
        word = secret.replace(" ", "%20")
        nobody("GET", f"/api/v1/orgs/demo/keys/{word}?token={word}&cursor={word}")
        robot("GET", f"/api/v1/orgs/{word}/incidents/{word}")
        robot("GET", f"/{word}", Referer=f"{started.url}/{word}")
        robot("POST", "/api/v1/session", b'{"email": 1, "password": "%s"' % secret.encode())
        robot(
            "POST", KEYS, {"name": "x", "role": "admin", "scopes": ["no"]}, **{"Content_Type": "text/plain"}
        )
    browser("POST", "/api/v1/session", {"email": first["email"], "password": WORD + "reset"}, 201)
    browser("DELETE", "/api/v1/session", status=204)


def dump(database: Database) -> bytes:
    """All tables with all their rows."""
    program = binaries(unprivileged_user()) / "pg_dump"
    done = subprocess.run([program, "--inserts", database.admin_url], env={"PATH": os.defpath, "LC_ALL": "C"},
                          capture_output=True, timeout=60, check=True)  # fmt: skip
    return done.stdout


def logs(folder: Path) -> bytes:
    """What web and worker have logged."""
    return b"\n".join(path.read_bytes() for path in sorted((folder / "log").rglob("*")) if path.is_file())


def queue(url: str) -> bytes:
    """What is in Redis."""
    with Redis.from_url(url, protocol=2) as redis:
        return b"\n".join(key + (redis.dump(key) or b"") for key in redis.scan_iter())


def test_no_secret_that_was_ever_issued_is_in_a_log_or_in_the_database(
    servers: Servers, database: Database, bouncer: Bouncer, tmp_path: Path
) -> None:
    """C01, C07, C08, C39. And all of it works behind pgbouncer in transaction mode."""
    folder = tmp_path / "data"
    folder.mkdir()
    behind, issued = bouncer.before(database), Issued()
    settings = {
        "HUB_DATABASE_URL": behind.url,
        "HUB_DATABASE_POOLER": behind.pooler,
        "HUB_DATABASE_OWNER_URL": behind.owner_url,
        "HUB_REDIS_URL": servers.redis_url,
        "HUB_LOG_LEVEL": "debug",
    }
    with up(folder, **settings) as started:
        live(started, issued)
        robot = Client(started.url, issued, key=started.first_run()["api_key"])
        page = "/api/v1/orgs/demo/incidents?status=all"
        eventually(lambda: "Disk full" in {one["title"] for one in robot("GET", page)["data"]})
        eventually(lambda: len(robot("GET", "/api/v1/orgs/demo/receipts?state=dead")["data"]) >= 3)
        found = queue(servers.redis_url)
    used = {
        (method, route.path)
        for method, path in issued.used
        for route in ROUTES
        if re.fullmatch(route.pattern, path)
    }
    assert telling() - used == set()
    text, told = dump(database), logs(folder)
    assert b"Disk full" in unwrapped(text)
    assert b'"process": "web"' in told
    assert b'"process": "worker"' in told
    assert len(issued.secrets) > 30
    assert hits(unwrapped(text), issued.secrets) == []
    assert hits(unwrapped(told), issued.secrets) == []
    assert hits(unwrapped(found), issued.secrets) == []
    # and planted ones are found, in a body and in a line
    planted = sorted(issued.secrets)[:3]
    for secret in planted:
        assert hits(unwrapped(text + rb"\x" + f"a {secret} b".encode().hex().encode()), {secret})
        assert hits(unwrapped(told + f'{{"path": "/{secret}"}}'.encode()), {secret})


def test_every_command_hands_out_nothing_or_is_run_here() -> None:
    assert set(commands(main)) == SILENT | RUN


def test_the_routes_with_a_secret_are_known_by_their_fields() -> None:
    assert telling() >= {
        ("POST", "/api/v1/session"), ("POST", "/api/v1/orgs/{org}/keys"), ("PUT", "/api/v1/me/password"),
        ("POST", "/api/v1/orgs/{org}/integrations"), ("POST", "/api/v1/orgs/{org}/invitations"),
        ("POST", "/api/v1/orgs/{org}/stream-tickets"),
        ("POST", "/api/v1/invitations/{link}/accept"), ("POST", "/api/v1/password-resets/{link}"),
    }  # fmt: skip
    assert ("GET", "/api/v1/orgs/{org}/incidents") not in telling()


WAYS = {
    "plain": lambda secret: secret,
    "hex": lambda secret: secret.encode().hex(),
    "a column of bytes": lambda secret: "\\x" + b"before ".hex() + secret.encode().hex(),
    "base64": lambda secret: b64encode(secret.encode()).decode(),
    "base64 of more": lambda secret: b64encode(f"user:{secret}!".encode()).decode(),
    "base64 of other more": lambda secret: b64encode(f"user-{secret}".encode()).decode(),
    "an address": lambda secret: secret.replace("+", "%2b").replace("/", "%2f").replace(" ", "%20"),
    "escapes": lambda secret: "".join(f"\\u{ord(letter):04x}" for letter in secret),
    "escapes in a column": lambda secret: "\\x"
    + "".join(f"\\u{ord(letter):04x}" for letter in secret).encode().hex(),
}  # fmt: skip


@pytest.mark.parametrize("way", sorted(WAYS))
def test_a_planted_secret_is_found_however_it_is_written(way: str) -> None:
    secret = "ihk_a1+/b2 c3d4e5f6g7h8"
    text = f"some text, {WAYS[way](secret)}, and more".encode()
    assert hits(unwrapped(text), {secret})
    assert not hits(unwrapped(text), {"another secret of this kind"})
    assert all(len(spelled) >= 10 for spelled in spellings(secret))
