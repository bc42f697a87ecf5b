"""What the wall rests on besides the catalog: who may run a command, how a tenant is set, what has none."""

from __future__ import annotations

import ast
import asyncio
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from line import connected, until
from orgs import Org
from servers import Database

from hub.cli.main import main
from hub.config import Config
from hub.contract.ids import new
from hub.services.ports import Ports
from hub.storage import requests

HUB = Path(__file__).resolve().parents[2] / "hub"
SOURCES = {str(path.relative_to(HUB)): path.read_text() for path in sorted(HUB.rglob("*.py"))}
COMMANDS = [
    ("org", "create", "initech", "--owner", "owner@initech.example"),
    ("person", "reset", "owner@acme.example"),
    ("audit", "verify"),
]


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: " ".join(words[:2]))
@pytest.mark.parametrize("role", ["owner_url", "admin_url"])
def test_a_command_with_a_role_that_could_pass_the_wall_is_refused(
    database: Database, config: Config, acme: Org, role: str, words: tuple[str, ...]
) -> None:
    """C21: as the web process and the worker, which have tests of their own."""
    settings = {
        "HUB_DATABASE_URL": getattr(database, role),
        "HUB_REDIS_URL": config.redis_url,
        "HUB_SECRET_KEYS": "a key of the command line of 42 characters",
    }
    done = CliRunner().invoke(main, words, env=settings)
    assert done.exit_code == 1
    assert "could bypass row-level security" in done.output
    assert "password" not in done.output
    assert "#" not in done.output  # the link of `person reset`
    ours = CliRunner().invoke(main, words, env=settings | {"HUB_DATABASE_URL": database.url})
    assert ours.exit_code == 0, ours.output


def test_the_tenant_is_set_for_a_transaction_only_and_in_one_place() -> None:
    """C24: what a session set would be the next one's who gets the connection."""
    session = re.compile(r"SET (?!LOCAL )(SESSION )?hub\.|SET SESSION|set_config\('[a-z.]+', [^)]*, false\)")
    setting = {
        name for name, source in SOURCES.items() if re.search(r"SET LOCAL hub\.tenant|set_config\(", source)
    }
    assert setting == {"storage/tx.py", "storage/statement.py"}  # with BEGIN, and for one question alone
    for name, source in SOURCES.items():
        assert not session.search(source), name
    for planted in ("SET hub.tenant = 'x'", "SET SESSION x = 1", "set_config('hub.tenant', $1, false)"):
        assert session.search(planted)


def test_sql_that_is_put_together_from_values_exists_in_the_tx_alone() -> None:
    """Parameters keep SQL from being injected, against which no policy helps. Asyncpg runs text without
    parameters by execute()."""
    running = {
        name
        for name, source in SOURCES.items()
        for node in ast.walk(ast.parse(source))
        if name.startswith(("storage/", "services/", "embedded/", "cli/"))
        and isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"execute", "executemany"}
    }
    # the Tx: BEGIN, the tenant (a UUID) and COMMIT; the directory: a process number; embedded: its own roles
    assert running == {"storage/tx.py", "storage/directory.py", "embedded/postgres.py"}


def test_redis_is_asked_for_no_pattern_and_for_no_key() -> None:
    """C26: a process hears the channels of those it follows; what is in Redis is Huey's list alone."""
    for name, source in SOURCES.items():
        assert "psubscribe" not in source, name
        assert not re.search(r"redis\.(get|set|hset|lpush|keys|scan)\(", source), name


@pytest.mark.gen_test(timeout=30)
async def test_a_lock_of_one_tenant_keeps_no_other_waiting(
    ports: Ports, database: Database, acme: Org, globex: Org
) -> None:
    """C28: advisory locks know no row-level security; the tenant is part of what they are about."""
    words = ("mem_1", "incident.noted", "the same key")
    async with ports.store.begin(acme.tenant) as mine, ports.store.begin(globex.tenant) as others:
        assert await requests.claim(mine, *words) is None
        assert await requests.claim(others, *words) is None  # it would wait, and fail after two seconds
        async with connected(database.admin_url) as admin:
            held = await admin.fetch(
                "SELECT DISTINCT classid, objid FROM pg_locks WHERE locktype = 'advisory' AND granted"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            assert len(held) == 2
        at, subject = ports.clock(), str(new())
        await requests.keep(mine, *words, requests.Request(b"x", subject), at)
        assert await requests.claim(others, *words) is None
        waiting = asyncio.create_task(_claim(ports, acme, words))
        async with connected(database.admin_url) as admin:
            await until(lambda: admin.fetchval("SELECT count(*) FROM pg_locks WHERE NOT granted"))
    assert await waiting == subject  # and the same one's second request does wait for the first


async def _claim(ports: Ports, org: Org, words: tuple[str, str, str]) -> str:
    async with ports.store.begin(org.tenant) as tx:
        found = await requests.claim(tx, *words)
    assert found
    return found.subject
