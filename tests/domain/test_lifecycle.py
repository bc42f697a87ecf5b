"""The lifecycle: every command in every status, written out."""

from __future__ import annotations

from uuid import UUID

import pytest
from made import ANN, BOB, BOT, MINUTE, NOW, alert, incident

from hub.contract import commands as c
from hub.contract.events import (
    Actor,
    IncidentCommanderAssigned,
    IncidentCommanderVacated,
    IncidentResolved,
    IncidentSeveritySet,
    Kind,
)
from hub.contract.ids import text
from hub.contract.words import Severity, Status
from hub.domain import incident as incidents
from hub.domain.alert import Alert
from hub.domain.errors import Broken, NotAllowedNow
from hub.domain.incident import Incident
from hub.domain.lifecycle import Member, decide

REFUSED = "refused"
CAPTAIN = Member(UUID(int=0xCA), "Captain")
STATUSES = list(Status)
COMMANDS: dict[str, c.Command] = {
    "acknowledge": c.Acknowledge(),
    "unacknowledge": c.Unacknowledge(),
    "mitigate": c.Mitigate(),
    "resolve": c.Resolve(),
    "close": c.Close(),
    "reopen": c.Reopen(),
    "note": c.Note(text="I look"),
    "severity": c.SetSeverity(severity=Severity.SEV1),
    "commander": c.AssignCommander(commander="mem_bob"),
    "hide": c.Hide(),
    "show": c.Show(),
    "split": c.Split(alerts=[text("alert", UUID(int=0xA1))]),
}
# What a second person's command does, by the incident's status: the status after, None where nothing
# changes, or refused.
TABLE = {
    "acknowledge": ["acknowledged", "acknowledged", "mitigated", REFUSED, REFUSED],
    "unacknowledge": [None, "triggered", REFUSED, REFUSED, REFUSED],
    "mitigate": ["mitigated", "mitigated", None, REFUSED, REFUSED],
    "resolve": ["resolved", "resolved", "resolved", None, REFUSED],
    "close": ["closed", "closed", "closed", "closed", None],
    "reopen": [None, None, None, "triggered", "triggered"],
    "note": ["triggered", "acknowledged", "mitigated", "resolved", "closed"],
    "severity": ["triggered", "acknowledged", "mitigated", "resolved", "closed"],
    "commander": ["triggered", "acknowledged", "mitigated", REFUSED, REFUSED],
    "hide": ["triggered", "acknowledged", "mitigated", "resolved", "closed"],
    "show": [None, None, None, None, None],
    "split": [None, None, None, REFUSED, REFUSED],  # of alerts that are not there
}
CELLS = [(name, status, TABLE[name][index]) for name in TABLE for index, status in enumerate(STATUSES)]


def done(
    state: Incident, command: c.Command, actor: Actor = BOB, *alerts: Alert
) -> tuple[Incident, list[Kind]]:
    """The incident after a command, and what happened."""
    named = CAPTAIN if isinstance(command, c.AssignCommander) and command.commander else None
    events = decide(state, alerts, None, command, actor, NOW, named)
    for event in events:
        assert (event.actor, event.at, event.incident) == (actor, NOW, state.id)
        state = incidents.evolve(state, event)
    return state, [event.data for event in events]


def test_the_table_is_complete() -> None:
    assert set(TABLE) == set(COMMANDS) == set(c.COMMANDS) - {"break-glass"}, "which has its own file"
    assert all(len(row) == len(STATUSES) for row in TABLE.values())


@pytest.mark.parametrize(("name", "status", "after"), CELLS)
def test_a_command_in_a_status(name: str, status: Status, after: str | None) -> None:
    state = incident(status)
    if after == REFUSED:
        with pytest.raises(NotAllowedNow, match=f"#7 is {status.value}"):
            done(state, COMMANDS[name])
        return
    moved, happened = done(state, COMMANDS[name])
    assert bool(happened) == (after is not None)
    assert moved.status == (after or status)
    assert moved.version == state.version + len(happened)


@pytest.mark.parametrize(("name", "status", "after"), CELLS)
def test_repeating_a_command_changes_nothing(name: str, status: Status, after: str | None) -> None:
    if after == REFUSED or name == "note":
        return
    once, _ = done(incident(status), COMMANDS[name])
    assert done(once, COMMANDS[name]) == (once, [])


def test_a_note_is_written_each_time() -> None:
    once, _ = done(incident(), COMMANDS["note"])
    assert len(done(once, COMMANDS["note"])[1]) == 1


def test_acknowledgements_are_a_set_of_actors() -> None:
    state = incident()
    for actor in (ANN, BOB, ANN, BOT):
        state, _ = done(state, c.Acknowledge(), actor)
    assert [entry.actor for entry in state.acknowledgements] == [ANN.id, BOB.id, BOT.id]
    state, happened = done(state, c.Unacknowledge(), BOT)
    assert (state.status, state.acknowledgements, state.acknowledged_at) == (Status.TRIGGERED, (), None)
    assert len(happened) == 1


