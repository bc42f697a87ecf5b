"""The chain: whatever is changed in an event, or before it, changes its hash."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.domain import chain
from hub.domain.chain import Link

TENANT, OTHER = UUID(int=1), UUID(int=2)
AT = datetime(2026, 3, 1, 12, 0, 0, 123_456, UTC)
LINK = Link(
    tenant=TENANT, position=7, id=UUID(int=3), kind="incident.noted", at=AT, actor="mem_1", subject="inc_1",
    incident=UUID(int=4), version=3, request_id="req-1", digest=bytes(32),
)  # fmt: skip
CHANGED = {
    "tenant": OTHER,
    "position": 8,
    "id": UUID(int=5),
    "kind": "incident.note",
    "at": AT + timedelta(microseconds=1),
    "actor": "mem_2",
    "subject": "inc_2",
    "incident": None,
    "version": None,
    "request_id": "req-2",
    "digest": bytes(31) + b"\x01",
}
PREVIOUS = chain.genesis(TENANT)
TIMES = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))


def sealed(**changes: object) -> bytes:
    return chain.seal(PREVIOUS, msgspec.structs.replace(LINK, **changes))


def test_every_column_is_tried() -> None:
    assert set(CHANGED) == set(Link.__struct_fields__)


@pytest.mark.parametrize("column", sorted(CHANGED))
def test_a_changed_column_is_another_hash(column: str) -> None:
    assert sealed(**{column: CHANGED[column]}) != sealed()


@pytest.mark.parametrize("version", [0, 1, 3, 2**31 - 1])
def test_no_version_is_not_some_version(version: int) -> None:
    assert sealed(version=None) != sealed(version=version)


@given(TIMES)
def test_a_moment_is_hashed_to_the_microsecond(at: datetime) -> None:
    assert sealed(at=at) != sealed(at=at + timedelta(microseconds=1))


def test_the_same_moment_in_another_zone_is_the_same() -> None:
    assert sealed(at=AT.astimezone(timezone(timedelta(hours=5, minutes=30)))) == sealed()


@given(st.text(max_size=9), st.text(max_size=9), st.text(max_size=9), st.text(max_size=9))
def test_no_two_rows_spell_the_same_bytes(actor: str, subject: str, other: str, another: str) -> None:
    is_same = (actor, subject) == (other, another)
    assert (sealed(actor=actor, subject=subject) == sealed(actor=other, subject=another)) is is_same


def test_what_came_before_is_in_every_hash_after() -> None:
    first = chain.seal(PREVIOUS, LINK)
    assert chain.seal(first, LINK) != first
    assert chain.seal(chain.genesis(OTHER), LINK) != first
    assert chain.genesis(TENANT) != chain.genesis(OTHER)


@given(st.binary(max_size=9), st.text(max_size=9), st.binary(max_size=9), st.text(max_size=9))
def test_a_digest_stands_for_one_body_and_address(body: bytes, at: str, other: bytes, another: str) -> None:
    salt = bytes(range(16))
    is_same = (body, at) == (other, another)
    assert (chain.digest(salt, body, at) == chain.digest(salt, other, another)) is is_same


def test_a_digest_cannot_be_guessed_without_its_salt() -> None:
    assert chain.digest(bytes(16), b"{}", "") != chain.digest(b"\x01" * 16, b"{}", "")
