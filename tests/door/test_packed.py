"""Bodies packed by gzip: unpacked within bounds, and never beyond them."""

from __future__ import annotations

import gzip
import os

import pytest

from hub.door.bounded import SALVAGE_MAX
from hub.door.packed import FREE, RATIO_MAX, Unpacked, unpack

MIB = 1024 * 1024
PACKED = gzip.compress(b"{}", mtime=0)  # the same in each process: it names tests


@pytest.mark.parametrize(
    "body",
    [b"", b'{"title": "x"}', b"[1]" * 50_000, os.urandom(600_000)],
    ids=["none", "little", "much", "noise"],
)
def test_what_is_in_it_comes_out(body: bytes) -> None:
    assert unpack(gzip.compress(body), MIB) == Unpacked(body, False)


@pytest.mark.parametrize(("size", "is_cut"), [(FREE, False), (FREE + 1, True), (50 * MIB, True)])
def test_a_bomb_gives_its_beginning_and_no_more(size: int, is_cut: bool) -> None:
    found = unpack(gzip.compress(b"x" * size), MIB)
    assert found == Unpacked(b"x" * (SALVAGE_MAX if is_cut else size), is_cut)


def test_more_than_the_limit_of_the_route_is_too_much_at_any_ratio() -> None:
    body = os.urandom(MIB + 1)
    assert unpack(gzip.compress(body), MIB) == Unpacked(body[:SALVAGE_MAX], True)


def test_a_ratio_of_ten_is_taken_beyond_what_is_free() -> None:
    body = os.urandom(60_000) + bytes(440_000)
    packed = gzip.compress(body)
    assert FREE < len(body) < RATIO_MAX * len(packed)
    assert unpack(packed, MIB) == Unpacked(body, False)


@pytest.mark.parametrize("sent", [b"", b"{}", PACKED[:-1], PACKED + b"x", PACKED * 2])
def test_what_is_no_whole_gzip_is_left_as_it_came(sent: bytes) -> None:
    assert unpack(sent, MIB) is None


def test_of_what_was_cut_the_beginning_comes_out() -> None:
    found = unpack(gzip.compress(b'{"a": ' + os.urandom(90_000))[:SALVAGE_MAX], MIB, is_cut=True)
    assert found is not None
    assert found.is_cut
    assert found.body.startswith(b'{"a": ')
    assert len(found.body) <= SALVAGE_MAX
