"""Every regular expression of hub against text made to hold it up: the work stays in proportion."""

from __future__ import annotations

import ast
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HUB = Path(__file__).resolve().parents[2] / "hub"
CALLS = {"compile", "match", "search", "fullmatch", "sub", "subn", "split", "findall", "finditer"}
# Put together at run time, out of constants and escaped text; looked at by hand.
MADE = {"contract.catalogue", "crash", "door.route", "handlers.intake", "storage.statement"}
CPU_SECONDS = 2  # for all of a pattern's texts: seen are milliseconds, a quadratic one takes minutes
# Runs in a process of its own, whose CPU time the kernel bounds.
CHILD = r"""
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, (int(sys.argv[1]),) * 2)
pattern, is_bytes = json.loads(sys.stdin.read())
SIZE = 64 * 1024
letters = sorted(set(re.sub(r"\\[a-zA-Z]", "", pattern)) | set("a0A_ -.@:/\"'\t\u0663"))
words = re.findall(r"[A-Za-z:/_\"\n-]{3,}", re.sub(r"\\[a-zA-Z]", "\n", pattern)) or [""]
heads = ["", words[0], words[0] + "a:"]
compiled = re.compile(pattern.encode() if is_bytes else pattern)
for pump in [*letters, *words, "a-", "a.", "a@", "://", "://a:", "ihk_a_", " \t", "ihk_", "[:", "0-"]:
    for head in heads:
        for tail in ("\0", "!"):
            text = (head + pump * (SIZE // max(len(pump), 1)))[:SIZE] + tail
            given = text.encode("utf-8", "replace") if is_bytes else text
            compiled.search(given)
            compiled.fullmatch(given)
"""


def patterns(tree: ast.AST) -> Iterator[str | bytes | None]:
    """The patterns that a module hands to `re` or to msgspec; None for one that is put together."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name):
            if function.value.id == "re" and function.attr in CALLS:
                first = node.args[0]
                yield first.value if isinstance(first, ast.Constant) else None
            for keyword in node.keywords:
                if keyword.arg == "pattern":
                    yield keyword.value.value if isinstance(keyword.value, ast.Constant) else None


FOUND = [
    (".".join(path.relative_to(HUB).with_suffix("").parts), pattern)
    for path in sorted(HUB.rglob("*.py"))
    if path.parent.name != "cli"  # whoever types there holds the machine
    for pattern in patterns(ast.parse(path.read_text()))
]
PLAIN = sorted({(name, pattern) for name, pattern in FOUND if pattern is not None}, key=repr)


def is_bounded(pattern: str | bytes) -> bool:
    """Whether all texts are looked through within the CPU time."""
    given = json.dumps(
        [pattern.decode() if isinstance(pattern, bytes) else pattern, isinstance(pattern, bytes)]
    )
    command = [sys.executable, "-c", CHILD, str(CPU_SECONDS)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False)
    assert done.returncode in {0, -signal.SIGXCPU, -signal.SIGKILL}, done.stderr
    return done.returncode == 0


def test_the_patterns_are_found_and_those_made_at_run_time_are_known() -> None:
    assert len(PLAIN) > 20
    assert {name for name, pattern in FOUND if pattern is None} == MADE


def test_nobody_imports_pieces_of_re_past_this_test() -> None:
    for path in HUB.rglob("*.py"):
        assert "from re import" not in path.read_text(), path


@pytest.mark.parametrize(
    ("name", "pattern"), PLAIN, ids=[f"{name} {pattern!r}"[:60] for name, pattern in PLAIN]
)
def test_a_pattern_cannot_be_held_up(name: str, pattern: str | bytes) -> None:
    assert is_bounded(pattern)


def test_a_pattern_that_can_be_held_up_would_be_seen() -> None:
    assert not is_bounded(r"(a+)+$")
