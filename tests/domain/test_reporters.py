"""Who says it, and to which group it belongs: state per reporter, and keys that cannot be forged."""

from __future__ import annotations

from uuid import UUID

from made import GROUP, INTEGRATION, alert, data, incident, judged, origin, signal

from hub.contract.events import AlertCleared, AlertReported
from hub.contract.ids import text
from hub.contract.words import AlertStatus, Decision, SignalAction
from hub.domain.alert import OTHERS, REPORTERS_MAX
from hub.domain.intake import Situation, group_key

FIRING, CLEARED = AlertStatus.FIRING, AlertStatus.CLEARED
RESOLVE = SignalAction.RESOLVE


def test_a_second_reporter_is_noted_and_a_third_repeat_of_it_is_not() -> None:
    one = alert(reporters={"am-1": FIRING})
    verdict = judged(Situation(alert=one, incident=incident(), open=incident()), signal(reporter="am-2"))
    assert data(verdict) == [AlertReported(reporter="am-2", status=FIRING)]
    assert (verdict.decision, verdict.counts) == (Decision.REPEATED, True)
    two = alert(reporters={"am-1": FIRING, "am-2": FIRING})
    assert judged(Situation(alert=two, incident=incident()), signal(reporter="am-2")).events == []


def test_an_alert_clears_when_every_reporter_that_fired_it_has() -> None:
    two = alert(reporters={"am-1": FIRING, "am-2": FIRING})
    first = judged(Situation(alert=two, incident=incident()), signal(RESOLVE, reporter="am-1"))
    assert data(first) == [AlertReported(reporter="am-1", status=CLEARED)]
    assert first.decision is Decision.RECORDED
    left = alert(reporters={"am-1": CLEARED, "am-2": FIRING})
    again = judged(Situation(alert=left, incident=incident()), signal(RESOLVE, reporter="am-1"))
    assert (again.decision, again.events) == (Decision.IGNORED, [])
    stranger = judged(Situation(alert=left, incident=incident()), signal(RESOLVE, reporter="am-3"))
    assert (stranger.decision, stranger.events) == (Decision.IGNORED, [])
    last = judged(Situation(alert=left, incident=incident()), signal(RESOLVE, reporter="am-2"))
    assert data(last)[0] == AlertCleared(reason="reporters", reporter="am-2")


def test_a_reporter_that_fires_again_is_noted() -> None:
    left = alert(reporters={"am-1": CLEARED, "am-2": FIRING})
    verdict = judged(Situation(alert=left, incident=incident()), signal(reporter="am-1"))
    assert data(verdict) == [AlertReported(reporter="am-1", status=FIRING)]


def test_reporters_are_bounded_and_the_rest_are_one() -> None:
    full = alert(reporters={f"am-{n}": FIRING for n in range(REPORTERS_MAX)})
    situation = Situation(alert=full, incident=incident())
    assert data(judged(situation, signal(reporter="new"))) == [AlertReported(reporter=OTHERS, status=FIRING)]
    known = judged(situation, signal(RESOLVE, reporter="am-3"))
    assert data(known) == [AlertReported(reporter="am-3", status=CLEARED)]


def test_a_group_is_the_alerts_own_key_unless_the_sender_names_one() -> None:
    here = origin()
    own = group_key(signal(), "disk", here)
    assert own == GROUP
    assert group_key(signal(), "cpu", here) != own
    assert group_key(signal(), "disk", origin(format="pagerduty")) != own
    assert group_key(signal(), "disk", origin(integration_id=UUID(int=0x18))) != own
    grouped = group_key(signal(group_key="{}:{a=1}"), "disk", here)
    assert grouped == group_key(signal(group_key="{}:{a=1}"), "cpu", here) != own


def test_no_key_that_a_sender_chooses_is_a_group_of_another_kind() -> None:
    here = origin()
    own = group_key(signal(), "disk", here)
    forged = own.removeprefix("generic:")
    assert group_key(signal(group_key=forged), "x", here) != own
    assert group_key(signal(group_key="a"), "x", here) != group_key(signal(), "group:a", here)
    assert text("integration", INTEGRATION) in own
