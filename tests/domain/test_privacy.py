"""Hiding, showing and breaking the glass: who is named, what is said, and which events leave a view."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest
from made import ANN, BOB, NOW, incident

from hub.contract import commands as c
from hub.contract.events import IncidentCommanderVacated, Kind
from hub.contract.ids import text
from hub.contract.privacy import IncidentGlassBroken, IncidentHidden, IncidentShown, Name
from hub.contract.words import Severity, Status
from hub.domain import incident as incidents
from hub.domain.errors import NotAllowedNow
from hub.domain.filter import read
from hub.domain.incident import Incident
from hub.domain.lifecycle import GLASS, Names, decide
from hub.domain.sight import View
from hub.storage.log import LogEvent

WHO, OTHER = Name("mem_who", "Who"), Name("tem_other", "Other")
SERVICE, INCIDENT = UUID(int=1), UUID(int=2)
EVERYTHING = View(whole=True)


def happens(state: Incident, command: c.Command, names: Names | None) -> tuple[Incident, list[Kind]]:
    events = decide(state, [], None, command, BOB, NOW, None, names)
    for event in events:
        state = incidents.evolve(state, event)
    return state, [event.data for event in events]


def test_hiding_names_exactly_those_and_again_changes_them() -> None:
    state, happened = happens(incident(), c.Hide(reason="a leak"), Names(wanted=(WHO,)))
    assert happened == [IncidentHidden(named=(WHO,), was_private=False, reason="a leak")]
    assert state.private
    assert happens(state, c.Hide(), Names(now=(WHO,), wanted=(WHO,)))[1] == []
    _, happened = happens(state, c.Hide(), Names(now=(WHO,), wanted=(OTHER, WHO)))
    assert happened == [IncidentHidden(named=(OTHER, WHO), was_private=True)]


@pytest.mark.parametrize("stays", [True, False])
def test_a_commander_who_does_not_see_it_commands_it_no_more(stays: bool) -> None:
    state = msgspec.structs.replace(incident(Status.ACKNOWLEDGED), commander_id=UUID(int=7))
    state, happened = happens(state, c.Hide(), Names(wanted=(WHO,), commands=stays))
    assert (state.commander_id is not None) is stays
    said = IncidentCommanderVacated(was=text("member", UUID(int=7)), reason="hidden")
    assert (said in happened) is not stays


def test_a_private_number_lasts_until_it_is_shown() -> None:
    state = msgspec.structs.replace(incident(), number=-7, private=True)
    assert state.label == "P-7"
    assert happens(state, c.Show(), None)[1] == [IncidentShown(number=0)], "saving gives it the next number"
    shown = decide(state, [], None, c.Show(), ANN, NOW)[0]
    numbered = msgspec.structs.replace(shown, data=IncidentShown(number=12))
    assert incidents.evolve(state, numbered).label == "#12"
    hidden, _ = happens(incident(), c.Hide(), Names(wanted=(WHO,)))
    after, happened = happens(hidden, c.Show(), None)
    assert happened == [IncidentShown(number=7)]
    assert (after.private, after.label) == (False, "#7")
    assert happens(after, c.Show(), None)[1] == []


def test_the_glass_is_broken_once_with_a_reason_and_an_end() -> None:
    command = c.BreakGlass(reason="an audit")
    with pytest.raises(NotAllowedNow, match="#7 is not private"):
        happens(incident(), command, Names(sees=True))
    private, _ = happens(incident(), c.Hide(), Names(wanted=(WHO,)))
    assert happens(private, command, Names(sees=True))[1] == []
    state, [broken] = happens(private, command, Names(sees=False))
    until = NOW + GLASS
    assert broken == IncidentGlassBroken(member=BOB.id, name=BOB.name, reason="an audit", until=until)
    assert state.private


@pytest.mark.parametrize(
    "body", [b'{"reason":""}', b'{"reason":" "}', b"{}", b'{"reason":"x","if_version":1}']
)
def test_no_glass_is_broken_without_a_reason_nor_at_a_version(body: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(body, type=c.BreakGlass)


def hidden(private: bool = True, was_private: bool = False) -> LogEvent:
    data = IncidentHidden(named=(WHO,), was_private=was_private)
    body = msgspec.json.encode({"data": data, "incidentseverity": Severity.SEV3})
    return LogEvent(9, "incident.hidden", INCIDENT, body, SERVICE, private)


@pytest.mark.parametrize(
    ("view", "event", "is_told"),
    [
        (EVERYTHING, hidden(), True),
        (View(services=frozenset({SERVICE})), hidden(), True),
        (View(services=frozenset({INCIDENT})), hidden(), False),
        (EVERYTHING, hidden(was_private=True), False),
        (EVERYTHING, hidden(private=False), False),
        (View(whole=True, incidents=frozenset({INCIDENT})), hidden(), False),
        (View(whole=True, filter=read("kind:alert.*")), hidden(), True),
        (View(whole=True, filter=read("severity:<=2")), hidden(), False),
        (View(whole=True, filter=read(f"service:{text('service', INCIDENT)}")), hidden(), False),
    ],
)
def test_hidden_is_told_to_those_who_could_see_it_until_then(
    view: View, event: LogEvent, is_told: bool
) -> None:
    assert view.lost(event) is is_told


@pytest.mark.parametrize(
    ("view", "private", "is_told"),
    [
        (EVERYTHING, False, True),
        (EVERYTHING, True, False),
        (View(services=frozenset({SERVICE})), False, True),
        (View(), False, False),
        (View(whole=True, incidents=frozenset({INCIDENT})), False, False),
        (View(whole=True, filter=read("kind:alert.*")), False, True),
    ],
)
def test_who_gains_sight_has_to_read_what_was_before(view: View, private: bool, is_told: bool) -> None:
    shown = LogEvent(9, "incident.shown", INCIDENT, b'{"data":{}}', SERVICE, private)
    assert view.gains(shown) is is_told