def test_who_acknowledged_first_counts_as_the_time() -> None:
    state, _ = done(incident(), c.Acknowledge(), ANN)
    [event] = decide(state, [], None, c.Acknowledge(), BOB, NOW + MINUTE)
    assert incidents.evolve(state, event).acknowledged_at == NOW


@pytest.mark.parametrize("command", [c.Resolve(), c.Close()])
def test_a_person_who_ends_it_clears_the_alerts_that_nobody_would_clear(command: c.Command) -> None:
    quiet, alive = alert(), alert(id=UUID(int=0xA2), keeps_alive=True)
    moved, happened = done(incident(firing=2, total=2), command, ANN, quiet, alive)
    assert [data.kind for data in happened][1:] == ["alert.cleared"]
    assert (moved.firing, moved.total) == (1, 2)


def test_a_resolve_says_how_many_were_still_firing() -> None:
    _, happened = done(incident(firing=3, total=4), c.Resolve(), ANN, alert())
    assert happened[0] == IncidentResolved(automatic=False, firing=3)


def test_closing_what_was_resolved_clears_nothing_twice() -> None:
    _, happened = done(incident(Status.RESOLVED), c.Close(), ANN, alert(keeps_alive=True), alert())
    assert [data.kind for data in happened] == ["incident.closed"]


@pytest.mark.parametrize("status", [Status.RESOLVED, Status.CLOSED])
def test_a_reopen_starts_over(status: Status) -> None:
    moved, _ = done(
        incident(status, resolved_at=NOW, mitigated_at=NOW, acknowledged_at=NOW, resolved_automatically=True),
        c.Reopen(),
    )
    assert moved.status is Status.TRIGGERED
    assert not moved.resolved_automatically
    times = (moved.acknowledged_at, moved.mitigated_at, moved.resolved_at, moved.closed_at)
    assert times == (None, None, None, None)


def test_a_reopen_loses_against_an_open_incident_of_the_same_problem() -> None:
    rival = incident(id=UUID(int=0x1D), number=8)
    with pytest.raises(NotAllowedNow, match="#8"):
        decide(incident(Status.RESOLVED), [], rival, c.Reopen(), ANN, NOW)
    assert decide(incident(), [], rival, c.Reopen(), ANN, NOW) == []


@pytest.mark.parametrize("name", ["mitigate", "note", "severity"])
def test_work_is_what_members_do(name: str) -> None:
    assert not incident().worked
    assert done(incident(), COMMANDS[name], ANN)[0].worked
    assert not done(incident(), COMMANDS[name], BOT)[0].worked


@pytest.mark.parametrize("name", ["acknowledge", "resolve", "close"])
def test_having_it_is_no_work_yet(name: str) -> None:
    assert not done(incident(), COMMANDS[name], ANN)[0].worked


def test_the_same_severity_is_no_change_and_another_says_what_it_was() -> None:
    assert done(incident(), c.SetSeverity(severity=Severity.SEV2))[1] == []
    _, [changed] = done(incident(), c.SetSeverity(severity=Severity.SEV4))
    assert isinstance(changed, IncidentSeveritySet)
    assert (changed.severity, changed.was) == (Severity.SEV4, Severity.SEV2)
    assert (changed.title, changed.status) == (incident().title, incident().status)


def test_what_is_no_command_is_a_bug() -> None:
    with pytest.raises(Broken):
        decide(incident(), [], None, c.Command(), ANN, NOW)


def test_a_commander_is_assigned_once_handed_over_and_vacated() -> None:
    captain = text("member", CAPTAIN.id)
    assign, nobody = c.AssignCommander(commander=captain), c.AssignCommander(commander=None)
    state, [assigned] = done(incident(), assign)
    assert assigned == IncidentCommanderAssigned(commander=captain, name="Captain")
    assert (state.commander_id, state.worked) == (CAPTAIN.id, True)
    assert done(state, assign)[1] == []
    other = Member(UUID(int=0xCB), "Other")
    [handed] = [event.data for event in decide(state, [], None, assign, BOB, NOW, other)]
    assert handed == IncidentCommanderAssigned(commander=text("member", other.id), name="Other", was=captain)
    state, [vacated] = done(state, nobody)
    assert (vacated, state.commander_id) == (IncidentCommanderVacated(was=captain, reason="command"), None)
    assert done(state, nobody)[1] == []


def test_what_a_key_assigns_is_no_work_of_people() -> None:
    assert not done(incident(), c.AssignCommander(commander="mem_bob"), BOT)[0].worked


def test_a_reopened_incident_has_no_commander() -> None:
    led = incident(Status.RESOLVED, commander_id=CAPTAIN.id)
    assert done(led, c.Reopen())[0].commander_id is None
