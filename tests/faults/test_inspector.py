"""The checker finds what it is for: each defect, planted into a sound history, under its own number."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from chronicle import Chronicle, read
from histories import Fact, History, Log, Place
from inspector import Inspector, check_ledger

EPOCH = "e"
SNAPSHOT = [["inc_1", 5]]


def fact(position: int, org: str = "acme") -> Fact:
    """Every third event is administrative; the others are versions of one incident."""
    kind = "team.created" if position % 3 == 0 else "incident.noted"
    incident, version = ("", 0) if position % 3 == 0 else (f"inc_{1 if org == 'acme' else 2}", position)
    name = f"{org}-{position}"
    return Fact(position, f"evt-{name}", f"bytes of {name}", kind, incident, version, name=name)


LOGS = {org: Log(EPOCH, [fact(position, org) for position in range(1, 11)]) for org in ("acme", "globex")}


def place(org: str, cursor: str) -> Place | None:
    epoch, owner, position, *owed = cursor.split("/")
    return Place(epoch, int(position), *owed) if owner == org else None


def at(position: int) -> str:
    return f"{EPOCH}/acme/{position}"


def sees(fact: Fact) -> bool:
    return fact.kind != "team.created"


def batch(after: int, upto: int) -> dict[str, Any]:
    events = [[fact.id, fact.digest] for fact in LOGS["acme"].within(after, upto, sees)]
    return {"at": 1.0, "what": "events", "after": at(after), "cursor": at(upto), "events": events}


def mark(position: int) -> dict[str, Any]:
    return {"at": 1.0, "what": "mark", "cursor": at(position)}


def welcome(position: int) -> dict[str, Any]:
    return {"at": 1.0, "what": "welcome", "cursor": at(position)}


DIAL = {"at": 1.0, "what": "dial", "via": "ws", "after": ""}
SOUND = [
    DIAL,
    welcome(0), batch(0, 2), mark(3), batch(3, 5),
    {"at": 1.0, "what": "end"},
    welcome(5), batch(5, 7), batch(7, 10),
]  # fmt: skip
FIRST, MARK, SECOND, AGAIN, LAST = 2, 3, 4, 6, 8  # places in it


def findings(records: list[dict[str, Any]], **traits: Any) -> set[str]:
    """The numbers of what is found in the history of somebody who sees no administrative event."""
    inspector = Inspector(LOGS, place)
    inspector.check(History("reader", "acme", "plain", sees, records, **traits))
    return {finding.invariant for finding in inspector.findings}


def test_a_sound_history_is_found_sound() -> None:
    assert findings(SOUND) == set()


def planted(index: int, **members: Any) -> list[dict[str, Any]]:
    """The sound history with something else at one place."""
    records = deepcopy(SOUND)
    records[index] |= members
    return records


ROW = [[fact(n).id, fact(n).digest] for n in range(11)]


@pytest.mark.parametrize(
    ("number", "records"),
    [
        ("I1", planted(FIRST, events=[ROW[1]])),
        ("I1", planted(FIRST, events=[])),
        ("I1", SOUND[:SECOND] + SOUND[AGAIN:]),
        ("I1", planted(SECOND, after=at(2))),
        ("I1", planted(MARK, cursor=at(5))),
        ("I1", planted(AGAIN, cursor=at(7))),
        ("I1", [*SOUND, {"at": 1.0, "what": "reset", "reason": "trimmed", "cursor": at(10)}]),
        ("I2", planted(SECOND, events=[ROW[2], ROW[4], ROW[5]])),
        ("I2", planted(SECOND, events=[ROW[4], ROW[4], ROW[5]])),
        ("I3", planted(LAST, events=[ROW[10], ROW[8]])),
        ("I4", planted(SECOND, events=[ROW[4], ROW[5], ["evt-of-nobody", "bytes"]])),
        ("I4", planted(LAST, cursor=at(11))),
        ("I4", planted(LAST, cursor="another/acme/10")),
        ("I6", planted(SECOND, events=[ROW[4], [fact(5).id, "other bytes"]])),
        ("I9", planted(MARK, cursor=at(1))),
        ("I10", planted(SECOND, events=[[fact(4, "globex").id, "x"], ROW[4], ROW[5]])),
        ("I10", planted(LAST, events=[ROW[8], ROW[9], ROW[10]])),
        ("I10", planted(LAST, cursor="e/globex/10")),
        ("I12", SOUND[:-1]),
    ],
)
def test_a_planted_defect_is_found(number: str, records: list[dict[str, Any]]) -> None:
    assert number in findings(records)


HIDDEN = {"at": 1.0, "what": "hidden", "incident": "inc_1"}
LEAVING = {**batch(3, 5), "cursor": at(5) + "/inc_1"}
TOLD = {**batch(5, 5), "after": at(5) + "/inc_1"}
PAGE = {**batch(3, 5), "hidden": ["inc_1"]}


def leaves(fact: Fact) -> bool:
    """The fifth event takes its incident out of what was asked for."""
    return fact.position == 5


@pytest.mark.parametrize(
    ("records", "found"),
    [
        ([LEAVING, HIDDEN, TOLD], set()),
        ([PAGE], set()),
        ([LEAVING, DIAL, HIDDEN, TOLD], set()),
        ([LEAVING, HIDDEN, DIAL, HIDDEN, TOLD], set()),
        ([LEAVING, DIAL, {**PAGE, "after": LEAVING["cursor"], "events": []}], set()),
        ([batch(3, 5)], {"I1"}),
        ([batch(3, 5), HIDDEN], {"I1", "I10"}),
        ([LEAVING, TOLD], {"I1"}),
        ([LEAVING, DIAL, TOLD], {"I1"}),
        ([LEAVING, DIAL, {**TOLD, "what": "mark"}], {"I1"}),
        ([PAGE, HIDDEN], {"I10"}),
        ([LEAVING, HIDDEN, HIDDEN, TOLD], {"I10"}),
        ([{**PAGE, "hidden": ["inc_2"]}], {"I1", "I10"}),
        ([{**LEAVING, "cursor": at(5) + "/inc_2"}, HIDDEN, TOLD], {"I1", "I10"}),
        ([LEAVING], {"I1", "I12"}),
    ],
)
def test_what_leaves_is_told_once_or_again_after_a_resume(
    records: list[dict[str, Any]], found: set[str]
) -> None:
    rest = [] if records == [LEAVING] else [batch(5, 10)]
    assert findings([DIAL, welcome(3), *records, *rest], leaves=leaves) == found


def test_an_event_behind_a_mark_is_found() -> None:
    late = {**batch(3, 5), "events": [ROW[2], ROW[4], ROW[5]]}
    assert "I9" in findings([welcome(1), mark(3), late, batch(5, 10)])


def test_who_begins_with_a_cursor_holds_it() -> None:
    dial = {"at": 1.0, "what": "dial", "via": "poll", "after": at(5)}
    assert findings([dial, batch(5, 10)]) == set()
    assert findings([dial, batch(7, 10)]) == {"I1"}


def test_a_reset_begins_anew_where_one_was_to_be_expected() -> None:
    reset = {"at": 1.0, "what": "reset", "reason": "view", "cursor": at(7)}
    records = [*SOUND[:-1], {"at": 1.0, "what": "end"}, welcome(8), reset, batch(7, 10)]
    assert findings(records, may_reset=True) == set()
    assert findings(records) == {"I1"}


def test_what_comes_long_after_a_revocation_is_found() -> None:
    late = planted(LAST, at=9.0)
    assert findings(late, revoked_at=8.0) == set()
    assert findings(late, revoked_at=5.0) == {"I10"}
    assert findings([*SOUND, {"at": 9.0, "what": "end"}], revoked_at=5.0) == {"I10"}


def test_one_place_has_one_cursor_on_all_transports() -> None:
    inspector = Inspector(LOGS, lambda org, cursor: place(org, cursor.removesuffix("?")))
    inspector.check(History("one", "acme", "plain", sees, SOUND))
    again = [welcome(0) | {"cursor": at(0) + "?"}]
    inspector.check(History("two", "acme", "plain", sees, again, is_whole=False))
    assert [finding.invariant for finding in inspector.findings] == ["I6"]


@pytest.mark.parametrize(
    ("items", "found"),
    [(SNAPSHOT, set()), ([["inc_1", 4]], {"I8"}), ([], {"I8"}), ([*SNAPSHOT, ["inc_9", 1]], {"I8"})],
)
def test_a_snapshot_is_the_fold_of_the_log_up_to_its_cursor(items: list[Any], found: set[str]) -> None:
    state = {"at": 1.0, "what": "snapshot", "cursor": at(5), "items": items}
    assert findings([welcome(5), state, batch(5, 10)]) == found


@pytest.mark.parametrize(
    ("kept", "unsent", "repeated", "found"),
    [
        (["acme-1"], "", "", set()),
        (["acme-1", "acme-99"], "", "", {"I5"}),
        (["acme-1"], "acme-4", "", {"I4"}),
        (["acme-1"], "", "acme-4", {"I2"}),
    ],
)
def test_the_ledger_is_held_against_the_log(
    kept: list[str], unsent: str, repeated: str, found: set[str]
) -> None:
    facts = [fact(n) if f"acme-{n}" != repeated else fact(n)._replace(name="acme-1") for n in range(1, 11)]
    inspector = Inspector({"acme": Log(EPOCH, facts)}, place)
    sent = [{"org": "acme", "name": fact.name} for fact in facts if fact.name != unsent]
    check_ledger(inspector, sent, [{"org": "acme", "name": name} for name in kept])
    assert {finding.invariant for finding in inspector.findings} == found


def test_a_log_with_a_hole_is_found() -> None:
    inspector = Inspector({"acme": Log(EPOCH, [fact(1), fact(3)])}, place)
    check_ledger(inspector, [{"org": "acme", "name": f"acme-{n}"} for n in (1, 3)], [])
    assert [finding.invariant for finding in inspector.findings] == ["I1"]


def test_a_ledger_is_read_back_without_the_line_that_a_crash_cut_off(tmp_path: Path) -> None:
    with Chronicle(tmp_path / "ledger", durable=True) as ledger:
        ledger.write(name="one")
        ledger.write(name="two")
        with (tmp_path / "ledger").open("ab") as file:
            file.write(b'{"name":"th')
        assert [record["name"] for record in read(tmp_path / "ledger")] == ["one", "two"]


ACK = {"at": 1.0, "what": "ack", "cursor": at(5)}
KEPT = [DIAL, welcome(0), batch(0, 5), ACK, batch(5, 7), {"at": 1.0, "what": "end"}, DIAL]


@pytest.mark.parametrize(
    ("number", "records"),
    [
        (set(), [*KEPT, welcome(5), batch(5, 10)]),
        (set(), [*KEPT, welcome(7), batch(7, 10)]),
        ({"I1"}, [*KEPT, welcome(8), batch(8, 10)]),
        ({"I2"}, [*KEPT, welcome(4), batch(4, 10)]),
        ({"I2"}, [*KEPT, welcome(7), batch(5, 10)]),
        ({"I12"}, [*KEPT, welcome(5), batch(5, 7)]),
    ],
)
def test_a_durable_consumer_begins_where_its_place_is_kept(
    number: set[str], records: list[dict[str, Any]]
) -> None:
    assert findings(records, is_durable=True) >= number
    assert number or not findings(records, is_durable=True)
