"""Reference: pages out of the tables themselves: what each problem means, and what each role may do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

from tornado.escape import xhtml_escape

from hub.contract.words import Action, Role, Scope
from hub.domain.access import CARRIES, MATRIX
from hub.domain.errors import HubError
from hub.door.problems import STATUS
from hub.door.request import Request
from hub.handlers.pages import PLACE, TYPES, Library

FRAME: Final = """<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <title>{title} · IncidentHub</title>
    <link rel="icon" type="image/svg+xml" href="/static/BUILD/icon.svg">
    <link rel="stylesheet" href="/static/BUILD/css/tokens.css">
    <link rel="stylesheet" href="/static/BUILD/css/base.css">
    <link rel="stylesheet" href="/static/BUILD/css/bar.css">
    <link rel="stylesheet" href="/static/BUILD/css/reference.css">
  </head>
  <body class="reference">
    <a class="skip" href="#main">Skip to the content</a>
    <header id="bar">
      <a class="brand" href="/"><img src="/static/BUILD/icon.svg" alt="" width="18" height="18"> IncidentHub</a>
      <nav aria-label="Docs"><a href="/docs">API</a> <a href="/docs/roles">Roles</a> <a href="/docs/problems">Problems</a></nav>
    </header>
    <main id="main" tabindex="-1">
      <h1>{title}</h1>
      {content}
    </main>
  </body>
</html>
"""  # noqa: E501
Word = TypeVar("Word", Role, Scope)
INHERITED: Final = (
    "A role holds in the whole organization, or in the scope of a team, a service or an incident. In a "
    "narrower scope it gives what both tables have. An API key may be narrowed further, by its scopes."
)


class Reference(Request):
    """A page that is made of one of our tables."""

    library: Library

    def show(self, title: str, content: str) -> None:
        """Send it, in the look of the other pages."""
        here = f"/static/{self.library.build}/"
        page = FRAME.replace(PLACE.decode(), here).format(title=title, content=content)
        self.set_header("Content-Type", TYPES[".html"])
        self.write(page)


class Problems(Reference):
    """`/docs/problems`"""

    def get(self) -> None:
        """One entry a code, out of the one table of errors; every problem links to its own."""
        entries = "".join(
            f'<div><dt id="{error.code}"><code>{error.code}</code> {status}<dd>{_meaning(error)}</div>'
            for error, status in sorted(STATUS.items(), key=lambda entry: (entry[1], entry[0].code))
            if "code" in vars(error)
        )
        about = (
            "<p>Errors are <code>application/problem+json</code> (RFC 9457): <code>code</code> never changes "
            "its meaning, <code>errors</code> names every bad field by its JSON pointer, and "
            "<code>request_id</code> is in the hub's logs.</p>"
        )
        self.show("Problems", f"{about}<dl>{entries}</dl>")


class Roles(Reference):
    """`/docs/roles`"""

    def get(self) -> None:
        """What each role may do, and what of it each scope carries, cell by cell."""
        self.show(
            "Roles",
            f"<p>{INHERITED}</p>"
            f"{_table('What each role may do', Role, MATRIX)}"
            f"{_table('What each scope carries', Scope, CARRIES)}",
        )


def _table(title: str, columns: Iterable[Word], cells: Mapping[Word, frozenset[Action]]) -> str:
    actions = sorted(set().union(*cells.values()))
    heads = "".join(f'<th scope="col">{column.capitalize()}' for column in columns)
    rows = "".join(
        f'<tr><th scope="row"><code>{action}</code>'
        + "".join(("<td>yes" if action in cells[column] else '<td class="faint">no') for column in columns)
        for action in actions
    )
    return (
        f'<div class="wide" tabindex="0" role="group" aria-label="{title}"><table><caption>{title}</caption>'
        f'<thead><tr><th scope="col">Action{heads}</thead><tbody>{rows}</tbody></table></div>'
    )


def _meaning(error: type[HubError]) -> str:
    """The first line of what an error says of itself; what is between backticks is code."""
    line = (error.__doc__ or "").split("\n", 1)[0]
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", xhtml_escape(line))
