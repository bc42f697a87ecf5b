"""Filters: what the terms mean, what is refused by name, and what takes an incident out."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest

from hub.contract.ids import text
from hub.contract.words import Severity
from hub.domain import filter
from hub.domain.errors import Invalid
from hub.domain.filter import EVERYTHING, Filter
from hub.domain.sight import View
from hub.storage.log import LogEvent

ONE, TWO, SHOP, PAY = (UUID(int=number) for number in (1, 2, 0x51, 0x52))


def event(
    kind: str = "incident.noted", incident: UUID | None = ONE, severity: str = "SEV2", was: str = ""
) -> LogEvent:
    """An event of the shop's incident, as the log has it."""
    data = {"was": was} if was else {}
    body = msgspec.json.encode({"type": kind, "incidentseverity": severity, "data": data})
    return LogEvent(1, kind, incident, body, SHOP)


@pytest.mark.parametrize(
    ("words", "is_asked_for"),
    [
        ("", True),
        (f"incident:{text('incident', ONE)}", True),
        (f"incident:{text('incident', TWO)}", False),
        (f"incident:{text('incident', TWO)} incident:{text('incident', ONE)}", True),
        (f"service:{text('service', SHOP)}", True),
        (f"service:{text('service', PAY)}", False),
        ("severity:2", True),
        ("severity:SEV2", True),
        ("severity:<=2", True),
        ("severity:>=2", True),
        ("severity:1", False),
        ("severity:<=1", False),
        ("severity:>=3", False),
        ("severity:1 severity:2", True),
        ("kind:incident.noted", True),
        ("kind:incident.*", True),
        ("kind:alert.*", False),
        ("kind:incident.resolved", False),
        ("kind:incident.* severity:1", False),
    ],
)
def test_terms_of_one_name_are_choices_and_of_different_names_conditions(
    words: str, is_asked_for: bool
) -> None:
    assert filter.read(words).asks_for(event()) is is_asked_for


@pytest.mark.parametrize(
    "words",
    ["shop", "status:open", "incident:42", "incident:", "service:inc_1", "severity:0", "severity:<",
     "severity:SEV9", "kind:*", "kind:incident", "kind:Incident.noted", ":", "kind:incident.noted;drop"],
)  # fmt: skip
def test_what_means_nothing_is_refused_by_name(words: str) -> None:
    with pytest.raises(Invalid) as refused:
        filter.read(f"severity:1 {words}")
    [fault] = refused.value.faults
    assert fault.pointer == "/filter"
    assert repr(words)[1:-1] in fault.detail


def test_every_bad_term_is_named_and_a_flood_is_refused() -> None:
    with pytest.raises(Invalid) as refused:
        filter.read("one two severity:1 three")
    assert len(refused.value.faults) == 3
    for words in ("x" * 1001, "severity:1 " * 51):
        with pytest.raises(Invalid):
            filter.read(words)


def test_a_severity_counts_as_it_was_and_as_it_is_so_that_leaving_and_coming_are_seen() -> None:
    worst = filter.read("severity:<=2")
    leaves = event("incident.severity_set", severity="SEV3", was="SEV2")
    comes = event("incident.severity_set", severity="SEV1", was="SEV4")
    stays = event("incident.severity_set", severity="SEV1", was="SEV2")
    passes = event("incident.severity_set", severity="SEV4", was="SEV3")
    assert [worst.asks_for(each) for each in (leaves, comes, stays, passes)] == [True, True, True, False]
    assert [worst.drops(each) for each in (leaves, comes, stays, passes)] == [True, False, False, False]
    assert not worst.asks_for(event(severity="SEV3")), "what comes after it left is not asked for"


def test_the_order_of_terms_makes_no_other_view() -> None:
    some, same = filter.read("severity:1 kind:alert.*"), filter.read("kind:alert.*  severity:1")
    assert View(filter=some) == View(filter=same)
    assert View(filter=some).hash == View(filter=same).hash
    assert View(filter=some).hash != View(filter=filter.read("severity:1")).hash != View().hash


def test_a_filter_opens_nothing_that_may_not_be_seen() -> None:
    asked = filter.read(f"incident:{text('incident', ONE)} service:{text('service', SHOP)}")
    assert not View(services=frozenset({PAY}), filter=asked).sees(event())
    assert View(services=frozenset({SHOP}), filter=asked).sees(event())
    private = msgspec.structs.replace(event(), private=True)
    assert not View(whole=True, filter=asked).sees(private)


def test_rows_are_read_of_the_services_that_were_asked_for() -> None:
    asked = filter.read(f"service:{text('service', SHOP)} service:{text('service', PAY)}")
    assert View(whole=True, filter=asked).narrowed.services == {SHOP, PAY}
    assert not View(whole=True, filter=asked).narrowed.whole
    assert View(services=frozenset({SHOP}), filter=asked).narrowed.services == {SHOP}
    assert View(whole=True).narrowed.whole


def test_an_incident_is_held_by_the_same_terms() -> None:
    assert EVERYTHING.holds(ONE, SHOP, Severity.SEV5)
    assert filter.read("severity:<=2").holds(ONE, SHOP, Severity.SEV1)
    assert not filter.read("severity:<=2").holds(ONE, SHOP, Severity.SEV3)
    assert not Filter(services=frozenset({PAY})).holds(ONE, SHOP, Severity.SEV1)
    assert not Filter(incidents=frozenset({TWO})).holds(ONE, SHOP, Severity.SEV1)
