"""docs/senders.md against the code: its examples are taken, its fields and severity words are real."""

from __future__ import annotations

import json
import re
from pathlib import Path

from hub.contract.signals import Signal
from hub.contract.words import AlertSeverity
from hub.sources import generic, pagerduty, reading

PAGE = (Path(__file__).parents[2] / "docs" / "senders.md").read_text()
KEY = "0123456789abcdef0123456789abcdef"


def test_every_example_body_is_taken() -> None:
    bodies = [
        body.replace("'$KEY'", KEY).encode() for body in re.findall(r"-d '(\{.*?\})'\n", PAGE, re.DOTALL)
    ]
    taken = [
        (pagerduty if b"routing_key" in body else generic).signals(body)
        for body in bodies
        if json.loads(body)
    ]
    assert [isinstance(signal, Signal) for (signal,) in taken] == [True] * 4


def test_every_field_of_the_table_exists() -> None:
    table = re.split(r"^\| field +\| +\|$", PAGE, flags=re.MULTILINE)[1].split("\n\n", 1)[0]
    names = [
        name
        for row in re.findall(r"^\| (`[^|]+) \|", table, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", row)
    ]
    assert sorted(names) == sorted(generic.FIELDS)
    event: dict[str, object] = dict.fromkeys(names)
    assert generic.check(json.dumps(event | {"title": "t"}).encode()).faults == ()


def test_every_severity_word_means_what_the_page_says() -> None:
    sentence = PAGE.split("- Label `severity`:", 1)[1]
    for part, severity in zip(sentence.split(";"), ("critical", "warning", "info"), strict=False):
        words = re.findall(r"`(\w+)`", part)
        assert len(words) >= 5
        assert {reading.severity(word) for word in words} == {AlertSeverity(severity)}
