"""Secrets, hashes and signatures are compared in constant time (C09): `==` tells how much was right."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

HUB = Path(__file__).resolve().parents[2] / "hub"
SECRET = re.compile(r"(^|_)(secret|hash|digest|hexdigest|signature|csrf|password|mac|hmac|seal|token)s?($|_)")
# The hash of a caller's own request, so that one key is not used for two: nothing to be guessed.
HARMLESS = {"self._hash", "found.request_hash"}
PLANTED = (
    "presented == secret",
    "row.hash != hash_of(presented)",
    "hmac.new(key, body, sha256).hexdigest() == given",
    "signature in (a, b)",
    "b == session['csrf']",
    "self._password_of(person) == typed",
    "match.group('token') == x",
    "verify(one) and old_digest == new_digest",
    "sorted(x, key=lambda y: y.mac == z)",
)
FINE = (
    "hmac.compare_digest(secret, presented)",
    "credential.kind == 'password_reset'",
    "secret is None",
    "len(secret) > 4",
    "if secret: pass",
    "identity.c.issuer == 'password'",
    "hash in (None,)",
    "not presented or len(hash) != 32",
)


def names(node: ast.expr) -> set[str]:
    """What a side of a comparison is called: its last names, and what it is looked up by. What is done to it
    by len() leaves no secret."""
    if isinstance(node, ast.Name):
        return {node.id}
    if isinstance(node, ast.Attribute):
        return {node.attr}
    if isinstance(node, ast.Call):
        asked = {
            arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)
        }
        return names(node.func) | asked
    if isinstance(node, ast.Subscript):
        asked = {node.slice.value} if isinstance(node.slice, ast.Constant) else set()
        return names(node.value) | {key for key in asked if isinstance(key, str)}
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return {name for each in node.elts for name in names(each)}
    return set()


def says_nothing(node: ast.expr) -> bool:
    """Whether a side is a constant, or constants only: a word of the code is no secret."""
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return all(isinstance(each, ast.Constant) for each in node.elts)
    return isinstance(node, ast.Constant)


def leaking(tree: ast.AST) -> list[str]:
    """The comparisons that take as long as much of a secret is right."""
    found = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        if not any(isinstance(op, ast.Eq | ast.NotEq | ast.In | ast.NotIn) for op in node.ops):
            continue
        if any(map(says_nothing, sides)) or {ast.unparse(side) for side in sides} <= HARMLESS:
            continue
        if any(SECRET.search(name) for side in sides for name in names(side)):
            found.append(f"{node.lineno}: {ast.unparse(node)}")
    return found


def test_no_secret_is_compared_by_how_much_of_it_is_right() -> None:
    modules = sorted(HUB.rglob("*.py"))
    assert len(modules) > 100
    assert {str(path.relative_to(HUB)): found for path in modules
            if (found := leaking(ast.parse(path.read_text())))} == {}  # fmt: skip


@pytest.mark.parametrize("code", PLANTED)
def test_a_planted_comparison_is_seen(code: str) -> None:
    assert leaking(ast.parse(code))


@pytest.mark.parametrize("code", FINE)
def test_what_is_no_such_comparison_passes(code: str) -> None:
    assert leaking(ast.parse(code)) == []


def test_what_is_presented_is_looked_up_by_its_hash_or_compared_in_constant_time() -> None:
    users = {
        str(path.relative_to(HUB)) for path in HUB.rglob("*.py") if "compare_digest(" in path.read_text()
    }
    assert {"services/sessions.py", "services/seal.py"} <= users
