"""Pages: static/ as it is, read once at start; assets live under the hash of all of them and never change."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

import msgspec

from hub.domain.errors import HubError, NotFound, Unauthenticated
from hub.door.problems import STATUS, WrongHost
from hub.door.request import Request
from hub.services import sessions

TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}
PLACE: Final = b"/static/BUILD/"
IMMUTABLE: Final = "public, max-age=31536000, immutable"
# Nothing of it is loaded: the assets are refused under that name, too.
WRONG_NAME: Final = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>Another address · IncidentHub</title>
  </head>
  <body>
    <h1>This hub does not answer to this address</h1>
    <p>It knows its own machine and HUB_PUBLIC_URL, so that no page of another site can speak to it under a
      name of its own.</p>
    <p>Over plain http from another machine, signing in could not work either: the session cookie is marked
      secure, and browsers keep such cookies only over https, or on the hub's own machine.</p>
    <p>For everybody: put https in front of it, and set HUB_PUBLIC_URL to that address
      (<code>HUB_PUBLIC_URL=https://hub.example.org</code>). For yourself, now: tunnel to its machine with
      <code>ssh -L {port}:127.0.0.1:{port} MACHINE</code>, and open
      <code>http://localhost:{port}/</code>.</p>
  </body>
</html>
"""


class Asset(msgspec.Struct, frozen=True):
    """A file of static/, and its Content-Type."""

    content: bytes
    content_type: str


class Library(msgspec.Struct, frozen=True):
    """What static/ holds: `pages` by file name, `assets` by their path inside the folder."""

    build: str
    pages: dict[str, bytes]
    assets: dict[str, Asset]


def load(folder: Path) -> Library:
    """Read the folder. `/static/BUILD/` in a page becomes the address of this build.

    Files of a type that is not in TYPES are left out: nothing is served that nobody meant to serve.
    """
    found = {
        file.relative_to(folder).as_posix(): file.read_bytes()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.suffix in TYPES
    }
    total = hashlib.sha256()
    for name, content in found.items():
        total.update(name.encode() + b"\0" + hashlib.sha256(content).digest())
    build = total.hexdigest()[:12]
    here = b"/static/%s/" % build.encode()
    pages = {name: content.replace(PLACE, here) for name, content in found.items() if name.endswith(".html")}
    assets = {
        name: Asset(content, TYPES[Path(name).suffix]) for name, content in found.items() if name not in pages
    }
    return Library(build, pages, assets)


class Shown(Request):
    """What people open in a browser."""

    def refuse(self, error: HubError) -> None:
        """Who comes by a name that is not ours is told in words what to do: nobody reads JSON there."""
        if not isinstance(error, WrongHost) or "text/html" not in self.request.headers.get("Accept", ""):
            super().refuse(error)
            return
        self.problem_code = error.code
        self.set_status(STATUS[WrongHost])
        self.set_header("Content-Type", TYPES[".html"])
        self.finish(WRONG_NAME.format(port=self.desk.ports.config.port))


class Page(Shown):
    """A page: the same bytes for everybody; what it shows, it asks the API for."""

    library: Library
    file: str

    def get(self, **_: str) -> None:
        """The file that the route names."""
        self.set_header("Content-Type", TYPES[".html"])
        self.write(self.library.pages[self.file])


class Static(Request):
    """An asset. Only under its own build it may be kept for ever."""

    library: Library

    def get(self, build: str, name: str) -> None:
        """The file `name`. A page of another build, met while processes are replaced, gets it uncached."""
        asset = self.library.assets.get(name)
        if asset is None:
            raise NotFound()
        if build == self.library.build:
            self.set_header("Cache-Control", IMMUTABLE)
        self.set_header("Content-Type", asset.content_type)
        self.write(asset.content)


class Home(Shown):
    """The address that people type."""

    async def get(self) -> None:
        """To the board of the first organization."""
        me = await sessions.me(self.desk.ports, self.credential)
        self.redirect(f"/orgs/{me.organizations[0].slug}" if me.organizations else "/sign-in")

    def refuse(self, error: HubError) -> None:
        """Who is not signed in goes to the sign-in page."""
        if isinstance(error, Unauthenticated):
            self.redirect("/sign-in")
        else:
            super().refuse(error)
