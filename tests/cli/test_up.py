"""`up`, whole: from an empty folder to a running hub, through crashes, and nothing left behind."""

from __future__ import annotations

import json
import os
import shlex
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import Up, ask, descendants, eventually, hub, is_gone, up
from servers import Database, Servers, open_folder, wait

from hub.embedded import Postgres


@pytest.fixture(scope="module")
def running() -> Iterator[Up]:
    """One hub for the tests that leave it running."""
    with open_folder() as folder, up(folder) as started:
        yield started


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty data directory."""
    with open_folder() as folder:
        yield folder


def titles(started: Up) -> list[str]:
    """The titles of the first organization's incidents."""
    known = started.first_run()
    status, page = ask(f"{known['url']}/api/v1/orgs/{known['organization']}/incidents", known["api_key"])
    return [incident["title"] for incident in page["data"]] if status == 200 else []


def raise_alert(started: Up, title: str) -> int:
    """The status of the answer to an alert."""
    known = started.first_run()
    alert = {"title": title, "severity": "critical", "source": "test", "dedup_key": title}
    return ask(f"{known['url']}/api/v1/ingest/events", known["integration_key"], alert)[0]


def is_ready(started: Up) -> bool:
    """Whether the hub says that it is ready."""
    return ask(started.first_run()["url"] + "/readyz")[0] == 200


def test_it_says_how_to_reach_it_and_keeps_the_same_for_our_user_only(running: Up) -> None:
    known = running.first_run()
    assert list(known) == [
        "url", "admin_url", "organization", "email", "password", "api_key", "integration_key"
    ]  # fmt: skip
    for value in set(known.values()) - {known["organization"]}:
        assert value in running.printed
    assert (running.folder / "first-run.json").stat().st_mode & 0o777 == 0o600
    for name in ("hub.json", "env", "postgres.json", "valkey.json", "valkey.conf"):
        assert (running.folder / name).stat().st_mode & 0o777 == 0o600, name


def test_the_printed_line_raises_an_alert_that_opens_an_incident(running: Up) -> None:
    [line] = [line for line in running.printed.splitlines() if line.strip().startswith("curl ")]
    words = shlex.split(line)
    assert words[1:3] == ["-X", "POST"]
    headers = [words[place + 1] for place, word in enumerate(words) if word == "-H"]
    [key] = [header.removeprefix("Authorization: Bearer ") for header in headers if "Bearer" in header]
    status, receipt = ask(words[3], key, json.loads(words[words.index("-d") + 1]))
    assert (status, receipt["status"]) == (202, "accepted")
    assert eventually(lambda: "Checkout fails" in titles(running))


def test_the_operators_page_is_on_its_own_port(running: Up) -> None:
    known = running.first_run()
    port = int(known["admin_url"].rsplit(":", 1)[1])
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(f"GET /metrics HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        assert connection.recv(64).startswith(b"HTTP/1.1 200 ")
    assert ask(known["url"] + "/metrics")[0] == 404


def test_a_second_hub_on_the_same_data_gets_one_sentence(running: Up) -> None:
    second = hub("up", HUB_DATA_DIR=str(running.folder))
    assert second.returncode == 1
    assert second.stderr == (
        f"Error: a hub is already running on {running.folder} (process {running.process.pid}).\n"
    )


def test_a_busy_port_gets_one_sentence_before_anything_is_made(running: Up, folder: Path) -> None:
    port = running.first_run()["url"].rsplit(":", 1)[1]
    second = hub("up", HUB_DATA_DIR=str(folder), HUB_PORT=port)
    assert second.returncode == 1
    assert second.stderr == f"Error: port {port} on 127.0.0.1 is in use; choose another with HUB_PORT.\n"
    assert not (folder / "postgres.json").exists()


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"HUB_DATA_DIR": "/proc/nowhere"}, "the data directory /proc/nowhere cannot be written: "),
        ({"HUB_PORT": "eighty"}, "HUB_PORT must be a whole number from 1 to 65535, not 'eighty'."),
        ({"HUB_DATABASE_URL": "postgresql://h/d"}, "HUB_DATABASE_URL and HUB_DATABASE_OWNER_URL are set "),
    ],
)
def test_what_cannot_be_gets_one_sentence(folder: Path, settings: dict[str, str], sentence: str) -> None:
    refused = hub("up", **{"HUB_DATA_DIR": str(folder), **settings})
    assert refused.returncode == 1
    assert refused.stderr.startswith(f"Error: {sentence}")
    assert refused.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("name", "word"),
    [
        ("web", "-m hub web"),
        ("worker", "-m hub worker"),
        ("valkey", "valkey-server"),
        ("postgres", "postgres -D"),
    ],
)
def test_a_killed_child_is_started_again_and_the_hub_works_on(running: Up, name: str, word: str) -> None:
    killed = running.child(word)
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: running.child(word) != killed)
    title = f"raised after the {name} was killed"
    eventually(lambda: raise_alert(running, title) == 202)
    eventually(lambda: title in titles(running))
    assert f"up: {name} was ended by SIGKILL; it is started again in " in running.printed


