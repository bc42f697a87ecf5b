"""Undo: each effect by the state that it meets, and what the corrections make of alert and incident."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec
import pytest
from made import ANN, INTEGRATION, MINUTE, NOW, SENDER, SERVICE, alert, cleared, incident

from hub.contract import corrections as k
from hub.contract import events as e
from hub.contract.ids import text
from hub.contract.silence import AlertHeardAgain, AlertWentStale, IncidentSignalsStale
from hub.contract.storms import AlertSplitOff, AlertTakenIn
from hub.contract.undo import Kept
from hub.contract.words import AlertSeverity, AlertStatus, AutoResolve, Status
from hub.domain import alert as alerts
from hub.domain import incident as incidents
from hub.domain.alert import Alert
from hub.domain.incident import Acknowledgement, Incident
from hub.domain.undo import Effect, Ended, Met, Verdict, undo

RIVAL = msgspec.structs.replace(incident(), id=UUID(int=0x1D), number=8)
RESOLVED = incident(Status.RESOLVED, firing=0, resolved_automatically=True)
FIRED = e.AlertFired(
    integration=text("integration", INTEGRATION), format="generic", dedup_key="disk", episode=1,
    title="Disk full", severity=AlertSeverity.CRITICAL, source="db-1", reporter="", receipt="rcp_1",
)  # fmt: skip
OPENED = e.IncidentOpened(
    number=7, title="Disk full", service=text("service", SERVICE), severity=incident().severity,
    urgency=incident().urgency, group_key="g",
)  # fmt: skip
OVER = e.AlertCleared(reason="reporters")
SAYS = {"": AlertStatus.FIRING, "am-2": AlertStatus.FIRING}


def taken_back(data: e.Kind, **met: Any) -> list[e.Event]:
    """The corrections of an effect that the sender had at NOW, a minute later."""
    return judged(data, **met).events


def judged(data: e.Kind, **met: Any) -> Verdict:
    """What becomes of it."""
    subject = alert().id if data.about == "alert" else SERVICE if data.about == "service" else incident().id
    place = None if data.about == "service" else incident().id
    effect = Effect(id="evt_1", data=data, subject=subject, incident=place, actor=SENDER.id, at=NOW)
    made: dict[str, Any] = {"incident": incident(), "episode": 1}
    return undo(Met(**made | met), effect, ANN, NOW + MINUTE)


def after(events: list[e.Event], found: Alert, *places: Incident) -> tuple[Alert, list[Incident]]:
    """The alert and the incidents, folded."""
    known = {place.id: place for place in places}
    for event in events:
        if event.data.about == "alert":
            found = alerts.evolve(found, event)
        assert event.incident is not None
        known[event.incident] = incidents.evolve(known[event.incident], event)
    return found, list(known.values())


WITHDRAWN = k.AlertWithdrawn(corrects="evt_1", was=AlertStatus.FIRING)
RESTORED = k.AlertRestored(corrects="evt_1", reporter="", episode=1)
RESOLVES = e.IncidentResolved(automatic=True)
HEARD = AlertHeardAgain(reporter="", fresh_for=60)
SILENT = AlertWentStale(heard_at=NOW - MINUTE, after=60)
STALE_AGAIN = AlertWentStale(heard_at=NOW - MINUTE, after=60, corrects="evt_1")
BACK = e.IncidentReopened(reason="still_firing")
RESOLVED_NOW = incident(Status.RESOLVED, firing=0, resolved_automatically=True, resolved_at=NOW + MINUTE)
ENDED = Ended(status=Status.CLOSED, automatic=True, resolved_at=NOW - MINUTE, closed_at=NOW)
ENDS_AGAIN = k.IncidentReopeningCorrected(
    corrects="evt_1", status=Status.CLOSED, automatic=True, resolved_at=NOW - MINUTE, closed_at=NOW
)
ACKNOWLEDGED = incident(acknowledgements=(Acknowledgement(SENDER.id, "Prometheus", NOW),))


@pytest.mark.parametrize(
    ("effect", "met", "expected"),
    [
        (FIRED, {"alert": alert()}, [WITHDRAWN, RESOLVES]),
        (FIRED, {"alert": alert(), "incident": incident(firing=2, total=2)}, [WITHDRAWN]),
        (FIRED, {"alert": alert(), "mode": AutoResolve.NEVER}, [WITHDRAWN, e.IncidentSignalsCleared()]),
        (FIRED, {"alert": cleared()}, [k.AlertWithdrawn(corrects="evt_1", was=AlertStatus.CLEARED)]),
        (FIRED, {"alert": alert(), "is_shared": True}, []),
        (
            FIRED,
            {"alert": alert(reporters=SAYS)},
            [e.AlertReported(reporter="", status=AlertStatus.CLEARED, corrects="evt_1")],
        ),
        (
            e.AlertReported(reporter="", status=AlertStatus.CLEARED),
            {"alert": alert(reporters=SAYS | {"": AlertStatus.CLEARED})},
            [e.AlertReported(reporter="", status=AlertStatus.FIRING, corrects="evt_1")],
        ),
        (
            e.AlertReported(reporter="am-2", status=AlertStatus.FIRING),
            {"alert": alert(reporters=SAYS | {"": AlertStatus.CLEARED})},
            [e.AlertCleared(reason="corrected", reporter="am-2"), RESOLVES],
        ),
        (OVER, {"alert": cleared()}, [RESTORED]),
        (OVER, {"alert": alert()}, []),
        (OVER, {"alert": cleared(cleared_at=NOW + MINUTE)}, []),
        (OVER, {"alert": cleared(), "episode": None}, []),
        (OVER, {"alert": cleared(), "is_false": True}, []),
        (OVER, {"alert": cleared(), "is_false": True, "is_shared": True}, [RESTORED]),
        (
            OVER,
            {"alert": cleared(), "incident": RESOLVED},
            [e.IncidentReopened(reason="corrected", corrects="evt_1"), RESTORED],
        ),
        (OVER, {"alert": cleared(), "incident": incident(Status.RESOLVED)}, []),
        (OVER, {"alert": cleared(), "incident": incident(Status.CLOSED)}, []),
        (OVER, {"alert": cleared(keeps_alive=True), "incident": incident(Status.RESOLVED)}, [RESTORED]),
        (
            OVER,
            {"alert": cleared(), "incident": RESOLVED, "rival": RIVAL},
            [
                AlertSplitOff(to=text("incident", RIVAL.id), status=AlertStatus.CLEARED),
                AlertTakenIn(was=text("incident", RESOLVED.id), status=AlertStatus.CLEARED),
                RESTORED,
            ],
        ),
        (OPENED, {"incident": incident(firing=0, total=0)}, [k.IncidentCorrected(corrects="evt_1")]),
        (OPENED, {}, []),
        (OPENED, {"incident": incident(firing=0, total=0, worked=True)}, []),
        (HEARD, {"alert": alert(), "silent": SILENT}, [STALE_AGAIN, IncidentSignalsStale(stale=1)]),
        (HEARD, {"alert": alert(), "silent": SILENT, "incident": incident(firing=2)}, [STALE_AGAIN]),
        (HEARD, {"alert": alert(), "silent": SILENT, "incident": incident(Status.CLOSED)}, [STALE_AGAIN]),
        (HEARD, {"alert": cleared(), "silent": SILENT}, []),
        (BACK, {"incident": incident(), "ended": ENDED}, [ENDS_AGAIN]),
        (BACK, {"incident": RESOLVED_NOW, "ended": ENDED}, [ENDS_AGAIN]),
        (BACK, {"incident": RESOLVED, "ended": ENDED}, []),
        (BACK, {"incident": incident(Status.CLOSED), "ended": ENDED}, []),
        (BACK, {"incident": incident(), "ended": ENDED, "is_worked_on": True}, []),
        (BACK, {"incident": incident(), "ended": ENDED, "is_shared": True}, []),
        (BACK, {"incident": incident()}, []),
        (e.IncidentReopened(reason="command"), {"incident": incident(), "ended": ENDED}, []),
        (e.IncidentNoted(text="x"), {}, [k.IncidentNoteCorrected(corrects="evt_1")]),
        (
            e.IncidentAcknowledged(),
            {"incident": ACKNOWLEDGED},
            [k.IncidentAcknowledgementCorrected(corrects="evt_1", whose=SENDER.id)],
        ),
        (e.IncidentAcknowledged(), {}, []),
        (e.ChangeRecorded(title="x", source="ci"), {}, [k.ChangeCorrected(corrects="evt_1")]),
        (RESOLVES, {}, []),
    ],
)
def test_each_effect_by_what_it_meets(effect: e.Kind, met: dict[str, Any], expected: list[e.Kind]) -> None:
    assert [event.data for event in taken_back(effect, **met)] == expected


@pytest.mark.parametrize(
    ("effect", "met", "kept"),
    [
        (FIRED, {"alert": alert(), "is_shared": True}, Kept.OTHERS),
        (OVER, {"alert": cleared(), "episode": None}, Kept.FIRED_SINCE),
        (OVER, {"alert": cleared(), "incident": incident(Status.RESOLVED)}, Kept.ENDED),
        (OVER, {"alert": alert()}, None),
        (OPENED, {}, Kept.NOT_EMPTY),
        (OPENED, {"incident": incident(firing=0, total=0, worked=True)}, Kept.WORKED_ON),
        (BACK, {"incident": incident(), "ended": ENDED, "is_worked_on": True}, Kept.WORKED_ON),
        (BACK, {"incident": incident(), "ended": ENDED, "is_shared": True}, Kept.OTHERS),
        (BACK, {"incident": incident()}, Kept.UNKNOWN),
        (HEARD, {"alert": alert(), "silent": SILENT, "is_shared": True}, Kept.OTHERS),
        (HEARD, {"alert": alert()}, Kept.UNKNOWN),
        (BACK, {"incident": RESOLVED, "ended": ENDED}, None),
        (e.IncidentAcknowledged(), {}, None),
    ],
)
def test_what_is_left_says_why_unless_nothing_of_it_is_left(
    effect: e.Kind, met: dict[str, Any], kept: Kept | None
) -> None:
    assert judged(effect, **met) == Verdict([], kept)


def test_a_reopening_that_is_taken_back_leaves_the_incident_as_it_was() -> None:
    before = incident(Status.CLOSED, resolved_automatically=True, resolved_at=NOW - MINUTE)
    said = e.Event(data=BACK, subject=before.id, incident=before.id, actor=SENDER, at=NOW)
    again = incidents.evolve(before, said)
    _, [place] = after(taken_back(BACK, incident=again, ended=ENDED), alert(), again)
    assert msgspec.structs.replace(place, version=before.version) == before


def test_a_withdrawn_alert_is_over_and_counts_no_more() -> None:
    found, [place] = after(taken_back(FIRED, alert=alert(reporters=SAYS | {"am-2": AlertStatus.CLEARED})),
                           alert(), incident())  # fmt: skip
    assert (found.status, set(found.reporters.values()), found.cleared_at) == (
        AlertStatus.CLEARED, {AlertStatus.CLEARED}, NOW + MINUTE,
    )  # fmt: skip
    assert (place.firing, place.total, place.status) == (0, 0, Status.RESOLVED)
    stale = incident(firing=0, stale=1)
    _, [place] = after(taken_back(FIRED, alert=alert(status=AlertStatus.STALE), incident=stale),
                       alert(status=AlertStatus.STALE), stale)  # fmt: skip
    assert (place.firing, place.stale, place.total) == (0, 0, 0)


def test_a_restored_alert_fires_in_an_incident_that_did_not_come_back_by_itself() -> None:
    found, [place] = after(taken_back(OVER, alert=cleared(), incident=RESOLVED), cleared(), RESOLVED)
    assert (found.status, found.cleared_at, found.reporters) == (
        AlertStatus.FIRING, None, {"": AlertStatus.FIRING},
    )  # fmt: skip
    assert (place.status, place.firing, place.reopens) == (Status.TRIGGERED, 1, 0)


def test_an_alert_that_moves_is_counted_where_it_is() -> None:
    events = taken_back(OVER, alert=cleared(), incident=RESOLVED, rival=RIVAL)
    found, [left, joined] = after(events, cleared(), RESOLVED, RIVAL)
    assert (found.incident_id, found.status) == (RIVAL.id, AlertStatus.FIRING)
    assert (left.status, left.firing, left.total) == (Status.RESOLVED, 0, 0)
    assert (joined.status, joined.firing, joined.total) == (Status.TRIGGERED, 2, 2)


def test_nothing_moves_out_of_a_private_incident_or_into_one() -> None:
    for place, rival in ((True, False), (False, True)):
        hidden = msgspec.structs.replace(RESOLVED, private=place)
        other = msgspec.structs.replace(RIVAL, private=rival)
        events = taken_back(OVER, alert=cleared(), incident=hidden, rival=other)
        assert [event.data for event in events] == [RESTORED]


def test_a_corrected_incident_is_closed_and_the_rest_of_the_acknowledgements_stay() -> None:
    empty = incident(firing=0, total=0)
    _, [place] = after(taken_back(OPENED, incident=empty), alert(), empty)
    assert (place.status, place.closed_at) == (Status.CLOSED, NOW + MINUTE)
    both = incident(Status.ACKNOWLEDGED)
    both = msgspec.structs.replace(
        both, acknowledgements=(*both.acknowledgements, *ACKNOWLEDGED.acknowledgements)
    )
    _, [place] = after(taken_back(e.IncidentAcknowledged(), incident=both), alert(), both)
    assert ([each.actor for each in place.acknowledgements], place.status) == (
        ["mem_ann"], Status.ACKNOWLEDGED,
    )  # fmt: skip
    alone = msgspec.structs.replace(both, acknowledgements=ACKNOWLEDGED.acknowledgements)
    _, [place] = after(taken_back(e.IncidentAcknowledged(), incident=alone), alert(), alone)
    assert (place.acknowledgements, place.status, place.acknowledged_at) == ((), Status.TRIGGERED, None)
