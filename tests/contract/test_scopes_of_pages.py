"""What the page of API keys says a role holds, against the matrix."""

from __future__ import annotations

import re
from pathlib import Path

from hub.contract.words import Role
from hub.domain.access import MATRIX

PAGE = Path(__file__).resolve().parents[2] / "static" / "js" / "scopes.js"


def test_the_page_of_keys_offers_the_scopes_that_each_role_holds() -> None:
    text = PAGE.read_text()
    named = {
        name: set(re.findall(r'"(\w+:\w+)"', listed))
        for name, listed in re.findall(r"^const (\w+) = \[(.*?)\];", text, re.MULTILINE | re.DOTALL)
    }
    held = {
        Role(role): set().union(*(named[name] for name in re.findall(r"[A-Z]+", parts)))
        for role, parts in re.findall(r"^  (\w+): (\[?[A-Z., ]+\]?),$", text, re.MULTILINE)
    }
    assert held == {role: set(MATRIX[role]) for role in Role if role is not Role.OWNER}