def test_no_connection_is_refused_while_the_web_process_is_away(running: Up) -> None:
    killed = running.child("-m hub web")
    os.kill(killed, signal.SIGKILL)
    assert ask(running.first_run()["url"] + "/livez", seconds=30)[0] == 200


def test_other_commands_work_on_the_running_data(running: Up) -> None:
    data = {"HUB_DATA_DIR": str(running.folder)}
    made = hub("org", "create", "second", "--owner", "someone@example.org", **data)
    assert made.returncode == 0, made.stderr
    assert "organization second is made; its owner is someone@example.org." in made.stdout
    again = hub("org", "create", "second", "--owner", "someone@example.org", **data)
    assert (again.returncode, again.stderr) == (1, "Error: The organization second exists already.\n")
    verified = hub("audit", "verify", **data)
    assert verified.returncode == 0, verified.stderr
    assert {line.rsplit(": ", 1)[1] for line in verified.stdout.splitlines()} == {"sound"}
    migrated = hub("migrate", **data)
    assert migrated.returncode == 0, migrated.stderr


def test_a_slug_or_address_that_cannot_be_is_a_usage_error(running: Up) -> None:
    data = {"HUB_DATA_DIR": str(running.folder)}
    assert hub("org", "create", "Not A Slug", "--owner", "someone@example.org", **data).returncode == 2
    assert hub("org", "create", "fine", "--owner", "nobody", **data).returncode == 2


def test_an_impatient_stop_is_clean_and_the_next_start_has_all_that_was_kept(folder: Path) -> None:
    with up(folder) as first:
        before = first.first_run()
        assert raise_alert(first, "kept over the restart") == 202
        eventually(lambda: titles(first) == ["kept over the restart"])
        assert first.stop(signal.SIGINT, times=3) == 0
        assert "Traceback" not in first.printed
        assert "was ended by" not in first.printed
        log = (folder / "log" / "postgres.log").read_text()
        assert log.rstrip().endswith("database system is shut down")
    with up(folder) as second:
        after = second.first_run()
        assert after["url"] != before["url"]
        assert {**after, "url": "", "admin_url": ""} == {**before, "url": "", "admin_url": ""}
        assert titles(second) == ["kept over the restart"]


def test_a_stop_in_the_middle_of_the_start_leaves_nothing_running(folder: Path) -> None:
    started = Up(folder)
    started.child("postgres -D")
    assert started.stop() == 0


def test_nothing_outlives_a_hub_that_was_killed_and_the_next_start_recovers(folder: Path) -> None:
    with up(folder) as first:
        assert raise_alert(first, "before the kill") == 202
        children = descendants(first.process.pid)
        first.process.kill()
        first.process.wait(10)
        eventually(lambda: all(is_gone(pid) for pid in children))
    with up(folder) as second:
        eventually(lambda: titles(second) == ["before the kill"])


def test_a_cluster_of_another_major_gets_one_sentence_and_leaves_nothing_running(folder: Path) -> None:
    wait(Postgres(folder).prepare())
    (folder / "postgres" / "PG_VERSION").write_text("17\n")
    started = Up(folder)
    assert started.process.wait(30) == 1
    assert "was made by PostgreSQL 17" in started.printed
    assert "`pg_upgrade " in started.printed
    assert started.printed.count("\n") == 1


def test_servers_that_the_environment_names_are_used_instead(
    folder: Path, servers: Servers, database: Database
) -> None:
    external = {
        "HUB_DATABASE_URL": database.url,
        "HUB_DATABASE_OWNER_URL": database.owner_url,
        "HUB_REDIS_URL": servers.redis_url,
    }
    with up(folder, **external) as started:
        assert raise_alert(started, "on external servers") == 202
        eventually(lambda: titles(started) == ["on external servers"])
        assert not (folder / "postgres.json").exists()
        assert not (folder / "valkey.json").exists()


def test_several_web_processes_share_one_socket_and_end_together(running: Up) -> None:
    web = Up(running.folder, "web", "--processes", "2")
    try:
        eventually(lambda: ask(web.url + "/readyz")[0] == 200)
        first, second = (
            pid for pid, command in descendants(web.process.pid).items() if "-m hub web" in command
        )
        os.kill(first, signal.SIGKILL)
        assert ask(web.url + "/livez")[0] == 200
        eventually(lambda: is_gone(first))
        assert not is_gone(second)
    finally:
        assert web.stop() == 0
