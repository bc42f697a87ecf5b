"""Who is present, as a table: what connections say, what processes state, and what time takes away."""

from __future__ import annotations

import pytest

from hub.contract.frames import Member
from hub.contract.ids import TenantId, new
from hub.realtime.room import (
    FORGET_SECONDS,
    INCIDENTS_OF_ONE,
    MEMBERS_MAX,
    PROCESSES_MAX,
    TYPING_SECONDS,
    Present,
    Room,
    Statement,
)

TENANT, FIRE, FLOOD = TenantId(new()), new(), new()
WALL = 1_900_000_000.0


def there(*present: tuple[str, str], at: float = WALL, process: object = None) -> Statement:
    """A statement of who is at the fire."""
    people = [Present(FIRE, actor, actor.title(), state) for actor, state in present]
    return Statement(TENANT, process or new(), at, people)  # type: ignore[arg-type]


def at_fire(room: Room[str]) -> dict[str, str]:
    """Who is at the fire: each connection is one of the actor of its first word."""

    def is_there(connection: str, incident: object) -> Present:
        actor = connection.partition(" ")[0]
        return Present(incident, actor, actor.title(), "")  # type: ignore[arg-type]

    table = room.tables(room.present(is_there), {FIRE: True, FLOOD: True})
    return {member.id: member.state for member in table.get(FIRE, ())}


@pytest.fixture
def room() -> Room[str]:
    made: Room[str] = Room()
    for connection in ("ann 1", "ann 2", "bob 1"):
        made.enter(connection)
    return made


def test_an_actor_is_there_once_and_typing_wins(room: Room[str]) -> None:
    room.say("ann 1", FIRE, "viewing", 0)
    room.say("ann 2", FIRE, "typing", 0)
    room.say("bob 1", FIRE, "viewing", 0)
    assert at_fire(room) == {"ann": "typing", "bob": "viewing"}
    assert room.hear(there(("ann", "viewing"), ("bob", "typing"), ("cy", "viewing")), WALL, 0)
    assert at_fire(room) == {"ann": "typing", "bob": "typing", "cy": "viewing"}


def test_who_goes_and_whose_connection_ends_is_not_there_any_more(room: Room[str]) -> None:
    room.say("ann 1", FIRE, "viewing", 0)
    room.say("bob 1", FIRE, "viewing", 0)
    room.is_changed = False
    room.say("ann 1", FIRE, "gone", 0)
    assert room.is_changed
    assert at_fire(room) == {"bob": "viewing"}
    room.is_changed = False
    room.exit("bob 1")
    assert room.is_changed
    assert at_fire(room) == {}


def test_typing_ends_by_itself(room: Room[str]) -> None:
    room.say("ann 1", FIRE, "typing", 0)
    room.age(TYPING_SECONDS - 0.1)
    assert at_fire(room) == {"ann": "typing"}
    room.say("ann 1", FIRE, "typing", 5)
    room.age(TYPING_SECONDS)
    assert at_fire(room) == {"ann": "typing"}
    room.age(TYPING_SECONDS + 5)
    assert at_fire(room) == {"ann": "viewing"}


def test_a_process_that_is_silent_is_forgotten_and_one_that_speaks_is_not(room: Room[str]) -> None:
    room.hear(there(("cy", "viewing"), process=(dead := new())), WALL, 0)
    room.hear(there(("dora", "viewing"), process=(alive := new())), WALL, 0)
    room.hear(there(("dora", "viewing"), process=alive, at=WALL + 10), WALL + 10, 10)
    room.age(FORGET_SECONDS)
    assert at_fire(room) == {"cy": "viewing", "dora": "viewing"}
    room.is_changed = False
    room.age(FORGET_SECONDS + 1)
    assert room.is_changed
    assert at_fire(room) == {"dora": "viewing"}
    assert not room.hear(there(("cy", "viewing"), process=dead), WALL + 26, 26)


def test_what_is_sent_again_or_out_of_order_changes_nothing(room: Room[str]) -> None:
    process = new()
    first = there(("cy", "viewing"), process=process)
    assert room.hear(first, WALL, 0)
    assert room.hear(there(process=process, at=WALL + 1), WALL + 1, 1)
    assert not room.hear(first, WALL + 2, 2)
    assert at_fire(room) == {}


def test_who_begins_to_listen_is_answered(room: Room[str]) -> None:
    room.stated, room.state_due = [Present(FIRE, "ann", "Ann", "viewing")], 10.0
    assert not room.is_due(9)
    room.hear(there(), WALL, 9)
    assert not room.is_due(9)
    room.hear(Statement(TENANT, new(), WALL, [], asks=True), WALL, 9)
    assert room.is_due(9)


@pytest.mark.parametrize("off", [-FORGET_SECONDS - 1, FORGET_SECONDS + 1])
def test_a_statement_of_another_time_is_stale(room: Room[str], off: float) -> None:
    assert not room.hear(there(("cy", "viewing"), at=WALL + off), WALL, 0)
    assert at_fire(room) == {}


def test_what_one_connection_says_and_what_is_kept_is_bounded(room: Room[str]) -> None:
    incidents = [new() for _ in range(INCIDENTS_OF_ONE + 3)]
    for incident in incidents:
        room.say("ann 1", incident, "viewing", 0)
    assert room.incidents == incidents[3:]
    crowd = there(*((f"p{number}", "viewing") for number in range(MEMBERS_MAX + 5)))
    room.hear(crowd, WALL, 0)
    assert len(at_fire(room)) == MEMBERS_MAX
    for _ in range(PROCESSES_MAX - 1):
        assert room.hear(there(), WALL, 0)
    assert not room.hear(there(), WALL, 0)


def test_an_incident_that_was_told_of_and_is_empty_now_is_told_as_empty(room: Room[str]) -> None:
    room.told = {FIRE: (Member(id="ann", name="Ann", state="viewing"),)}
    assert room.tables([], {FIRE: True}) == {FIRE: ()}


def test_an_incident_that_is_not_there_is_told_of_by_nobody(room: Room[str]) -> None:
    room.hear(there(("cy", "viewing")), WALL, 0)
    assert room.tables([], {}) == {}
