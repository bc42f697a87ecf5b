"""Cursors: opaque, unforgeable, bound to their tenant and list, and the same for the same place."""

from __future__ import annotations

from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from line import alarm, fire, granted
from orgs import Org

from hub.config import Config
from hub.contract.ids import TenantId
from hub.contract.words import Action
from hub.domain import query
from hub.domain.errors import Invalid
from hub.domain.resume import Place
from hub.services import audit, catalogue, incidents
from hub.services.cursors import Cursors
from hub.services.ports import Ports

KEYS = ("the first key of a test, 32 letters", "an older key, also 32 letters long")
CONFIG = Config(database_url="", redis_url="", secret_keys=KEYS)
CURSORS = Cursors(CONFIG)
ACME, GLOBEX = TenantId(UUID(int=1)), TenantId(UUID(int=2))
PLACE = Place(epoch=UUID(int=7), position=1234, view=b"view")
PLACES = st.builds(
    Place,
    epoch=st.uuids(),
    position=st.integers(min_value=0, max_value=2**63 - 1),
    view=st.binary(min_size=4, max_size=4),
    owed=st.none() | st.uuids(),
)


@given(PLACES)
def test_a_place_comes_back_and_is_always_the_same_text(place: Place) -> None:
    written = CURSORS.write(ACME, place)
    assert CURSORS.read(ACME, written) == place
    assert Cursors(CONFIG).write(ACME, place) == written
    assert len(written) == (59 if place.owed is None else 80)
    assert written.replace("-", "").replace("_", "").isalnum()


@given(PLACES, PLACES)
def test_two_places_tell_nothing_of_each_other(one: Place, other: Place) -> None:
    """Cursors are compared for equality only: positions would tell of what one may not see."""
    assert (CURSORS.write(ACME, one) == CURSORS.write(ACME, other)) == (one == other)
    near = CURSORS.write(ACME, one)
    next = CURSORS.write(ACME, msgspec.structs.replace(one, position=one.position ^ 1))
    assert sum(a == b for a, b in zip(near, next, strict=True)) < 20


def test_a_cursor_of_another_tenant_is_none() -> None:
    assert CURSORS.read(GLOBEX, CURSORS.write(ACME, PLACE)) is None


@given(st.integers(min_value=0, max_value=58), st.characters(max_codepoint=0x2FF))
def test_a_changed_letter_makes_it_none(index: int, letter: str) -> None:
    written = CURSORS.write(ACME, PLACE)
    changed = written[:index] + letter + written[index + 1 :]
    assert CURSORS.read(ACME, changed) == (PLACE if changed == written else None)


@given(st.one_of(st.text(max_size=140), st.from_regex(r"[A-Za-z0-9_-]{59}", fullmatch=True)))
def test_garbage_is_none(text: str) -> None:
    assert CURSORS.read(ACME, text) is None
    assert CURSORS.read_page(ACME, "incidents", text) is None


def test_an_older_key_still_reads_and_a_dropped_one_does_not() -> None:
    written = CURSORS.write(ACME, PLACE)
    newest = "a brand new key of 32 characters"
    rotated = Cursors(msgspec.structs.replace(CONFIG, secret_keys=(newest, KEYS[0])))
    assert rotated.read(ACME, written) == PLACE
    assert rotated.write(ACME, PLACE) != written
    assert Cursors(msgspec.structs.replace(CONFIG, secret_keys=(newest,))).read(ACME, written) is None


def test_a_page_is_bound_to_its_list_and_is_no_place_in_a_stream() -> None:
    written = CURSORS.write_page(ACME, "incidents/open", b"0123456789abcdef")
    assert CURSORS.read_page(ACME, "incidents/open", written) == b"0123456789abcdef"
    for tenant, filter in (
        (GLOBEX, "incidents/open"),
        (ACME, "incidents/all"),
        (ACME, "services"),
        (ACME, ""),
    ):
        assert CURSORS.read_page(tenant, filter, written) is None
    assert CURSORS.read(ACME, written) is None
    stream = PLACE.epoch.bytes + PLACE.position.to_bytes(8, "big") + PLACE.view
    assert CURSORS.read(ACME, CURSORS.write_page(ACME, "", stream)) is None
    assert CURSORS.read_page(ACME, "", CURSORS.write(ACME, PLACE)) is None


@pytest.mark.gen_test(timeout=30)
async def test_every_list_refuses_a_cursor_of_elsewhere(ports: Ports, acme: Org, globex: Org) -> None:
    for org in (acme, globex):
        await fire(ports, org, [alarm(str(n)) for n in range(4)])
    grant, other = (
        await granted(ports, acme, Action.AUDIT_READ),
        await granted(ports, globex, Action.AUDIT_READ),
    )
    everything, open = query.EVERYTHING, query.read("status:open")
    cursors = {
        "incidents": (await incidents.page(ports, grant, everything, 2, None)).next_cursor,
        "timeline": (await incidents.timeline(ports, grant, "1", 1, None)).next_cursor,
        "audit": (await audit.page(ports, grant, 2, None)).next_cursor,
        "theirs": (await incidents.page(ports, other, everything, 2, None)).next_cursor,
    }
    assert all(cursors.values())
    for name, cursor in cursors.items():
        with pytest.raises(Invalid):
            await incidents.page(ports, grant, open, 2, cursor)
        with pytest.raises(Invalid):
            await incidents.timeline(ports, grant, "2", 1, cursor)
        with pytest.raises(Invalid):
            await catalogue.page_services(ports, grant, 2, cursor)
        if name != "audit":
            with pytest.raises(Invalid):
                await audit.page(ports, grant, 2, cursor)
        if name != "incidents":
            with pytest.raises(Invalid):
                await incidents.page(ports, grant, everything, 2, cursor)


@pytest.mark.gen_test(timeout=30)
async def test_pages_of_incidents_show_each_once_also_while_new_ones_come(
    ports: Ports, acme: Org, globex: Org
) -> None:
    await fire(ports, acme, [alarm(f"k{n}") for n in range(7)])
    await fire(ports, globex, alarm("theirs"))
    grant, everything = await granted(ports, acme), query.EVERYTHING
    seen, cursor = [], None
    while True:
        page = await incidents.page(ports, grant, everything, 3, cursor)
        seen += [incident.number for incident in page.data]
        if (cursor := page.next_cursor) is None:
            break
        await fire(ports, acme, alarm(f"new {len(seen)}"))
    assert seen == [7, 6, 5, 4, 3, 2, 1]


@pytest.mark.parametrize(
    ("words", "statuses"),
    [
        (["open"], {"triggered", "acknowledged", "mitigated"}),
        (["resolved", "closed"], {"resolved", "closed"}),
        (["open", "closed"], {"triggered", "acknowledged", "mitigated", "closed"}),
        (["all"], {"triggered", "acknowledged", "mitigated", "resolved", "closed"}),
        ([], {"triggered", "acknowledged", "mitigated", "resolved", "closed"}),
    ],
)
def test_a_filter_names_statuses(words: list[str], statuses: set[str]) -> None:
    assert query.read("", words).statuses == statuses


@pytest.mark.parametrize("word", ["Open", "", "open,closed", "fired", "x" * 1000])
def test_a_word_that_is_no_status_is_refused(word: str) -> None:
    with pytest.raises(Invalid) as caught:
        query.read("", ["open", word])
    assert caught.value.faults[0].pointer == "/status"
    assert len(caught.value.faults[0].detail) < 100
