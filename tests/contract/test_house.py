"""The house rules that a reader relies on: sizes, docstrings, and who alone may do what."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HUB = ROOT / "hub"
FOLDERS = ("hub", "static", "migrations", "tests", "bench", "examples")
WRITTEN = {".py", ".sql", ".js", ".mjs", ".css", ".html", ".sh"}
LINES_MAX = 300
BANNED = re.compile(r"(^|_)(manager|managers|helper|helpers|utils|util|info)(_|$)", re.IGNORECASE)
BROADCASTS = re.compile(r"\b(NOTIFY|LISTEN|pg_notify|pg_advisory_lock)\b")
SQL = re.compile(r"\s*(SELECT|INSERT INTO|UPDATE|DELETE FROM|WITH)\s")

# Who may use a name, by module of hub. `mint` makes Grants; the rest writes incidents.
ALONE = {
    "mint": {"domain.access", "services.access"},
    "whole.save": {"services.world"},
    "world.save": {"services.execute", "services.incidents", "services.silence", "services.undoing"},
    "log.append": {"services.change"},
    "IncidentOpened": {"contract.events", "domain.incident", "domain.intake", "domain.storm",
                       "services.incidents", "services.world"},
    "Tx": {"storage.*", "services.*"},
}  # fmt: skip


def files(*folders: str) -> list[Path]:
    return [
        path
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*"))
        if path.suffix in WRITTEN and path.is_file() and "node_modules" not in path.parts
    ]


@cache
def modules() -> list[tuple[str, ast.Module]]:
    """Every module of hub by its name below `hub`."""
    return [
        (".".join(path.relative_to(HUB).with_suffix("").parts).removesuffix(".__init__"), parsed(path))
        for path in files("hub")
    ]


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def strings(tree: ast.AST) -> Iterator[str]:
    return (
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def used(tree: ast.AST) -> set[str]:
    """The names that code uses, `module.name` for attributes of a plain name."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found.add(f"{node.value.id}.{node.attr}")
        elif isinstance(node, ast.ImportFrom):
            found.update(alias.name for alias in node.names)
    return found


@pytest.mark.parametrize("folder", FOLDERS)
def test_no_file_is_longer_than_300_lines(folder: str) -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in files(folder)
        if (lines := path.read_text().count("\n")) > LINES_MAX
    }
    assert not long


def test_there_are_files_to_measure() -> None:
    assert len(files("hub")) > 100
    assert len(files("static")) > 10


@pytest.mark.parametrize("folder", ["hub", "migrations", "tests", "bench", "examples"])
def test_every_module_says_in_one_line_what_it_is(folder: str) -> None:
    for path in files(folder):
        if path.suffix != ".py":
            continue
        said = ast.get_docstring(parsed(path))
        assert said, path
        assert folder == "migrations" or said.endswith((".", "!", "?", "…")), path
        if folder == "hub":
            assert "\n" not in said, path


def test_every_public_function_and_class_of_hub_has_a_docstring() -> None:
    bare = [
        f"{name}.{node.name}"
        for name, tree in modules()
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not ast.get_docstring(node)
    ]
    assert not bare


@pytest.mark.parametrize("name", sorted(ALONE))
def test_only_those_named_here_use(name: str) -> None:
    users = {module for module, tree in modules() if name in used(tree)}
    allowed = {module for pattern in ALONE[name] for module in users if _fits(module, pattern)}
    assert users, "the rule guards nothing"
    assert users - allowed == set()


def _fits(module: str, pattern: str) -> bool:
    return module.startswith(pattern[:-1]) if pattern.endswith("*") else module == pattern


def test_a_planted_user_would_be_seen() -> None:
    planted = ast.parse("from hub.domain import access\n\ndef f():\n    return access.mint(actions=[])\n")
    assert "access.mint" in used(planted)
    assert "mint" in used(ast.parse("from hub.domain.access import mint"))


def test_no_module_reaches_mint_through_its_module() -> None:
    """`from hub.domain import access; access.mint()` would pass a rule that knows bare names only."""
    users = {name for name, tree in modules() if any(use.endswith(".mint") for use in used(tree))}
    assert not users


def test_the_names_are_those_of_the_glossary() -> None:
    wrong = [
        f"{name}: {node.name}"
        for name, tree in modules()
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and BANNED.search(re.sub(r"(?<=[a-z])(?=[A-Z])", "_", node.name))
    ]
    wrong += [name for name, _ in modules() if any(BANNED.search(part) for part in name.split("."))]
    assert not wrong


def test_sql_has_one_home() -> None:
    """But for the embedded server, whose roles and database are made before there is a storage."""
    speaks = {name for name, tree in modules() if any(SQL.match(text) for text in strings(tree))}
    assert {name for name in speaks if not name.startswith(("storage.", "embedded."))} == set()
    assert "storage.log" in speaks


def test_nothing_is_broadcast_by_the_database_and_nothing_is_unpickled() -> None:
    """NOTIFY and session-level advisory locks know no row-level security; a pickle is code (C28, C40)."""
    for name, tree in modules():
        assert not any(BROADCASTS.search(text) for text in strings(tree)), name
        assert not {"pickle", "marshal", "shelve"} & imported(tree), name


def imported(tree: ast.AST) -> set[str]:
    return {
        alias.name.split(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    } | {(node.module or "").split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}


def test_no_two_modules_of_the_tests_have_one_name() -> None:
    """pytest puts every folder of tests on the path: the first of two would be imported for both. A conftest
    has no choice: pytest looks for that name."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("*.py"))
    assert [name for name, count in names.items() if count > 1 and name != "conftest.py"] == []
